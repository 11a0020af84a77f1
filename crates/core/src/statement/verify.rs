//! From an envelope to a statement whose signature holds.

use std::fmt;
use std::sync::Arc;

use super::{Body, Enrol, FormError, Statement, possession, read_payload};
use crate::digest::{Digest, KeyId};
use crate::envelope::Envelope;
use crate::key::PublicKey;
use crate::passkey::Assertion;

/// A statement that was read once, whose bytes this key signed.
///
/// Says nothing yet about whose key it is, nor whether it is enough. Cannot be
/// made without the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    envelope: Arc<Envelope>,
    digest: Digest,
    statement: Statement,
    assertion: Option<Assertion>,
    proof: Option<Proof>,
}

/// The proof inside an `enrol`: what the new key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Proof {
    Plain(Vec<u8>),
    Passkey(Assertion),
}

impl Proof {
    fn read(envelope: &Envelope, enrol: &Enrol) -> Result<Self, FormError> {
        let payload = read_payload::<Enrol>(&envelope.payload)?;
        let bare = possession(&payload).map_err(|error| FormError(error.to_string()))?;
        match &enrol.assertion {
            Some(passkey) => Assertion::read(passkey, &bare)
                .map(Self::Passkey)
                .map_err(FormError),
            None => Ok(Self::Plain(bare)),
        }
    }

    fn signed(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Passkey(assertion) => assertion.signed(),
        }
    }
}

/// The signature is not this key's, or the new key of an `enrol` did not sign
/// its proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyError;

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not fit the statement")
    }
}

impl std::error::Error for VerifyError {}

/// A statement that was read, and not yet checked against any key.
///
/// Nothing is applied that was not checked:
///
/// ```compile_fail,E0308
/// use writ_core::{digest::Index, names::Name, state::State, statement::Unverified, time::Time};
/// fn forge(state: &State, said: &Unverified, node: &Name) {
///     state.apply(Index(0), Time(0), node, said);
/// }
/// ```
///
/// and what is inside is not taken out:
///
/// ```compile_fail,E0616
/// use writ_core::statement::{Unverified, Verified};
/// fn take(said: Unverified) -> Verified {
///     said.0
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Unverified(Verified);

impl Unverified {
    /// Reads an envelope's statement.
    pub fn read(envelope: Arc<Envelope>) -> Result<Self, FormError> {
        let statement = Statement::of(&envelope)?;
        let digest = envelope.digest();
        let assertion = envelope.assertion().map_err(FormError)?;
        let mut proof = None;
        if let Body::Enrol(enrol) = &statement.body {
            proof = Some(Proof::read(&envelope, enrol)?);
        }
        Ok(Self(Verified {
            envelope,
            digest,
            statement,
            assertion,
            proof,
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
        let said = &self.0;
        let signature = &said.envelope.signature;
        let assertion = said.assertion.as_ref();
        let bytes = match assertion {
            Some(assertion) => assertion.signed(),
            None => &said.envelope.pae(),
        };
        let is_signed = signature.keyid == key.id() && key.verify(bytes, &signature.sig);
        match is_signed && said.is_proved() {
            true => Ok(self.0),
            false => Err(VerifyError),
        }
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

    /// What an authenticator signed, where one did.
    pub const fn assertion(&self) -> Option<&Assertion> {
        self.assertion.as_ref()
    }

    /// What the new passkey of an `enrol` signed as its proof.
    pub(crate) const fn new_passkey(&self) -> Option<&Assertion> {
        match &self.proof {
            Some(Proof::Passkey(assertion)) => Some(assertion),
            Some(Proof::Plain(_)) | None => None,
        }
    }

    /// Whether the new key of an `enrol` signed its proof; other statements
    /// need none.
    fn is_proved(&self) -> bool {
        match (&self.statement.body, &self.proof) {
            (Body::Enrol(enrol), Some(proof)) => enrol
                .proof
                .as_ref()
                .is_some_and(|sig| enrol.key.verify(proof.signed(), &sig.0)),
            _ => true,
        }
    }
}
