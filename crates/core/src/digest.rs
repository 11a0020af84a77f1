//! Digests and the ids made of them.
//!
//! Nothing in Writ generates ids. A **request** and an **execution** are named
//! by the digest of the envelope that asked for them, an **organization** by
//! the leaf hash of entry 0, a **key** by the digest of its public half. People
//! see the first 16 bytes as a GUID and may type any unique prefix of it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// A SHA-256 digest; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The digest of several byte strings, one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// A digest that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 digits of [`short`](Self::short): enough to name it by.
    pub fn brief(&self) -> String {
        self.short().chars().take(13).collect()
    }

    /// The first 16 bytes in the form of a GUID, as people see ids.
    pub fn short(&self) -> String {
        let mut short = HEXLOWER.encode(self.0.get(..16).unwrap_or_default());
        for dash in [20, 16, 12, 8] {
            short.insert(dash, '-');
        }
        short
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is not a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestError(());

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected 64 lower-case hexadecimal digits")
    }
}

impl std::error::Error for DigestError {}

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bytes = HEXLOWER
            .decode(text.as_bytes())
            .map_err(|_| DigestError(()))?;
        Ok(Self(bytes.try_into().map_err(|_| DigestError(()))?))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl $name {
            /// As people see it: the first 16 bytes as a GUID.
            pub fn short(&self) -> String {
                self.0.short()
            }

            /// The first 12 digits of that, as tables and sentences show it.
            pub fn brief(&self) -> String {
                self.0.brief()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;
            fn from_str(text: &str) -> Result<Self, DigestError> {
                Ok(Self(text.parse()?))
            }
        }
    };
}

digest_id! {
    /// Names an organization: the leaf hash of entry 0 of its log.
    OrganizationId
}
digest_id! {
    /// Names a request: the digest of its envelope.
    RequestId
}
digest_id! {
    /// Names an execution: the digest of the envelope that invoked it.
    ExecutionId
}
digest_id! {
    /// Names a key: SHA-256 of the algorithm's name, a zero byte, the public bytes.
    KeyId
}

/// The position of an entry in the log, from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Index(pub u64);

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_spelling() {
        let digest = Digest::of(b"writ");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
        assert!("00".parse::<Digest>().is_err());
    }

    #[test]
    fn the_short_form_is_a_guid() {
        let digest = Digest::from_bytes([0xab; 32]);
        assert_eq!(digest.short(), "abababab-abab-abab-abab-abababababab");
    }
}
