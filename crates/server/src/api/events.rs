//! What changes, as it happens: one stream of **events**.
//!
//! Each entry of the log tells what it changed ([`Told`]), and each of these is
//! judged by itself, in the State of that moment, by whether whoever follows may
//! read what it is about. An event says where to look and nothing more: its id
//! is the index of its entry, its data the kind, the noun, which one, and when.
//! Of several events of one entry the last has the id, so whoever goes on after
//! it misses none.
//!
//! A stream begins now, or after the entry that `Last-Event-ID` names. Whoever
//! is too far behind gets a **gap**: what was between is to be read from the
//! listings. A stream ends with the session, with the server, and after some
//! minutes; it is to be asked for again from where it stopped.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use writ_core::Published;
use writ_core::names::Upn;
use writ_core::time::Time;

use crate::app::App;
use crate::extract::Query;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};
use crate::recent::{Change, Told};
use crate::tally::Place;

/// How many entries back a stream may begin, and fall behind.
const MOST_BEHIND: u64 = 1_024;
/// How long one stream lasts; the connection under it may end before.
const LIFE: Duration = Duration::from_secs(300);
/// How often a session is looked at where nothing changes.
const LOOK: Duration = Duration::from_secs(5);
/// How long a stream is silent at most, so that both sides see whether the
/// other is still there.
const SILENCE: Duration = Duration::from_secs(15);
/// The kind of the event that says that others were left out.
pub(crate) const GAP: &str = "gap";

pub(super) fn about() -> Operation {
    Operation::new(
        "follow-events",
        "What changes, as it happens: server-sent events",
    )
    .details(
        "Of what the caller may read. Each event is named by its kind, its id is the index \
             of its entry in the log, and its data is the JSON of an `Event`: where to look, \
             and nothing more. An entry that changed several things has several events; the \
             last of them has the id. `gap` says that events were left out: read the listings \
             again. The stream ends with the session, and after some minutes; ask again with \
             `Last-Event-ID`. Frames without data only show that it is alive.",
    )
    .query(
        "after",
        "After which entry to begin, where `Last-Event-ID` is not given.",
        Schema::integer(0, 999_999_999_999_999),
    )
    .header(
        "Last-Event-ID",
        "After which entry to go on; from now on, if not given.",
        Schema::form("[0-9]{1,15}"),
    )
    .answers_as("text/event-stream", Schema::text())
    .fails(&["too-many-streams", "overloaded"])
}

/// Where a stream begins whose reader cannot send a header the first time, as
/// browsers cannot.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    after: Option<u64>,
}

/// `GET /v1/events?after=`
pub(super) async fn follow(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Query(begin): Query<Begin>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let place = app.may_follow(caller.upn())?;
    let from = match after(&headers)?.or(begin.after) {
        Some(last) => last.saturating_add(1),
        None => caller.size(),
    };
    let now = Instant::now();
    let follower = Follower {
        published: app.engine().watch(),
        stopping: app.stopping(),
        until: now + LIFE,
        spoke: now,
        queue: VecDeque::new(),
        part: 0,
        named: from,
        from,
        _place: place,
        caller,
        app,
    };
    let events = unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(Sse::new(events))
}

/// After which entry.
fn after(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let index = value.to_str().ok().filter(digits);
    let index = index.and_then(|text| text.parse().ok());
    index.map(Some).ok_or_else(|| Failure::BadQuery {
        problem: "`Last-Event-ID` must be the id of an event of this stream, the index of an entry"
            .into(),
    })
}

/// Somebody who follows what changes.
struct Follower {
    caller: Caller<Anyone>,
    app: App,
    /// The next entry to fetch.
    from: u64,
    /// What was fetched and not told yet.
    queue: VecDeque<Arc<Told>>,
    /// Where in the first of it to go on.
    part: usize,
    /// The entry after the one that the follower was last told the id of.
    named: u64,
    published: watch::Receiver<Published>,
    stopping: watch::Receiver<bool>,
    until: Instant,
    /// When something was last sent.
    spoke: Instant,
    _place: (Place<Upn>, OwnedSemaphorePermit),
}

/// The data of an event.
#[derive(Serialize)]
struct Data<'a> {
    kind: &'a str,
    noun: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    time: Time,
}

impl Follower {
    /// The next event. None ends the stream; whoever asks again learns why.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.stopping.borrow() || self.until <= Instant::now() {
                return None;
            }
            // INVARIANT: nothing is told but what the session that counts now may
            // read now.
            let now = self.published.borrow_and_update().clone();
            self.caller = self.caller.in_state(now, &self.app).ok()?;
            let event = match self.told() {
                Some(event) => Some(event),
                None => self.fetched().await?,
            };
            if let Some(event) = event.or_else(|| self.alive()) {
                self.spoke = Instant::now();
                return Some(event);
            }
            if self.queue.is_empty() && self.from >= self.caller.size() {
                self.wait().await?;
            }
        }
    }

    /// The next event of what was fetched, if the caller may see any of it.
    fn told(&mut self) -> Option<Event> {
        while let Some(told) = self.queue.front().cloned() {
            let rest = told.changes.iter().enumerate().skip(self.part);
            let mut seen = rest.filter(|(_, change)| self.caller.may_read(&change.resource));
            if let Some((at, change)) = seen.next() {
                let is_last = seen.next().is_none();
                self.part = at + 1;
                if is_last {
                    self.queue.pop_front();
                    self.part = 0;
                    self.named = told.index + 1;
                }
                return event(change, told.time, is_last.then_some(told.index));
            }
            self.queue.pop_front();
            self.part = 0;
        }
        None
    }

    /// Fetches more, if there is more; the event of a gap, if that is too much.
    /// None within means: look again. None at all ends the stream.
    async fn fetched(&mut self) -> Option<Option<Event>> {
        let size = self.caller.size();
        if self.from > size || size - self.from > MOST_BEHIND {
            (self.from, self.named) = (size, size);
            let time = self.caller.state().time();
            return Some(event(&Change::gap(), time, size.checked_sub(1)));
        }
        if self.from < size {
            let store = self.app.engine().store().as_ref();
            match self.app.recent().read(store, self.from, size).await {
                Ok(told) if !told.is_empty() => {
                    self.from += told.len() as u64;
                    self.queue.extend(told);
                }
                Ok(_) => return None,
                Err(error) => {
                    tracing::error!(%error, "what changed cannot be read");
                    return None;
                }
            }
        }
        Some(None)
    }

    /// What shows that the stream is alive, if it has long been silent: with the
    /// place to go on from, if that has moved.
    fn alive(&mut self) -> Option<Event> {
        let is_done = self.queue.is_empty();
        if !is_done || self.spoke + SILENCE > Instant::now() {
            return None;
        }
        let event = Event::default();
        Some(match self.from.checked_sub(1) {
            Some(last) if self.named < self.from => {
                self.named = self.from;
                event.id(last.to_string())
            }
            Some(_) | None => event.comment("alive"),
        })
    }

    /// Waits for a change, for the time to look at the session, or for the end.
    async fn wait(&mut self) -> Option<()> {
        let look = (Instant::now() + LOOK).min(self.until);
        tokio::select! {
            changed = self.published.changed() => changed.ok(),
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
            () = sleep_until(look) => Some(()),
        }
    }
}

fn event(change: &Change, time: Time, index: Option<u64>) -> Option<Event> {
    let data = Data {
        kind: change.kind,
        noun: change.noun,
        id: change.id.as_deref(),
        time,
    };
    let event = Event::default().event(change.kind).json_data(data).ok()?;
    Some(match index {
        Some(index) => event.id(index.to_string()),
        None => event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_goes_on_after_an_entry() {
        let headers = |value: &str| {
            HeaderMap::from_iter([("last-event-id".parse().unwrap(), value.parse().unwrap())])
        };
        assert_eq!(after(&HeaderMap::new()).unwrap(), None);
        assert_eq!(after(&headers("12")).unwrap(), Some(12));
        for bad in ["", "-1", "+1", "1x", "99999999999999999999999"] {
            let failure = after(&headers(bad)).unwrap_err();
            assert_eq!(failure.code(), "bad-query", "{bad}");
        }
    }
}
