//! Which letters there are: the one table of who is told what.

use std::collections::BTreeSet;

use writ_core::digest::RequestId;
use writ_core::fact::RequestEvent;
use writ_core::names::Upn;
use writ_core::object::Object;
use writ_core::record::{RequestRecord, Status};
use writ_core::recorded::{Recorded, RecordedExecution, RecordedFact};
use writ_core::state::State;
use writ_core::statement::RunResult;
use writ_core::time::{Seconds, Time};
use writ_store::Message;

use super::audience::{self, Recipient};
use super::before::Before;
use super::changes::{self, Change};
use super::compose::{Writer, in_thread, row, told, told_before, writ};
use super::times::Times;
use crate::letter::Letter;

/// How long changes are gathered, so that ten at once are one letter.
const SOON: Seconds = Seconds(20);
/// How long before its end an exemption is told of: twice.
const BEFORE_EXEMPTION_ENDS: [u64; 2] = [14, 1];

/// A letter, whom it is for, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Names it, for this recipient.
    pub id: String,
    /// Whom it is for: a person's mail, or a group's address.
    pub to: String,
    /// It asks somebody to decide this.
    pub decides: Option<RequestId>,
    /// From when on it is sent.
    pub due: Time,
    /// Whether it may go with others.
    pub together: bool,
    /// What it says.
    pub letter: Letter,
}

/// How urgent a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Somebody waits for it.
    Now,
    /// With what else comes in these seconds.
    Soon,
    /// Once a day.
    Daily,
}

/// Writes letters.
#[derive(Debug, Default)]
pub struct Letters {
    pub(super) times: Times,
    before: Before,
}

impl Letters {
    /// Writes letters for people who are there.
    pub fn new(times: Times, state: &State) -> Self {
        Self {
            times,
            before: Before::of(state),
        }
    }

    /// The letters because of an entry. What asks for a decision is taken from State.
    pub fn of(&self, entry: &Recorded, state: &State, now: Time) -> Vec<Addressed> {
        let mut post = Batch::new(state, &self.times, now);
        for (number, fact) in entry.facts.iter().enumerate() {
            // After a restore another entry may have the same number.
            let id = format!("{}.{number}.{}", entry.index.0, entry.time.0);
            match fact {
                RecordedFact::Founded { .. } | RecordedFact::SignedOut { .. } => {}
                RecordedFact::Request { event, record } => post.request(*event, record),
                RecordedFact::Execution { record } => post.execution(record),
                RecordedFact::ObjectSet { object, by } => {
                    let change = changes::set(state, &self.times, object, by);
                    if let Some(mut change) = change {
                        let before = self.before.groups(state, entry.index, object);
                        change.groups.extend(before);
                        if let Some(keys) = self.keys_with(entry, state, object) {
                            change = change.with_keys(keys);
                        }
                        post.change(&id, entry.index.0, &change);
                        let before = self.before.mail(entry.index, object);
                        post.change_before(&id, &change, by, before);
                    }
                    if let Object::Preferences(_) = object {
                        post.ask_again(by);
                    }
                }
                RecordedFact::ObjectRemoved { name, by } => {
                    let mut change = changes::removed(state, name, by);
                    let before = self.before.groups_of_removed(entry.index, name);
                    change.groups.extend(before);
                    post.change(&id, entry.index.0, &change);
                }
                // Whoever set the person is told of with that.
                RecordedFact::Keys { person, .. } if sets(entry, person) => {}
                RecordedFact::Keys {
                    person,
                    event,
                    credentials,
                } => {
                    let by = &entry.by;
                    let change = changes::keys(state, &self.times, person, event, credentials, by);
                    post.change(&id, entry.index.0, &change);
                }
                RecordedFact::Recovered { recovery } => {
                    post.change(&id, entry.index.0, &changes::recovered(recovery));
                }
            }
        }
        post.all
    }

    /// The letters because time has come for them.
    pub fn at(&self, state: &State, now: Time) -> Vec<Addressed> {
        let mut post = Batch::new(state, &self.times, now);
        for request in state.requests() {
            match request.status {
                Status::Pending => post.remind(request),
                Status::Live => post.ends_soon(request),
                Status::Ended
                | Status::Revoked
                | Status::Denied
                | Status::Expired
                | Status::Canceled
                | Status::Superseded => {}
            }
        }
        post.exemptions();
        post.ask_who_is_back();
        post.all
    }

    /// What setting a person did to their keys, if anything.
    fn keys_with(&self, entry: &Recorded, state: &State, object: &Object) -> Option<Change> {
        let Object::Person(set) = object else {
            return None;
        };
        entry.facts.iter().find_map(|fact| match fact {
            RecordedFact::Keys {
                person,
                event,
                credentials,
            } if *person == set.upn => {
                let by = &entry.by;
                Some(changes::keys(
                    state,
                    &self.times,
                    person,
                    event,
                    credentials,
                    by,
                ))
            }
            RecordedFact::Keys { .. }
            | RecordedFact::Founded { .. }
            | RecordedFact::ObjectSet { .. }
            | RecordedFact::ObjectRemoved { .. }
            | RecordedFact::SignedOut { .. }
            | RecordedFact::Request { .. }
            | RecordedFact::Execution { .. }
            | RecordedFact::Recovered { .. } => None,
        })
    }
}

/// The letters of one moment.
pub(super) struct Batch<'a> {
    pub(super) state: &'a State,
    times: &'a Times,
    write: Writer<'a>,
    pub(super) now: Time,
    all: Vec<Addressed>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(state: &'a State, times: &'a Times, now: Time) -> Self {
        Self {
            state,
            times,
            write: Writer { state, times },
            now,
            all: Vec::new(),
        }
    }

    /// What is still open is told of as State has it, and so is that it is open:
    /// what stands beside the entry is no more than the occasion.
    fn request(&mut self, event: RequestEvent, record: &RequestRecord) {
        let id = record.id;
        let open = self.state.request(id).cloned();
        let is_in = |status| open.as_deref().filter(|open| open.status == status);
        match event {
            RequestEvent::Raised => self.ask(id),
            RequestEvent::Approved => {
                self.ask(id);
                if let Some(waits) = is_in(Status::Pending) {
                    let letter = self.write.approved(waits);
                    let step = waits.approvals.len();
                    self.requester(&format!("approved/{id}/{step}"), waits, letter);
                }
            }
            RequestEvent::Granted => match is_in(Status::Live) {
                // Whoever asked where nobody is asked has it already.
                Some(live) if !live.approvals.is_empty() => {
                    let letter = self.write.granted(live);
                    self.requester(&format!("granted/{id}"), live, letter);
                }
                Some(_) | None => {}
            },
            RequestEvent::Ended if open.is_none() => {
                let letter = self.write.ended(record);
                self.requester(&format!("ended/{id}"), record, letter);
            }
            RequestEvent::Ended => {}
        }
    }

    /// Asks whoever can decide now. What they decide by is what State has.
    fn ask(&mut self, id: RequestId) {
        let Some(request) = self.state.request(id).cloned() else {
            return;
        };
        let asked = audience::asked(self.state, &request, self.now);
        self.ask_of(&request, asked);
    }

    /// Asks some of those.
    pub(super) fn ask_of(&mut self, request: &RequestRecord, asked: BTreeSet<Recipient>) {
        let Some((number, stage)) = self.state.asks_now(request, self.now) else {
            return;
        };
        let headline = match &request.app {
            Some(app) => format!(
                "{} asks for your approval of data for the app {}.",
                request.by, app.upn
            ),
            None => format!("{} asks for your approval.", request.by),
        };
        let because = format!("You can decide it: the policy asks {}.", stage.group);
        let letter = self.write.asks(request, headline, &because);
        // Who was asked in this stage already has the letter.
        let id = format!("asks/{}/{number}", request.id);
        for to in asked {
            self.put(&id, &to, When::Now, Some(request.id), letter.clone());
        }
    }

    fn remind(&mut self, request: &RequestRecord) {
        let Some((number, stage)) = self.state.asks_now(request, self.now) else {
            return;
        };
        let since = request
            .approvals
            .last()
            .map_or(request.raised, |last| last.at);
        let waited = Seconds((self.now.0 - since.0).max(0).unsigned_abs() / 1_000);
        let group = self.state.group(&stage.group);
        let remind = group.and_then(|group| group.remind);
        let half = Seconds((request.expires.0 - since.0).max(0).unsigned_abs() / 2_000);
        let after = remind.map_or(half, |remind| remind.after_s);
        if waited < after {
            return;
        }
        let (id, raised) = (request.id, self.times.words(request.raised));
        if let Some(remind) = remind {
            let every = remind.every_s.0.max(60);
            let nth = (waited.0 - after.0) / every;
            let headline = format!(
                "{} still waits for your approval, since {raised}.",
                request.by
            );
            let because = format!("You can decide it: the policy asks {}.", stage.group);
            let mut letter = self.write.asks(request, headline, &because);
            letter.subject = format!("Reminder: {}", letter.subject);
            for to in audience::asked(self.state, request, self.now) {
                let id = format!("remind/{id}/{number}/{nth}");
                self.put(&id, &to, When::Now, Some(request.id), letter.clone());
            }
        }
        let headline = format!(
            "{} has not decided a request of {} since {raised}.",
            stage.group, request.by
        );
        for to in audience::escalated(self.state, request, stage, self.now) {
            let because = format!(
                "{} is to be told when {} is slow. You cannot decide it by that.",
                match &to {
                    Recipient::Person(_) => "Your group",
                    Recipient::Group(_) => "This group",
                },
                stage.group
            );
            let mut letter = self.write.about(request);
            letter.subject = format!("Waits: {} asks {}", request.by, stage.group);
            letter.headline.clone_from(&headline);
            letter
                .rows
                .push(row("Waits until", &self.times.words(request.expires)));
            letter.because = because;
            self.put(
                &format!("escalate/{id}/{number}"),
                &to,
                When::Now,
                Some(id),
                letter,
            );
        }
    }

    fn ends_soon(&mut self, request: &RequestRecord) {
        if told_before(request).is_some_and(|soon| soon <= self.now) {
            let until = request.grant.as_ref().map(|grant| grant.until);
            let to = Recipient::Person(told(request).clone());
            // Of no use once it has ended, where they want no mail before that.
            if until.is_some_and(|until| self.due(&to, When::Now) < until) {
                let letter = self.write.ends_soon(request);
                self.requester(&format!("soon/{}", request.id), request, letter);
            }
        }
    }

    fn requester(&mut self, id: &str, request: &RequestRecord, letter: Option<Letter>) {
        let to = audience::person(self.state, told(request));
        if let (Some(to), Some(letter)) = (to, letter) {
            self.put(id, &to, When::Now, None, letter);
        }
    }

    fn execution(&mut self, run: &RecordedExecution) {
        match &run.outcome {
            None if run.request.is_none() => self.exempt(run),
            None => {}
            // What somebody found out, they know.
            Some(_) if run.resolution.is_some() => {}
            Some(outcome) => {
                let id = format!("run/{}", run.id);
                let own = audience::person(self.state, &run.by);
                if let (Some(to), Some(letter)) = (&own, self.write.ran(run, "You ran it.")) {
                    self.put(&id, to, When::Now, None, letter);
                }
                if outcome.result == RunResult::Unknown {
                    let because = "You are an administrator: somebody has to find out.";
                    let letter = self.write.ran(run, because);
                    let mut others = audience::administrators(self.state);
                    others.retain(|to| own.as_ref() != Some(to));
                    for (to, letter) in others.iter().zip(letter.iter().cycle()) {
                        self.put(&id, to, When::Now, None, letter.clone());
                    }
                }
            }
        }
    }

    /// One line a day for each system account and task.
    fn exempt(&mut self, run: &RecordedExecution) {
        let day = self.times.next_daily(run.authorized).0;
        let letter = Letter {
            subject: format!("Without approval: {} ran {}", run.by, run.task),
            headline: format!(
                "{} ran {} without approval, as an exempt system account.",
                run.by, run.task
            ),
            rows: vec![row("First at", &self.times.words(run.authorized))],
            page: "/system-accounts".into(),
            open: "Look at the system accounts".into(),
            ways: Vec::new(),
            because: "You oversee this organization.".into(),
            request: None,
        };
        for to in audience::overseers(self.state) {
            let id = format!("exempt/{day}/{}/{}", run.by, run.task);
            self.put(&id, &to, When::Daily, None, letter.clone());
        }
    }

    fn exemptions(&mut self) {
        let Some(control) = self.state.control().cloned() else {
            return;
        };
        for account in &control.system_accounts {
            let days = BEFORE_EXEMPTION_ENDS.into_iter().filter(|days| {
                let from = account.until.minus(Seconds(days * 86_400));
                from <= self.now && self.now < account.until
            });
            // The shorter of both, where both are due.
            let Some(days) = days.min() else { continue };
            let until = self.times.words(account.until);
            let letter = Letter {
                subject: format!(
                    "Ends in {}: the exemption of {}",
                    in_days(days),
                    account.upn
                ),
                headline: format!(
                    "The exemption of {} ends at {until}; then it has to ask.",
                    account.upn
                ),
                rows: Vec::new(),
                page: "/system-accounts".into(),
                open: "Renew it, or let it end".into(),
                ways: vec![writ("writ system-account list".into())],
                because: "You are an administrator.".into(),
                request: None,
            };
            for to in audience::administrators(self.state) {
                let id = format!("exemption/{}/{}/{days}", account.upn, account.until.0);
                self.put(&id, &to, When::Now, None, letter.clone());
            }
        }
    }

    fn change(&mut self, id: &str, index: u64, change: &Change) {
        let id = format!("change/{id}");
        let about = change.about.as_ref();
        let own = about.and_then(|about| audience::person(self.state, &about.person));
        if let (Some(about), Some(to)) = (about, &own) {
            self.put(&id, to, When::Soon, None, change.letter_to(about));
        }
        let overseers = audience::overseers(self.state);
        let concerned = audience::members(self.state, &change.groups);
        for to in overseers
            .union(&concerned)
            .filter(|to| own.as_ref() != Some(to))
        {
            let letter = match overseers.contains(to) {
                true => change.letter(format!("/audit/{index}"), "You oversee this organization."),
                false => change.letter(change.page.clone(), "Your approver group is concerned."),
            };
            self.put(&id, to, When::Soon, None, letter);
        }
    }

    /// Tells a person where they got mail before, if they get none there any more:
    /// nobody is shut out, or has their mail led elsewhere, without hearing of it.
    fn change_before(&mut self, id: &str, change: &Change, by: &Upn, before: Option<String>) {
        let (Some(about), Some(before)) = (&change.about, before) else {
            return;
        };
        let person = self.state.person(&about.person);
        let now = person.and_then(|person| audience::mail_of(person));
        if now.as_deref() == Some(before.as_str()) {
            return;
        }
        let mut letter = change.letter_to(about);
        match now {
            None => letter.headline = format!("{} You get no more mail of Writ.", letter.headline),
            Some(now) => {
                "Your mail of Writ goes elsewhere now".clone_into(&mut letter.subject);
                letter.headline = format!(
                    "{by} changed where you get mail of Writ: it goes to {now} from now on, and \
                     no more to this address. If you did not ask for it, tell an administrator."
                );
                letter.page = about.own_page();
                "Look at it".clone_into(&mut letter.open);
                letter.ways.clear();
            }
        }
        let due = soon(self.now);
        self.add(&format!("change/{id}"), before, due, None, letter);
    }

    fn put(
        &mut self,
        id: &str,
        to: &Recipient,
        when: When,
        decides: Option<RequestId>,
        letter: Letter,
    ) {
        let mut due = self.due(to, when);
        if let Some(request) = decides.and_then(|id| self.state.request(id)) {
            due = due.min(self.latest(request));
        }
        self.add(id, self.address(to), due, decides, letter);
    }

    /// When somebody wants to get something.
    pub(super) fn due(&self, to: &Recipient, when: When) -> Time {
        let preferences = match to {
            Recipient::Person(upn) => self.state.preferences(upn),
            Recipient::Group(_) => None,
        };
        let is_daily = when == When::Daily || preferences.is_some_and(|it| it.digest);
        let due = match (is_daily, when) {
            (true, _) | (false, When::Daily) => self.times.next_daily(self.now),
            (false, When::Soon) => soon(self.now),
            (false, When::Now) => self.now,
        };
        self.times.wanted(preferences.map(|it| it.as_ref()), due)
    }

    fn add(
        &mut self,
        id: &str,
        to: String,
        due: Time,
        decides: Option<RequestId>,
        mut letter: Letter,
    ) {
        if let Some(request) = letter.request {
            in_thread(&mut letter, request);
        }
        self.all.push(Addressed {
            id: format!("{id}/{to}"),
            decides,
            due,
            together: due > self.now,
            letter,
            to,
        });
    }

    pub(super) fn address(&self, to: &Recipient) -> String {
        match to {
            Recipient::Group(address) => address.to_string(),
            Recipient::Person(upn) => self.mail_of(upn),
        }
    }

    fn mail_of(&self, upn: &Upn) -> String {
        let mail = self
            .state
            .person(upn)
            .and_then(|person| person.mail.clone());
        mail.unwrap_or_else(|| upn.to_string())
    }
}

impl Addressed {
    /// As the outbox keeps it.
    ///
    /// # Panics
    /// Never: a letter is texts.
    #[expect(clippy::expect_used, reason = "texts can always be written")]
    pub fn into_message(self) -> Message {
        Message {
            body: serde_json::to_vec(&self.letter).expect("a letter is texts"),
            id: self.id,
            recipient: self.to,
            request: self.decides,
            due: self.due,
            together: self.together,
        }
    }
}

/// When what is found in these seconds is sent: all of it at once.
fn soon(now: Time) -> Time {
    let step = SOON.millis();
    Time((now.0.div_euclid(step) + 1) * step)
}

/// Whether an entry sets this person.
fn sets(entry: &Recorded, upn: &Upn) -> bool {
    entry.facts.iter().any(|fact| {
        matches!(fact, RecordedFact::ObjectSet { object: Object::Person(person), .. }
            if person.upn == *upn)
    })
}

fn in_days(days: u64) -> String {
    match days {
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}
