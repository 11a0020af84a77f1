//! Reading: the only door of the rules to State.
//!
//! Every entry that is accepted stores its **reads**: the entries that made
//! what its decision looked at, removed things too. They are its proof: whoever
//! folds just those entries, in order, must reach the same yes. So a rule may
//! need something that it reads, or refuse because of something present; it may
//! never need the whole. What is counted or searched over many requests is not
//! noted, because fewer of them can only turn a no into a yes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dataset::{Extraction, Subjects};
use crate::digest::{Digest, ExecutionId, Index, OrganizationId, RequestId};
use crate::fact::Fact;
use crate::names::{Address, Name, Pattern, TaskName, Upn};
use crate::object::{Control, Group, MAX_GROUP_DEPTH, Person, Policy, Rule, Site, Task, Workload};
use crate::record::{Asked, Credentials, ExecutionRecord, Recovery, RequestRecord};
use crate::refusal::{Refusal, unknown_workload};
use crate::state::{Answer, Since, State, Touched};
use crate::time::Time;

/// State as one decision sees it, at one instant, noting what it looks at.
#[derive(Debug)]
pub struct Reading<'a> {
    state: &'a State,
    now: Time,
    reads: RefCell<BTreeSet<Index>>,
}

/// A task with all that decides who may run it.
#[derive(Clone, Debug)]
pub struct Governed {
    /// The task.
    pub task: Arc<Task>,
    /// The system it belongs to.
    pub workload: Arc<Workload>,
    /// Which approval it needs.
    pub rule: Rule,
}

impl<'a> Reading<'a> {
    /// Looks at `state` at `now`.
    pub fn new(state: &'a State, now: Time) -> Self {
        Self {
            state,
            now,
            reads: RefCell::default(),
        }
    }

    /// The time of the entry that is being decided.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The entries that made what was looked at, in order.
    pub fn into_reads(self) -> Vec<Index> {
        self.reads.into_inner().into_iter().collect()
    }

    fn note<T>(&self, since: Option<&'a Since<T>>) -> Option<&'a Arc<T>> {
        let since = since?;
        self.reads.borrow_mut().insert(since.entry);
        since.value.as_ref()
    }

    /// The entry that last changed something, if anything ever was there.
    fn changed<T>(since: Option<&Since<T>>) -> Option<Index> {
        since.map(|since| since.entry)
    }

    /// The installation.
    pub fn site(&self) -> Result<&'a Arc<Site>, Refusal> {
        self.note(self.state.site.as_ref())
            .ok_or(Refusal::GenesisFirst {})
    }

    /// The organization's id; a constant of the log.
    pub const fn organization(&self) -> Option<OrganizationId> {
        self.state.organization
    }

    /// The answer that the same envelope got before; not noted.
    pub fn answer(&self, digest: Digest) -> Option<&'a Answer> {
        self.state.answer(digest)
    }

    /// The control, if it was ever set.
    pub fn control(&self) -> Option<&'a Arc<Control>> {
        self.note(self.state.control.as_ref())
    }

    /// Refuses while privileged access is disabled.
    pub fn enabled(&self) -> Result<&'a Arc<Control>, Refusal> {
        match self.control() {
            Some(control) if control.enabled => Ok(control),
            Some(_) => Err(Refusal::Disabled {}),
            None => Err(Refusal::NeverEnabled {}),
        }
    }

    /// A person, active or not.
    pub fn person(&self, upn: &Upn) -> Option<&'a Arc<Person>> {
        self.note(self.state.people.get(upn))
    }

    /// A person who may act.
    pub fn active(&self, upn: &Upn) -> Result<&'a Arc<Person>, Refusal> {
        self.person(upn)
            .filter(|person| person.active)
            .ok_or_else(|| Refusal::Inactive {
                person: upn.clone(),
            })
    }

    /// By what a person can sign.
    pub fn credentials(&self, upn: &Upn) -> Option<&'a Arc<Credentials>> {
        self.note(self.state.credentials.get(upn))
    }

    /// An active administrator with a key, other than this one.
    pub fn other_administrator(&self, upn: &Upn) -> Option<&'a Arc<Person>> {
        self.state
            .people
            .values()
            .filter_map(|since| since.value.as_ref())
            .filter(|p| p.administers() && p.upn != *upn)
            .find(|p| self.credentials(&p.upn).is_some_and(|c| !c.keys.is_empty()))
            .and_then(|person| self.person(&person.upn))
    }

    /// A group.
    pub fn group(&self, address: &Address) -> Option<&'a Arc<Group>> {
        self.note(self.state.groups.get(address))
    }

    /// A workload.
    pub fn workload(&self, name: &Name) -> Option<&'a Arc<Workload>> {
        self.note(self.state.workloads.get(name))
    }

    /// A task.
    pub fn task(&self, name: &TaskName) -> Option<&'a Arc<Task>> {
        self.note(self.state.tasks.get(name))
    }

    /// A policy.
    pub fn policy(&self, pattern: &Pattern) -> Option<&'a Arc<Policy>> {
        self.note(self.state.policies.get(pattern))
    }

    /// The latest entry that changed a person or what they sign with.
    pub fn person_changed(&self, upn: &Upn) -> Option<Index> {
        Self::changed(self.state.people.get(upn))
            .max(Self::changed(self.state.credentials.get(upn)))
    }

    /// The entry that last changed a group.
    pub fn group_changed(&self, address: &Address) -> Option<Index> {
        Self::changed(self.state.groups.get(address))
    }

    /// The entry that last changed a workload.
    pub fn workload_changed(&self, name: &Name) -> Option<Index> {
        Self::changed(self.state.workloads.get(name))
    }

    /// The entry that last changed a task.
    pub fn task_changed(&self, name: &TaskName) -> Option<Index> {
        Self::changed(self.state.tasks.get(name))
    }

    /// The entry that last changed a policy.
    pub fn policy_changed(&self, pattern: &Pattern) -> Option<Index> {
        Self::changed(self.state.policies.get(pattern))
    }

    /// The entry by which a person last set their preferences.
    pub fn preferences_changed(&self, upn: &Upn) -> Option<Index> {
        Self::changed(self.state.preferences.get(upn))
    }

    /// The entry that last changed the control.
    pub fn control_changed(&self) -> Option<Index> {
        Self::changed(self.state.control.as_ref())
    }

    /// The entry that last changed the site.
    pub fn site_changed(&self) -> Option<Index> {
        Self::changed(self.state.site.as_ref())
    }

    /// Whether a group contains a person, directly or through groups of at most
    /// [`MAX_GROUP_DEPTH`] levels, now.
    ///
    /// Notes every group it looked into, also where the answer is no: who left a
    /// group must be seen to have left by whoever checks the proof.
    pub fn is_member(&self, group: &Address, person: &Upn) -> bool {
        let wanted = Address::from(person);
        let mut seen = BTreeSet::from([group]);
        let mut level = vec![group];
        for _ in 0..MAX_GROUP_DEPTH {
            let groups: Vec<_> = level.iter().filter_map(|a| self.group(a)).collect();
            if groups.iter().any(|group| group.members.contains(&wanted)) {
                return true;
            }
            level = groups
                .iter()
                .flat_map(|group| self.nested(group))
                .filter(|member| seen.insert(member))
                .collect();
        }
        false
    }

    /// Which members of a group are groups, or once were; not noted.
    fn nested(&self, group: &'a Group) -> Vec<&'a Address> {
        let (members, groups) = (&group.members, &self.state.groups);
        // A group may have many thousand members: the fewer are looked up.
        match members.len() < groups.len() {
            true => members.iter().filter(|a| groups.contains_key(*a)).collect(),
            false => groups.keys().filter(|a| members.contains(*a)).collect(),
        }
    }

    /// The task and its workload.
    pub fn defined(&self, name: &TaskName) -> Result<(Arc<Task>, &'a Arc<Workload>), Refusal> {
        let workload = name.workload();
        let Some(task) = self.task(name) else {
            let open = self.workload(&workload).filter(|open| open.open_tasks);
            return match open {
                Some(open) => Ok((Task::unset(name.clone()).into(), open)),
                None => Err(Refusal::UnknownTask { task: name.clone() }),
            };
        };
        let workload = self
            .workload(&workload)
            .ok_or_else(|| unknown_workload(&workload))?;
        Ok((task.clone(), workload))
    }

    /// The task, its workload and the rule that governs it now.
    ///
    /// Exact beats pattern, longer beats shorter, and a bare `*` never covers a
    /// task of high risk. Policies that were removed are noted on the way: they
    /// are why a broader one governs.
    pub fn governing(&self, name: &TaskName) -> Result<Governed, Refusal> {
        let (task, workload) = self.defined(name)?;
        let policy = Pattern::candidates(name)
            .filter(|pattern| !(pattern.is_everything() && task.risk == crate::object::Risk::High))
            .find_map(|pattern| self.policy(&pattern))
            .ok_or_else(|| Refusal::NoPolicy {
                task: task.name.clone(),
            })?;
        let default_group = self.control().and_then(|c| c.admin_group.as_ref());
        Ok(Governed {
            task,
            workload: workload.clone(),
            rule: Rule::new(policy, default_group),
        })
    }

    /// An open request.
    pub fn request(&self, id: RequestId) -> Result<&'a Arc<RequestRecord>, Refusal> {
        self.note(self.state.requests.get(&id))
            .ok_or(Refusal::NotPending { request: id })
    }

    /// An execution without its final outcome.
    pub fn execution(&self, id: ExecutionId) -> Result<&'a Arc<ExecutionRecord>, Refusal> {
        self.note(self.state.executions.get(&id))
            .ok_or(Refusal::UnknownExecution { execution: id })
    }

    /// How the log last went on after a restore, if it ever did.
    pub fn recovery(&self) -> Option<&'a Arc<Recovery>> {
        self.note(self.state.recovery.as_ref())
    }

    /// Everybody's open requests; not noted.
    pub fn open_requests(&self) -> impl Iterator<Item = &'a Arc<RequestRecord>> {
        self.state.requests()
    }

    /// A person's pending requests; not noted.
    pub fn pending_of(&self, upn: &Upn) -> impl Iterator<Item = &'a Arc<RequestRecord>> {
        self.state.pending_of(upn)
    }

    /// What was last asked for an app of a dataset.
    pub fn asked(&self, app: &Upn, task: &TaskName) -> Option<&'a Arc<Asked>> {
        self.note(self.state.asked.get(&(app.clone(), task.clone())))
    }

    /// Whom an extraction is about; not noted, since no rule turns on it.
    pub fn subjects(&self, asked: &Extraction) -> Subjects {
        self.state.subjects(asked)
    }

    /// A person's live grants, the one ending first first; not noted, so note
    /// the one that counts with [`Self::request`].
    pub fn grants_of(&self, upn: &Upn) -> impl Iterator<Item = &'a Arc<RequestRecord>> {
        self.state.grants_of(upn)
    }

    /// How often a grant was used; not noted.
    pub fn runs_of(&self, request: RequestId) -> u64 {
        self.state.runs_of(request)
    }

    /// What ends because of a change of what governs.
    ///
    /// Notes what governs each request that is touched, also where it goes on:
    /// without the policy that kept it going, a proof would see it end.
    pub(crate) fn overruled(&self, change: &Fact, by: &Upn, touched: &Touched<'_>) -> Vec<Fact> {
        let after = self.state.with(change);
        let reading = Reading::new(&after, self.now);
        let ended = after.overruled(&reading, by, touched);
        let noted = reading.into_reads().into_iter();
        let mut reads = self.reads.borrow_mut();
        reads.extend(noted.filter(|entry| *entry != State::UNWRITTEN));
        ended
    }
}
