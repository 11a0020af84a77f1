//! Secrets: whom they are for, which version they have, and what is said of them.

use std::collections::BTreeMap;

use writ_core::digest::{Digest, OrganizationId};
use writ_core::names::Name;
use writ_core::object::{Others, Policy, SealingAlgorithm, SealingKey, SecretVersion, Workload};
use writ_core::seal::{self, Purpose, SealError};
use writ_core::secret::Secret;
use writ_core::statement::{Invoke, Request, SealedValue};
use writ_core::testing::*;
use writ_core::value::{Constraint, Schema, Value, ValueType};
use zeroize::Zeroizing;

use crate::said::no;

pub(crate) fn all() {
    a_secret_stays_with_its_target_and_counts_up();
    a_secret_parameter_is_sealed_and_nothing_is_said_of_it();
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn version(version: u64) -> SecretVersion {
    SecretVersion {
        version,
        digest: Digest::of(format!("box {version}").as_bytes()),
    }
}

#[test]
fn a_secret_stays_with_its_target_and_counts_up() {
    let mut w = World::ready();
    let host = workload("Host");
    let with = |said: &[(&str, SecretVersion)]| Workload {
        secrets: said.iter().map(|(n, v)| (name(n), *v)).collect(),
        ..host.clone()
    };
    let refused = |w: &mut World, workload: Workload, code: &str| {
        let set = w.setting(workload);
        no(w, "admin", set, code)
    };
    refused(&mut w, with(&[("token", version(2))]), "secret-version");
    w.set(with(&[("token", version(1))]));
    // It is kept as it is, or it is the next one.
    w.set(with(&[("token", version(1)), ("pin", version(1))]));
    let other = SecretVersion {
        digest: Digest::of(b"another"),
        ..version(1)
    };
    let said = refused(&mut w, with(&[("token", other)]), "secret-version");
    assert!(said.to_string().contains("is 2"), "{said}");
    refused(&mut w, with(&[("token", version(3))]), "secret-version");
    w.set(with(&[("token", version(2)), ("pin", version(1))]));
    // Another target gets only what was given for it.
    let elsewhere = |said| Workload {
        origin: Some("https://elsewhere.example".into()),
        ..with(said)
    };
    let both = [("token", version(3)), ("pin", version(1))];
    let said = refused(&mut w, elsewhere(&both), "other-target");
    assert!(said.to_string().ends_with("writ secret set Host pin"));
    let reached = Workload {
        connector: name("http"),
        ..with(&[("token", version(2))])
    };
    refused(&mut w, reached, "other-target");
    w.set(elsewhere(&[("token", version(3))]));
    // And none comes back with the target that it was for.
    refused(&mut w, with(&both), "other-target");
    w.set(with(&[]));
    w.set(with(&[("token", version(1))]));
}

fn sealed(of: &[&str]) -> BTreeMap<writ_core::names::ParameterName, SealedValue> {
    let said = SealedValue {
        digest: Digest::of(b"a box"),
        hmac: Digest::of(b"a value"),
    };
    of.iter().map(|name| (parameter(name), said)).collect()
}

#[test]
fn a_secret_parameter_is_sealed_and_nothing_is_said_of_it() {
    let mut w = World::ready();
    let mut say = task(SAY, "/bin/echo", &["word"]);
    let pin = Schema {
        required: true,
        ..Schema::of(ValueType::Secret)
    };
    say.parameters.insert(parameter("pin"), pin);
    w.set(say);
    let limited = |constraint| Request {
        parameters: BTreeMap::from([(parameter("pin"), constraint)]),
        ..asking(SAY)
    };
    let one = Value::Text("1".into());
    for constraint in [
        Constraint::Equals(one.clone()),
        Constraint::OneOf(vec![one]),
        Constraint::Glob("*".into()),
    ] {
        let said = no(&mut w, "alice", limited(constraint), "parameters");
        assert!(said.to_string().contains("is a secret"), "{said}");
    }
    w.request("alice", SAY);
    let run = |secrets: &[&str]| Invoke {
        sealed: sealed(secrets),
        ..running(SAY, &[("word", "x")])
    };
    // Missing, in plain text, sealed though it is none, unknown.
    no(&mut w, "alice", run(&[]), "parameters");
    let mut plain = run(&[]);
    plain
        .parameters
        .insert(parameter("pin"), Value::Text("1".into()));
    no(&mut w, "alice", plain, "parameters");
    let mut word = run(&["pin", "word"]);
    word.parameters.clear();
    no(&mut w, "alice", word, "parameters");
    no(&mut w, "alice", run(&["pin", "other"]), "parameters");
    let elsewhere = Invoke {
        node: Some(name("another")),
        ..run(&["pin"])
    };
    no(&mut w, "alice", elsewhere, "other-node");
    let here = Invoke {
        node: Some(name("node1")),
        ..run(&["pin"])
    };
    w.yes("alice", here);
    // A policy that forbids it, or all that it does not name, forbids it.
    let policy = |constraints, others| Policy {
        parameters: constraints,
        others,
        ..auto(SAY, "staff")
    };
    let absent = BTreeMap::from([(parameter("pin"), Constraint::Absent)]);
    for forbidding in [
        policy(absent, Others::Allow),
        policy(BTreeMap::new(), Others::Refuse),
    ] {
        w.set(forbidding);
        no(&mut w, "alice", run(&["pin"]), "parameters");
    }
}

#[test]
fn a_node_is_named_only_where_something_is_sealed() {
    let mut w = World::ready();
    let run = Invoke {
        node: Some(name("node1")),
        ..running(SAY, &[("word", "x")])
    };
    let payload = w.payload("alice", run);
    let envelope = w.sign(&payload, "alice");
    let read = writ_core::statement::Unverified::read(envelope.into());
    assert!(read.unwrap_err().to_string().contains("node: only where"));
}

#[test]
fn a_box_opens_with_one_key_for_one_purpose() {
    let to = SealingKey {
        alg: SealingAlgorithm::X25519,
        public: writ_core::key::Hex::try_from(
            "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209".to_owned(),
        )
        .unwrap(),
    };
    let private = |byte| Zeroizing::new([byte; 32]);
    let (host, token) = (workload("Host"), name("token"));
    let purpose = Purpose::Secret {
        instance: OrganizationId(Digest::of(b"one")),
        workload: &host,
        name: &token,
        version: 1,
    };
    let secret = Secret::new(b"value".to_vec());
    let sealed = seal::seal(&purpose, &to, &private(9), &secret).unwrap();
    let opens = |purpose: &Purpose<'_>, key, sealed: &[u8]| {
        let opened = seal::open(purpose, &private(key), sealed);
        opened.map(|secret| secret.expose().to_vec())
    };
    assert_eq!(opens(&purpose, 1, &sealed), Ok(b"value".to_vec()));
    assert_eq!(opens(&purpose, 2, &sealed), Err(SealError));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(opens(&purpose, 1, &changed), Err(SealError), "byte {at}");
        assert_eq!(opens(&purpose, 1, &sealed[..at]), Err(SealError));
    }
    let moved = Workload {
        origin: Some("https://elsewhere.example".into()),
        ..host.clone()
    };
    let reached = Workload {
        connector: name("http"),
        ..host.clone()
    };
    let renamed = workload("Guest");
    let (other, id) = (name("pin"), OrganizationId(Digest::of(b"two")));
    let of = |instance, workload, name, version| Purpose::Secret {
        instance,
        workload,
        name,
        version,
    };
    let same = OrganizationId(Digest::of(b"one"));
    for purpose in [
        of(id, &host, &token, 1),
        of(same, &moved, &token, 1),
        of(same, &reached, &token, 1),
        of(same, &renamed, &token, 1),
        of(same, &host, &other, 1),
        of(same, &host, &token, 2),
    ] {
        assert_eq!(opens(&purpose, 1, &sealed), Err(SealError));
    }
    // Another spelling of the same name is the same name.
    let shouted = workload("HOST");
    let purpose = of(same, &shouted, &token, 1);
    assert_eq!(opens(&purpose, 1, &sealed), Ok(b"value".to_vec()));
    // A public key of small order makes a secret that everybody knows.
    let small = SealingKey {
        public: writ_core::key::Hex(vec![0; 32]),
        ..to
    };
    assert!(seal::seal(&purpose, &small, &private(9), &secret).is_err());
}

#[test]
fn a_parameter_is_what_its_statement_commits_to() {
    let inside = |key: u8, value: &[u8]| Secret::new([&[key; 32], value].concat());
    let (by, task, pin) = (upn("alice"), task_name(SAY), parameter("pin"));
    let purpose = Purpose::Parameter {
        instance: OrganizationId(Digest::of(b"one")),
        by: &by,
        task: &task,
        name: &pin,
    };
    let to = genesis().services.sealing;
    let key = Zeroizing::new([7; 32]);
    let value = Secret::new(b"value".to_vec());
    let (_, said) = seal::seal_parameter(&purpose, &to, &key, &key, &value).unwrap();
    let opened = |inside| seal::parameter(&inside, &said).map(|value| value.expose().to_vec());
    assert_eq!(opened(inside(7, b"value")), Ok(b"value".to_vec()));
    assert_eq!(opened(inside(7, b"valuE")), Err(SealError));
    assert_eq!(opened(inside(8, b"value")), Err(SealError));
    assert_eq!(opened(Secret::new(vec![7; 31])), Err(SealError));
}
