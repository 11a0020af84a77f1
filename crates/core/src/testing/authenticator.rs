//! An authenticator made of software: what a browser and a passkey answer.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::digest::Digest;
use crate::envelope::{Envelope, Passkey, PayloadType, Signature, pae};
use crate::key::{Algorithm, Hex, PublicKey};
use crate::passkey::challenge;

/// A P-256 key, and the page and domain that it is used on.
#[derive(Debug)]
pub struct Authenticator {
    pair: EcdsaKeyPair,
    public: Vec<u8>,
    /// The domain that it is bound to.
    pub rp_id: String,
    /// The origin of the page.
    pub origin: String,
    /// Whether somebody was there, was recognised, and more.
    pub flags: u8,
}

impl Authenticator {
    /// The authenticator that a label makes, with the same key for ever, on the
    /// page of [`genesis`](super::genesis).
    pub fn of(label: &str) -> Self {
        let secret = Digest::of_parts(&[b"a passkey for tests: ", label.as_bytes()]);
        let secret = secret.as_bytes();
        let private = PrivateKey::from_private_key(&ECDH_P256, secret).unwrap();
        let public = private.compute_public_key().unwrap().as_ref().to_vec();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self {
            pair: EcdsaKeyPair::from_private_key_and_public_key(algorithm, secret, &public)
                .unwrap(),
            public,
            rp_id: "localhost".into(),
            origin: "http://localhost:8420".into(),
            flags: 0x05,
        }
    }

    /// The same one, used on the page of another origin.
    #[must_use]
    pub fn on(mut self, origin: &str) -> Self {
        self.origin = origin.into();
        self
    }

    /// The same one, bound to another domain.
    #[must_use]
    pub fn bound_to(mut self, rp_id: &str) -> Self {
        self.rp_id = rp_id.into();
        self
    }

    /// The public half of its key.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            alg: Algorithm::P256,
            public: Hex(self.public.clone()),
        }
    }

    /// Signs bytes plainly, as r‖s.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature = self.pair.sign_digest(&digest(&SHA256, bytes)).unwrap();
        signature.as_ref().to_vec()
    }

    /// Authenticator data: the digest of the domain, the flags, a counter.
    pub fn authenticator_data(&self) -> Vec<u8> {
        let mut data = Digest::of(self.rp_id.as_bytes()).as_bytes().to_vec();
        data.push(self.flags);
        data.extend_from_slice(&[0, 0, 0, 7]);
        data
    }

    /// Client data as browsers write it.
    pub fn client_data(&self, pae: &[u8]) -> String {
        format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"{}","crossOrigin":false}}"#,
            challenge(pae),
            self.origin
        )
    }

    /// A gesture for these bytes.
    pub fn gesture(&self, pae: &[u8]) -> (Passkey, Vec<u8>) {
        self.gesture_with(self.authenticator_data(), &self.client_data(pae))
    }

    /// A gesture over whatever data, rightly signed.
    pub fn gesture_with(
        &self,
        authenticator_data: Vec<u8>,
        client_data: &str,
    ) -> (Passkey, Vec<u8>) {
        let digest = Digest::of(client_data.as_bytes());
        let sig = self.sign(&[authenticator_data.as_slice(), digest.as_bytes()].concat());
        let passkey = Passkey {
            authenticator_data: Hex(authenticator_data),
            client_data: Hex(client_data.as_bytes().to_vec()),
        };
        (passkey, sig)
    }

    /// An envelope that a gesture signs.
    pub fn envelope(&self, payload_type: PayloadType, payload: Vec<u8>) -> Envelope {
        let (passkey, sig) = self.gesture(&pae(payload_type, &payload));
        Envelope {
            payload_type,
            payload,
            signature: Signature {
                keyid: self.public().id(),
                sig,
                passkey: Some(passkey),
            },
        }
    }
}
