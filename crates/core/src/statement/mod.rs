//! Statements: what somebody says.
//!
//! A **statement** is the payload of an envelope: who (`by`), when (`at`), for
//! which organization (`instance`), once (`nonce`), and a **body** of one of
//! twelve kinds. The types here are the words on the wire, every field of them;
//! what they do is decided elsewhere. `docs/statements.md` is the same as prose.

mod body;
mod verify;
mod words;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::digest::OrganizationId;
use crate::envelope::{self, Envelope, Kind, PayloadType};
use crate::json;
use crate::key::{Hex, SigningKey};
use crate::names::{NameError, Upn};
use crate::time::{Seconds, Time};

pub use body::{
    Approve, Attachment, Change, End, Enrol, FirstAdministrator, Genesis, Invoke, LabelledKey,
    Outcome, OutputDigest, Recover, Request, RevokeKey, Rows, RunResult, SealedValue, Session, Set,
    Signout, Tick, TreeHead,
};
use body::{check_comment, check_constraints};
pub use verify::{Unverified, Verified, VerifyError};

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
    /// Whether its own time is near enough to `now` for it to be said.
    pub const fn is_fresh(&self, now: Time) -> bool {
        (now.0 - self.at.0).abs() <= FRESH.millis()
    }

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

    /// Reads the statement of an envelope, whoever signed it.
    pub fn of(envelope: &Envelope) -> Result<Self, FormError> {
        let PayloadType::Statement(kind) = envelope.payload_type else {
            let other = envelope.payload_type;
            return Err(FormError(format!("`{other}` is not a statement")));
        };
        Self::parse(kind, &envelope.payload)
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
            Body::Enrol(enrol) => enrol.check(),
            Body::Request(request) => request.check(),
            Body::Approve(approve) => {
                check_comment(approve.comment.as_deref())?;
                check_constraints(&approve.parameters)
            }
            Body::End(end) => check_comment(end.comment.as_deref()),
            Body::Outcome(outcome) => outcome.check(&self.by),
            Body::Invoke(invoke) => invoke.check(),
            Body::Recover(recover) if recover.lost.size <= recover.kept.size => {
                Err("recover: nothing is lost, so there is nothing to recover from".into())
            }
            Body::RevokeKey(_) | Body::Signout(_) | Body::Recover(_) | Body::Tick(_) => Ok(()),
        }
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

/// What the new key of an `enrol` signs, a passkey by a gesture: the payload
/// without its proof.
pub fn possession(payload: &Payload<Enrol>) -> Result<Vec<u8>, json::JsonError> {
    let mut bare = payload.clone();
    bare.body.proof = None;
    bare.body.assertion = None;
    let bytes = json::write(&bare)?;
    Ok(envelope::pae(PayloadType::KeyPossession, &bytes))
}
