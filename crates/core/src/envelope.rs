//! Envelopes: the signed bytes that carry a statement.
//!
//! An **envelope** is DSSE: a payload, its type, one signature. The signature
//! is over the **PAE** (pre-authentication encoding), which binds the type to
//! the bytes, so a sign-in can never be replayed as an approval. The **digest**
//! of an envelope is that of its PAE: the signature is not part of it, so a
//! second signature over the same words is the same statement.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, KeyId};
use crate::json::{self, JsonError};
use crate::key::{Hex, PublicKey, SigningKey};
use crate::passkey::Assertion;

/// The largest envelope, as canonical JSON, in bytes.
pub const MAX_ENVELOPE: usize = 40 * 1024;

/// The twelve kinds of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Founds an organization; entry 0 and no other.
    Genesis,
    /// Creates, changes or removes one object.
    Set,
    /// Adds a key to a person.
    Enrol,
    /// Takes a key from a person.
    RevokeKey,
    /// Ends sessions of a person.
    Signout,
    /// Asks for a task.
    Request,
    /// Approves a request.
    Approve,
    /// Ends a request, whatever it is now.
    End,
    /// Runs a task.
    Invoke,
    /// Says how a run ended.
    Outcome,
    /// Continues after an honest restore.
    Recover,
    /// Lets time pass.
    Tick,
}

impl Kind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Genesis,
        Self::Set,
        Self::Enrol,
        Self::RevokeKey,
        Self::Signout,
        Self::Request,
        Self::Approve,
        Self::End,
        Self::Invoke,
        Self::Outcome,
        Self::Recover,
        Self::Tick,
    ];

    /// As payload types spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Set => "set",
            Self::Enrol => "enrol",
            Self::RevokeKey => "revoke-key",
            Self::Signout => "signout",
            Self::Request => "request",
            Self::Approve => "approve",
            Self::End => "end",
            Self::Invoke => "invoke",
            Self::Outcome => "outcome",
            Self::Recover => "recover",
            Self::Tick => "tick",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a signature is for: inside the signed bytes, so it is for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PayloadType {
    /// A statement of some kind: may become an entry.
    Statement(Kind),
    /// A bearer for reading; never an entry.
    Session,
    /// The proof inside an `enrol` that its author holds the new key.
    KeyPossession,
}

impl PayloadType {
    const PREFIX: &'static str = "application/vnd.writ.";
    const SUFFIX: &'static str = ".v1+json";

    const fn name(self) -> &'static str {
        match self {
            Self::Statement(kind) => kind.name(),
            Self::Session => "session",
            Self::KeyPossession => "key-possession",
        }
    }
}

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", Self::PREFIX, self.name(), Self::SUFFIX)
    }
}

impl FromStr for PayloadType {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text
            .strip_prefix(Self::PREFIX)
            .and_then(|rest| rest.strip_suffix(Self::SUFFIX));
        match name {
            Some("session") => Ok(Self::Session),
            Some("key-possession") => Ok(Self::KeyPossession),
            _ => Kind::ALL
                .into_iter()
                .find(|kind| name == Some(kind.name()))
                .map(Self::Statement)
                .ok_or("unknown payload type"),
        }
    }
}

impl TryFrom<String> for PayloadType {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PayloadType> for String {
    fn from(payload_type: PayloadType) -> Self {
        payload_type.to_string()
    }
}

/// The bytes that are signed: DSSE v1's pre-authentication encoding.
pub fn pae(payload_type: PayloadType, payload: &[u8]) -> Vec<u8> {
    let payload_type = payload_type.to_string();
    let mut bytes = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Signed bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: PayloadType,
    /// Canonical JSON.
    pub payload: Vec<u8>,
    /// Who signed, and how.
    pub signature: Signature,
}

/// The one signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that is said to have signed.
    pub keyid: KeyId,
    /// The signature's bytes.
    pub sig: Vec<u8>,
    /// What an authenticator signed, where the key is a passkey.
    pub passkey: Option<Passkey>,
}

/// A WebAuthn assertion's two signed parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// The authenticator data.
    pub authenticator_data: Hex,
    /// The client data, JSON that the browser made.
    pub client_data: Hex,
}

impl Envelope {
    /// Signs a payload.
    pub fn sign(payload_type: PayloadType, payload: Vec<u8>, key: &SigningKey) -> Self {
        let sig = key.sign(&pae(payload_type, &payload));
        let keyid = key.public().id();
        let signature = Signature {
            keyid,
            sig,
            passkey: None,
        };
        Self {
            payload_type,
            payload,
            signature,
        }
    }

    /// Reads canonical JSON of at most [`MAX_ENVELOPE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(JsonError::new(format!(
                "{} bytes long; at most {MAX_ENVELOPE} are allowed",
                bytes.len()
            )));
        }
        json::read(bytes)
    }

    /// What an authenticator signed, where one did; else what is wrong with it.
    pub fn assertion(&self) -> Result<Option<Assertion>, String> {
        let passkey = self.signature.passkey.as_ref();
        passkey
            .map(|passkey| Assertion::read(passkey, &self.pae()))
            .transpose()
    }

    /// Whether this key signed, by a gesture or plainly. Whether it was
    /// enrolled to sign so, State knows.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let Ok(assertion) = self.assertion() else {
            return false;
        };
        let bytes = assertion.map_or_else(|| self.pae(), |assertion| assertion.signed().to_vec());
        self.signature.keyid == key.id() && key.verify(&bytes, &self.signature.sig)
    }

    /// The bytes that are named and signed; a passkey signs a digest of them.
    pub fn pae(&self) -> Vec<u8> {
        pae(self.payload_type, &self.payload)
    }

    /// Names the statement it carries.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.pae())
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    payload: String,
    payload_type: PayloadType,
    signatures: [WireSignature; 1],
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: KeyId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passkey: Option<Passkey>,
    sig: String,
}

impl From<Envelope> for Wire {
    fn from(envelope: Envelope) -> Self {
        let Signature {
            keyid,
            sig,
            passkey,
        } = envelope.signature;
        Self {
            payload: BASE64.encode(&envelope.payload),
            payload_type: envelope.payload_type,
            signatures: [WireSignature {
                keyid,
                passkey,
                sig: BASE64.encode(&sig),
            }],
        }
    }
}

impl TryFrom<Wire> for Envelope {
    type Error = String;
    fn try_from(wire: Wire) -> Result<Self, String> {
        let decode = |what: &str, text: &str| {
            BASE64
                .decode(text.as_bytes())
                .map_err(|error| format!("{what}: not padded standard base64: {error}"))
        };
        let [signature] = wire.signatures;
        Ok(Self {
            payload_type: wire.payload_type,
            payload: decode("payload", &wire.payload)?,
            signature: Signature {
                keyid: signature.keyid,
                sig: decode("sig", &signature.sig)?,
                passkey: signature.passkey,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn sample() -> Envelope {
        let key = SigningKey::from_seed(Zeroizing::new([9; 32]));
        Envelope::sign(PayloadType::Statement(Kind::Tick), b"{}".to_vec(), &key)
    }

    #[test]
    fn the_pae_is_that_of_dsse() {
        assert_eq!(
            pae(PayloadType::Session, b"hello"),
            b"DSSEv1 36 application/vnd.writ.session.v1+json 5 hello"
        );
    }

    #[test]
    fn an_envelope_has_one_spelling() {
        let bytes = json::write(&sample()).unwrap();
        assert_eq!(Envelope::parse(&bytes).unwrap(), sample());
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"payload\":\"e30=\"", "\"payload\":\"e30\""),
            ("\"payload\":\"e30=\"", "\"payload\":\"e31=\""),
            ("tick.v1", "tick.v2"),
            ("\"signatures\":[", "\"signatures\":[ "),
            ("\"sig\":", "\"passkey\":null,\"sig\":"),
        ] {
            let bad = text.replace(from, to);
            assert_ne!(bad, text);
            assert!(Envelope::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_signature_is_not_part_of_the_digest() {
        let mut other = sample();
        other.signature.sig = vec![0; 64];
        assert_eq!(other.digest(), sample().digest());
        other.payload_type = PayloadType::Session;
        assert_ne!(other.digest(), sample().digest());
    }
}
