//! Keys: who can have signed what.
//!
//! A **public key** is Ed25519 or P-256. Its **id** is a digest of both the
//! algorithm and the bytes, so one id can never mean two keys. A **signing
//! key** is made from 32 secret bytes that somebody else drew: nothing here
//! knows randomness.

use std::fmt;

use aws_lc_rs::hkdf;
use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::digest::{Digest, KeyId, OrganizationId};
use crate::names::Upn;

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256; signatures are 64 bytes r‖s.
    P256,
}

impl Algorithm {
    /// As statements spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::P256 => "p256",
        }
    }

    const fn public_length(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::P256 => 65,
        }
    }
}

/// Bytes that statements carry as lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        HEXLOWER
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|_| "expected lower-case hexadecimal digits in pairs")
    }
}

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        HEXLOWER.encode(&hex.0)
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// Which algorithm it is for.
    pub alg: Algorithm,
    /// 32 raw bytes for Ed25519, 65 uncompressed for P-256.
    pub public: Hex,
}

impl PublicKey {
    /// SHA-256 of the algorithm's name, a zero byte, the public bytes.
    pub fn id(&self) -> KeyId {
        KeyId(Digest::of_parts(&[
            self.alg.name().as_bytes(),
            b"\0",
            &self.public.0,
        ]))
    }

    /// Whether the bytes can be a key at all: their length; for Ed25519 that
    /// the point has not small order, for which anybody can sign; for P-256
    /// that it is uncompressed and on the curve.
    pub fn is_sound(&self) -> bool {
        self.parsed().is_some()
    }

    /// Whether `signature` over `message` is this key's. Of P-256 it is r‖s,
    /// and both forms of s count: no digest covers a signature.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed()
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    fn parsed(&self) -> Option<ParsedPublicKey> {
        let bytes = self.public.0.as_slice();
        let fits = bytes.len() == self.alg.public_length()
            && match self.alg {
                Algorithm::Ed25519 => !has_small_order(bytes),
                Algorithm::P256 => bytes.first() == Some(&4),
            };
        let parameters: &'static dyn signature::VerificationAlgorithm = match self.alg {
            Algorithm::Ed25519 => &signature::ED25519,
            Algorithm::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        };
        ParsedPublicKey::new(parameters, bytes)
            .ok()
            .filter(|_| fits)
    }
}

/// The points of small order, y in little endian without the sign bit: 0, 1,
/// p-1, the two of order eight, and the non-canonical p and p+1.
/// (Bernstein and others, "Twisted Edwards curves", 2008; RFC 7748 §6.1.)
fn has_small_order(public: &[u8]) -> bool {
    const EIGHTH_A: [u8; 32] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    const EIGHTH_B: [u8; 32] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ];
    let Some((last, rest)) = public.split_last() else {
        return true;
    };
    let last = last & 0x7f;
    let all = |byte: u8| rest.iter().skip(1).all(|b| *b == byte);
    let first = rest.first().copied().unwrap_or(0);
    let is = |point: &[u8; 32]| point.starts_with(rest) && point.last() == Some(&last);
    (last == 0 && all(0) && first <= 1)
        || (last == 0x7f && all(0xff) && first >= 0xec)
        || is(&EIGHTH_A)
        || is(&EIGHTH_B)
}

/// The secret half of an Ed25519 key.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The key that these 32 secret bytes make.
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        #[expect(clippy::expect_used, reason = "every 32 bytes are an Ed25519 seed")]
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).expect("32 bytes");
        Self { seed, pair }
    }

    /// The key that an invitation's code makes for one person of one organization.
    ///
    /// HKDF-SHA-256 of the code's 16 bytes, with `writ-invite`, a zero byte, the
    /// organization's id and the UPN as info: useless for anybody else.
    pub fn from_invitation(code: &[u8], organization: OrganizationId, person: &Upn) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        let info: [&[u8]; 3] = [
            b"writ-invite\0",
            organization.0.as_bytes(),
            person.as_str().as_bytes(),
        ];
        #[expect(clippy::expect_used, reason = "32 is a valid length of HKDF-SHA-256")]
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
            .extract(code)
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *seed))
            .expect("32 bytes");
        Self::from_seed(seed)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            alg: Algorithm::Ed25519,
            public: Hex(self.pair.public_key().as_ref().to_vec()),
        }
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// The secret bytes, for whoever stores them.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::UnparsedPublicKey;

    use super::*;

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_seed(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_signature_is_for_one_key_and_one_message() {
        let signature = key(1).sign(b"message");
        assert!(key(1).public().verify(b"message", &signature));
        assert!(!key(2).public().verify(b"message", &signature));
        assert!(!key(1).public().verify(b"messagE", &signature));
    }

    #[test]
    fn points_of_small_order_are_no_keys() {
        // With the identity as key, R = identity and S = 0 verify for every message.
        let mut identity = vec![0; 32];
        identity[0] = 1;
        let forged = [identity.clone(), vec![0; 32]].concat();
        let key = PublicKey {
            alg: Algorithm::Ed25519,
            public: Hex(identity.clone()),
        };
        let raw = UnparsedPublicKey::new(&signature::ED25519, &identity);
        assert!(
            raw.verify(b"anything", &forged).is_ok(),
            "the attack is real"
        );
        assert!(!key.is_sound());
        assert!(!key.verify(b"anything", &forged));
        for (first, middle, last) in [
            (0x00, 0x00, 0x00),
            (0x00, 0x00, 0x80),
            (0x01, 0x00, 0x80),
            (0xec, 0xff, 0x7f),
            (0xed, 0xff, 0xff),
            (0xee, 0xff, 0x7f),
        ] {
            let mut point = vec![middle; 32];
            point[0] = first;
            point[31] = last;
            let key = PublicKey {
                alg: Algorithm::Ed25519,
                public: Hex(point),
            };
            assert!(!key.is_sound());
        }
    }

    /// A key and its signature of `message`, made elsewhere: RFC 6979, A.2.5,
    /// P-256 with SHA-256 and the message `sample`.
    fn rfc6979() -> (PublicKey, Vec<u8>) {
        let hex = |text: &str| Hex::try_from(text.to_owned()).unwrap();
        let public = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                      7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
        let signature = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                         f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        let key = PublicKey {
            alg: Algorithm::P256,
            public: hex(public),
        };
        (key, hex(signature).0)
    }

    #[test]
    fn p256_signatures_are_r_and_s_and_either_s_counts() {
        let (key, signature) = rfc6979();
        assert!(key.is_sound() && key.verify(b"sample", &signature));
        assert!(!key.verify(b"samplE", &signature));
        let (r, s) = signature.split_at(32);
        let other = [r, &negative(s)].concat();
        assert!(key.verify(b"sample", &other), "no digest covers it");
        for bad in [
            [s, r].concat(),
            [&[0; 32], s].concat(),
            [r, &[0; 32]].concat(),
            [r, &[0xff; 32]].concat(),
            [r, &s[..31]].concat(),
            Vec::new(),
        ] {
            assert!(!key.verify(b"sample", &bad));
        }
        // As authenticators spell it (DER), which the client must turn.
        let integer = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
        let der = [&[0x30, 70][..], &integer(r), &integer(s)].concat();
        assert!(!key.verify(b"sample", &der));
    }

    /// The order of the group less s.
    fn negative(s: &[u8]) -> Vec<u8> {
        let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        let order = Hex::try_from(order.to_owned()).unwrap().0;
        let mut borrow = 0;
        let mut difference = vec![0; 32];
        for at in (0..32).rev() {
            let digit = i32::from(order[at]) - i32::from(s[at]) - borrow;
            borrow = i32::from(digit < 0);
            difference[at] = (digit & 0xff) as u8;
        }
        difference
    }

    #[test]
    fn p256_keys_are_uncompressed_and_on_the_curve() {
        let (key, _) = rfc6979();
        let sound = key.public.0;
        let with = |at: usize, change: u8| {
            let mut bytes = sound.clone();
            bytes[at] ^= change;
            bytes
        };
        let compressed = [&[3], &sound[1..33]].concat();
        for (why, bad) in [
            ("off the curve", with(64, 1)),
            ("off the curve", with(1, 0x80)),
            ("compressed", compressed),
            ("hybrid", with(0, 3)),
            ("infinity", vec![0]),
            ("zeros", [&[4][..], &[0; 64]].concat()),
            ("beyond the field", [&[4][..], &[0xff; 64]].concat()),
            ("without its mark", sound[1..].to_vec()),
            ("a byte more", [&sound[..], &[0]].concat()),
            ("nothing", Vec::new()),
        ] {
            let key = PublicKey {
                alg: Algorithm::P256,
                public: Hex(bad),
            };
            assert!(!key.is_sound(), "{why}");
        }
        let ed25519 = PublicKey {
            alg: Algorithm::Ed25519,
            public: Hex(sound),
        };
        assert!(!ed25519.is_sound());
    }

    #[test]
    fn an_invitation_is_for_one_person_of_one_organization() {
        let of = |org: u8, upn: &str| {
            let id = OrganizationId(Digest::from_bytes([org; 32]));
            SigningKey::from_invitation(&[7; 16], id, &Upn::parse(upn).unwrap()).public()
        };
        assert_eq!(of(1, "a@x.com"), of(1, "a@x.com"));
        assert_ne!(of(1, "a@x.com"), of(2, "a@x.com"));
        assert_ne!(of(1, "a@x.com"), of(1, "b@x.com"));
    }
}
