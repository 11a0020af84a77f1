//! Data for apps: what one may read, and the rows themselves.
//!
//! An app invokes a dataset and then reads the **stream** of that execution,
//! once. Before each chunk goes out, and twice a second besides, published State
//! is asked whether the run may go on as it began. If not, the stream is cut and
//! the connection breaks off, so that nobody takes it for whole.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{sleep, timeout};
use writ_connect::pipe::{Next, Reader};
use writ_core::Published;
use writ_core::dataset::{Manifest, Subjects, is_data};
use writ_core::digest::ExecutionId;
use writ_core::names::Upn;
use writ_core::object::Noun;
use writ_core::record::{RequestRecord, Status};
use writ_core::time::Time;
use writ_core::value::Value;
use writ_core::view::{AccessView, AgainView, DatasetAccess, PersonView, Seen};

use super::{people, unknown};
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller, SignedIn};
use crate::openapi::{Operation, Schema};

/// How long to wait for a run to begin that was authorised.
const BEGINS: Duration = Duration::from_secs(10);
/// How often to ask whether a stream may go on, if nothing else happens.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn about_apps() -> Operation {
    Operation::new("list-apps", "The apps, in the order of their names")
        .answers(Schema::named("Person").list().seen())
}

/// `GET /v1/apps`
pub(super) async fn apps(caller: Caller<Anyone>) -> Json<Seen<Vec<PersonView>>> {
    let state = caller.state();
    caller.seen(state.apps().map(|app| people::view(state, app)).collect())
}

pub(super) fn about_access() -> Operation {
    Operation::new("get-data", "What the app that asks may read now")
        .details("For each dataset of its manifest: what is granted, with the parameters that read most of it, or what is pending.")
        .answers(Schema::named("Access"))
        .fails(&["unknown-object"])
}

/// `GET /v1/data`
pub(super) async fn access(
    caller: Caller<SignedIn>,
    State(app): State<App>,
) -> Result<Json<AccessView>, Failure> {
    let (state, upn) = (caller.state(), caller.upn());
    let no_app = || unknown(Noun::Person, upn.as_str());
    let person = state.person(upn).ok_or_else(no_app)?;
    let manifest = person.manifest.as_ref().map(Manifest::read);
    let manifest = manifest.and_then(Result::ok).ok_or_else(no_app)?;
    let now = app.engine().now();
    let is_open = |record: &&Arc<RequestRecord>| {
        let until = record.grant.as_ref().map_or(record.expires, |it| it.until);
        record.is_for(upn) && now < until
    };
    let open: Vec<_> = state.requests().filter(is_open).collect();
    let datasets = manifest.datasets.iter().map(|wanted| {
        let of_it = |status| {
            let mut open = open.iter();
            open.find(move |one| one.status == status && one.task == wanted.dataset)
        };
        let live = of_it(Status::Live);
        let grant = live.and_then(|record| record.grant.as_ref());
        let found = live.or_else(|| of_it(Status::Pending));
        let (readable, problem) = match live.map(|live| state.readable(live)) {
            Some(Ok(readable)) => (Some(readable), None),
            Some(Err(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        let (parameters, key) = readable.unzip();
        DatasetAccess {
            dataset: wanted.dataset.clone(),
            status: found.map(|record| record.status),
            request: found.map(|record| record.id),
            until: grant.map(|grant| grant.until),
            parameters,
            key: key.flatten(),
            problem,
            again: match found {
                Some(_) => None,
                None => state.repeatable(person, wanted).map(|asked| AgainView {
                    from: asked.again_from(),
                    parameters: asked.parameters.clone(),
                }),
            },
        }
    });
    Ok(Json(AccessView {
        app: upn.clone(),
        datasets: datasets.collect(),
    }))
}

pub(super) fn about() -> Operation {
    Operation::new("read-data", "The rows that one run reads, as they come")
        .details(
            "For the app that invoked it, once, while it runs. A stream that breaks off was not \
             all: invoke again, with `after` where the key is read.",
        )
        .path("execution", "Its id.", Schema::named("Digest"))
        .answers_as("application/x-ndjson", Schema::text())
        .answers_as("text/csv", Schema::text())
        .fails(&["not-found", "no-output", "overloaded"])
}

/// `GET /v1/data/{execution}`
pub(super) async fn stream(
    caller: Caller<SignedIn>,
    State(app): State<App>,
    Path(id): Path<ExecutionId>,
) -> Result<Response, Failure> {
    let record = caller.state().execution(id).filter(|record| {
        record.by == *caller.upn()
            && record.outcome.is_none()
            && is_data(&record.definition.workload)
    });
    let record = record.ok_or_else(|| Failure::NotFound {
        noun: "execution",
        id: id.to_string(),
    })?;
    let kind = match record.parameters.get("format") {
        Some(Value::Text(text)) if text == "csv" => "text/csv; charset=utf-8",
        Some(_) | None => "application/x-ndjson",
    };
    let deadline = record.definition.task.deadline_s;
    let until = record.authorized.plus(deadline);
    let place = app.may_wait().ok_or(Failure::Overloaded)?;
    let output = timeout(BEGINS, app.engine().live_output(id)).await;
    let output = output.map_err(|_| Failure::NoOutput)?;
    let reader = output.reader().ok_or(Failure::NoOutput)?;
    let subjects = output.subjects().cloned().ok_or(Failure::NoOutput)?;
    let (to, from) = mpsc::channel(1);
    let pump = Pump {
        published: app.engine().watch(),
        stopping: app.stopping(),
        upn: caller.upn().clone(),
        app,
        id,
        subjects,
        until,
        place,
    };
    tokio::spawn(pump.run(reader, to));
    let rows = unfold(Some(from), |from| async move {
        let mut from = from?;
        match from.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(from))),
            Some(Piece::End) => None,
            // INVARIANT: what was not all does not end like what was.
            None => Some((Err(io::Error::other("the stream was cut")), None)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(rows)).into_response())
}

/// What goes to the app.
enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// Passes rows on as long as it may.
struct Pump {
    app: App,
    id: ExecutionId,
    upn: Upn,
    subjects: Arc<Subjects>,
    until: Time,
    published: watch::Receiver<Published>,
    stopping: watch::Receiver<bool>,
    #[expect(dead_code, reason = "held")]
    place: OwnedSemaphorePermit,
}

impl Pump {
    /// Why it may not go on, if so.
    fn problem(&mut self) -> Option<String> {
        if *self.stopping.borrow() {
            return Some("the server stops".into());
        }
        let published = self.published.borrow_and_update();
        let now = self.app.engine().now();
        if self.until <= now {
            return Some("it took longer than the dataset's deadline".into());
        }
        published
            .state()
            .may_go_on(self.id, &self.subjects, now)
            .err()
    }

    /// Returns when it may not go on, and why.
    async fn ended(&mut self) -> String {
        loop {
            if let Some(why) = self.problem() {
                return why;
            }
            tokio::select! {
                _ = self.published.changed() => {}
                () = sleep(LOOK) => {}
            }
        }
    }

    async fn run(mut self, mut reader: Reader, to: mpsc::Sender<Piece>) {
        loop {
            let room = tokio::select! {
                biased;
                why = self.ended() => return self.cut(&mut reader, &why),
                room = to.reserve() => room,
            };
            // Whoever went away is told of to the source by the reader's end.
            let Ok(room) = room else { return };
            let next = tokio::select! {
                biased;
                why = self.ended() => return self.cut(&mut reader, &why),
                next = reader.next() => next,
            };
            // INVARIANT: State is asked after the rows came and before they go out.
            if let (Some(why), Next::Bytes(_)) = (self.problem(), &next) {
                return self.cut(&mut reader, &why);
            }
            match next {
                Next::Bytes(bytes) => room.send(Piece::Bytes(bytes)),
                Next::End => return room.send(Piece::End),
                Next::BrokeOff => return,
            }
        }
    }

    fn cut(&self, reader: &mut Reader, why: &str) {
        tracing::info!(execution = %self.id, app = %self.upn, why, "a stream of data was cut");
        reader.cut(why);
    }
}
