//! Passkeys: signatures that are verified gestures (WebAuthn Level 2, §7.2).
//!
//! An authenticator does not sign our bytes. It signs its **authenticator
//! data** (for which domain, whether somebody was there and was recognised)
//! and the digest of the **client data**: JSON in which the browser says on
//! which page this happened, and for which **challenge**. Ours is a digest of
//! the bytes to be signed, so a gesture is for one statement and nothing else.
//!
//! An **assertion** is both, read. Reading it checks all that it can say of
//! itself; that the key signed is checked with the signature, and whether the
//! page and the domain are ours is asked of State. The counter of
//! authenticators is not looked at: passkeys that are synced do not count.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::digest::Digest;
use crate::envelope::Passkey;
use crate::json;

/// Somebody was there.
const PRESENT: u8 = 0x01;
/// And was recognised: by a finger, a face, a PIN.
const RECOGNISED: u8 = 0x04;
/// A new key follows: never in an assertion.
const NEW_KEY: u8 = 0x40;
/// Extensions follow.
const EXTENSIONS: u8 = 0x80;

/// How long authenticator data is that nothing follows: the digest of the
/// domain, the flags, the counter.
const BARE: usize = 32 + 1 + 4;

/// What an authenticator signed, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    rp_id_hash: Digest,
    origin: String,
    signed: Vec<u8>,
}

impl Assertion {
    /// Reads what an authenticator signed for these bytes; else what is wrong.
    pub fn read(passkey: &Passkey, pae: &[u8]) -> Result<Self, String> {
        let bad = |problem: String| format!("passkey: {problem}");
        let rp_id_hash = authenticator_data(&passkey.authenticator_data.0).map_err(bad)?;
        let client_data = &passkey.client_data.0;
        let origin = origin_of(client_data, pae).map_err(bad)?;
        let mut signed = passkey.authenticator_data.0.clone();
        signed.extend_from_slice(Digest::of(client_data).as_bytes());
        Ok(Self {
            rp_id_hash,
            origin,
            signed,
        })
    }

    /// The bytes that the key signed.
    pub fn signed(&self) -> &[u8] {
        &self.signed
    }

    /// The origin of the page, as the browser says it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether it is for a domain.
    pub fn is_for(&self, rp_id: &str) -> bool {
        Digest::of(rp_id.as_bytes()) == self.rp_id_hash
    }
}

/// The challenge for some bytes to be signed, as client data spells it.
pub fn challenge(pae: &[u8]) -> String {
    let digest = Digest::of_parts(&[b"writ-passkey-v1\0", pae]);
    BASE64URL_NOPAD.encode(digest.as_bytes())
}

/// Checks authenticator data (§6.1); gives the digest of its domain.
fn authenticator_data(bytes: &[u8]) -> Result<Digest, String> {
    let short = || format!("the authenticator data is {} bytes long", bytes.len());
    let (hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(short)?;
    let flags = *rest.first().ok_or_else(short)?;
    if flags & PRESENT == 0 || flags & RECOGNISED == 0 {
        return Err("nobody was recognised by the authenticator".into());
    }
    let fits = match flags & EXTENSIONS {
        0 => bytes.len() == BARE,
        _ => bytes.len() > BARE,
    };
    match fits && flags & NEW_KEY == 0 {
        true => Ok(Digest::from_bytes(*hash)),
        false => Err("the authenticator data is not that of a `get()`".into()),
    }
}

/// Checks client data (§5.8.1); gives the origin of the page.
fn origin_of(bytes: &[u8], pae: &[u8]) -> Result<String, String> {
    let Members(members) = json::read_loosely(bytes).map_err(|e| format!("client data: {e}"))?;
    let text = |name: &str| {
        let member = members.get(name).and_then(Value::as_str);
        member.ok_or_else(|| format!("client data: `{name}` is missing"))
    };
    if text("type")? != "webauthn.get" {
        return Err("the client data is not that of a `get()`".into());
    }
    if text("challenge")? != challenge(pae) {
        return Err("the challenge is not the one of this statement".into());
    }
    match members.get("crossOrigin") {
        None | Some(Value::Bool(false)) => text("origin").map(ToOwned::to_owned),
        Some(_) => Err("it was used inside a page of somebody else".into()),
    }
}

/// An object whose members are each there once. Browsers may add members that
/// we do not know; two of one name could be read as either.
struct Members(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(Members(members))
    }
}
