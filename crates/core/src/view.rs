//! Views: what the API shows.
//!
//! These are the shapes of its JSON, shared by the server that writes them and
//! the client that reads them. Wire types are not domain types: each is filled
//! by hand from a record. Binary is hexadecimal, times are milliseconds since
//! 1970 in UTC, lengths of time are seconds, exactly as in statements.

mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, ExecutionId, Index, KeyId, OrganizationId, RequestId};
use crate::names::{Address, Domain, Name, ParameterName, TaskName, Upn};
use crate::object::{Control, Person, PersonKind, Role, Services};
use crate::record::{Credentials, ExecutionRecord, Recovery};
use crate::statement::{Attachment, OutputDigest, Rows, RunResult};
use crate::time::Time;
use crate::value::{Value, Values};

pub use request::{
    AccessView, AgainView, AppView, ApprovalView, BeforeView, DatasetAccess, EndingView, GrantView,
    RequestView, StageView,
};

/// What is there, and the log size that it was looked at: the `seen` of a `set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// The size of the log.
    pub seen: u64,
    /// What is there.
    pub value: T,
}

/// One page of a listing, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What to ask for to get the next; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What anybody may know of an organization: enough to check its id and enrol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationView {
    /// The leaf hash of entry 0.
    pub id: OrganizationId,
    /// The domain that names it.
    pub organization: Domain,
    /// Entry 0, as base64 of its leaf.
    pub genesis: String,
    /// The public keys of its nodes.
    pub services: Services,
    /// The server's clock.
    pub time: Time,
    /// Whether it sends mail to whoever is asked to approve.
    #[serde(default)]
    pub mails: bool,
}

/// The answer to a statement: equal for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its entry.
    pub index: Index,
    /// When.
    pub time: Time,
    /// Names it.
    pub digest: Digest,
    /// Yes or no.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Arc<str>>,
}

/// The answer to a posted statement: its receipt, and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The receipt.
    pub receipt: Receipt,
    /// The refusal as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What has become so, in words.
    pub facts: Vec<String>,
    /// A signed checkpoint of the log that holds it.
    pub checkpoint: String,
}

/// Why a call was not answered: RFC 9457, with the code of `docs/refusals.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `about:blank`, or a link to the page about the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, the same for every problem of its kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and what to do next.
    pub detail: String,
    /// The code.
    pub code: String,
}

/// Who is asking, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoAmI {
    /// Who.
    pub upn: Upn,
    /// What they may do beyond their own requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The groups that contain them, directly or through others.
    pub groups: Vec<Address>,
    /// The key that they signed in with.
    pub key: KeyId,
}

/// What somebody would say, without a signature: to be tried, and never recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Of which kind it is.
    pub kind: String,
    /// Its payload: canonical JSON, as it would be signed.
    pub payload: String,
}

/// What the rules would say to it, now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Whether it would be accepted.
    pub accepted: bool,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The refusal as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How an installation is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The organization's id.
    pub organization_id: OrganizationId,
    /// The domain that names it.
    pub organization: Domain,
    /// The control; none if it was never set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// How the log last went on after a restore that lost its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<RecoveredView>,
    /// The log's verifier key, as signed notes name it.
    pub verifier_key: String,
    /// The number of entries in the log.
    pub log_size: u64,
    /// When the last entry was appended.
    pub log_time: Time,
    /// The server's clock.
    pub time: Time,
    /// The number of the rules.
    pub rules: u16,
    /// The node that answers.
    pub node: Name,
    /// Its version.
    pub version: String,
}

/// How a log went on after a restore that lost its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveredView {
    /// How often that has happened.
    pub epoch: u64,
    /// When it last did.
    pub at: Time,
    /// Who signed for it.
    pub by: Upn,
    /// The size of the log that was.
    pub lost: u64,
    /// The size of what was left of it.
    pub kept: u64,
}

impl From<&Recovery> for RecoveredView {
    fn from(recovery: &Recovery) -> Self {
        Self {
            epoch: recovery.epoch,
            at: recovery.at,
            by: recovery.by.clone(),
            lost: recovery.lost.size,
            kept: recovery.kept.size,
        }
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    /// The name.
    pub upn: Upn,
    /// What kind of person.
    pub kind: PersonKind,
    /// As people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where mail goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// What they may do beyond their own requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether they may act at all.
    pub active: bool,
    /// When their invitation ends, if one waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_until: Option<Time>,
    /// What an app says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<BTreeMap<String, Value>>,
    /// Their keys.
    pub keys: Vec<KeyView>,
}

impl PersonView {
    /// What the API shows of a person.
    pub fn new(person: &Person, credentials: Option<&Credentials>) -> Self {
        let keys = credentials
            .iter()
            .flat_map(|c| &c.keys)
            .map(|(id, device)| KeyView {
                id: *id,
                label: device.label.clone(),
                passkey: device.is_passkey(),
                since: device.since,
            });
        Self {
            upn: person.upn.clone(),
            kind: person.kind,
            name: person.name.clone(),
            mail: person.mail.clone(),
            role: person.role,
            active: person.active,
            invited_until: credentials
                .and_then(|c| c.invitation.as_ref())
                .map(|i| i.until),
            manifest: person.manifest.clone(),
            keys: keys.collect(),
        }
    }
}

/// A key of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// Names it.
    pub id: KeyId,
    /// What its owner calls it.
    pub label: String,
    /// Whether it is a WebAuthn credential.
    pub passkey: bool,
    /// When it was enrolled.
    pub since: Time,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionView {
    /// Its name.
    pub id: ExecutionId,
    /// Under which grant; none where it needed none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Whether a system account ran it, exempt from approval.
    #[serde(default, skip_serializing_if = "crate::object::is_false")]
    pub exempt: bool,
    /// On whose behalf.
    pub by: Upn,
    /// Of which task.
    pub task: TaskName,
    /// With what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Values,
    /// And with which texts beside.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attached: BTreeMap<ParameterName, Attachment>,
    /// And with which secrets, by name; never their values.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sealed: BTreeSet<ParameterName>,
    /// On which node.
    pub node: Name,
    /// When it was authorised.
    pub authorized: Time,
    /// What it is now.
    pub status: RunStatus,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// The exit code, where the target has such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// What was put out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputDigest>,
    /// How many rows, where it was of a dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who found out what became of it, where it had ended unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<ResolvedView>,
}

/// What an administrator found out of a run that ended unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedView {
    /// When.
    pub at: Time,
    /// Who.
    pub by: Upn,
    /// How they know.
    pub note: String,
}

/// What an execution is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// It may run, or runs.
    Authorized,
    /// The target said it was done.
    Succeeded,
    /// It was not started, or the target said it failed.
    Failed,
    /// We lost sight of it.
    Unknown,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Authorized,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
    ];

    /// As answers spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorized => "authorized",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl From<RunResult> for RunStatus {
    fn from(result: RunResult) -> Self {
        match result {
            RunResult::Succeeded => Self::Succeeded,
            RunResult::Failed => Self::Failed,
            RunResult::Unknown => Self::Unknown,
        }
    }
}

impl From<&ExecutionRecord> for RunStatus {
    fn from(record: &ExecutionRecord) -> Self {
        record.result().map_or(Self::Authorized, Self::from)
    }
}

impl From<&ExecutionRecord> for ExecutionView {
    fn from(record: &ExecutionRecord) -> Self {
        let outcome = record.outcome.as_ref();
        Self {
            id: record.id,
            request: record.request,
            exempt: record.request.is_none(),
            by: record.by.clone(),
            task: record.task.clone(),
            parameters: record.parameters.clone(),
            attached: record.attached.clone(),
            sealed: record.sealed.keys().cloned().collect(),
            node: record.node.clone(),
            authorized: record.authorized,
            status: RunStatus::from(record),
            ended: outcome.map(|outcome| outcome.at),
            exit_code: outcome.and_then(|outcome| outcome.exit),
            output: outcome.and_then(|outcome| outcome.output),
            rows: outcome.and_then(|outcome| outcome.rows),
            note: outcome.and_then(|outcome| outcome.note.clone()),
            resolved: record.resolution.as_ref().map(|found| ResolvedView {
                at: found.at,
                by: found.by.clone(),
                note: found.note.clone(),
            }),
        }
    }
}

/// That a leaf is in the log of some size (RFC 9162 §2.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionView {
    /// Where it stands.
    pub index: Index,
    /// The size.
    pub size: u64,
    /// Its hash.
    pub leaf_hash: Digest,
    /// The hashes of the subtrees beside the way up, nearest first.
    pub path: Vec<Digest>,
}

/// That the log of one size is the beginning of that of another (RFC 9162 §2.1.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyView {
    /// The one size.
    pub from: u64,
    /// The other.
    pub to: u64,
    /// The hashes that lead from its root to the other's.
    pub path: Vec<Digest>,
}

/// One entry of the log, as it is shown and as it is proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// Where it stands.
    pub index: Index,
    /// Its bytes, as base64.
    pub leaf: String,
}
