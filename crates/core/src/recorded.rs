//! Facts as they stand beside their entry, for whoever tells others of them.
//!
//! They are read from the store and carry no authority, like rows: who decides
//! something by them is shown what State has.

use std::fmt;

use serde::Deserialize;

use crate::digest::{ExecutionId, Index, RequestId};
use crate::entry::Entry;
use crate::fact::{KeyEvent, RequestEvent};
use crate::names::{Domain, Name, TaskName, Upn};
use crate::object::{Noun, Object, ObjectName};
use crate::record::{Credentials, OutcomeRecord, Recovery, RequestRecord, Resolution};
use crate::sight::Resource;
use crate::statement::{Principal, Statement};
use crate::time::Time;

/// What has become so, read back: all of a [`Fact`](crate::fact::Fact) but what a
/// run was authorised with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedFact {
    /// The organization exists.
    Founded {
        /// The domain that names it.
        organization: Domain,
    },
    /// An object was created or changed.
    ObjectSet {
        /// The whole of it.
        object: Object,
        /// By whom.
        by: Upn,
    },
    /// An object was removed.
    ObjectRemoved {
        /// Which.
        name: ObjectName,
        /// By whom.
        by: Upn,
    },
    /// A person's keys or invitation changed.
    Keys {
        /// Whose.
        person: Upn,
        /// What happened.
        event: KeyEvent,
        /// All of them, then.
        credentials: Credentials,
    },
    /// Sessions of a person ended.
    SignedOut {
        /// Whose.
        person: Upn,
    },
    /// A request was raised, approved, granted or has ended.
    Request {
        /// What happened.
        event: RequestEvent,
        /// The whole of it, then.
        record: Box<RequestRecord>,
    },
    /// A run was authorised or has its outcome.
    Execution {
        /// What stands of it.
        record: Box<RecordedExecution>,
    },
    /// The log goes on after a restore that lost its end.
    Recovered {
        /// How.
        recovery: Recovery,
    },
}

/// A run, as far as it stands beside its entries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RecordedExecution {
    /// Its name.
    pub id: ExecutionId,
    /// On whose behalf.
    pub by: Upn,
    /// Under which grant; none where the control exempts a system account.
    pub request: Option<RequestId>,
    /// Of which task.
    pub task: TaskName,
    /// On which node.
    pub node: Name,
    /// When it was authorised.
    pub authorized: Time,
    /// How it ended, once it has.
    pub outcome: Option<OutcomeRecord>,
    /// What somebody found out, where it ended unknown.
    pub resolution: Option<Resolution>,
}

/// What one entry changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Which entry.
    pub index: Index,
    /// When.
    pub time: Time,
    /// Who said it.
    pub by: Principal,
    /// What, in the order in which it became so.
    pub facts: Vec<RecordedFact>,
}

/// What stands beside an entry cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl Recorded {
    /// Reads the facts of an entry from its leaf and from what stands beside it.
    pub fn read(index: Index, leaf: &[u8], facts: &str) -> Result<Self, Unreadable> {
        let entry = Entry::parse(leaf).map_err(|error| Unreadable(format!("leaf: {error}")))?;
        let said = Statement::of(&entry.envelope);
        let said = said.map_err(|error| Unreadable(format!("statement: {error}")))?;
        let facts = serde_json::from_str(facts);
        Ok(Self {
            index,
            time: entry.time,
            by: said.by,
            facts: facts.map_err(|error| Unreadable(format!("facts: {error}")))?,
        })
    }
}

impl RecordedFact {
    /// The kinds of facts that followers are told of.
    pub const KINDS: [&str; 13] = [
        "founded",
        "recovered",
        "object-set",
        "object-removed",
        "keys-changed",
        "signed-out",
        "request-raised",
        "request-approved",
        "request-granted",
        "request-ended",
        "execution-authorized",
        "execution-ended",
        "execution-resolved",
    ];

    /// Which kind it is of, one of [`KINDS`](Self::KINDS).
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Founded { .. } => "founded",
            Self::Recovered { .. } => "recovered",
            Self::ObjectSet { .. } => "object-set",
            Self::ObjectRemoved { .. } => "object-removed",
            Self::Keys { .. } => "keys-changed",
            Self::SignedOut { .. } => "signed-out",
            Self::Request { event, .. } => match event {
                RequestEvent::Raised => "request-raised",
                RequestEvent::Approved => "request-approved",
                RequestEvent::Granted => "request-granted",
                RequestEvent::Ended => "request-ended",
            },
            Self::Execution { record } => match (&record.outcome, &record.resolution) {
                (None, _) => "execution-authorized",
                (Some(_), None) => "execution-ended",
                (Some(_), Some(_)) => "execution-resolved",
            },
        }
    }

    /// What kind of thing it is about.
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Founded { .. } => "organization",
            Self::Recovered { .. } => "log",
            Self::ObjectSet { object, .. } => object.noun().name(),
            Self::ObjectRemoved { name, .. } => name.noun().name(),
            Self::Keys { .. } | Self::SignedOut { .. } => Noun::Person.name(),
            Self::Request { .. } => "request",
            Self::Execution { .. } => "execution",
        }
    }

    /// What names the thing that it is about, where there is more than one.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Founded { .. } | Self::Recovered { .. } => None,
            Self::ObjectSet { object, by } => match object {
                Object::Site(_) | Object::Control(_) => None,
                Object::Preferences(_) => Some(by.to_string()),
                Object::Group(_)
                | Object::Workload(_)
                | Object::Task(_)
                | Object::Policy(_)
                | Object::Person(_) => Some(object.name().to_owned()),
            },
            Self::ObjectRemoved { name, .. } => Some(name.as_str().to_owned()),
            Self::Keys { person, .. } | Self::SignedOut { person } => Some(person.to_string()),
            Self::Request { record, .. } => Some(record.id.to_string()),
            Self::Execution { record } => Some(record.id.to_string()),
        }
    }

    /// Who may read that thing may learn of it.
    pub fn resource(&self) -> Resource {
        match self {
            Self::Founded { .. } | Self::Recovered { .. } | Self::ObjectRemoved { .. } => {
                Resource::Shared
            }
            Self::ObjectSet { object, by } => match object {
                Object::Site(_)
                | Object::Control(_)
                | Object::Group(_)
                | Object::Workload(_)
                | Object::Task(_)
                | Object::Policy(_) => Resource::Shared,
                Object::Person(person) => Resource::Person(person.upn.clone()),
                Object::Preferences(_) => Resource::Person(by.clone()),
            },
            Self::Keys { person, .. } | Self::SignedOut { person } => {
                Resource::Person(person.clone())
            }
            Self::Request { record, .. } => {
                let stages = record.rule.stages.iter();
                let app = record.app.as_ref();
                Resource::Request {
                    by: record.by.clone(),
                    app: app.map(|app| app.upn.clone()),
                    installer: app.map(|app| app.installer.clone()),
                    asked: stages.map(|stage| stage.group.clone()).collect(),
                }
            }
            Self::Execution { record } => Resource::Execution {
                by: record.by.clone(),
            },
        }
    }
}
