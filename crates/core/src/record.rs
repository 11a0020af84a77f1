//! Records: what has become of a request, an execution, a person's keys.
//!
//! A record is whole: every change carries all of it, so that a fact says
//! everything about what it changed and nothing needs the fact before.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dataset::Manifest;
use crate::digest::{Digest, ExecutionId, KeyId, RequestId};
use crate::key::PublicKey;
use crate::names::{Name, ParameterName, TaskName, Upn};
use crate::object::{Invitation, Rule, Task, Workload};
use crate::statement::{
    Attachment, OutputDigest, Principal, Rows, RunResult, SealedValue, TreeHead,
};
use crate::time::{Seconds, Time};
use crate::value::{Constraints, Values};

/// What has become of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Its name.
    pub id: RequestId,
    /// Who asks.
    pub by: Upn,
    /// For which app, if it is not oneself who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<Arc<AppAsk>>,
    /// For which task, in its canonical spelling.
    pub task: TaskName,
    /// Why.
    pub reason: String,
    /// The ticket it is for.
    pub ticket: Option<String>,
    /// For how long.
    pub duration_s: Seconds,
    /// With which parameters.
    pub parameters: Constraints,
    /// From when, if not from the approval.
    pub start: Option<Time>,
    /// How often, if not any number of times.
    pub runs: Option<u64>,
    /// When it was raised.
    pub raised: Time,
    /// When it expires if nobody decides.
    pub expires: Time,
    /// What governs it, to its end.
    pub rule: Rule,
    /// Who approved it so far.
    pub approvals: Vec<ApprovalRecord>,
    /// What it is now.
    pub status: Status,
    /// The grant, once there is one.
    pub grant: Option<Grant>,
    /// How it ended, once it has.
    pub ending: Option<Ending>,
}

/// For which app a request is, as it was when it was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppAsk {
    /// Its name here, which runs what is granted.
    pub upn: Upn,
    /// As people call it.
    pub name: Option<String>,
    /// Who installed it: whoever asked first. The app may ask again by itself.
    pub installer: Upn,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Names the definition of what it asks for.
    pub definition: Digest,
    /// What it has already, if it asks for something else.
    pub before: Option<Before>,
}

/// What an app has already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// By which grant.
    pub request: RequestId,
    /// For which version.
    pub version: String,
    /// Names the definition of what it has.
    pub definition: Digest,
    /// All that is limited there.
    pub limits: Vec<Constraints>,
}

/// What was last asked for an app of one dataset, and what people said to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// By which request.
    pub request: RequestId,
    /// When.
    pub raised: Time,
    /// Who installed the app.
    pub installer: Upn,
    /// For which version.
    pub version: String,
    /// Names the definition of what was asked for.
    pub definition: Digest,
    /// With which parameters.
    pub parameters: Constraints,
    /// Whether somebody took it away: denied, revoked, canceled.
    pub taken: Option<Status>,
}

/// How long after a request an app may ask for the same again by itself.
const AGAIN: Seconds = Seconds(86_400);

impl Asked {
    /// Whether it was this: of this version, so defined, with these parameters.
    pub fn is(&self, version: &str, definition: Digest, parameters: &Constraints) -> bool {
        self.version == version && self.definition == definition && self.parameters == *parameters
    }

    /// From when on the app may ask for the same again by itself.
    pub fn again_from(&self) -> Time {
        self.raised.plus(AGAIN)
    }
}

impl RequestRecord {
    /// Who runs what is granted.
    pub fn holder(&self) -> &Upn {
        self.app.as_ref().map_or(&self.by, |app| &app.upn)
    }

    /// Whether it is for this app.
    pub fn is_for(&self, app: &Upn) -> bool {
        self.app.as_ref().is_some_and(|of| of.upn == *app)
    }

    /// All that parameters must satisfy, once it is granted.
    pub fn limits(&self) -> &[Constraints] {
        self.grant.as_ref().map_or(&[], |grant| &grant.limits)
    }

    /// Whether somebody has a part in it, and so cannot approve it: who asks, who
    /// runs, who installed it.
    pub fn is_of(&self, upn: &Upn) -> bool {
        let of_app = |app: &Arc<AppAsk>| app.upn == *upn || app.installer == *upn;
        self.by == *upn || self.app.as_ref().is_some_and(of_app)
    }
}

/// What a request is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for approval.
    Pending,
    /// Its task may be run.
    Live,
    /// Its time is up, or its task is governed by nothing, or by what it never passed.
    Ended,
    /// Somebody ended it while it was live.
    Revoked,
    /// An approver or administrator ended it while it was pending.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// Its requester ended it while it was pending.
    Canceled,
    /// Another rule governs its task now.
    Superseded,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Live,
        Self::Ended,
        Self::Revoked,
        Self::Denied,
        Self::Expired,
        Self::Canceled,
        Self::Superseded,
    ];

    /// Whether anything can still come of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Live)
    }

    /// As answers spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Live => "live",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Superseded => "superseded",
        }
    }
}

/// One approval of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRecord {
    /// Who approved.
    pub by: Upn,
    /// When.
    pub at: Time,
    /// For which stage, from 0: the one that was current.
    pub stage: usize,
    /// Why.
    pub comment: Option<String>,
    /// For a shorter time.
    pub duration_s: Option<Seconds>,
    /// With narrower parameters.
    pub parameters: Constraints,
}

/// The live half of a request's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// From when, included.
    pub from: Time,
    /// Until when, excluded.
    pub until: Time,
    /// All that parameters must satisfy: what was asked, and each narrowing.
    pub limits: Vec<Constraints>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When.
    pub at: Time,
    /// Who ended it, if somebody did.
    pub by: Option<Principal>,
    /// Why.
    pub comment: Option<String>,
    /// Whether its runs in flight are killed.
    pub kill: bool,
}

/// What has become of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutionRecord {
    /// Its name.
    pub id: ExecutionId,
    /// On whose behalf.
    pub by: Upn,
    /// Under which grant; none where the control exempts a system account.
    pub request: Option<RequestId>,
    /// Of which task, in its canonical spelling.
    pub task: TaskName,
    /// With what.
    pub parameters: Values,
    /// And with which texts beside.
    pub attached: BTreeMap<ParameterName, Attachment>,
    /// And with which secrets, of which nobody learns more than this.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sealed: BTreeMap<ParameterName, SealedValue>,
    /// On which node.
    pub node: Name,
    /// When it was authorised.
    pub authorized: Time,
    /// How it ended, once it has.
    pub outcome: Option<OutcomeRecord>,
    /// What somebody found out, where it ended unknown.
    pub resolution: Option<Resolution>,
    /// What was authorised to be run; not part of the fact on disk.
    #[serde(skip)]
    pub definition: Definition,
}

/// The task and workload as they were when a run was authorised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The task.
    pub task: Arc<Task>,
    /// Its workload.
    pub workload: Arc<Workload>,
    /// The runner's key then, which may say its outcome whatever it is by then.
    pub runner: PublicKey,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// When.
    pub at: Time,
    /// How.
    pub result: RunResult,
    /// The exit code, where the target has such.
    pub exit: Option<i64>,
    /// What was put out.
    pub output: Option<OutputDigest>,
    /// How many rows, where it was of a dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// What an administrator found out of a run that ended unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// When they said so.
    pub at: Time,
    /// Who.
    pub by: Upn,
    /// Succeeded or failed.
    pub result: RunResult,
    /// How they know.
    pub note: String,
}

impl ExecutionRecord {
    /// How it ended as far as is known; none while it may run.
    pub fn result(&self) -> Option<RunResult> {
        let found = self.resolution.as_ref().map(|found| found.result);
        found.or(self.outcome.as_ref().map(|outcome| outcome.result))
    }
}

/// How a log went on after a restore that lost its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// How often that has happened, this time included.
    pub epoch: u64,
    /// When.
    pub at: Time,
    /// Who signed for it.
    pub by: Upn,
    /// The log that was.
    pub lost: TreeHead,
    /// What was left of it.
    pub kept: TreeHead,
}

/// By what a person can sign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Their live keys.
    pub keys: BTreeMap<KeyId, DeviceKey>,
    /// The key that may enrol their next key.
    pub invitation: Option<Invitation>,
}

/// A key of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceKey {
    /// The public half.
    pub key: PublicKey,
    /// What its owner calls it.
    pub label: String,
    /// The domain that it is bound to, if it is a passkey.
    pub rp_id: Option<String>,
    /// When it was enrolled.
    pub since: Time,
}

impl DeviceKey {
    /// Whether it is a passkey: it signs by gestures and in no other way.
    pub const fn is_passkey(&self) -> bool {
        self.rp_id.is_some()
    }
}
