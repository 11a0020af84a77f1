//! Objects: what administrators set.
//!
//! An **object** is a whole: one `set` entry carries all of it, so one entry
//! explains it. A **noun** is a kind of object. Each noun has its file, with
//! its fields, the form they must have and the rules for setting it.

mod control;
mod group;
mod person;
mod policy;
mod preferences;
mod set;

mod site;
mod task;
mod workload;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use control::{Control, MAX_EXEMPTION, SystemAccount};
pub use group::{Group, MAX_GROUP_DEPTH, MailTo, Remind};
pub use person::{Invitation, Person, PersonKind, Role};
pub use policy::{Approval, Others, Policy, Rule, Stage};
pub use preferences::Preferences;

pub(crate) use set::decide as decide_set;
pub(crate) use site::check_rp_id;
pub use site::{SealingAlgorithm, SealingKey, Services, Site, SiteSettings};
pub use task::{Risk, Task, Template};
pub use workload::{SecretVersion, Workload};

use crate::digest::{Digest, OrganizationId};
use crate::names::{Address, Name, Pattern, TaskName};

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noun {
    /// The addresses and keys of the installation.
    Site,
    /// Whether privileged access is enabled, and for whom.
    Control,
    /// Who acts.
    Person,
    /// People and groups.
    Group,
    /// A system that tasks belong to.
    Workload,
    /// One thing that can be done.
    Task,
    /// Which approval a task needs.
    Policy,
    /// What one person chose for oneself.
    Preferences,
}

impl Noun {
    /// As statements and paths spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Control => "control",
            Self::Person => "person",
            Self::Group => "group",
            Self::Workload => "workload",
            Self::Task => "task",
            Self::Policy => "policy",
            Self::Preferences => "preferences",
        }
    }
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A whole object, by its noun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// See [`Site`].
    Site(Arc<Site>),
    /// See [`Control`].
    Control(Arc<Control>),
    /// See [`Person`].
    Person(Arc<Person>),
    /// See [`Group`].
    Group(Arc<Group>),
    /// See [`Workload`].
    Workload(Arc<Workload>),
    /// See [`Task`].
    Task(Arc<Task>),
    /// See [`Policy`].
    Policy(Arc<Policy>),
    /// See [`Preferences`].
    Preferences(Arc<Preferences>),
}

/// Names an object that can be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectName {
    /// A group, by its address.
    Group(Address),
    /// A workload, by its name.
    Workload(Name),
    /// A task, by its name.
    Task(TaskName),
    /// A policy, by its pattern.
    Policy(Pattern),
}

impl Object {
    /// Its noun.
    pub const fn noun(&self) -> Noun {
        match self {
            Self::Site(_) => Noun::Site,
            Self::Control(_) => Noun::Control,
            Self::Person(_) => Noun::Person,
            Self::Group(_) => Noun::Group,
            Self::Workload(_) => Noun::Workload,
            Self::Task(_) => Noun::Task,
            Self::Policy(_) => Noun::Policy,
            Self::Preferences(_) => Noun::Preferences,
        }
    }

    /// Its name as people see it; empty where there is only one.
    pub fn name(&self) -> &str {
        match self {
            Self::Site(_) | Self::Control(_) | Self::Preferences(_) => "",
            Self::Person(person) => person.upn.as_str(),
            Self::Group(group) => group.address.as_str(),
            Self::Workload(workload) => workload.name.as_str(),
            Self::Task(task) => task.name.as_str(),
            Self::Policy(policy) => policy.task.as_str(),
        }
    }

    /// Whether its fields have the form they must have; else what is wrong.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Site(site) => site.settings().check().and_then(|()| site.services.check()),
            Self::Control(control) => control.check(),
            Self::Preferences(preferences) => preferences.check(),
            Self::Person(person) => person.check(),
            Self::Group(group) => group.check(),
            Self::Workload(workload) => workload.check(),
            Self::Task(task) => task.check(),
            Self::Policy(policy) => policy.check(),
        }
    }
}

impl ObjectName {
    /// The noun it is a name of.
    pub const fn noun(&self) -> Noun {
        match self {
            Self::Group(_) => Noun::Group,
            Self::Workload(_) => Noun::Workload,
            Self::Task(_) => Noun::Task,
            Self::Policy(_) => Noun::Policy,
        }
    }

    /// As people see it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Group(address) => address.as_str(),
            Self::Workload(name) => name.as_str(),
            Self::Task(task) => task.as_str(),
            Self::Policy(pattern) => pattern.as_str(),
        }
    }
}

/// Names an object for ever: the digest of organization, noun and folded name,
/// so an edit keeps the id.
pub fn object_id(organization: OrganizationId, noun: Noun, name: &str) -> Digest {
    Digest::of_parts(&[
        organization.0.as_bytes(),
        noun.name().as_bytes(),
        b"\0",
        name.to_ascii_lowercase().as_bytes(),
    ])
}

pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
}

/// Text that people wrote: not too long, nothing that hides or reorders.
pub(crate) fn check_text(what: &str, text: &str, longest: usize) -> Result<(), String> {
    if text.chars().count() > longest {
        return Err(format!("{what}: at most {longest} characters"));
    }
    match text.chars().find(|c| !crate::value::is_plain(*c, true)) {
        Some(found) => Err(format!(
            "{what}: the control character {} is not allowed",
            found.escape_unicode()
        )),
        None => Ok(()),
    }
}
