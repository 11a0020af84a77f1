//! What an execution put out: whole, or as it comes.
//!
//! Whoever asks for `text/event-stream` **follows** it: from the beginning, or
//! from the byte that `Last-Event-ID` names, and then live until the outcome is
//! on disk. Each `output` event holds bytes in base64, and its id is the count
//! of bytes up to its end; the last event is `ended`. A stream that ends without
//! it is to be asked for again from where it stopped: that is what servers do
//! that stop, or have too many followers.
//!
//! A follower takes what is there when it is ready for more. So one that reads
//! slowly holds up neither the run nor anybody else.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use writ_connect::Output;
use writ_core::Published;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::sight::Resource;
use writ_core::statement::OutputDigest;
use writ_core::view::ExecutionView;

use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};
use crate::shown::{IdPrefix, find};

/// How many random bytes stand before the output in its blob.
const SALT: usize = 16;
/// How many bytes one event holds at most.
const CHUNK: usize = 32 << 10;
/// How long one stream lasts: less than a connection does.
const LIFE: Duration = Duration::from_secs(300);
/// How long a stream is silent at most, so that both sides see whether the
/// other is still there.
const SILENCE: Duration = Duration::from_secs(15);

pub(super) fn about() -> Operation {
    Operation::new("get-execution-output", "What a run put out")
        .details(
            "The bytes as they came, which may be hostile. Whoever accepts `text/event-stream` \
             follows it while it runs: each event `output` holds bytes in base64, its id is the \
             count of bytes up to its end, and the last event is `ended`.",
        )
        .path(
            "id",
            "Its id, or the first digits of it.",
            Schema::named("Id"),
        )
        .header(
            "Last-Event-ID",
            "After which byte to go on, for whoever follows.",
            Schema::form("[0-9]{1,15}"),
        )
        .answers_as("application/octet-stream", Schema::bytes())
        .answers_as("text/event-stream", Schema::text())
        .fails(&["not-found", "ambiguous", "no-output", "unavailable"])
}

/// `GET /v1/executions/{id}/output`: the bytes as they came, which may be hostile.
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let view = readable(&caller, &app, &id).await?;
    if wants_events(&headers) {
        return follow(caller, app, view.id, &headers);
    }
    let named = view.output.ok_or(Failure::NoOutput)?;
    let bytes = stored(&app, named).await?;
    let file = format!("attachment; filename=\"execution-{}.bin\"", view.id.short());
    let kind = "application/octet-stream".to_owned();
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, bytes).into_response())
}

/// An execution whose output the caller may read.
async fn readable(
    caller: &Caller<Anyone>,
    app: &App,
    id: &IdPrefix,
) -> Result<ExecutionView, Failure> {
    let state = caller.state();
    let store = app.engine().store().as_ref();
    let admit = |view: &ExecutionView| caller.may_read(&Resource::output(state, view));
    find(state, store, id, admit).await
}

async fn stored(app: &App, named: OutputDigest) -> Result<Vec<u8>, Failure> {
    unsalted(app.engine().store().blob(named.digest).await?, named)
}

/// The output in a blob, if the blob is the one that was signed for.
fn unsalted(blob: Option<Vec<u8>>, named: OutputDigest) -> Result<Vec<u8>, Failure> {
    let odd = |problem: &str| Failure::Internal {
        cause: format!("the output {}: {problem}", named.digest),
    };
    let mut blob = blob.ok_or_else(|| odd("is not in the store"))?;
    if Digest::of(&blob) != named.digest {
        return Err(odd("is not what was signed for"));
    }
    if blob.len() < SALT {
        return Err(odd("is too short"));
    }
    Ok(blob.split_off(SALT))
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let kinds = accepted.filter_map(|value| value.to_str().ok());
    let mut kinds = kinds.flat_map(|value| value.split(','));
    kinds.any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("text/event-stream")
    })
}

/// From which byte on.
fn position(headers: &HeaderMap) -> Result<usize, Failure> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(0);
    };
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = value.to_str().ok().filter(digits);
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Failure::BadQuery {
            problem: "`Last-Event-ID` must be the id of an event of this stream, a count of bytes"
                .into(),
        })
}

fn follow(
    caller: Caller<Anyone>,
    app: App,
    id: ExecutionId,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let follower = Follower {
        position: position(headers)?,
        source: Source::NotBegun,
        published: app.engine().watch(),
        stopping: app.stopping(),
        until: Instant::now() + LIFE,
        place: app.may_wait(),
        caller,
        app,
        id,
    };
    let events = unfold(Some(follower), |follower| async move {
        let (event, next) = follower?.next().await?;
        Some((Ok::<_, Infallible>(event), next))
    });
    let alive = KeepAlive::new().interval(SILENCE);
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

/// Somebody who follows an output.
struct Follower {
    caller: Caller<Anyone>,
    app: App,
    id: ExecutionId,
    /// How many bytes were sent, or were there already.
    position: usize,
    source: Source,
    published: watch::Receiver<Published>,
    stopping: watch::Receiver<bool>,
    until: Instant,
    /// None if too many wait already: then only what is there is sent.
    place: Option<OwnedSemaphorePermit>,
}

/// Where the bytes come from.
enum Source {
    /// The run has not begun on this node, as far as is seen.
    NotBegun,
    /// A run in flight.
    Live(Output, watch::Receiver<u64>),
    /// What was stored, and the room that it takes.
    Stored(
        Vec<u8>,
        #[expect(dead_code, reason = "held")] OwnedSemaphorePermit,
    ),
}

/// What comes of waiting.
enum Woken {
    Began(Output),
    Changed,
    Over,
}

impl Follower {
    /// The next event, and the follower if there is one after it. None ends the
    /// stream, without `ended`: whoever asks again learns why.
    async fn next(mut self) -> Option<(Event, Option<Self>)> {
        loop {
            // What is published first and then what was put out: nothing is put
            // out after the outcome was published.
            let now = self.published.borrow_and_update().clone();
            self.caller = self.caller.in_state(now, &self.app).ok()?;
            let over = self.over().await?;
            if let (Some(view), Source::NotBegun) = (&over, &self.source) {
                self.source = self.stored(view).await?;
            }
            let bytes = self.bytes();
            if !bytes.is_empty() {
                self.position += bytes.len();
                let event = Event::default()
                    .event("output")
                    .id(self.position.to_string())
                    .data(BASE64.encode(&bytes));
                return Some((event, Some(self)));
            }
            if let Some(view) = over {
                let event = Event::default().event("ended").data(view.status.name());
                return Some((event, None));
            }
            match self.wait().await {
                Woken::Began(output) => {
                    let total = output.follow();
                    self.source = Source::Live(output, total);
                }
                Woken::Changed => {}
                Woken::Over => return None,
            }
        }
    }

    /// The execution with its outcome; none within if it goes on, none at all
    /// if the caller may not read its output any more.
    async fn over(&self) -> Option<Option<ExecutionView>> {
        let state = self.caller.state();
        match state.execution(self.id) {
            Some(record) if record.outcome.is_none() => {
                let view = ExecutionView::from(record.as_ref());
                let may = self.caller.may_read(&Resource::output(state, &view));
                may.then_some(None)
            }
            Some(_) | None => {
                let id = IdPrefix::of(self.id.0);
                let view = readable(&self.caller, &self.app, &id).await;
                view.ok().map(Some)
            }
        }
    }

    /// What was stored. None within the room that there is ends the stream.
    async fn stored(&self, view: &ExecutionView) -> Option<Source> {
        let room = self.app.may_hold()?;
        let bytes = match view.output {
            None => Vec::new(),
            Some(named) => match stored(&self.app, named).await {
                Ok(bytes) => bytes,
                Err(failure) => {
                    tracing::error!(execution = %self.id, %failure, "an output cannot be followed");
                    return None;
                }
            },
        };
        Some(Source::Stored(bytes, room))
    }

    fn bytes(&mut self) -> Vec<u8> {
        match &mut self.source {
            Source::NotBegun => Vec::new(),
            Source::Live(output, total) => {
                total.mark_unchanged();
                output.bytes_from(self.position, CHUNK)
            }
            Source::Stored(bytes, _) => {
                let rest = bytes.get(self.position..).unwrap_or_default();
                rest.get(..CHUNK).unwrap_or(rest).to_vec()
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        if self.place.is_none() {
            return Woken::Over;
        }
        let (app, id) = (&self.app, self.id);
        let more = async {
            match &mut self.source {
                Source::NotBegun => Woken::Began(app.engine().live_output(id).await),
                Source::Live(_, total) => match total.changed().await {
                    Ok(()) => Woken::Changed,
                    // The output is still held here, so its sender is, too.
                    Err(_) => Woken::Over,
                },
                Source::Stored(..) => Woken::Over,
            }
        };
        tokio::select! {
            woken = more => woken,
            changed = self.published.changed() => match changed {
                Ok(()) => Woken::Changed,
                Err(_) => Woken::Over,
            },
            _ = self.stopping.wait_for(|stopping| *stopping) => Woken::Over,
            () = sleep_until(self.until) => Woken::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_served_only_if_it_is_what_was_signed_for() {
        let blob = [&[9; SALT][..], b"done\n"].concat();
        let digest = Digest::of(&blob);
        let named = OutputDigest { digest, size: 5 };
        assert_eq!(unsalted(Some(blob.clone()), named).unwrap(), b"done\n");
        let mut flipped = blob.clone();
        flipped[20] ^= 1;
        for bad in [
            (None, named),
            (Some(flipped), named),
            (
                Some(b"short".to_vec()),
                OutputDigest {
                    digest: Digest::of(b"short"),
                    size: 0,
                },
            ),
        ] {
            assert_eq!(unsalted(bad.0, bad.1).unwrap_err().code(), "internal");
        }
    }

    #[test]
    fn events_are_for_who_asks_for_them_from_where_they_stopped() {
        let headers = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
        };
        assert!(wants_events(&headers("accept", "text/event-stream")));
        assert!(wants_events(&headers(
            "accept",
            "a/b, Text/Event-Stream;q=1"
        )));
        assert!(!wants_events(&headers("accept", "*/*")));
        assert!(!wants_events(&HeaderMap::new()));
        assert_eq!(position(&HeaderMap::new()).unwrap(), 0);
        assert_eq!(position(&headers("last-event-id", "12")).unwrap(), 12);
        for bad in ["", "-1", "+1", "1x", "99999999999999999999999"] {
            let failure = position(&headers("last-event-id", bad)).unwrap_err();
            assert_eq!(failure.code(), "bad-query", "{bad}");
        }
    }
}
