//! The vault: secrets, as a node keeps them.
//!
//! What arrives is a box sealed to the organization's **sealing key** (see
//! `writ_core::seal`). It is opened at the door, so that nothing enters the log
//! that nobody could use, and **kept** otherwise: encrypted under a key of its
//! own, which is wrapped by the node's **key-encryption key**. Both private keys
//! are in `state/` and never in the database; so whoever has only the database,
//! or only `state/`, has no secret.
//!
//! Kept bytes are 1 (the form), 12 (a nonce), 48 (the wrapped key) and the
//! ciphertext, all AES-256-GCM. Purpose and digest of the box go with both as
//! additional data: kept bytes that were moved to another place do not open.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use writ_core::digest::Digest;
use writ_core::seal::{self, Purpose, SealError};
use writ_core::secret::Secret;
use zeroize::Zeroizing;

use crate::clock::Entropy;

/// The one form of kept bytes.
const FORM: u8 = 1;
/// A key of AES-256.
const KEY: usize = 32;
/// The tag of AES-GCM.
const TAG: usize = 16;

/// The keys for secrets.
pub(crate) struct Vault {
    sealing: Zeroizing<[u8; KEY]>,
    wrapping: Zeroizing<[u8; KEY]>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    pub(crate) fn new(
        sealing: Zeroizing<[u8; KEY]>,
        wrapping: Zeroizing<[u8; KEY]>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            sealing,
            wrapping,
            entropy,
        }
    }

    /// Opens a box that just arrived.
    pub(crate) fn unseal(&self, purpose: &Purpose<'_>, sealed: &[u8]) -> Result<Secret, SealError> {
        seal::open(purpose, &self.sealing, sealed)
    }

    /// A secret as it is kept.
    pub(crate) fn keep(
        &self,
        purpose: &Purpose<'_>,
        digest: Digest,
        secret: &Secret,
    ) -> Result<Vec<u8>, SealError> {
        let bound = bound(purpose, digest)?;
        let mut nonce = [0; NONCE_LEN];
        self.entropy.fill(&mut nonce);
        let mut own = Zeroizing::new([0; KEY]);
        self.entropy.fill(&mut *own);
        let wrapped = encrypt(&self.wrapping, nonce, &bound, &*own)?;
        // The key is used once, so any nonce is.
        let inside = encrypt(&own, [0; NONCE_LEN], &bound, secret.expose())?;
        Ok([&[FORM], nonce.as_slice(), &wrapped, &inside].concat())
    }

    /// A secret that was kept.
    pub(crate) fn open(
        &self,
        purpose: &Purpose<'_>,
        digest: Digest,
        kept: &[u8],
    ) -> Result<Secret, SealError> {
        let bound = bound(purpose, digest)?;
        let kept = kept.strip_prefix(&[FORM]).ok_or(SealError)?;
        let (nonce, rest) = kept.split_first_chunk().ok_or(SealError)?;
        let (wrapped, inside) = rest.split_at_checked(KEY + TAG).ok_or(SealError)?;
        let own = decrypt(&self.wrapping, *nonce, &bound, wrapped)?;
        let own = <[u8; KEY]>::try_from(own.expose()).map_err(|_| SealError)?;
        decrypt(&Zeroizing::new(own), [0; NONCE_LEN], &bound, inside)
    }
}

/// What kept bytes are bound to.
fn bound(purpose: &Purpose<'_>, digest: Digest) -> Result<Vec<u8>, SealError> {
    Ok([purpose.info()?.as_slice(), digest.as_bytes()].concat())
}

fn cipher(key: &[u8; KEY]) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError)?;
    Ok(LessSafeKey::new(key))
}

fn encrypt(
    key: &[u8; KEY],
    nonce: [u8; NONCE_LEN],
    bound: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    // With room for the tag, so that no copy of what is plain is left behind.
    let mut bytes = Vec::with_capacity(plain.len() + TAG);
    bytes.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)?
        .seal_in_place_append_tag(nonce, Aad::from(bound), &mut bytes)
        .map_err(|_| SealError)?;
    Ok(bytes)
}

fn decrypt(
    key: &[u8; KEY],
    nonce: [u8; NONCE_LEN],
    bound: &[u8],
    bytes: &[u8],
) -> Result<Secret, SealError> {
    let mut bytes = Zeroizing::new(bytes.to_vec());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = cipher(key)?
        .open_in_place(nonce, Aad::from(bound), &mut bytes)
        .map_err(|_| SealError)?
        .len();
    bytes.truncate(length);
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use writ_core::digest::OrganizationId;
    use writ_core::testing::{parameter, task_name, upn};

    use super::*;
    use crate::clock::SystemEntropy;

    fn vault(wrapping: u8) -> Vault {
        let key = |byte| Zeroizing::new([byte; KEY]);
        Vault::new(key(1), key(wrapping), Arc::new(SystemEntropy))
    }

    #[test]
    fn what_is_kept_opens_where_it_belongs_and_nowhere_else() {
        let (by, task, name) = (upn("alice"), task_name(r"Host\Say"), parameter("pin"));
        let of = |organization: &[u8]| Purpose::Parameter {
            instance: OrganizationId(Digest::of(organization)),
            by: &by,
            task: &task,
            name: &name,
        };
        let (here, elsewhere) = (of(b"one"), of(b"two"));
        let (first, second) = (Digest::of(b"first"), Digest::of(b"second"));
        let secret = Secret::new(b"a marked value".to_vec());
        let kept = vault(2).keep(&here, first, &secret).unwrap();
        assert_ne!(kept, vault(2).keep(&here, first, &secret).unwrap());
        let is_in = |part: &[u8]| kept.windows(part.len()).any(|window| window == part);
        assert!(!is_in(b"marked") && !is_in(&[2; KEY]));
        let opened = vault(2).open(&here, first, &kept).unwrap();
        assert_eq!(opened.expose(), secret.expose());
        for (wrapping, purpose, digest) in [
            (3, &here, first),
            (2, &elsewhere, first),
            (2, &here, second),
        ] {
            assert!(vault(wrapping).open(purpose, digest, &kept).is_err());
        }
        for at in 0..kept.len() {
            let mut changed = kept.clone();
            changed[at] ^= 1;
            assert!(vault(2).open(&here, first, &changed).is_err(), "byte {at}");
            assert!(vault(2).open(&here, first, &kept[..at]).is_err());
        }
    }
}
