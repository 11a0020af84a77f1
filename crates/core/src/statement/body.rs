//! The bodies of statements, with every field, and the form they must have.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{MAX_REASON, Principal};
use crate::digest::{Digest, ExecutionId, KeyId, RequestId};
use crate::envelope::Passkey;
use crate::key::{Hex, PublicKey};
use crate::names::{Domain, Name, ParameterName, TaskName, Upn};
use crate::object::{
    Object, ObjectName, Person, Role, Services, SiteSettings, check_rp_id, check_text,
};
use crate::time::{Seconds, Time};
use crate::value::{Constraints, Values};

/// Founds an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The domain that names it.
    pub organization: Domain,
    /// Its first administrator.
    pub admin: FirstAdministrator,
    /// The first administrator's key, which signs this.
    pub key: LabelledKey,
    /// A second key of the first administrator, for paper.
    pub recovery: PublicKey,
    /// The keys of its nodes.
    pub services: Services,
    /// Where it is reached.
    pub site: SiteSettings,
}

/// The first administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstAdministrator {
    /// Their name.
    pub upn: Upn,
    /// As people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where mail goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
}

impl FirstAdministrator {
    /// The person that they are from then on.
    pub(crate) fn person(&self) -> Person {
        Person {
            name: self.name.clone(),
            mail: self.mail.clone(),
            role: Some(Role::Administrator),
            ..Person::new(self.upn.clone())
        }
    }
}

/// A key with what its owner calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledKey {
    /// The algorithm.
    pub alg: crate::key::Algorithm,
    /// The public bytes.
    pub public: Hex,
    /// What its owner calls it.
    pub label: String,
}

impl LabelledKey {
    /// The key without its label.
    pub fn key(&self) -> PublicKey {
        PublicKey {
            alg: self.alg,
            public: self.public.clone(),
        }
    }
}

/// Creates, changes or removes one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// The whole object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// Or the name of the one to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove: Option<ObjectName>,
    /// The log size that the signer looked at.
    pub seen: u64,
}

/// What a `set` does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Creates or changes it.
    Object(&'a Object),
    /// Removes it.
    Remove(&'a ObjectName),
}

impl Set {
    /// What it does; none where it says both or nothing.
    pub const fn change(&self) -> Option<Change<'_>> {
        match (&self.object, &self.remove) {
            (Some(object), None) => Some(Change::Object(object)),
            (None, Some(name)) => Some(Change::Remove(name)),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}

/// Adds a key to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// Whose key.
    pub person: Upn,
    /// The new key.
    pub key: PublicKey,
    /// What its owner calls it.
    pub label: String,
    /// Whether it is a WebAuthn credential.
    #[serde(default, skip_serializing_if = "crate::object::is_false")]
    pub passkey: bool,
    /// The domain that a passkey is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rp_id: Option<String>,
    /// The new key's signature over this payload without this member and
    /// `assertion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Hex>,
    /// What a passkey signed as its proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion: Option<Passkey>,
}

/// Takes a key from a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeKey {
    /// Whose key.
    pub person: Upn,
    /// Which.
    pub key: KeyId,
}

/// Ends sessions of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signout {
    /// Whose.
    pub person: Upn,
    /// Which; all opened before now, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Digest>,
}

/// Asks for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Which.
    pub task: TaskName,
    /// Why.
    pub reason: String,
    /// For how long; the policy's default, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<Seconds>,
    /// With which parameters; none is fixed, if absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Constraints,
    /// From when; from the approval, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
    /// The ticket it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// How often; any number of times, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
    /// Who will run it; oneself, if absent.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Upn>,
}

/// Approves a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// Which.
    pub request: RequestId,
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

/// Ends a request, whatever it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Which.
    pub request: RequestId,
    /// Why; required unless the request is one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether runs in flight are killed.
    #[serde(default, skip_serializing_if = "crate::object::is_false")]
    pub kill: bool,
}

/// Runs a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoke {
    /// Which.
    pub task: TaskName,
    /// With what.
    pub parameters: Values,
    /// Texts too long to stand here: they travel beside the envelope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attached: BTreeMap<ParameterName, Attachment>,
    /// Under which grant; the one ending first, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Secrets: they travel beside the envelope, in boxes that only a node opens.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sealed: BTreeMap<ParameterName, SealedValue>,
    /// On which node, where secret parameters were sealed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Name>,
}

/// Names a text that travels beside an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// SHA-256 of its bytes, which are UTF-8.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
}

/// Names a box that travels beside an envelope, and commits to what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedValue {
    /// SHA-256 of the box.
    pub digest: Digest,
    /// HMAC-SHA-256 of the value, under a key that is in the box.
    pub hmac: Digest,
}

/// Says how a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Which.
    pub execution: ExecutionId,
    /// How.
    pub result: RunResult,
    /// The exit code, where the target has such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i64>,
    /// What was put out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputDigest>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many rows, where it was of a dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// How many rows an extraction was about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// In scope, as far as they were counted: those that were delivered or withheld.
    pub asked: u64,
    /// Given to the app.
    pub delivered: u64,
    /// Not, since they are about somebody who is denied or mention them.
    pub withheld: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunResult {
    /// The target said it was done.
    Succeeded,
    /// It was not started, or the target said it failed.
    Failed,
    /// We lost sight of it: it may have had its effect or not.
    Unknown,
}

/// What a run put out, by digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputDigest {
    /// SHA-256 of 16 random bytes and the output.
    pub digest: Digest,
    /// How many bytes were put out; fewer are kept where the task's cap cut it.
    pub size: u64,
}

/// Continues after an honest restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// The log that was.
    pub lost: TreeHead,
    /// The log that is.
    pub kept: TreeHead,
}

/// The size and the root of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    /// How many entries.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Digest,
}

/// Lets time pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// How many statements the door turned away since the tick before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turned_away: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A bearer for reading; never an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// When it ends, at most 12 hours after it begins.
    pub until: Time,
}

impl Genesis {
    pub(super) fn check(&self) -> Result<(), String> {
        check_label(&self.key.label)?;
        Object::Person(Arc::new(self.admin.person())).check()?;
        self.site.check()?;
        self.services.check()?;
        let keys = [
            &self.key.key(),
            &self.recovery,
            &self.services.log,
            &self.services.runner,
        ];
        let distinct = keys
            .iter()
            .enumerate()
            .all(|(at, key)| key.is_sound() && keys.iter().skip(at + 1).all(|other| other != key));
        match distinct {
            true => Ok(()),
            false => Err("genesis: its keys must be sound and all different".into()),
        }
    }
}

impl Enrol {
    pub(super) fn check(&self) -> Result<(), String> {
        check_label(&self.label)?;
        if self.passkey != self.rp_id.is_some() || self.passkey != self.assertion.is_some() {
            return Err("enrol: a passkey has `rp_id` and `assertion`, other keys neither".into());
        }
        check_rp_id(self.rp_id.as_deref().unwrap_or("localhost"))
    }
}

impl Request {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.reason.trim().is_empty() {
            return Err("reason: say why; it must not be blank".into());
        }
        check_text("reason", &self.reason, MAX_REASON)?;
        if self
            .ticket
            .as_deref()
            .is_some_and(|ticket| ticket.trim().is_empty())
        {
            return Err("ticket: name one, or leave it out".into());
        }
        check_text("ticket", self.ticket.as_deref().unwrap_or_default(), 200)?;
        if self.runs == Some(0) {
            return Err("runs: at least 1".into());
        }
        check_constraints(&self.parameters)
    }
}

impl Outcome {
    /// A node says what it saw; an administrator, what they found out and how.
    pub(super) fn check(&self, by: &Principal) -> Result<(), String> {
        let note = self.note.as_deref().unwrap_or_default();
        check_text("note", note, MAX_REASON)?;
        let is_found = self.result != RunResult::Unknown
            && self.exit.is_none()
            && self.rows.is_none()
            && self.output.is_none()
            && !note.trim().is_empty();
        match by {
            Principal::Person(_) if !is_found => Err(
                "outcome: say whether it succeeded or failed, in a note how you know, and no more"
                    .into(),
            ),
            Principal::Person(_) | Principal::Node => Ok(()),
        }
    }
}

impl Invoke {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.node.is_some() && self.sealed.is_empty() {
            return Err("node: only where secret parameters are sealed to it".into());
        }
        let attached = self.attached.keys();
        let here = |name: &&ParameterName| self.parameters.contains_key(*name);
        let twice = attached.clone().find(here).or_else(|| {
            let attached = |name: &&ParameterName| self.attached.contains_key(*name);
            self.sealed.keys().find(|name| here(name) || attached(name))
        });
        match twice {
            Some(name) => Err(format!("`{name}` is given twice")),
            None => Ok(()),
        }
    }
}

pub(super) fn check_constraints(constraints: &Constraints) -> Result<(), String> {
    constraints.iter().try_for_each(|(name, constraint)| {
        constraint
            .check()
            .map_err(|problem| format!("parameter `{name}`: {problem}"))
    })
}

pub(super) fn check_comment(comment: Option<&str>) -> Result<(), String> {
    match comment {
        Some(comment) if comment.trim().is_empty() => Err("comment: must not be blank".into()),
        Some(comment) => check_text("comment", comment, MAX_REASON),
        None => Ok(()),
    }
}

pub(super) fn check_label(label: &str) -> Result<(), String> {
    match label.trim().is_empty() {
        true => Err("label: name the key, for example after the device".into()),
        false => check_text("label", label, 100),
    }
}
