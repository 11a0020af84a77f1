//! What others may ask State: the door, the runner, the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::credentials::as_enrolled;
use crate::dataset::Subjects;
use crate::digest::{Digest, ExecutionId, Index, OrganizationId, RequestId};
use crate::envelope::{Envelope, PayloadType};
use crate::key::PublicKey;
use crate::log::Verifier;
use crate::names::{Address, Domain, Name, Pattern, TaskName, Upn};
use crate::object::{Control, Group, Person, Policy, Preferences, Site, Stage, Task, Workload};
use crate::reading::{Governed, Reading};
use crate::record::{Asked, Credentials, ExecutionRecord, Recovery, RequestRecord};
use crate::refusal::Refusal;
use crate::request;
use crate::run::{self, Permit};
use crate::state::{Answer, Since, State};
use crate::statement::{Body, FRESH, MAX_SESSION, Principal, Session, Unverified, read_payload};
use crate::time::Time;

fn live<'a, K: Ord, T>(
    table: &'a crate::Table<K, Since<T>>,
) -> impl Iterator<Item = &'a Arc<T>> + use<'a, K, T> {
    table.values().filter_map(|since| since.value.as_ref())
}

impl State {
    /// The organization's id, once it is founded.
    pub const fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }

    /// The organization's domain, once it is founded.
    pub const fn domain(&self) -> Option<&Domain> {
        self.domain.as_ref()
    }

    /// The name of the log in its checkpoints, once the organization is founded:
    /// another one after each recovery.
    pub fn origin(&self) -> Option<String> {
        let (domain, id) = (self.domain.as_ref()?, self.organization?);
        let origin = format!("{domain}/writ/{}", id.short());
        Some(match self.recovery() {
            None => origin,
            Some(recovery) => format!("{origin}/{}", recovery.epoch),
        })
    }

    /// The entries that made the log's name and its key what they are.
    pub fn log_named_by(&self) -> impl Iterator<Item = Index> {
        let site = self.site.as_ref().map(|since| since.entry);
        let recovery = self.recovery.as_ref().map(|since| since.entry);
        site.into_iter().chain(recovery)
    }

    /// How the log last went on after a restore, if it ever did.
    pub fn recovery(&self) -> Option<&Arc<Recovery>> {
        self.recovery.as_ref()?.value.as_ref()
    }

    /// Whose signature the log's checkpoints bear, once the organization is founded.
    pub fn verifier(&self) -> Option<Verifier> {
        Verifier::new(&self.origin()?, &self.site()?.services.log).ok()
    }

    /// The time of the last entry.
    pub const fn time(&self) -> Time {
        self.time
    }

    /// The installation.
    pub fn site(&self) -> Option<&Arc<Site>> {
        self.site.as_ref()?.value.as_ref()
    }

    /// The control, if it was ever set.
    pub fn control(&self) -> Option<&Arc<Control>> {
        self.control.as_ref()?.value.as_ref()
    }

    /// The entry that set the control, if it was ever set.
    pub fn control_set_by(&self) -> Option<Index> {
        self.control.as_ref().map(|since| since.entry)
    }

    /// A person.
    pub fn person(&self, upn: &Upn) -> Option<&Arc<Person>> {
        self.people.get(upn)?.value.as_ref()
    }

    /// All people.
    pub fn people(&self) -> impl Iterator<Item = &Arc<Person>> {
        live(&self.people)
    }

    /// By what a person can sign.
    pub fn credentials(&self, upn: &Upn) -> Option<&Arc<Credentials>> {
        self.credentials.get(upn)?.value.as_ref()
    }

    /// What a person chose for oneself, if they ever did.
    pub fn preferences(&self, upn: &Upn) -> Option<&Arc<Preferences>> {
        self.preferences.get(upn)?.value.as_ref()
    }

    /// A group.
    pub fn group(&self, address: &Address) -> Option<&Arc<Group>> {
        self.groups.get(address)?.value.as_ref()
    }

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        live(&self.groups)
    }

    /// A workload.
    pub fn workload(&self, name: &Name) -> Option<&Arc<Workload>> {
        self.workloads.get(name)?.value.as_ref()
    }

    /// All workloads.
    pub fn workloads(&self) -> impl Iterator<Item = &Arc<Workload>> {
        live(&self.workloads)
    }

    /// A task.
    pub fn task(&self, name: &TaskName) -> Option<&Arc<Task>> {
        self.tasks.get(name)?.value.as_ref()
    }

    /// A task, also one that nobody set where the workload has open tasks.
    pub fn defined(&self, name: &TaskName) -> Option<Arc<Task>> {
        let is_open = || {
            self.workload(&name.workload())
                .is_some_and(|open| open.open_tasks)
        };
        match self.task(name) {
            Some(task) => Some(task.clone()),
            None => is_open().then(|| Task::unset(name.clone()).into()),
        }
    }

    /// All tasks.
    pub fn tasks(&self) -> impl Iterator<Item = &Arc<Task>> {
        live(&self.tasks)
    }

    /// A policy.
    pub fn policy(&self, pattern: &Pattern) -> Option<&Arc<Policy>> {
        self.policies.get(pattern)?.value.as_ref()
    }

    /// All policies.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        live(&self.policies)
    }

    /// An open request.
    pub fn request(&self, id: RequestId) -> Option<&Arc<RequestRecord>> {
        self.requests.get(&id)?.value.as_ref()
    }

    /// All open requests.
    pub fn requests(&self) -> impl Iterator<Item = &Arc<RequestRecord>> {
        live(&self.requests)
    }

    /// A person's pending requests.
    pub fn pending_of(&self, upn: &Upn) -> impl Iterator<Item = &Arc<RequestRecord>> + use<'_> {
        let first = (upn.clone(), RequestId(Digest::from_bytes([0; 32])));
        let upn = upn.clone();
        self.pending
            .range(first..)
            .map(|(key, ())| key)
            .take_while(move |(who, _)| *who == upn)
            .filter_map(|(_, id)| self.request(*id))
    }

    /// Whether a pending request waits for this person's approval at `now`.
    pub fn awaits(&self, request: &RequestRecord, upn: &Upn, now: Time) -> bool {
        request::awaits(&Reading::new(self, now), request, upn)
    }

    /// The stage whose approval a request waits for at `now`, if it waits, and its
    /// number from 0.
    pub fn asks_now<'a>(
        &self,
        request: &'a RequestRecord,
        now: Time,
    ) -> Option<(usize, &'a Stage)> {
        request::asks(&Reading::new(self, now), request)
    }

    /// What waits for this person's approval at `now`.
    pub fn awaiting<'a>(
        &'a self,
        upn: &'a Upn,
        now: Time,
    ) -> impl Iterator<Item = &'a Arc<RequestRecord>> {
        // Whether they are in a group is looked up once, not for each request.
        let mut is_in = BTreeMap::new();
        let is_asked = move |request: &&'a Arc<RequestRecord>| {
            request.rule.stages.iter().any(|stage| {
                let group = &stage.group;
                *is_in
                    .entry(group)
                    .or_insert_with(|| self.is_member(group, upn))
            })
        };
        self.pending
            .keys()
            .filter_map(|(_, id)| self.request(*id))
            .filter(is_asked)
            .filter(move |request| Self::awaits(self, request, upn, now))
    }

    /// A person's live grants, the one ending first first.
    pub fn grants_of(&self, upn: &Upn) -> impl Iterator<Item = &Arc<RequestRecord>> + use<'_> {
        let zero = RequestId(Digest::from_bytes([0; 32]));
        let first = (upn.clone(), Time(i64::MIN), zero);
        let upn = upn.clone();
        self.grants
            .range(first..)
            .map(|(key, ())| key)
            .take_while(move |(who, _, _)| *who == upn)
            .filter_map(|(_, _, id)| self.request(*id))
    }

    /// How often a live grant was used.
    pub fn runs_of(&self, request: RequestId) -> u64 {
        self.runs.get(&request).copied().unwrap_or(0)
    }

    /// An execution without its final outcome.
    pub fn execution(&self, id: ExecutionId) -> Option<&Arc<ExecutionRecord>> {
        self.executions.get(&id)?.value.as_ref()
    }

    /// All executions without their final outcome: in flight, or ended unknown.
    pub fn executions(&self) -> impl Iterator<Item = &Arc<ExecutionRecord>> {
        live(&self.executions)
    }

    /// The executions of a node that have no outcome yet.
    pub fn open_executions(&self, node: &Name) -> impl Iterator<Item = &Arc<ExecutionRecord>> {
        live(&self.executions)
            .filter(move |record| record.node == *node && record.outcome.is_none())
    }

    /// Whether a run in flight is to be killed: its grant has ended so.
    pub fn is_killed(&self, id: ExecutionId) -> bool {
        self.killed.contains_key(&id)
    }

    /// The answer that a statement got, if it may still come again.
    pub fn answer(&self, digest: Digest) -> Option<&Answer> {
        self.recent.get(digest)
    }

    /// How many such answers there are: most of what grows with the log.
    pub fn answers(&self) -> usize {
        self.recent.len()
    }

    /// When time will end something next.
    pub fn next_deadline(&self) -> Option<Time> {
        self.deadlines.get_min().map(|((at, _), ())| *at)
    }

    /// The task, its workload and the rule that governs it at `now`.
    pub fn governing(&self, task: &TaskName, now: Time) -> Result<Governed, Refusal> {
        Reading::new(self, now).governing(task)
    }

    /// Whether a group contains a person, directly or through others.
    pub fn is_member(&self, group: &Address, person: &Upn) -> bool {
        Reading::new(self, self.time).is_member(group, person)
    }

    /// Every group that contains a person, directly or through others.
    pub fn groups_of(&self, person: &Upn) -> impl Iterator<Item = &Address> {
        let reading = Reading::new(self, self.time);
        self.groups()
            .map(|group| &group.address)
            .filter(move |address| reading.is_member(address, person))
    }

    /// The key that would have to have signed a statement, if it is live at `now`.
    ///
    /// Whether it is enough, the rules decide; this tells the door whether the
    /// signature is worth checking.
    pub fn key_for(&self, said: &Unverified, now: Time) -> Option<PublicKey> {
        let statement = said.statement();
        let id = said.keyid();
        let key = match (&statement.body, &statement.by) {
            (Body::Genesis(genesis), _) => match self.organization {
                None => Some(genesis.key.key()),
                Some(_) => None,
            },
            (Body::Tick(_), _) => Some(self.site()?.services.log.clone()),
            (Body::Outcome(outcome), Principal::Node) => {
                let now = &self.site()?.services.runner;
                let run = self.execution(outcome.execution);
                let then = run.map(|run| &run.definition.runner);
                Some(then.filter(|key| key.id() == id).unwrap_or(now).clone())
            }
            (_, Principal::Node) => None,
            (body, Principal::Person(upn)) => {
                let credentials = self.credentials(upn)?;
                let invited = credentials
                    .invitation
                    .as_ref()
                    .filter(|invitation| matches!(body, Body::Enrol(_)) && now < invitation.until);
                match credentials.keys.get(&id) {
                    Some(device) => Some(device.key.clone()),
                    None => invited.map(|invitation| invitation.key.clone()),
                }
            }
        };
        key.filter(|key| key.id() == id)
    }

    /// Leave to start a run of this node at `now`, or why it is not to be started.
    /// Time never goes back: an earlier `now` counts as the time of State.
    pub(crate) fn permit(
        &self,
        id: ExecutionId,
        node: &Name,
        now: Time,
        texts: &BTreeMap<crate::names::ParameterName, String>,
    ) -> Result<Permit, String> {
        Permit::ask(&Reading::new(self, now.max(self.time)), id, node, texts)
    }

    /// Whether a run of a dataset may go on at `now` as it began; else why not.
    pub fn may_go_on(&self, id: ExecutionId, began: &Subjects, now: Time) -> Result<(), String> {
        run::may_go_on(&Reading::new(self, now.max(self.time)), id, began)
    }

    /// All apps.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<Person>> {
        self.apps.keys().filter_map(|upn| self.person(upn))
    }

    /// What was last asked for an app of a dataset.
    pub fn asked(&self, app: &Upn, task: &TaskName) -> Option<&Arc<Asked>> {
        self.asked.get(&(app.clone(), task.clone()))?.value.as_ref()
    }

    /// Whose session an envelope is, if it is one that still counts at `now`.
    ///
    /// The signature is checked by the caller, against the key that is
    /// returned: once, since it never changes.
    pub fn session(&self, envelope: &Envelope, now: Time) -> Option<(Upn, PublicKey)> {
        if envelope.payload_type != PayloadType::Session {
            return None;
        }
        let payload = read_payload::<Session>(&envelope.payload).ok()?;
        let Principal::Person(upn) = payload.by else {
            return None;
        };
        let (opened, until) = (payload.at, payload.body.until);
        let in_time = opened <= now.plus(FRESH) && now < until && until <= opened.plus(MAX_SESSION);
        let out = self.signed_out.get(&upn);
        let ended = out.is_some_and(|out| {
            out.before.is_some_and(|before| opened <= before)
                || out.sessions.contains_key(&envelope.digest())
        });
        // Who signed out in what was lost must not be signed in again by that.
        let recovered = self.recovery();
        let ended = ended || recovered.is_some_and(|recovery| opened <= recovery.at);
        let person = self.person(&upn)?;
        if !in_time || ended || !person.active || payload.instance != self.organization {
            return None;
        }
        let device = self
            .credentials(&upn)?
            .keys
            .get(&envelope.signature.keyid)?;
        let assertion = envelope.assertion().ok()?;
        as_enrolled(&Reading::new(self, now), device, assertion.as_ref()).ok()?;
        Some((upn, device.key.clone()))
    }
}

/// Durable State: nothing else may be read, and nothing else gives a permit.
///
/// Made in one line of the sequencer, after the store said that it is on disk.
#[derive(Clone, Debug)]
pub struct Published {
    state: Arc<State>,
    size: u64,
}

impl Published {
    /// State that is on disk, with the size of the log that it is the fold of.
    pub fn durable(state: State, size: u64) -> Self {
        Self {
            state: Arc::new(state),
            size,
        }
    }

    /// The State.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The size of the log that it is the fold of.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Leave to start a run of `node`, once; or why it is not to be started.
    pub fn permit(
        &self,
        id: ExecutionId,
        node: &Name,
        now: Time,
        texts: &BTreeMap<crate::names::ParameterName, String>,
    ) -> Result<Permit, String> {
        self.state.permit(id, node, now, texts)
    }
}
