//! Statements: what somebody says.
//!
//! A **statement** is the payload of an envelope: who (`by`), when (`at`), for
//! which organization (`instance`), once (`nonce`), and a **body** of one of
//! twelve kinds. The types here are the words on the wire, every field of them;
//! what they do is decided elsewhere. `docs/statements.md` is the same as prose.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, ExecutionId, KeyId, OrganizationId, RequestId};
use crate::envelope::{self, Envelope, Kind, PayloadType};
use crate::json;
use crate::key::{Hex, PublicKey, SigningKey};
use crate::names::{Domain, Name, NameError, ParameterName, TaskName, Upn};
use crate::object::{Object, ObjectName, Services, SiteSettings, check_text};
use crate::time::{Seconds, Time};
use crate::value::{Constraints, Values};

/// How far a statement's own time may be from the time of its entry.
pub const FRESH: Seconds = Seconds(300);

/// The longest reason or comment, in characters.
pub const MAX_REASON: usize = 2_000;

/// The longest that a session may last.
pub const MAX_SESSION: Seconds = Seconds(12 * 3_600);

/// Who says something: a person, or the organization's own services.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Principal {
    /// A person.
    Person(Upn),
    /// A service key: the log's or the runner's.
    Node,
}

impl FromStr for Principal {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text {
            "node" => Ok(Self::Node),
            upn => Upn::parse(upn).map(Self::Person),
        }
    }
}

impl TryFrom<String> for Principal {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.to_string()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(upn) => upn.fmt(f),
            Self::Node => f.write_str("node"),
        }
    }
}

/// What every payload has in common, around its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload<B> {
    /// When its author says it.
    pub at: Time,
    /// What is said.
    pub body: B,
    /// Who says it.
    pub by: Principal,
    /// To which organization; absent in genesis only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<OrganizationId>,
    /// 16 random bytes, so that no two statements are alike.
    pub nonce: Hex,
}

/// A statement, its body behind a pointer so that it is cheap to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// When its author says it.
    pub at: Time,
    /// Who says it.
    pub by: Principal,
    /// To which organization; absent in genesis only.
    pub instance: Option<OrganizationId>,
    /// What is said.
    pub body: Body,
}

/// What is said, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// See [`Genesis`].
    Genesis(Arc<Genesis>),
    /// See [`Set`].
    Set(Arc<Set>),
    /// See [`Enrol`].
    Enrol(Arc<Enrol>),
    /// See [`RevokeKey`].
    RevokeKey(Arc<RevokeKey>),
    /// See [`Signout`].
    Signout(Arc<Signout>),
    /// See [`Request`].
    Request(Arc<Request>),
    /// See [`Approve`].
    Approve(Arc<Approve>),
    /// See [`End`].
    End(Arc<End>),
    /// See [`Invoke`].
    Invoke(Arc<Invoke>),
    /// See [`Outcome`].
    Outcome(Arc<Outcome>),
    /// See [`Recover`].
    Recover(Arc<Recover>),
    /// See [`Tick`].
    Tick(Arc<Tick>),
}

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
    /// The new key's signature over this payload without this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Hex>,
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
    /// How many bytes of output were kept.
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

/// What the wrong form of a statement is; said before the log, never in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError(String);

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FormError {}

impl Statement {
    /// Reads the payload of an envelope: canonical, and of the form that its kind has.
    pub fn parse(kind: Kind, payload: &[u8]) -> Result<Self, FormError> {
        let statement = match kind {
            Kind::Genesis => Self::read(payload, Body::Genesis),
            Kind::Set => Self::read(payload, Body::Set),
            Kind::Enrol => Self::read(payload, Body::Enrol),
            Kind::RevokeKey => Self::read(payload, Body::RevokeKey),
            Kind::Signout => Self::read(payload, Body::Signout),
            Kind::Request => Self::read(payload, Body::Request),
            Kind::Approve => Self::read(payload, Body::Approve),
            Kind::End => Self::read(payload, Body::End),
            Kind::Invoke => Self::read(payload, Body::Invoke),
            Kind::Outcome => Self::read(payload, Body::Outcome),
            Kind::Recover => Self::read(payload, Body::Recover),
            Kind::Tick => Self::read(payload, Body::Tick),
        }?;
        statement.check().map_err(FormError)?;
        Ok(statement)
    }

    fn read<B: DeserializeOwned + Serialize>(
        payload: &[u8],
        wrap: impl FnOnce(Arc<B>) -> Body,
    ) -> Result<Self, FormError> {
        let payload = read_payload::<B>(payload)?;
        Ok(Self {
            at: payload.at,
            by: payload.by,
            instance: payload.instance,
            body: wrap(Arc::new(payload.body)),
        })
    }

    /// What is wrong with the form, beyond types.
    fn check(&self) -> Result<(), String> {
        let is_genesis = matches!(self.body, Body::Genesis(_));
        if self.instance.is_none() != is_genesis {
            return Err("instance: must be absent in genesis and nowhere else".into());
        }
        let of_service = matches!(self.body, Body::Tick(_) | Body::Outcome(_));
        match self.by {
            Principal::Node if !of_service => return Err("by: a person must say this".into()),
            Principal::Person(_) if matches!(self.body, Body::Tick(_)) => {
                return Err("by: a tick is said by `node`".into());
            }
            Principal::Node | Principal::Person(_) => {}
        }
        match &self.body {
            Body::Genesis(genesis) => genesis.check(),
            Body::Set(set) => match set.change() {
                Some(Change::Object(object)) => object.check(),
                Some(Change::Remove(_)) => Ok(()),
                None => Err("set: name an `object`, or one to `remove`".into()),
            },
            Body::Enrol(enrol) => check_label(&enrol.label),
            Body::Request(request) => request.check(),
            Body::Approve(approve) => {
                check_comment(approve.comment.as_deref())?;
                check_constraints(&approve.parameters)
            }
            Body::End(end) => check_comment(end.comment.as_deref()),
            Body::Outcome(outcome) => check_text(
                "note",
                outcome.note.as_deref().unwrap_or_default(),
                MAX_REASON,
            ),
            Body::Invoke(invoke) => invoke.check(),
            Body::RevokeKey(_) | Body::Signout(_) | Body::Recover(_) | Body::Tick(_) => Ok(()),
        }
    }
}

impl Genesis {
    fn check(&self) -> Result<(), String> {
        check_label(&self.key.label)?;
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

impl Request {
    fn check(&self) -> Result<(), String> {
        if self.reason.trim().is_empty() {
            return Err("reason: say why; it must not be blank".into());
        }
        check_text("reason", &self.reason, MAX_REASON)?;
        check_text("ticket", self.ticket.as_deref().unwrap_or_default(), 200)?;
        if self.runs == Some(0) {
            return Err("runs: at least 1".into());
        }
        check_constraints(&self.parameters)
    }
}

impl Invoke {
    fn check(&self) -> Result<(), String> {
        match self
            .attached
            .keys()
            .find(|name| self.parameters.contains_key(*name))
        {
            Some(name) => Err(format!("`{name}` is given twice: here and beside")),
            None => Ok(()),
        }
    }
}

fn check_constraints(constraints: &Constraints) -> Result<(), String> {
    constraints.iter().try_for_each(|(name, constraint)| {
        constraint
            .check()
            .map_err(|problem| format!("parameter `{name}`: {problem}"))
    })
}

fn check_comment(comment: Option<&str>) -> Result<(), String> {
    match comment {
        Some(comment) if comment.trim().is_empty() => Err("comment: must not be blank".into()),
        Some(comment) => check_text("comment", comment, MAX_REASON),
        None => Ok(()),
    }
}

fn check_label(label: &str) -> Result<(), String> {
    match label.trim().is_empty() {
        true => Err("label: name the key, for example after the device".into()),
        false => check_text("label", label, 100),
    }
}

/// Reads a payload around a body of some type, canonical or not at all.
pub fn read_payload<B: DeserializeOwned + Serialize>(
    payload: &[u8],
) -> Result<Payload<B>, FormError> {
    let payload: Payload<B> = json::read(payload).map_err(|e| FormError(e.to_string()))?;
    match payload.nonce.0.len() {
        16 => Ok(payload),
        _ => Err(FormError("nonce: must be 16 bytes".into())),
    }
}

/// Says something: fills a payload, writes it canonically and signs it.
pub fn sign<B: Serialize>(
    payload_type: PayloadType,
    payload: &Payload<B>,
    key: &SigningKey,
) -> Result<Envelope, json::JsonError> {
    Ok(Envelope::sign(payload_type, json::write(payload)?, key))
}

/// What the new key of an `enrol` signs: the payload without its proof.
pub fn possession(payload: &Payload<Enrol>) -> Result<Vec<u8>, json::JsonError> {
    let mut bare = payload.clone();
    bare.body.proof = None;
    let bytes = json::write(&bare)?;
    Ok(envelope::pae(PayloadType::KeyPossession, &bytes))
}

/// A statement that was read once, whose bytes this key signed.
///
/// Says nothing yet about whose key it is, nor whether it is enough. Cannot be
/// made without the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    envelope: Arc<Envelope>,
    digest: Digest,
    statement: Statement,
}

/// Why an envelope does not carry a signed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The payload is not a statement.
    Form(FormError),
    /// The signature is not this key's, or the new key did not sign its proof.
    Signature,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => error.fmt(f),
            Self::Signature => f.write_str("the signature does not fit the statement"),
        }
    }
}

impl std::error::Error for VerifyError {}

/// A statement that was read, and not yet checked against any key.
#[derive(Clone, Debug)]
pub struct Unverified(Verified);

impl Unverified {
    /// Reads an envelope's statement.
    pub fn read(envelope: Arc<Envelope>) -> Result<Self, FormError> {
        let PayloadType::Statement(kind) = envelope.payload_type else {
            return Err(FormError(format!(
                "`{}` is not a statement",
                envelope.payload_type
            )));
        };
        let statement = Statement::parse(kind, &envelope.payload)?;
        let digest = envelope.digest();
        Ok(Self(Verified {
            envelope,
            digest,
            statement,
        }))
    }

    /// Names the statement.
    pub const fn digest(&self) -> Digest {
        self.0.digest
    }

    /// What somebody may have said.
    pub const fn statement(&self) -> &Statement {
        &self.0.statement
    }

    /// The key that is said to have signed it.
    pub fn keyid(&self) -> KeyId {
        self.0.envelope.signature.keyid
    }

    /// Checks that `key` signed it.
    pub fn verify(self, key: &PublicKey) -> Result<Verified, VerifyError> {
        let Verified {
            envelope,
            statement,
            ..
        } = &self.0;
        let signature = &envelope.signature;
        let signed = signature.passkey.is_none()
            && signature.keyid == key.id()
            && key.verify(&envelope.pae(), &signature.sig);
        if !signed {
            return Err(VerifyError::Signature);
        }
        if let Body::Enrol(enrol) = &statement.body {
            let payload = read_payload::<Enrol>(&envelope.payload).map_err(VerifyError::Form)?;
            let bare = possession(&payload)
                .map_err(|error| VerifyError::Form(FormError(error.to_string())))?;
            let proof = enrol.proof.as_ref().ok_or(VerifyError::Signature)?;
            if !enrol.passkey && !enrol.key.verify(&bare, &proof.0) {
                return Err(VerifyError::Signature);
            }
        }
        Ok(self.0)
    }

    /// Takes the statement as signed because the log's root says so: for leaves
    /// below a head that this node signed, and for nothing else.
    pub fn trust_the_root(self) -> Verified {
        self.0
    }
}

impl Verified {
    /// The signed bytes.
    pub const fn envelope(&self) -> &Arc<Envelope> {
        &self.envelope
    }

    /// Names the statement.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What was said.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The key that signed.
    pub fn keyid(&self) -> KeyId {
        self.envelope.signature.keyid
    }
}
