//! From an envelope to a statement whose signature holds.

use std::fmt;
use std::sync::Arc;

use super::{Body, Enrol, FormError, Statement, possession, read_payload};
use crate::digest::{Digest, KeyId};
use crate::envelope::{Envelope, PayloadType};
use crate::key::PublicKey;

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
