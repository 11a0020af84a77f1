//! Facts: what has become so.
//!
//! **Facts** are what `decide` and `pass` answer, and what `fold` applies. Each
//! is self-contained: State, rows, mails and events are made from facts and
//! from nothing else.

use std::sync::Arc;

use serde::Serialize;

use crate::digest::{Digest, KeyId};
use crate::names::{Domain, Upn};
use crate::object::{Object, ObjectName};
use crate::record::{Credentials, ExecutionRecord, RequestRecord};
use crate::time::Time;

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
}

/// What happened to a person's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
