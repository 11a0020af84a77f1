//! Statements: the one way to change anything.
//!
//! The envelope is its own authentication. A refusal by a rule is an answer
//! like any other: it was recorded. What was turned away was not, and is a
//! problem.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::timeout;
use writ_core::digest::RequestId;
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::names::Upn;
use writ_core::refusal::TurnedAway;
use writ_core::statement::{Body, Principal, Unverified};
use writ_core::view::{Posted, Problem};

use super::requests;
use crate::app::App;
use crate::extract::{Item, MAX_STATEMENTS, Posting};
use crate::failure::Failure;
use crate::guard::Anonymous;
use crate::openapi::{Operation, Schema, door_codes};
use crate::origin::Origin;

/// One answer of a list.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Posted(Posted),
    Problem(Problem),
}

pub(super) fn about() -> Operation {
    let codes: Vec<_> = door_codes().collect();
    let statement = || Schema::named("Statement");
    let posted = || Schema::named("Posted");
    let answer = Schema::either([posted(), Schema::named("Problem")]);
    Operation::new(
        "post-statements",
        "Takes a statement to the log, or a list of them in order",
    )
    .details(
        "The envelope is its own authentication. A refusal by a rule was recorded, and is \
             answered 200 with `accepted: false`; what was turned away was not recorded, and is \
             a problem. A list is answered by a list.",
    )
    .takes(Schema::either([
        statement(),
        statement().list_of(1, MAX_STATEMENTS),
    ]))
    .answers(Schema::either([posted(), answer.list()]))
    .fails(&["not-json", "too-big", "slow", "overloaded", "unavailable"])
    .fails(&codes)
}

/// How long a caller waits for an answer. A disk that takes nothing in, so that
/// nobody knows whether the statement is on it, must not keep them for ever; the
/// statement stays where it is, and the same bytes sent again learn its fate.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// `POST /v1/statements`: one, or a list that is taken in its order.
pub(super) async fn post(
    _: Anonymous,
    State(app): State<App>,
    origin: Origin,
    posting: Posting,
) -> Result<Response, Failure> {
    match posting {
        Posting::One(_room, item) => Ok(Json(submit(&app, item).await?).into_response()),
        Posting::List(_room, items) => {
            let mut answers = Vec::with_capacity(items.len());
            for (at, item) in items.into_iter().enumerate() {
                // The call itself was counted for the first.
                let counted = if at == 0 { Ok(()) } else { app.count(origin) };
                let answer = match counted {
                    Ok(()) => submit(&app, item).await,
                    Err(after) => Err(Failure::TooMany { after }),
                };
                answers.push(match answer {
                    Ok(posted) => Answer::Posted(posted),
                    Err(failure) => Answer::Problem(failure.problem()),
                });
            }
            Ok(Json(answers).into_response())
        }
    }
}

async fn submit(app: &App, item: Item) -> Result<Posted, Failure> {
    let decision = decision(item.envelope());
    let answer = timeout(ANSWER_TIME, app.engine().submit(item.submission()));
    let mut posted = answer.await.map_err(|_| TurnedAway::Unknown {})??;
    let came_late = posted.receipt.code.as_deref() == Some("not-pending");
    if let Some((upn, request)) = decision.filter(|_| came_late) {
        let published = app.engine().published();
        let store = app.engine().store().as_ref();
        // It is recorded already, whatever becomes of the story.
        if let Ok(Some(story)) = requests::story(published.state(), store, request, &upn).await {
            posted.detail = Some(story);
        }
    }
    Ok(posted)
}

/// Who decides which request, if that is what a statement does.
fn decision(envelope: &Envelope) -> Option<(Upn, RequestId)> {
    // Most statements decide nothing: they are read once, by the door.
    let decides = [Kind::Approve, Kind::End].map(PayloadType::Statement);
    if !decides.contains(&envelope.payload_type) {
        return None;
    }
    let said = Unverified::read(envelope.clone().into()).ok()?;
    let statement = said.statement();
    let Principal::Person(upn) = &statement.by else {
        return None;
    };
    let request = match &statement.body {
        Body::Approve(approve) => approve.request,
        Body::End(end) => end.request,
        Body::Genesis(_)
        | Body::Set(_)
        | Body::Enrol(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::Request(_)
        | Body::Invoke(_)
        | Body::Outcome(_)
        | Body::Recover(_)
        | Body::Tick(_) => return None,
    };
    Some((upn.clone(), request))
}
