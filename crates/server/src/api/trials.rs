//! Trials: what the rules would say to a statement that nobody signs. It is read
//! like one, decided on a copy of State, and forgotten.

use axum::Json;
use axum::extract::State;
use writ_core::envelope::Kind;
use writ_core::refusal::TurnedAway;
use writ_core::statement::{Principal, Statement};
use writ_core::view::{Trial, Tried};

use crate::app::App;
use crate::extract::Unsigned;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};

pub(super) fn about() -> Operation {
    Operation::new("post-trials", "What the rules would say to a statement")
        .details(
            "Nothing is recorded, and nothing can be: there is no signature. What is answered is \
             true at that moment and binds nobody.",
        )
        .takes(Schema::named("Trial"))
        .answers(Schema::named("Tried"))
        .fails(&["not-json", "too-big", "slow", "overloaded", "bad-form"])
}

/// `POST /v1/trials`
pub(super) async fn post(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Unsigned(trial): Unsigned,
) -> Result<Json<Tried>, Failure> {
    let statement = read(&trial).map_err(|problem| TurnedAway::BadForm { problem })?;
    if statement.by != Principal::Person(caller.upn().clone()) {
        let problem = "one tries only what one would say oneself".to_owned();
        return Err(TurnedAway::BadForm { problem }.into());
    }
    let no = no(&caller, &app, &statement);
    Ok(Json(Tried {
        accepted: no.is_none(),
        code: no.as_ref().map(|(code, _)| (*code).to_owned()),
        detail: no.map(|(_, sentence)| sentence),
    }))
}

fn read(trial: &Trial) -> Result<Statement, String> {
    let mut kinds = Kind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.name() == trial.kind);
    let kind = kind.ok_or_else(|| "kind: there is no such kind of statement".to_owned())?;
    Statement::parse(kind, trial.payload.as_bytes()).map_err(|error| error.to_string())
}

/// What would be said against it: its code, and a sentence.
fn no(caller: &Caller<Anyone>, app: &App, statement: &Statement) -> Option<(&'static str, String)> {
    let (state, engine) = (caller.state(), app.engine());
    if let Err(turned_away) = engine.check_sense(state, statement) {
        return Some((turned_away.code(), turned_away.to_string()));
    }
    let (upn, key, node) = (caller.upn(), caller.key(), engine.node());
    let tried = state.try_said(upn, key, node, &statement.body, engine.now());
    tried.err().map(|no| (no.code(), no.to_string()))
}
