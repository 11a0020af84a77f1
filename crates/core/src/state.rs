//! State: everything that can still change an answer, and nothing else.
//!
//! State is the **fold** of the facts of the log. [`State::apply`] is the one
//! step: **pass** says what time has ended, **decide** answers facts or a
//! refusal, **fold** applies facts; on a copy that costs O(1), which the caller
//! keeps only if the entry is kept.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, ExecutionId, Index, OrganizationId, RequestId};
use crate::entry::Entry;
use crate::fact::{Fact, RequestEvent};
use crate::log::leaf_hash;
use crate::names::{Address, Domain, Name, Pattern, TaskName, Upn};
use crate::object::{
    Control, Group, Object, ObjectName, Person, PersonKind, Policy, Preferences, Rule, Site, Task,
    Workload,
};
use crate::reading::Reading;
use crate::recent::Recent;
use crate::record::{Asked, Credentials, Ending, ExecutionRecord, Recovery, RequestRecord, Status};
use crate::refusal::Refusal;
use crate::statement::{FRESH, MAX_SESSION, Principal, RunResult, Verified};
use crate::time::Time;
use crate::{Table, decide};

/// What is there, or that it was removed, and which entry said so.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since<T> {
    /// The entry that made it what it is.
    pub entry: Index,
    /// What it is; none once it was removed.
    pub value: Option<Arc<T>>,
}

impl<T> Clone for Since<T> {
    fn clone(&self) -> Self {
        Self {
            entry: self.entry,
            value: self.value.clone(),
        }
    }
}

impl<T> Since<T> {
    fn set(entry: Index, value: Arc<T>) -> Self {
        Self {
            entry,
            value: Some(value),
        }
    }

    fn removed(entry: Index) -> Self {
        Self { entry, value: None }
    }
}

/// The answer that a statement got, kept while the same envelope may come again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its entry.
    pub index: Index,
    /// When.
    pub time: Time,
    /// Yes or no.
    pub accepted: bool,
    /// Why not.
    pub code: Option<Arc<str>>,
}

/// Which sessions of a person have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// All that were opened before.
    pub before: Option<Time>,
    /// And these, each with the time from which it would have ended anyway.
    pub sessions: Table<Digest, Time>,
}

/// Everything that is live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) domain: Option<Domain>,
    pub(crate) time: Time,
    pub(crate) site: Option<Since<Site>>,
    pub(crate) control: Option<Since<Control>>,
    pub(crate) people: Table<Upn, Since<Person>>,
    pub(crate) apps: Table<Upn, ()>,
    pub(crate) credentials: Table<Upn, Since<Credentials>>,
    pub(crate) preferences: Table<Upn, Since<Preferences>>,
    pub(crate) signed_out: Table<Upn, SignedOut>,
    pub(crate) signed_out_by_time: Table<(Time, Upn, Digest), ()>,
    pub(crate) groups: Table<Address, Since<Group>>,
    pub(crate) workloads: Table<Name, Since<Workload>>,
    pub(crate) tasks: Table<TaskName, Since<Task>>,
    pub(crate) policies: Table<Pattern, Since<Policy>>,
    pub(crate) requests: Table<RequestId, Since<RequestRecord>>,
    pub(crate) pending: Table<(Upn, RequestId), ()>,
    pub(crate) grants: Table<(Upn, Time, RequestId), ()>,
    pub(crate) open_by_task: Table<(Arc<str>, RequestId), ()>,
    pub(crate) asked: Table<(Upn, TaskName), Since<Asked>>,
    pub(crate) runs: Table<RequestId, u64>,
    pub(crate) executions: Table<ExecutionId, Since<ExecutionRecord>>,
    pub(crate) killed: Table<ExecutionId, ()>,
    pub(crate) recovery: Option<Since<Recovery>>,
    pub(crate) deadlines: Table<(Time, RequestId), ()>,
    pub(crate) recent: Recent,
}

/// An entry and all that was decided about it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Where it stands.
    pub index: Index,
    /// Names its statement.
    pub digest: Digest,
    /// The entry.
    pub entry: Entry,
    /// Its bytes.
    pub leaf: Vec<u8>,
    /// What the tree holds of it.
    pub leaf_hash: Digest,
    /// What has become so, the passing of time first.
    pub facts: Vec<Fact>,
    /// How many of the facts are the passing of time, and nobody's doing.
    pub passed: usize,
    /// The entries that the decision read; none where it was refused.
    pub reads: Vec<Index>,
    /// The refusal in full, where it was one.
    pub refusal: Option<Refusal>,
}

impl State {
    /// Decides a statement as entry `at` of the log, at `now`, on `node`.
    ///
    /// Time never goes back: an earlier `now` counts as the time of State. The
    /// State that is returned holds the entry; this one is as it was.
    pub fn apply(&self, at: Index, now: Time, node: &Name, said: &Verified) -> (Self, Decided) {
        let now = now.max(self.time);
        let mut next = self.clone();
        let mut facts = next.pass(now);
        for fact in &facts {
            next.fold(at, fact);
        }
        next.time = now;
        let passed = facts.len();

        let reading = Reading::new(&next, now);
        let (decided, reads) = match decide::decide(&reading, at, node, said) {
            Ok(facts) => (Ok(facts), reading.into_reads()),
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        let refusal = match decided {
            Ok(decided) => {
                for fact in &decided {
                    next.fold(at, fact);
                }
                facts.extend(decided);
                None
            }
            Err(refusal) => Some(refusal),
        };

        let entry = Entry {
            accepted: refusal.is_none(),
            code: refusal.as_ref().map(|refusal| refusal.code().into()),
            envelope: said.envelope().clone(),
            node: node.clone(),
            time: now,
        };
        #[expect(
            clippy::expect_used,
            reason = "an entry holds no float, no null, and is not deep"
        )]
        let leaf = entry.to_leaf().expect("an entry can be written");
        let leaf_hash = leaf_hash(&leaf);
        // INVARIANT: a refused statement founds nothing.
        if next.organization.is_none() && entry.accepted {
            next.organization = Some(OrganizationId(leaf_hash));
        }
        next.remember(at, now, said.digest(), &entry);
        let digest = said.digest();
        let decided = Decided {
            index: at,
            digest,
            entry,
            leaf,
            leaf_hash,
            facts,
            passed,
            reads,
            refusal,
        };
        (next, decided)
    }

    /// This State once time has passed over it, as before every entry.
    pub(crate) fn passed(&self, now: Time) -> Self {
        let now = now.max(self.time);
        let mut next = self.clone();
        for fact in next.pass(now) {
            next.fold(Self::UNWRITTEN, &fact);
        }
        next.time = now;
        next
    }

    /// What time has ended by `now`. Clears away; whatever matters compares
    /// deadlines itself.
    fn pass(&mut self, now: Time) -> Vec<Fact> {
        self.forget(now);
        let due = self.deadlines.keys().take_while(|(at, _)| *at <= now);
        due.filter_map(|(at, id)| {
            let record = self.requests.get(id)?.value.as_ref()?;
            let status = match record.grant {
                None => Status::Expired,
                Some(_) => Status::Ended,
            };
            let ending = Ending {
                at: *at,
                by: None,
                comment: None,
                kill: false,
            };
            Some(ended(record, status, ending))
        })
        .collect()
    }

    /// Applies a fact of entry `at`.
    fn fold(&mut self, at: Index, fact: &Fact) {
        match fact {
            Fact::Founded { organization } => self.domain = Some(organization.clone()),
            Fact::ObjectSet { object, by } => self.fold_object(at, object, by),
            Fact::ObjectRemoved { name, .. } => self.fold_removal(at, name),
            Fact::Keys {
                person,
                credentials,
                ..
            } => {
                let since = Since::set(at, credentials.clone());
                self.credentials.insert(person.clone(), since);
            }
            Fact::SignedOut {
                person,
                session,
                at,
            } => {
                let out = self.signed_out.entry(person.clone()).or_default();
                match session {
                    Some(session) => {
                        // One opened as far ahead as clocks may differ.
                        let until = at.plus(FRESH).plus(MAX_SESSION);
                        if let Some(before) = out.sessions.insert(*session, until) {
                            let entry = (before, person.clone(), *session);
                            self.signed_out_by_time.remove(&entry);
                        }
                        self.signed_out_by_time
                            .insert((until, person.clone(), *session), ());
                    }
                    None => out.before = Some(*at),
                }
            }
            Fact::Request { record, .. } => self.fold_request(at, record),
            Fact::Execution { record } => self.fold_execution(at, record),
            Fact::Recovered { recovery } => {
                self.recovery = Some(Since::set(at, recovery.clone()));
            }
        }
    }

    fn fold_object(&mut self, at: Index, object: &Object, by: &Upn) {
        match object {
            Object::Site(site) => self.site = Some(Since::set(at, site.clone())),
            Object::Control(control) => self.control = Some(Since::set(at, control.clone())),
            Object::Person(person) => {
                self.list_app(person);
                let since = Since::set(at, person.clone());
                self.people.insert(person.upn.clone(), since);
            }
            Object::Group(group) => {
                let since = Since::set(at, group.clone());
                self.groups.insert(group.address.clone(), since);
            }
            Object::Workload(workload) => {
                let since = Since::set(at, workload.clone());
                self.workloads.insert(workload.name.clone(), since);
            }
            Object::Task(task) => {
                let since = Since::set(at, task.clone());
                self.tasks.insert(task.name.clone(), since);
            }
            Object::Policy(policy) => {
                let since = Since::set(at, policy.clone());
                self.policies.insert(policy.task.clone(), since);
            }
            Object::Preferences(preferences) => {
                let since = Since::set(at, preferences.clone());
                self.preferences.insert(by.clone(), since);
            }
        }
    }

    fn fold_removal(&mut self, at: Index, name: &ObjectName) {
        match name {
            ObjectName::Group(address) => {
                self.groups.insert(address.clone(), Since::removed(at));
            }
            ObjectName::Workload(name) => {
                self.workloads.insert(name.clone(), Since::removed(at));
            }
            ObjectName::Task(task) => {
                self.tasks.insert(task.clone(), Since::removed(at));
            }
            ObjectName::Policy(pattern) => {
                self.policies.insert(pattern.clone(), Since::removed(at));
            }
        }
    }

    fn fold_request(&mut self, at: Index, record: &Arc<RequestRecord>) {
        let before = self
            .requests
            .get(&record.id)
            .and_then(|since| since.value.clone());
        if let Some(before) = before {
            self.unlist(&before);
        }
        self.fold_asked(at, record);
        if record.status.is_open() {
            self.list(record);
            self.requests
                .insert(record.id, Since::set(at, record.clone()));
        } else {
            self.requests.remove(&record.id);
            self.runs.remove(&record.id);
            if record.ending.as_ref().is_some_and(|ending| ending.kill) {
                self.kill_runs_of(record.id);
            }
        }
    }

    /// No person becomes an app, and no app a person.
    fn list_app(&mut self, person: &Person) {
        if person.kind == PersonKind::App {
            self.apps.insert(person.upn.clone(), ());
        }
    }

    /// Keeps what was last asked for an app, and whether somebody took it away. What
    /// time ends changes nothing of that, so whoever reads it needs no such entry.
    fn fold_asked(&mut self, at: Index, record: &RequestRecord) {
        let Some(app) = &record.app else { return };
        let name = (app.upn.clone(), record.task.clone());
        let before = self.asked.get(&name).and_then(|since| since.value.clone());
        let of_this = |before: &Arc<Asked>| {
            before.is(&app.manifest.version, app.definition, &record.parameters)
        };
        let taken = match record.status {
            Status::Pending | Status::Live => None,
            Status::Denied | Status::Revoked | Status::Canceled => Some(record.status),
            Status::Ended | Status::Expired | Status::Superseded => return,
        };
        let newest = before
            .as_ref()
            .is_none_or(|before| before.raised <= record.raised);
        let is_of_this = taken.is_some() && before.as_ref().is_some_and(of_this);
        if !newest && !is_of_this {
            return;
        }
        let asked = Asked {
            request: record.id,
            raised: before.map_or(record.raised, |before| before.raised.max(record.raised)),
            installer: app.installer.clone(),
            version: app.manifest.version.clone(),
            definition: app.definition,
            parameters: record.parameters.clone(),
            taken,
        };
        self.asked.insert(name, Since::set(at, Arc::new(asked)));
    }

    /// Marks the runs in flight under a grant. No rule looks at the mark: it is
    /// for their node, until each has its outcome.
    fn kill_runs_of(&mut self, request: RequestId) {
        let of_it = self
            .executions
            .values()
            .filter_map(|since| since.value.as_ref())
            .filter(|run| run.request == Some(request) && run.outcome.is_none());
        let ids: Vec<_> = of_it.map(|run| run.id).collect();
        self.killed.extend(ids.into_iter().map(|id| (id, ())));
    }

    fn list(&mut self, record: &RequestRecord) {
        match &record.grant {
            Some(grant) => {
                self.grants
                    .insert((record.holder().clone(), grant.until, record.id), ());
            }
            None => {
                self.pending.insert((record.by.clone(), record.id), ());
            }
        }
        self.open_by_task
            .insert((record.task.key().into(), record.id), ());
        self.deadlines.insert((deadline(record), record.id), ());
    }

    fn unlist(&mut self, record: &RequestRecord) {
        match &record.grant {
            Some(grant) => self
                .grants
                .remove(&(record.holder().clone(), grant.until, record.id)),
            None => self.pending.remove(&(record.by.clone(), record.id)),
        };
        self.open_by_task
            .remove(&(record.task.key().into(), record.id));
        self.deadlines.remove(&(deadline(record), record.id));
    }

    fn fold_execution(&mut self, at: Index, record: &Arc<ExecutionRecord>) {
        let result = record.result();
        let is_over = result.is_some_and(|result| result != RunResult::Unknown);
        let grant = record.request.filter(|id| self.requests.contains_key(id));
        if let Some(grant) = grant.filter(|_| record.outcome.is_none()) {
            self.runs.insert(grant, self.runs_of(grant) + 1);
        }
        if record.outcome.is_some() {
            self.killed.remove(&record.id);
        }
        match is_over {
            true => {
                self.executions.remove(&record.id);
            }
            false => {
                self.executions
                    .insert(record.id, Since::set(at, record.clone()));
            }
        }
    }

    fn remember(&mut self, index: Index, time: Time, digest: Digest, entry: &Entry) {
        let answer = Answer {
            index,
            time,
            accepted: entry.accepted,
            code: entry.code.clone(),
        };
        self.recent.remember(digest, answer);
    }

    /// Makes the tables that only find things again, of those that hold them.
    pub(crate) fn find_again(&mut self) {
        let requests = self.requests.clone();
        for record in requests.values().filter_map(|since| since.value.as_deref()) {
            self.list(record);
        }
        let people = self.people.clone();
        for person in people.values().filter_map(|since| since.value.as_deref()) {
            self.list_app(person);
        }
        for (person, out) in &self.signed_out {
            for (session, until) in &out.sessions {
                self.signed_out_by_time
                    .insert((*until, person.clone(), *session), ());
            }
        }
    }

    /// Drops answers that nobody can ask for any more, and sign-outs of sessions
    /// that are over anyway.
    fn forget(&mut self, now: Time) {
        while let Some(((until, person, session), ())) = self.signed_out_by_time.get_min().cloned()
        {
            if until > now {
                break;
            }
            if let Some(out) = self.signed_out.get_mut(&person) {
                out.sessions.remove(&session);
            }
            self.signed_out_by_time.remove(&(until, person, session));
        }
        self.recent.forget(now);
    }
}

/// When an open request ends by itself.
fn deadline(record: &RequestRecord) -> Time {
    record
        .grant
        .as_ref()
        .map_or(record.expires, |grant| grant.until)
}

/// The fact that a request has ended. Its runs in flight are killed where
/// whoever ended it says so, or the policy that governed it.
pub(crate) fn ended(record: &RequestRecord, status: Status, ending: Ending) -> Fact {
    let mut record = record.clone();
    let kill = ending.kill || record.rule.policy.kill_on_end;
    record.status = status;
    record.ending = Some(Ending {
        kill: kill && record.grant.is_some(),
        ..ending
    });
    Fact::Request {
        event: RequestEvent::Ended,
        record: Arc::new(record),
    }
}

/// Which open requests a change may concern.
pub(crate) enum Touched<'a> {
    /// Those of tasks whose lower-case names begin so.
    Prefix(&'a str),
    /// Those of one task.
    Task(&'a TaskName),
    /// All of them.
    All,
}

impl State {
    /// Stands for the entry that is being decided, which has no facts yet.
    pub(crate) const UNWRITTEN: Index = Index(u64::MAX);

    /// State as it will be once `change` is folded, to ask it what that ends.
    pub(crate) fn with(&self, change: &Fact) -> Self {
        let mut after = self.clone();
        after.fold(Self::UNWRITTEN, change);
        after
    }

    /// What ends because another rule governs: pending requests are superseded
    /// when theirs is another one now; live grants end when their task is
    /// governed by nothing, or by manual where auto had given them.
    pub(crate) fn overruled(
        &self,
        reading: &Reading<'_>,
        by: &Upn,
        touched: &Touched<'_>,
    ) -> Vec<Fact> {
        let ending = Ending {
            at: reading.now(),
            by: Some(Principal::Person(by.clone())),
            comment: None,
            kill: false,
        };
        self.touched(touched)
            .filter_map(|record| {
                let rule = reading
                    .governing(&record.task)
                    .ok()
                    .map(|governed| governed.rule);
                let status = overruled(record, rule.as_ref())?;
                Some(ended(record, status, ending.clone()))
            })
            .collect()
    }

    fn touched<'a>(
        &'a self,
        touched: &'a Touched<'_>,
    ) -> impl Iterator<Item = &'a Arc<RequestRecord>> {
        let from: Arc<str> = match touched {
            Touched::Prefix(prefix) => (*prefix).into(),
            Touched::Task(task) => task.key().into(),
            Touched::All => "".into(),
        };
        let first = (from.clone(), RequestId(Digest::from_bytes([0; 32])));
        self.open_by_task
            .range(first..)
            .map(|(key, ())| key)
            .take_while(move |(task, _)| match touched {
                Touched::Prefix(_) | Touched::All => task.starts_with(&*from),
                Touched::Task(_) => *task == from,
            })
            .filter_map(|(_, id)| self.requests.get(id)?.value.as_ref())
    }
}

fn overruled(record: &RequestRecord, rule: Option<&Rule>) -> Option<Status> {
    match (record.status, rule) {
        (Status::Pending, rule) if rule != Some(&record.rule) => Some(Status::Superseded),
        (Status::Live, None) => Some(Status::Ended),
        (Status::Live, Some(rule)) if record.rule.is_auto() && !rule.is_auto() => {
            Some(Status::Ended)
        }
        _ => None,
    }
}
