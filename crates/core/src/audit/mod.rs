//! Audit records: the log in the form that readers of audit logs know.
//!
//! A **record** is one entry in the common schema of the Office 365 Management
//! Activity API. It is made of the entry's bytes and of nothing else, so whoever
//! has the entry makes the same record. A **sieve** takes records, the newest first,
//! and gives back those that are wanted. `docs/audit.md` has every member.

mod operation;
mod sieve;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::digest::{Digest, OrganizationId};
use crate::entry::Entry;
use crate::envelope::PayloadType;
use crate::log::leaf_hash;
use crate::names::{Pattern, TaskName};
use crate::statement::{Body, Change, Principal, Statement, Unverified};
use crate::time::Time;
use crate::value::is_plain;

pub use sieve::{Fits, Sieve, Wanted};

/// `ExchangeAdmin`: whoever reads it expects the name of a cmdlet, and `True` or
/// `False` for how it ended.
pub const RECORD_TYPE: (u8, &str) = (1, "ExchangeAdmin");

/// One entry of the log, as a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the entry stands in the log.
    pub index: u64,
    /// When it was appended.
    pub time: Time,
    /// What kind of statement it is.
    pub kind: PayloadType,
    /// Names the statement.
    pub digest: Digest,
    /// The record.
    pub data: Data,
    /// The operations that it is found by; the first is the record's.
    operations: Vec<String>,
    /// Which task it has to do with.
    pub about: About,
    /// What was signed.
    signed: Value,
}

/// The members of a record, as the schema spells and orders them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Data {
    /// The first 16 bytes of the statement's digest.
    pub id: String,
    /// Always [`RECORD_TYPE`].
    pub record_type: u8,
    /// The time of the entry, in UTC and to the second.
    pub creation_time: String,
    /// The cmdlet that says such a thing.
    pub operation: String,
    /// The first 16 bytes of the organization's id.
    pub organization_id: String,
    /// 4 for the node, 2 for what only an administrator may say, else 0.
    pub user_type: u8,
    /// The key that signed.
    pub user_key: String,
    /// The workload of the task; `Writ` where there is no task.
    pub workload: String,
    /// `True` or `False`: what the log answered.
    pub result_status: &'static str,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// Who says it.
    pub user_id: String,
    /// What the cmdlet was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Pair>,
    /// What the schema has no member for.
    pub extended_properties: Vec<Pair>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value, always as text.
    pub value: String,
}

impl Pair {
    fn new(name: impl ToString, value: impl ToString) -> Self {
        Self {
            name: name.to_string(),
            value: value.to_string(),
        }
    }
}

/// Which task an entry has to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// This one.
    Task(TaskName),
    /// A policy may cover many.
    Policy(Pattern),
    /// Whichever task this earlier statement names: a request, an invocation.
    Earlier(Digest),
    /// None.
    Nothing,
}

/// A leaf that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableError {
    index: u64,
    problem: String,
}

impl fmt::Display for UnreadableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, problem } = self;
        write!(f, "entry {index} cannot be read: {problem}")
    }
}

impl std::error::Error for UnreadableError {}

/// A text with what would move a cursor or hide escaped, as JSON has it.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_plain(letter, false) {
            true => escaped.push(letter),
            false => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    escaped += &format!("\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

impl Record {
    /// Reads a leaf of the log.
    pub fn read(index: u64, leaf: &[u8]) -> Result<Self, UnreadableError> {
        let odd = |error: &dyn fmt::Display| UnreadableError {
            index,
            problem: error.to_string(),
        };
        let entry = Entry::parse(leaf).map_err(|error| odd(&error))?;
        let said = Unverified::read(entry.envelope.clone()).map_err(|error| odd(&error))?;
        let (digest, statement) = (said.digest(), said.statement());
        let organization = statement.instance;
        let organization = organization.unwrap_or_else(|| OrganizationId(leaf_hash(leaf)));
        let operations = operation::operations(&statement.body);
        let signed = &entry.envelope.payload;
        let data = Data {
            id: digest.short(),
            record_type: RECORD_TYPE.0,
            creation_time: entry.time.to_string().trim_end_matches('Z').to_owned(),
            operation: operations.first().cloned().unwrap_or_default(),
            organization_id: organization.short(),
            user_type: user_type(statement, entry.accepted),
            user_key: entry.envelope.signature.keyid.to_string(),
            workload: operation::workload(&statement.body),
            result_status: if entry.accepted { "True" } else { "False" },
            object_id: operation::object(&statement.body),
            user_id: statement.by.to_string(),
            parameters: operation::parameters(&statement.body),
            extended_properties: extended(index, digest, &entry),
        };
        Ok(Self {
            index,
            time: entry.time,
            kind: entry.envelope.payload_type,
            digest,
            data,
            operations,
            about: About::of(&statement.body),
            signed: serde_json::from_slice(signed).map_err(|error| odd(&error))?,
        })
    }

    /// Whether the log answered yes.
    pub fn is_accepted(&self) -> bool {
        self.data.result_status == "True"
    }

    /// The earlier statement that it is about.
    pub const fn earlier(&self) -> Option<Digest> {
        match self.about {
            About::Earlier(digest) => Some(digest),
            About::Task(_) | About::Policy(_) | About::Nothing => None,
        }
    }

    /// The record as one line of JSON. What would move a cursor or hide is
    /// escaped, so that it can be shown, and reads as what it is.
    pub fn line(&self) -> String {
        // Texts, numbers and lists of them can always be written.
        escaped(&serde_json::to_string(&self.data).unwrap_or_default())
    }
}

impl About {
    fn of(body: &Body) -> Self {
        match body {
            Body::Request(request) => Self::Task(request.task.clone()),
            Body::Invoke(invoke) => Self::Task(invoke.task.clone()),
            Body::Approve(approve) => Self::Earlier(approve.request.0),
            Body::End(end) => Self::Earlier(end.request.0),
            Body::Outcome(outcome) => Self::Earlier(outcome.execution.0),
            Body::Set(set) => operation::task_set(set.change()),
            Body::Genesis(_)
            | Body::Enrol(_)
            | Body::RevokeKey(_)
            | Body::Signout(_)
            | Body::Recover(_)
            | Body::Tick(_) => Self::Nothing,
        }
    }
}

/// An entry says who somebody is only where a role is needed to say it.
fn user_type(statement: &Statement, accepted: bool) -> u8 {
    const REGULAR: u8 = 0;
    const ADMIN: u8 = 2;
    const SYSTEM: u8 = 4;
    if statement.by == Principal::Node {
        return SYSTEM;
    }
    let is_for_administrators = match &statement.body {
        Body::Genesis(_) | Body::Outcome(_) | Body::Recover(_) => true,
        Body::Set(set) => !matches!(
            set.change(),
            Some(Change::Object(crate::object::Object::Preferences(_))) | None
        ),
        Body::Enrol(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::Request(_)
        | Body::Approve(_)
        | Body::End(_)
        | Body::Invoke(_)
        | Body::Tick(_) => false,
    };
    match accepted && is_for_administrators {
        true => ADMIN,
        false => REGULAR,
    }
}

fn extended(index: u64, digest: Digest, entry: &Entry) -> Vec<Pair> {
    let envelope = &entry.envelope;
    let mut pairs = vec![
        Pair::new("Index", index),
        Pair::new("Digest", digest),
        Pair::new("Node", &entry.node),
    ];
    pairs.extend(entry.code.as_ref().map(|code| Pair::new("Refusal", code)));
    pairs.push(Pair::new("StatementType", envelope.payload_type));
    let signed = String::from_utf8_lossy(&envelope.payload);
    pairs.push(Pair::new("Statement", signed));
    pairs
}

#[cfg(test)]
mod tests;
