//! The vectors of sealed boxes.

use data_encoding::HEXLOWER;
use serde_json::json;
use writ_core::digest::Digest;
use writ_core::digest::OrganizationId;
use writ_core::key::Hex;
use writ_core::names::{Name, ParameterName, TaskName, Upn};
use writ_core::object::{SealingAlgorithm, SealingKey, Workload};
use writ_core::seal::{self, Purpose};
use writ_core::secret::Secret;
use writ_core::statement::SealedValue;
use writ_core::testing::*;
use zeroize::Zeroizing;

use super::compare;

/// The private key of these vectors, and its public half.
const PRIVATE: [u8; 32] = [1; 32];
const PUBLIC: &str = "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209";
const EPHEMERAL: [u8; 32] = [2; 32];
const KEY: [u8; 32] = [3; 32];

fn to() -> SealingKey {
    SealingKey {
        alg: SealingAlgorithm::X25519,
        public: Hex::try_from(PUBLIC.to_owned()).unwrap(),
    }
}

fn mail() -> Workload {
    Workload {
        origin: Some("https://mail.fabrikam.example".into()),
        ..workload("Mail")
    }
}

fn of_secret<'a>(mail: &'a Workload, name: &'a Name) -> Purpose<'a> {
    Purpose::Secret {
        instance: OrganizationId(Digest::of(b"an organization")),
        workload: mail,
        name,
        version: 3,
    }
}

fn of_parameter<'a>(by: &'a Upn, task: &'a TaskName, name: &'a ParameterName) -> Purpose<'a> {
    Purpose::Parameter {
        instance: OrganizationId(Digest::of(b"an organization")),
        by,
        task,
        name,
    }
}

fn value() -> Secret {
    Secret::new(b"correct horse".to_vec())
}

/// The box of a parameter, and what a statement says of it.
pub(super) fn parameter() -> (Vec<u8>, SealedValue) {
    let (by, task, name) = (upn("alice"), task_name(RESTART), super::parameter("pin"));
    let purpose = of_parameter(&by, &task, &name);
    let (ephemeral, key) = (Zeroizing::new(EPHEMERAL), Zeroizing::new(KEY));
    seal::seal_parameter(&purpose, &to(), &ephemeral, &key, &value()).unwrap()
}

#[test]
fn sealed() {
    let (workload, name) = (mail(), "Token".parse().unwrap());
    let purpose = of_secret(&workload, &name);
    let ephemeral = Zeroizing::new(EPHEMERAL);
    let sealed = seal::seal(&purpose, &to(), &ephemeral, &value()).unwrap();
    let private = Zeroizing::new(PRIVATE);
    let opened = seal::open(&purpose, &private, &sealed).unwrap();
    assert_eq!(opened.expose(), value().expose());
    let secret = json!({
        "info": String::from_utf8(purpose.info().unwrap()).unwrap(),
        "box": HEXLOWER.encode(&sealed),
        "digest": Digest::of(&sealed),
    });
    let (by, task, name) = (upn("alice"), task_name(RESTART), super::parameter("pin"));
    let purpose = of_parameter(&by, &task, &name);
    let (sealed, said) = parameter();
    let inside = seal::open(&purpose, &private, &sealed).unwrap();
    let opened = seal::parameter(&inside, &said).unwrap();
    assert_eq!(opened.expose(), value().expose());
    let of_parameter = json!({
        "info": String::from_utf8(purpose.info().unwrap()).unwrap(),
        "box": HEXLOWER.encode(&sealed),
        "key": HEXLOWER.encode(&KEY),
        "said": said,
    });
    let vectors = json!({
        "private": HEXLOWER.encode(&PRIVATE),
        "public": PUBLIC,
        "ephemeral": HEXLOWER.encode(&EPHEMERAL),
        "value": "correct horse",
        "secret": secret,
        "parameter": of_parameter,
    });
    compare("sealed", &vectors);
}
