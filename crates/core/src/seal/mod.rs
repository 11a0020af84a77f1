//! Sealing: what only the holder of a sealing key may read.
//!
//! A **box** is sealed to a public key by whoever knows it, and opened by its
//! private half. It is HPKE as RFC 9180 has it, in base mode with one message:
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. A box is the 32 bytes
//! of the ephemeral public key, then the ciphertext with its tag; the `aad` is
//! empty. Its **purpose** is the `info`: opened for any other purpose, a box is
//! as good as noise ([ADR 10](../../../docs/adr/0010-sealed-to-a-purpose.md)).
//!
//! A **parameter's** box holds 32 random bytes and then the value. The statement
//! says the HMAC of the value under those bytes: it commits to the value, and
//! whoever has no key learns nothing by guessing.

mod purpose;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use zeroize::Zeroizing;

pub use purpose::Purpose;

use crate::digest::Digest;
use crate::object::SealingKey;
use crate::secret::Secret;
use crate::statement::SealedValue;

/// The bytes of an X25519 key, private or public, and of each key made here.
const KEY: usize = 32;
/// DHKEM(X25519, HKDF-SHA256).
const KEM: [u8; 2] = [0x00, 0x20];
/// HKDF-SHA256, AES-256-GCM.
const KDF_AEAD: [u8; 4] = [0x00, 0x01, 0x00, 0x02];
/// Without a pre-shared key, and without the sender's key.
const BASE: u8 = 0x00;

/// 32 bytes that nobody else knows.
type Key = Zeroizing<[u8; KEY]>;

/// A box that cannot be sealed or opened. It does not say why: nobody needs to
/// know how close they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealError;

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was sealed to another key or for another purpose, or was changed since")
    }
}

impl std::error::Error for SealError {}

/// Seals a secret to a key, for one purpose. `ephemeral` is 32 random bytes,
/// used for nothing else.
pub fn seal(
    purpose: &Purpose<'_>,
    to: &SealingKey,
    ephemeral: &Key,
    secret: &Secret,
) -> Result<Vec<u8>, SealError> {
    let private = private(ephemeral)?;
    let public = private.compute_public_key().map_err(|_| SealError)?;
    let shared = shared(&private, &to.public.0, public.as_ref(), &to.public.0)?;
    let (key, nonce) = schedule(&shared, &purpose.info()?)?;
    // With room for the tag, so that no copy of the plaintext is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(secret.expose().len() + 16));
    bytes.extend_from_slice(secret.expose());
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut *bytes)
        .map_err(|_| SealError)?;
    Ok([public.as_ref(), bytes.as_slice()].concat())
}

/// Opens a box with a private key, for one purpose.
pub fn open(purpose: &Purpose<'_>, with: &Key, sealed: &[u8]) -> Result<Secret, SealError> {
    open_for(&purpose.info()?, with, sealed)
}

fn open_for(info: &[u8], with: &Key, sealed: &[u8]) -> Result<Secret, SealError> {
    let (ephemeral, ciphertext) = sealed.split_at_checked(KEY).ok_or(SealError)?;
    let private = private(with)?;
    let public = private.compute_public_key().map_err(|_| SealError)?;
    let shared = shared(&private, ephemeral, ephemeral, public.as_ref())?;
    let (key, nonce) = schedule(&shared, info)?;
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    let length = key
        .open_in_place(nonce, Aad::empty(), &mut bytes)
        .map_err(|_| SealError)?
        .len();
    bytes.truncate(length);
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

/// Seals the value of a parameter: the box, and what the statement says of it.
/// `key` is 32 random bytes, used for nothing else.
pub fn seal_parameter(
    purpose: &Purpose<'_>,
    to: &SealingKey,
    ephemeral: &Key,
    key: &Key,
    value: &Secret,
) -> Result<(Vec<u8>, SealedValue), SealError> {
    let mut inside = Vec::with_capacity(KEY + value.expose().len());
    inside.extend_from_slice(&**key);
    inside.extend_from_slice(value.expose());
    let sealed = seal(purpose, to, ephemeral, &Secret::new(inside))?;
    let said = SealedValue {
        digest: Digest::of(&sealed),
        hmac: Digest::from_bytes(mac(&**key, &[value.expose()])),
    };
    Ok((sealed, said))
}

/// The value inside an opened parameter's box, if it is the one that the
/// statement commits to. Compared in constant time.
pub fn parameter(inside: &Secret, said: &SealedValue) -> Result<Secret, SealError> {
    let (key, value) = inside.expose().split_at_checked(KEY).ok_or(SealError)?;
    let key = hmac::Key::new(HMAC_SHA256, key);
    hmac::verify(&key, value, said.hmac.as_bytes()).map_err(|_| SealError)?;
    Ok(Secret::new(value.to_vec()))
}

fn private(bytes: &Key) -> Result<PrivateKey, SealError> {
    PrivateKey::from_private_key(&X25519, &**bytes).map_err(|_| SealError)
}

/// The shared secret of the KEM (§4.1). A public key of small order, with which
/// it would be known to all, is refused by X25519 itself.
fn shared(
    private: &PrivateKey,
    other: &[u8],
    ephemeral: &[u8],
    recipient: &[u8],
) -> Result<Key, SealError> {
    let suite = [b"KEM".as_slice(), &KEM].concat();
    let prk = agree(
        private,
        UnparsedPublicKey::new(&X25519, other),
        SealError,
        |dh| Ok(extract(&suite, &[], b"eae_prk", dh)),
    )?;
    let context = [ephemeral, recipient].concat();
    Ok(expand(&suite, &prk, b"shared_secret", &context, KEY))
}

/// The key and the nonce of the one message (§5.1).
fn schedule(shared: &Key, info: &[u8]) -> Result<(LessSafeKey, Nonce), SealError> {
    let suite = [b"HPKE".as_slice(), &KEM, &KDF_AEAD].concat();
    let no_psk = extract(&suite, &[], b"psk_id_hash", &[]);
    let info = extract(&suite, &[], b"info_hash", info);
    let context = [&[BASE], no_psk.as_slice(), info.as_slice()].concat();
    let secret = extract(&suite, &**shared, b"secret", &[]);
    let key = expand(&suite, &secret, b"key", &context, KEY);
    let nonce = expand(&suite, &secret, b"base_nonce", &context, NONCE_LEN);
    let key = UnboundKey::new(&AES_256_GCM, &*key).map_err(|_| SealError)?;
    let nonce = nonce.get(..NONCE_LEN).ok_or(SealError)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
    Ok((LessSafeKey::new(key), nonce))
}

/// `LabeledExtract` (§4): HKDF's extract is one HMAC.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], input: &[u8]) -> Key {
    Zeroizing::new(mac(salt, &[b"HPKE-v1", suite, label, input]))
}

/// `LabeledExpand` (§4) to at most 32 bytes, for which HKDF's expand is one
/// HMAC, too; whoever asked for fewer takes the first of them.
fn expand(suite: &[u8], prk: &Key, label: &[u8], info: &[u8], length: usize) -> Key {
    let [.., high, low] = length.to_be_bytes();
    let length = [high, low];
    let parts = [&length, b"HPKE-v1".as_slice(), suite, label, info, &[1]];
    Zeroizing::new(mac(&**prk, &parts))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; KEY] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let mut bytes = [0; KEY];
    bytes.copy_from_slice(context.sign().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// What another implementation of RFC 9180 (pyca/cryptography 48) sealed.
    #[test]
    fn it_is_hpke_as_others_have_it() {
        let sealed = "4beb5f83317febc009eab27b11fb46ab83b72f7d1ab55cbab116c800801e4158\
                      17894da91b1ee40e349cd53b0a488c7e09751848ceac08";
        let sealed = HEXLOWER.decode(sealed.as_bytes()).unwrap();
        let private = Zeroizing::new([1; KEY]);
        let opened = open_for(b"info", &private, &sealed).unwrap();
        assert_eq!(opened.expose(), b"hunter2");
        assert!(open_for(b"Info", &private, &sealed).is_err());
    }
}
