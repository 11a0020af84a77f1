//! What the API shows of a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dataset::{Difference, Manifest, difference};
use crate::digest::{Digest, RequestId};
use crate::names::{Address, Pattern, TaskName, Upn};
use crate::object::Approval;
use crate::record::{AppAsk, Before, RequestRecord, Status};
use crate::statement::Principal;
use crate::time::{Seconds, Time};
use crate::value::{Constraints, Values};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// Its name.
    pub id: RequestId,
    /// Who asks.
    pub by: Upn,
    /// For which app, if it is not oneself who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppView>,
    /// For which task.
    pub task: TaskName,
    /// Why.
    pub reason: String,
    /// The ticket it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// What it is now.
    pub status: Status,
    /// For how long.
    pub duration_s: Seconds,
    /// With which parameters; any, if none is named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Constraints,
    /// From when, if not from the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
    /// How often, if not any number of times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
    /// When it was raised.
    pub raised: Time,
    /// When it expires if nobody decides.
    pub expires: Time,
    /// Which policy governs it.
    pub policy: Pattern,
    /// Whether somebody is asked.
    pub approval: Approval,
    /// Who is asked, in order.
    pub stages: Vec<StageView>,
    /// Who approved so far.
    pub approvals: Vec<ApprovalView>,
    /// The grant, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantView>,
    /// How it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<EndingView>,
}

/// One step of an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageView {
    /// Who is asked.
    pub group: Address,
    /// How many of them must approve.
    pub needed: u32,
    /// How many did.
    pub given: u32,
}

/// One approval of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// Who approved.
    pub by: Upn,
    /// When.
    pub at: Time,
    /// For which stage, from 1.
    pub stage: u32,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// For a shorter time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<Seconds>,
    /// With narrower parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Constraints,
}

/// The live half of a request's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// From when, included.
    pub from: Time,
    /// Until when, excluded.
    pub until: Time,
    /// All that parameters must satisfy.
    pub limits: Vec<Constraints>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingView {
    /// When.
    pub at: Time,
    /// Who ended it, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Principal>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether runs in flight were killed.
    #[serde(default, skip_serializing_if = "crate::object::is_false")]
    pub kill: bool,
}

impl From<&RequestRecord> for RequestView {
    fn from(record: &RequestRecord) -> Self {
        let given = |stage: usize| record.approvals.iter().filter(|a| a.stage == stage).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let stages = record
            .rule
            .stages
            .iter()
            .enumerate()
            .map(|(at, stage)| StageView {
                group: stage.group.clone(),
                needed: stage.approvals.get(),
                given: count(given(at)),
            });
        let approvals = record.approvals.iter().map(|approval| ApprovalView {
            by: approval.by.clone(),
            at: approval.at,
            stage: count(approval.stage + 1),
            comment: approval.comment.clone(),
            duration_s: approval.duration_s,
            parameters: approval.parameters.clone(),
        });
        Self {
            id: record.id,
            by: record.by.clone(),
            app: record.app.as_deref().map(AppView::from),
            task: record.task.clone(),
            reason: record.reason.clone(),
            ticket: record.ticket.clone(),
            status: record.status,
            duration_s: record.duration_s,
            parameters: record.parameters.clone(),
            start: record.start,
            runs: record.runs,
            raised: record.raised,
            expires: record.expires,
            policy: record.rule.policy.task.clone(),
            approval: record.rule.policy.approval,
            stages: stages.collect(),
            approvals: approvals.collect(),
            grant: record.grant.as_ref().map(|grant| GrantView {
                from: grant.from,
                until: grant.until,
                limits: grant.limits.clone(),
            }),
            ending: record.ending.as_ref().map(|ending| EndingView {
                at: ending.at,
                by: ending.by.clone(),
                comment: ending.comment.clone(),
                kill: ending.kill,
            }),
        }
    }
}

/// For which app a request is, as it was when it was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppView {
    /// Its name here, which runs what is granted.
    pub upn: Upn,
    /// As people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who installed it.
    pub installer: Upn,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Names the definition of what it asks for.
    pub definition: Digest,
    /// What it has already, if it has anything of the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<BeforeView>,
}

/// What an app has already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeView {
    /// By which grant.
    pub request: RequestId,
    /// For which version.
    pub version: String,
    /// Names the definition of what it has.
    pub definition: Digest,
    /// All that is limited there.
    pub limits: Vec<Constraints>,
}

impl From<&AppAsk> for AppView {
    fn from(app: &AppAsk) -> Self {
        let before = |before: &Before| BeforeView {
            request: before.request,
            version: before.version.clone(),
            definition: before.definition,
            limits: before.limits.clone(),
        };
        Self {
            upn: app.upn.clone(),
            name: app.name.clone(),
            installer: app.installer.clone(),
            manifest: app.manifest.clone(),
            definition: app.definition,
            before: app.before.as_ref().map(before),
        }
    }
}

impl RequestView {
    /// What a request of an app is for.
    pub const DATA: &str = "Data Access Request";

    /// What it belongs to: the service of the app, else the workload.
    pub fn service(&self) -> String {
        match &self.app {
            Some(app) => app.manifest.service.clone(),
            None => self.task.workload().to_string(),
        }
    }

    /// What is asked for: the task, or data for an app.
    pub fn requested_access(&self) -> String {
        match &self.app {
            Some(_) => Self::DATA.to_owned(),
            None => self.task.to_string(),
        }
    }

    /// Who runs what is granted.
    pub fn holder(&self) -> &Upn {
        self.app.as_ref().map_or(&self.by, |app| &app.upn)
    }

    /// Whether it is for this app.
    pub fn is_for(&self, app: &Upn) -> bool {
        self.app.as_ref().is_some_and(|of| of.upn == *app)
    }

    /// Whether somebody has a part in it: who asks, who runs, who installed that.
    pub fn is_of(&self, upn: &Upn) -> bool {
        let of_app = |app: &AppView| app.upn == *upn || app.installer == *upn;
        self.by == *upn || self.app.as_ref().is_some_and(of_app)
    }

    /// What would change in what an app has already.
    pub fn difference(&self) -> Vec<Difference> {
        let before = self.app.as_ref().and_then(|app| app.before.as_ref());
        before.map_or_else(Vec::new, |before| {
            difference(&before.limits, std::slice::from_ref(&self.parameters))
        })
    }
}

/// What an app may read now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessView {
    /// The app.
    pub app: Upn,
    /// Each dataset that its manifest names.
    pub datasets: Vec<DatasetAccess>,
}

/// What an app may read of one dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetAccess {
    /// Which.
    pub dataset: TaskName,
    /// Live if it may read it, pending if that is being decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// By which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// What a run gives to read as much as is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Values>,
    /// The column to go on after, where it is among those that are granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why nothing can be read though it is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the app may ask for again by itself, since nobody decided in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<AgainView>,
}

/// A request that an app may repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgainView {
    /// From when on.
    pub from: Time,
    /// With which parameters.
    pub parameters: Constraints,
}
