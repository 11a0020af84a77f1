//! Facts: what has become so.
//!
//! **Facts** are what `decide` and `pass` answer, and what `fold` applies. Each
//! is self-contained: State, rows, mails and events are made from facts and
//! from nothing else.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, KeyId};
use crate::names::{Domain, Upn};
use crate::object::{Object, ObjectName};
use crate::record::{Credentials, ExecutionRecord, Recovery, RequestRecord, Status};
use crate::time::Time;
use crate::view::RunStatus;

/// Something that has become so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
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
        /// All of them, now.
        credentials: Arc<Credentials>,
    },
    /// Sessions of a person ended.
    SignedOut {
        /// Whose.
        person: Upn,
        /// Which; all opened before `at`, if none.
        session: Option<Digest>,
        /// When.
        at: Time,
    },
    /// A request was raised, approved, granted or has ended.
    Request {
        /// What happened.
        event: RequestEvent,
        /// The whole of it, now.
        record: Arc<RequestRecord>,
    },
    /// A run was authorised or has its outcome.
    Execution {
        /// The whole of it, now.
        record: Arc<ExecutionRecord>,
    },
    /// The log goes on after a restore that lost its end.
    Recovered {
        /// How.
        recovery: Arc<Recovery>,
    },
}

/// What happened to a person's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyEvent {
    /// An invitation was made, replaced or withdrawn.
    Invited,
    /// A key was added.
    Enrolled {
        /// Which.
        key: KeyId,
        /// Whether it replaced all keys from before.
        recovery: bool,
    },
    /// A key was taken away.
    Revoked {
        /// Which.
        key: KeyId,
    },
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestEvent {
    /// Somebody asks.
    Raised,
    /// Somebody approved; more are needed.
    Approved,
    /// Its task may be run.
    Granted,
    /// Nothing more will come of it.
    Ended,
}

impl Fact {
    /// The request that it is about, as it is now.
    pub const fn request(&self) -> Option<&Arc<RequestRecord>> {
        match self {
            Self::Request { record, .. } => Some(record),
            Self::Founded { .. }
            | Self::ObjectSet { .. }
            | Self::ObjectRemoved { .. }
            | Self::Keys { .. }
            | Self::SignedOut { .. }
            | Self::Execution { .. }
            | Self::Recovered { .. } => None,
        }
    }

    /// The execution that it is about, as it is now.
    pub const fn execution(&self) -> Option<&Arc<ExecutionRecord>> {
        match self {
            Self::Execution { record } => Some(record),
            Self::Founded { .. }
            | Self::ObjectSet { .. }
            | Self::ObjectRemoved { .. }
            | Self::Keys { .. }
            | Self::SignedOut { .. }
            | Self::Request { .. }
            | Self::Recovered { .. } => None,
        }
    }
}

impl fmt::Display for Fact {
    /// In words, for whoever said it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Founded { organization } => {
                write!(f, "the organization {organization} is founded")
            }
            Self::ObjectSet { object, by } => match (object, object.name()) {
                (Object::Preferences(_), _) => write!(f, "the preferences of {by} are set"),
                (_, "") => write!(f, "the {} is set", object.noun()),
                (_, name) => write!(f, "the {} is set: {name}", object.noun()),
            },
            Self::ObjectRemoved { name, .. } => {
                write!(f, "the {} is removed: {}", name.noun(), name.as_str())
            }
            Self::Keys { person, event, .. } => match event {
                KeyEvent::Invited => write!(f, "the invitation of {person} changed"),
                KeyEvent::Enrolled {
                    key,
                    recovery: false,
                } => {
                    write!(f, "the key {key} of {person} is enrolled")
                }
                KeyEvent::Enrolled {
                    key,
                    recovery: true,
                } => write!(
                    f,
                    "the key {key} of {person} is enrolled and replaces the ones before"
                ),
                KeyEvent::Revoked { key } => write!(f, "the key {key} of {person} is revoked"),
            },
            Self::SignedOut { person, .. } => write!(f, "{person} is signed out"),
            Self::Recovered { recovery } => write!(
                f,
                "the log goes on from {} entries; {} are lost",
                recovery.kept.size,
                recovery.lost.size - recovery.kept.size
            ),
            Self::Request { event, record } => fmt_request(f, *event, record),
            Self::Execution { record } => write!(
                f,
                "the run {} of {} is {}{}",
                record.id.short(),
                record.task,
                RunStatus::from(record.as_ref()).name(),
                match record.request {
                    Some(_) => "",
                    None => ", exempt from approval",
                }
            ),
        }
    }
}

fn fmt_request(
    f: &mut fmt::Formatter<'_>,
    event: RequestEvent,
    record: &RequestRecord,
) -> fmt::Result {
    let (id, task) = (record.id.short(), &record.task);
    match (event, &record.grant) {
        (RequestEvent::Raised, _) => write!(f, "the request {id} for {task} waits for approval"),
        (RequestEvent::Approved, _) => write!(f, "the request {id} for {task} was approved once"),
        (RequestEvent::Granted, Some(grant)) => write!(
            f,
            "the request {id} is live: {} may run {task} until {}",
            record.holder(),
            grant.until
        ),
        (RequestEvent::Granted, None) => write!(f, "the request {id} is live"),
        (RequestEvent::Ended, _) if record.status == Status::Superseded => write!(
            f,
            "the request {id} for {task} is superseded: another policy governs it; raise it again"
        ),
        (RequestEvent::Ended, _) => {
            let ending = record.ending.as_ref();
            let killed = match ending.is_some_and(|ending| ending.kill) {
                true => "; its runs in flight are killed",
                false => "",
            };
            let status = record.status.name();
            write!(f, "the request {id} for {task} is {status}{killed}")
        }
    }
}
