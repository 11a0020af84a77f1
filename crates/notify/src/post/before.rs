//! What State said when the log was last read: whom something concerned before it
//! changed is told, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use writ_core::digest::Index;
use writ_core::names::{Address, Pattern, Upn};
use writ_core::object::{Object, ObjectName};
use writ_core::state::State;

use super::audience;

/// Groups of policies, and where people get mail.
#[derive(Debug, Default)]
pub(crate) struct Before {
    groups: Mutex<BTreeMap<Pattern, Was<BTreeSet<Address>>>>,
    mail: Mutex<BTreeMap<Upn, Was<Option<String>>>>,
}

/// Something, and what it was until the last entry that changed it.
#[derive(Debug, Default)]
struct Was<T> {
    now: T,
    before: T,
    by: Option<Index>,
}

impl<T: Clone + Default> Was<T> {
    fn is(now: T) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }

    /// What it was before this entry; also when the entry is read once more, since
    /// what it meant could not be kept.
    fn set(&mut self, by: Index, now: T) -> T {
        if self.by != Some(by) {
            self.before = std::mem::take(&mut self.now);
            self.by = Some(by);
        }
        self.now = now;
        self.before.clone()
    }
}

impl Before {
    pub(crate) fn of(state: &State) -> Self {
        let groups = state.policies().map(|policy| {
            let groups = audience::groups_of_policy(state, policy);
            (policy.task.clone(), Was::is(groups))
        });
        let mail = state
            .people()
            .map(|person| (person.upn.clone(), Was::is(audience::mail_of(person))));
        Self {
            groups: Mutex::new(groups.collect()),
            mail: Mutex::new(mail.collect()),
        }
    }

    /// The groups that a policy named before it was replaced by this.
    pub(crate) fn groups(&self, state: &State, by: Index, object: &Object) -> BTreeSet<Address> {
        let Object::Policy(policy) = object else {
            return BTreeSet::new();
        };
        let now = audience::groups_of_policy(state, policy);
        let mut groups = lock(&self.groups);
        groups.entry(policy.task.clone()).or_default().set(by, now)
    }

    /// The groups that a policy named before it was removed.
    pub(crate) fn groups_of_removed(&self, by: Index, name: &ObjectName) -> BTreeSet<Address> {
        let ObjectName::Policy(pattern) = name else {
            return BTreeSet::new();
        };
        let mut groups = lock(&self.groups);
        groups
            .entry(pattern.clone())
            .or_default()
            .set(by, BTreeSet::new())
    }

    /// Where a person got mail before they were changed by this.
    pub(crate) fn mail(&self, by: Index, object: &Object) -> Option<String> {
        let Object::Person(person) = object else {
            return None;
        };
        let now = audience::mail_of(person);
        let mut mail = lock(&self.mail);
        mail.entry(person.upn.clone()).or_default().set(by, now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
