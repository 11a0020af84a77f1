//! What is held back: until when, and what becomes of it when somebody wants to be
//! told in another way.

use std::collections::BTreeSet;

use writ_core::names::Upn;
use writ_core::object::Object;
use writ_core::record::{RequestRecord, Status};
use writ_core::recorded::{Recorded, RecordedFact};
use writ_core::state::State;
use writ_core::time::{Seconds, Time};
use writ_store::Held;

use super::audience::{self, Recipient};
use super::letters::{Batch, Letters, When};
use super::times::Times;

/// So long before the end of a request nobody's wishes hold it back any more; a quarter
/// of the time that it waits, if that is shorter.
const AT_LEAST: Seconds = Seconds(3_600);
/// So long somebody who was away is looked for.
const BACK: Seconds = Seconds::DAY;

impl Letters {
    /// Whose messages are due at another time because of an entry: their addresses.
    pub fn moved(&self, entry: &Recorded, state: &State) -> Vec<String> {
        let choosers = entry.facts.iter().filter_map(|fact| match fact {
            RecordedFact::ObjectSet {
                object: Object::Preferences(_),
                by,
            } => Some(by),
            RecordedFact::ObjectSet { .. }
            | RecordedFact::Founded { .. }
            | RecordedFact::ObjectRemoved { .. }
            | RecordedFact::Keys { .. }
            | RecordedFact::SignedOut { .. }
            | RecordedFact::Request { .. }
            | RecordedFact::Execution { .. }
            | RecordedFact::Recovered { .. } => None,
        });
        let mail = |upn: &Upn| state.person(upn).and_then(|it| audience::mail_of(it));
        choosers.filter_map(mail).collect()
    }

    /// When what is held for an address is due, as its person wants it now.
    pub fn due(&self, to: &str, held: &[Held], state: &State, now: Time) -> Vec<(i64, Time)> {
        let is_theirs = |mail: Option<String>| mail.as_deref() == Some(to);
        let mut people = state.people();
        let Some(person) = people.find(|person| is_theirs(audience::mail_of(person))) else {
            return Vec::new();
        };
        let (to, post) = (
            Recipient::Person(person.upn.clone()),
            Batch::new(state, &self.times, now),
        );
        let due = |held: &Held| {
            let when = match held.id.starts_with("exempt/") {
                true => When::Daily,
                false => When::Now,
            };
            let due = post.due(&to, when);
            let request = held.request.and_then(|id| state.request(id));
            let latest = request.map_or(due, |request| due.min(post.latest(request)));
            (held.number, latest)
        };
        held.iter().map(due).collect()
    }
}

/// What the letters are called that ask somebody to decide a request now; there is
/// none where nobody who could reads mail. Nothing, where it asks nobody.
pub fn asking(state: &State, request: &RequestRecord, now: Time) -> Option<Vec<String>> {
    let (stage, _) = state.asks_now(request, now)?;
    let times = Times::default();
    let post = Batch::new(state, &times, now);
    let asked = audience::asked(state, request, now);
    let id = |to| format!("asks/{}/{stage}/{}", request.id, post.address(to));
    Some(asked.iter().map(id).collect())
}

impl Batch<'_> {
    /// When a letter that asks to decide a request is sent at the latest.
    pub(super) fn latest(&self, request: &RequestRecord) -> Time {
        let waits = (request.expires.0 - request.raised.0).max(0);
        let before = AT_LEAST.millis().min(waits / 4);
        Time(request.expires.0 - before).max(self.now)
    }

    /// Asks somebody for all that waits for them: who was away was not asked. Who was
    /// has those letters.
    pub(super) fn ask_again(&mut self, upn: &Upn) {
        let state = self.state;
        let to = Recipient::Person(upn.clone());
        for request in state.requests() {
            if request.status == Status::Pending
                && state.awaits(request, upn, self.now)
                && audience::asked(state, request, self.now).contains(&to)
            {
                self.ask_of(request, BTreeSet::from([to.clone()]));
            }
        }
    }

    /// The same for everybody who is no longer away.
    pub(super) fn ask_who_is_back(&mut self) {
        let since = self.now.minus(BACK);
        let is_back = |upn: &&Upn| {
            let preferences = self.state.preferences(upn);
            let until = preferences.and_then(|preferences| preferences.away_until);
            until.is_some_and(|until| since < until && until <= self.now)
        };
        let people = self.state.people().map(|person| &person.upn);
        let back: Vec<Upn> = people.filter(is_back).cloned().collect();
        for upn in back {
            self.ask_again(&upn);
        }
    }
}
