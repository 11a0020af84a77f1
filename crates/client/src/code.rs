//! Codes that people carry: of an invitation, and for recovery.
//!
//! A code is base32 of a 16-byte **seed**, the first 8 bytes of the
//! organization's id and a check byte, in groups of five letters: read aloud,
//! typed in any case, with or without dashes. The check byte differs by
//! purpose, so one kind is never taken for the other.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use writ_core::digest::{Digest, OrganizationId};
use writ_core::key::SigningKey;
use writ_core::names::Upn;
use zeroize::Zeroizing;

use crate::system::random;

const SEED: usize = 16;
const MARK: usize = 8;

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To enrol a person's next key, once.
    Invitation,
    /// The first administrator's second key, on paper.
    Recovery,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Recovery => "recovery",
        }
    }
}

/// A secret that a person carries.
pub struct Code {
    purpose: Purpose,
    seed: Zeroizing<[u8; SEED]>,
    mark: [u8; MARK],
}

/// Why a text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// It is not one at all, or has a typing mistake.
    NotOne(Purpose),
    /// It is one of the other kind.
    Other(Purpose),
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOne(purpose) => write!(
                f,
                "this is not the code of an {}: it has 40 letters and digits in groups of five; \
                 copy all of it",
                match purpose {
                    Purpose::Invitation => "invitation",
                    Purpose::Recovery => "account's recovery",
                }
            ),
            Self::Other(Purpose::Invitation) => {
                f.write_str("this is the code of an invitation; leave --recovery out")
            }
            Self::Other(Purpose::Recovery) => {
                f.write_str("this is a recovery code; repeat with --recovery")
            }
        }
    }
}

impl std::error::Error for CodeError {}

impl Code {
    /// A new secret for an invitation to an organization.
    pub fn invitation(organization: OrganizationId) -> Self {
        Self::new(Purpose::Invitation, random(), organization)
    }

    /// The code of a recovery seed, once the organization has its id.
    pub fn recovery(seed: &RecoverySeed, organization: OrganizationId) -> Self {
        Self::new(Purpose::Recovery, *seed.0, organization)
    }

    fn new(purpose: Purpose, seed: [u8; SEED], organization: OrganizationId) -> Self {
        Self {
            purpose,
            seed: Zeroizing::new(seed),
            mark: mark(organization),
        }
    }

    /// Reads what somebody typed.
    pub fn read(purpose: Purpose, text: &str) -> Result<Self, CodeError> {
        let letters: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .filter(|c| !c.is_whitespace() && *c != '-')
                .map(|c| c.to_ascii_uppercase())
                .collect(),
        );
        let not_one = || CodeError::NotOne(purpose);
        let bytes = BASE32_NOPAD
            .decode(letters.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| not_one())?;
        let (seed, rest) = bytes.split_first_chunk::<SEED>().ok_or_else(not_one)?;
        let (mark, rest) = rest.split_first_chunk::<MARK>().ok_or_else(not_one)?;
        let [check] = rest else {
            return Err(not_one());
        };
        let code = |purpose| Self {
            purpose,
            seed: Zeroizing::new(*seed),
            mark: *mark,
        };
        let other = match purpose {
            Purpose::Invitation => Purpose::Recovery,
            Purpose::Recovery => Purpose::Invitation,
        };
        match *check {
            check if check == code(purpose).check() => Ok(code(purpose)),
            check if check == code(other).check() => Err(CodeError::Other(other)),
            _ => Err(not_one()),
        }
    }

    /// The text, to be shown once.
    pub fn reveal(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([&*self.seed as &[u8], &self.mark, &[self.check()]].concat());
        let letters = Zeroizing::new(BASE32_NOPAD.encode(&bytes));
        let mut text = Zeroizing::new(String::with_capacity(48));
        for (at, letter) in letters.chars().enumerate() {
            if at > 0 && at % 5 == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }

    /// Whether it was made for this organization.
    pub fn is_for(&self, organization: OrganizationId) -> bool {
        self.mark == mark(organization)
    }

    /// The key that it makes for a person of an organization.
    pub fn key(&self, organization: OrganizationId, person: &Upn) -> SigningKey {
        match self.purpose {
            Purpose::Invitation => SigningKey::from_invitation(&*self.seed, organization, person),
            Purpose::Recovery => RecoverySeed(self.seed.clone()).key(),
        }
    }

    fn check(&self) -> u8 {
        let name = self.purpose.name().as_bytes();
        let digest = Digest::of_parts(&[name, b"\0", &*self.seed, &self.mark]);
        let [first, ..] = *digest.as_bytes();
        first
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.purpose.name())
    }
}

fn mark(organization: OrganizationId) -> [u8; MARK] {
    let mut mark = [0; MARK];
    for (to, from) in mark.iter_mut().zip(organization.0.as_bytes()) {
        *to = *from;
    }
    mark
}

/// What the first administrator's second key is made of, before there is an
/// organization.
pub struct RecoverySeed(Zeroizing<[u8; SEED]>);

impl RecoverySeed {
    /// A new one.
    pub fn draw() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// The key that it makes: its seed is a digest of the 128 secret bits.
    pub fn key(&self) -> SigningKey {
        let seed = Digest::of_parts(&[b"writ-recovery\0", &*self.0]);
        SigningKey::from_seed(Zeroizing::new(*seed.as_bytes()))
    }
}

impl fmt::Debug for RecoverySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoverySeed")
    }
}

#[cfg(test)]
#[path = "../../core/tests/it/corpus/mutate.rs"]
mod mutate;

#[cfg(test)]
mod tests {
    use super::mutate::mutant;
    use super::*;

    /// A code with a typing mistake is none, but for what typing leaves open.
    #[test]
    fn a_mutant_of_a_code_is_the_same_one_or_none() {
        let seed = Zeroizing::new([7; SEED]);
        let mark = mark(organization(1));
        let purpose = Purpose::Invitation;
        let code = Code {
            purpose,
            seed,
            mark,
        };
        let text = code.reveal();
        let mut same = 0;
        for seed in 0..20_000 {
            let mutant = mutant(text.as_bytes(), &[], seed);
            let Ok(typed) = String::from_utf8(mutant) else {
                continue;
            };
            // One of 256 mistakes has the check byte of another code.
            if let Ok(read) = Code::read(purpose, &typed) {
                let letters = |text: &str| {
                    let letters = text.chars().filter(|c| c.is_ascii_alphanumeric());
                    letters.collect::<String>().to_ascii_uppercase()
                };
                assert_eq!(letters(&read.reveal()), letters(&typed), "seed {seed}");
                same += usize::from(*read.reveal() == *text);
            }
        }
        assert!(same > 20, "only {same} mutants are the code itself");
    }

    fn organization(byte: u8) -> OrganizationId {
        OrganizationId(Digest::from_bytes([byte; 32]))
    }

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = Code::invitation(organization(1));
        let upn = Upn::parse("alice@example.com").unwrap();
        let text = code.reveal();
        assert_eq!(text.len(), 47);
        for typed in [
            text.to_string(),
            text.to_lowercase(),
            text.replace('-', ""),
            format!("  {}\n", text.replace('-', " ")),
        ] {
            let read = Code::read(Purpose::Invitation, &typed).unwrap();
            assert!(read.is_for(organization(1)) && !read.is_for(organization(2)));
            let keys = (
                read.key(organization(1), &upn).public(),
                code.key(organization(1), &upn).public(),
            );
            assert_eq!(keys.0, keys.1);
        }
    }

    /// The codes that `docs/statements.md` points to, made by another hand.
    #[test]
    fn the_vectors_read() {
        let vectors = include_str!("../../core/tests/vectors/codes.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let text = |pointer: &str| vectors.pointer(pointer).unwrap().as_str().unwrap();
        let id = OrganizationId(text("/organization").parse().unwrap());
        let upn = Upn::parse(text("/invitation/person")).unwrap();
        for purpose in [Purpose::Invitation, Purpose::Recovery] {
            let at = |member: &str| text(&format!("/{}/{member}", purpose.name()));
            let code = Code::read(purpose, at("code")).unwrap();
            assert!(code.is_for(id));
            assert_eq!(*code.reveal(), at("code"));
            assert_eq!(code.key(id, &upn).public().id().to_string(), at("key/id"));
        }
    }

    #[test]
    fn one_kind_is_not_the_other_and_noise_is_neither() {
        let seed = RecoverySeed::draw();
        let paper = Code::recovery(&seed, organization(1));
        let upn = Upn::parse("alice@example.com").unwrap();
        let read = Code::read(Purpose::Recovery, &paper.reveal()).unwrap();
        assert_eq!(
            read.key(organization(1), &upn).public(),
            seed.key().public()
        );
        let mistaken = Code::read(Purpose::Invitation, &paper.reveal());
        assert_eq!(mistaken.unwrap_err(), CodeError::Other(Purpose::Recovery));
        for noise in [
            "",
            "ABCD-EFGH",
            "0189!",
            &"A".repeat(39),
            &"A".repeat(4_000),
        ] {
            assert!(Code::read(Purpose::Invitation, noise).is_err(), "{noise}");
        }
    }

    #[test]
    fn most_typing_mistakes_are_noticed() {
        let text = Code::invitation(organization(1)).reveal().replace('-', "");
        let mut noticed = 0;
        for at in 0..text.len() {
            let mut typed: Vec<_> = text.bytes().collect();
            typed[at] = if typed[at] == b'A' { b'B' } else { b'A' };
            let typed = String::from_utf8(typed).unwrap();
            noticed += usize::from(Code::read(Purpose::Invitation, &typed).is_err());
        }
        assert!(noticed >= 36, "{noticed} of 40");
    }
}
