//! Who is told.

use std::collections::BTreeSet;

use writ_core::names::{Address, TaskName, Upn};
use writ_core::object::{MailTo, Object, ObjectName, Person, PersonKind, Policy, Role, Stage};
use writ_core::record::RequestRecord;
use writ_core::state::State;
use writ_core::time::Time;

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recipient {
    /// A person.
    Person(Upn),
    /// Whoever reads what is sent to a group's address.
    Group(Address),
}

/// Who is asked to decide a request now, without its requester: the group's
/// address where it wants that, else whoever could approve it. Who is away is
/// asked only if all are.
pub(crate) fn asked(state: &State, request: &RequestRecord, now: Time) -> BTreeSet<Recipient> {
    let Some((_, stage)) = state.asks_now(request, now) else {
        return BTreeSet::new();
    };
    of_group(state, &stage.group, |people| {
        people.retain(|upn| state.awaits(request, upn, now));
        without_away(state, people, now);
    })
}

/// Who is told that a group is slow: they can look, and get no power by it.
pub(crate) fn escalated(
    state: &State,
    request: &RequestRecord,
    stage: &Stage,
    now: Time,
) -> BTreeSet<Recipient> {
    let further = state
        .group(&stage.group)
        .and_then(|group| group.escalate_to.clone());
    let Some(further) = further else {
        return BTreeSet::new();
    };
    let mut told = of_group(state, &further, |people| {
        people.retain(|upn| *upn != request.by);
        without_away(state, people, now);
    });
    // Who is asked anyway gets that letter.
    let asked = asked(state, request, now);
    told.retain(|recipient| !asked.contains(recipient));
    told
}

/// The address of a group, where it wants that, else those of its people who are
/// chosen.
fn of_group(
    state: &State,
    address: &Address,
    choose: impl FnOnce(&mut Vec<Upn>),
) -> BTreeSet<Recipient> {
    let mail_to = state.group(address).map(|group| group.mail_to);
    if mail_to == Some(MailTo::Address) {
        return BTreeSet::from([Recipient::Group(address.clone())]);
    }
    let mut people: Vec<Upn> = state.deciders(address, false).into_keys().collect();
    people.retain(|upn| is_reached(state, upn));
    choose(&mut people);
    people.into_iter().map(Recipient::Person).collect()
}

/// Leaves out who is away, unless all are.
fn without_away(state: &State, people: &mut Vec<Upn>, now: Time) {
    let is_here = |upn: &&Upn| {
        let preferences = state.preferences(upn);
        let until = preferences.and_then(|preferences| preferences.away_until);
        until.is_none_or(|until| until <= now)
    };
    let here: Vec<Upn> = people.iter().filter(is_here).cloned().collect();
    if !here.is_empty() {
        *people = here;
    }
}

/// Whether somebody reads mail: an active person, and no program.
fn is_reached(state: &State, upn: &Upn) -> bool {
    state
        .person(upn)
        .is_some_and(|person| mail_of(person).is_some())
}

/// Where a person gets mail, if they read any.
pub(crate) fn mail_of(person: &Person) -> Option<String> {
    let is_reached = person.active && person.kind == PersonKind::Human;
    let mail = || person.mail.clone();
    is_reached.then(|| mail().unwrap_or_else(|| person.upn.to_string()))
}

/// One person, if they read mail.
pub(crate) fn person(state: &State, upn: &Upn) -> Option<Recipient> {
    is_reached(state, upn).then(|| Recipient::Person(upn.clone()))
}

/// Auditors and administrators.
pub(crate) fn overseers(state: &State) -> BTreeSet<Recipient> {
    with_role(state, |role| {
        matches!(role, Role::Administrator | Role::Auditor)
    })
}

/// Administrators.
pub(crate) fn administrators(state: &State) -> BTreeSet<Recipient> {
    with_role(state, |role| role == Role::Administrator)
}

fn with_role(state: &State, wanted: impl Fn(Role) -> bool) -> BTreeSet<Recipient> {
    let people = state
        .people()
        .filter(|person| person.role.is_some_and(&wanted));
    people
        .filter_map(|person| self::person(state, &person.upn))
        .collect()
}

/// The approver groups that a change concerns, from what is governed now.
pub(crate) fn groups_of_object(state: &State, object: &Object) -> BTreeSet<Address> {
    match object {
        Object::Site(_) | Object::Preferences(_) => BTreeSet::new(),
        Object::Control(control) => control.admin_group.iter().cloned().collect(),
        Object::Person(person) => groups_with(state, &person.upn),
        Object::Group(group) => approver_groups(state)
            .into_iter()
            .filter(|named| contains(state, named, &group.address))
            .collect(),
        Object::Workload(workload) => {
            let own = |task: &TaskName| task.workload() == workload.name;
            let tasks = state
                .tasks()
                .map(|task| &task.name)
                .filter(|name| own(name));
            tasks.flat_map(|task| groups_of_task(state, task)).collect()
        }
        Object::Task(task) => groups_of_task(state, &task.name),
        Object::Policy(policy) => groups_of_policy(state, policy),
    }
}

/// The approver groups that a removal concerns, as far as State still knows.
pub(crate) fn groups_of_removed(state: &State, name: &ObjectName) -> BTreeSet<Address> {
    match name {
        ObjectName::Group(address) => BTreeSet::from([address.clone()]),
        ObjectName::Workload(_) => BTreeSet::new(),
        ObjectName::Task(task) => groups_of_task(state, task),
        // Whoever reads the log remembers what it named.
        ObjectName::Policy(_) => BTreeSet::new(),
    }
}

/// The approver groups that somebody is in.
pub(crate) fn groups_with(state: &State, upn: &Upn) -> BTreeSet<Address> {
    let named = approver_groups(state).into_iter();
    named.filter(|group| state.is_member(group, upn)).collect()
}

/// The groups of every policy that covers a task.
fn groups_of_task(state: &State, task: &TaskName) -> BTreeSet<Address> {
    let covering = state.policies().filter(|policy| policy.task.covers(task));
    covering
        .flat_map(|policy| groups_of_policy(state, policy))
        .collect()
}

/// The groups that a policy asks.
pub(crate) fn groups_of_policy(state: &State, policy: &Policy) -> BTreeSet<Address> {
    match policy.stages.as_slice() {
        [] => default_group(state).into_iter().collect(),
        stages => stages.iter().map(|stage| stage.group.clone()).collect(),
    }
}

fn approver_groups(state: &State) -> BTreeSet<Address> {
    let named = state
        .policies()
        .flat_map(|policy| groups_of_policy(state, policy));
    named.chain(default_group(state)).collect()
}

fn default_group(state: &State) -> Option<Address> {
    state
        .control()
        .and_then(|control| control.admin_group.clone())
}

/// Whether a group is another one, or contains it.
fn contains(state: &State, group: &Address, other: &Address) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![group.clone()];
    while let Some(address) = next.pop() {
        if address == *other {
            return true;
        }
        let members = state.group(&address).map(|group| group.members.clone());
        if seen.insert(address) {
            next.extend(members.into_iter().flatten());
        }
    }
    false
}

/// The people, or the address, of groups. Who is away hears of what changed, too.
pub(crate) fn members(state: &State, groups: &BTreeSet<Address>) -> BTreeSet<Recipient> {
    let members = groups
        .iter()
        .flat_map(|group| of_group(state, group, |_| {}));
    members.collect()
}
