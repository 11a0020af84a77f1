//! The vectors of keys, entries, checkpoints and codes.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde::Serialize;
use serde_json::json;
use writ_core::digest::{Digest, Index};
use writ_core::key::{Algorithm, Hex, PublicKey, SigningKey};
use writ_core::log::{
    Checkpoint, Frontier, Verifier, inclusion_root, leaf_hash, prove_inclusion, root_of,
};
use writ_core::state::Decided;
use writ_core::testing::*;
use writ_core::view::Receipt;
use zeroize::Zeroizing;

use super::{WrittenKey, compare};

/// The base point of P-256: a sound key.
fn p256() -> PublicKey {
    let point = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    PublicKey {
        alg: Algorithm::P256,
        public: Hex::try_from(point.to_owned()).unwrap(),
    }
}

#[test]
fn keys() {
    let p256 = p256();
    assert!(p256.is_sound());
    let labels = [
        "admin",
        "recovery",
        "log",
        "runner",
        "alice",
        "bob",
        "invitation",
    ];
    let ed25519: Vec<_> = labels.map(|label| WrittenKey::new(&key(label))).into();
    let p256 = json!({
        "alg": p256.alg.name(),
        "id": p256.id(),
        "public": p256.public,
    });
    compare("keys", &json!({ "ed25519": ed25519, "p256": [p256] }));
}

/// An organization whose log ends with a yes and a no.
fn small() -> World {
    let mut world = World::founded();
    world.join("alice");
    world.set(group("staff", &["alice"]));
    assert_eq!(world.no("alice", asking(SAY)), "never-enabled");
    world
}

#[derive(Serialize)]
struct WrittenEntry<'a> {
    title: &'a str,
    leaf: &'a str,
    leaf_hash: Digest,
    receipt: Receipt,
}

impl<'a> WrittenEntry<'a> {
    fn new(title: &'a str, decided: &'a Decided) -> Self {
        Self {
            title,
            leaf: std::str::from_utf8(&decided.leaf).unwrap(),
            leaf_hash: decided.leaf_hash,
            receipt: Receipt {
                index: decided.index,
                time: decided.entry.time,
                digest: decided.digest,
                accepted: decided.entry.accepted,
                code: decided.entry.code.clone(),
            },
        }
    }
}

#[test]
fn entries() {
    let world = small();
    let [.., accepted, refused] = world.log.as_slice() else {
        unreachable!()
    };
    compare(
        "entries",
        &[
            WrittenEntry::new("accepted", accepted),
            WrittenEntry::new("refused", refused),
        ],
    );
}

#[test]
fn checkpoint() {
    let world = small();
    let hashes: Vec<_> = world.log.iter().map(|decided| decided.leaf_hash).collect();
    let checkpoint = Checkpoint {
        origin: world.state.origin().unwrap(),
        size: world.size(),
        root: root_of(&hashes),
    };
    let mut frontier = Frontier::default();
    for leaf in world.leaves() {
        frontier.push_leaf(leaf);
    }
    assert_eq!(frontier.root(), checkpoint.root);
    let note = checkpoint.sign(&key("log")).unwrap();
    let verifier = Verifier::new(&checkpoint.origin, &key("log").public()).unwrap();
    let index = world.size() - 2;
    let path = prove_inclusion(&hashes, index as usize).unwrap();
    let leaf = &world.log[index as usize].leaf;
    let proved = inclusion_root(leaf_hash(leaf), index, checkpoint.size, &path);
    assert_eq!(proved, Some(checkpoint.root));
    compare(
        "checkpoint",
        &json!({
            "key": WrittenKey::new(&key("log")),
            "verifier": verifier.to_string(),
            "leaf_hashes": hashes,
            "root": checkpoint.root,
            "note": note,
            "inclusion": { "index": Index(index), "path": path },
        }),
    );
}

/// As `docs/statements.md` says it; the client has the code that people use,
/// and a test that reads this file.
fn code(purpose: &str, seed: &[u8], organization: &Digest) -> String {
    let mark = &organization.as_bytes()[..8];
    let check = Digest::of_parts(&[purpose.as_bytes(), b"\0", seed, mark]);
    let bytes = [seed, mark, &check.as_bytes()[..1]].concat();
    let letters = BASE32_NOPAD.encode(&bytes).into_bytes();
    let groups: Vec<_> = letters
        .chunks(5)
        .map(|group| String::from_utf8_lossy(group))
        .collect();
    groups.join("-")
}

#[test]
fn codes() {
    let organization = World::founded().organization();
    let invited = [7; 16];
    let paper = [9; 16];
    let alice = upn("alice");
    let invitation = SigningKey::from_invitation(&invited, organization, &alice);
    let recovery = Digest::of_parts(&[b"writ-recovery\0", &paper]);
    let recovery = SigningKey::from_seed(Zeroizing::new(*recovery.as_bytes()));
    compare(
        "codes",
        &json!({
            "organization": organization,
            "invitation": {
                "seed": HEXLOWER.encode(&invited),
                "code": code("invitation", &invited, &organization.0),
                "person": alice,
                "key": WrittenKey::new(&invitation),
            },
            "recovery": {
                "seed": HEXLOWER.encode(&paper),
                "code": code("recovery", &paper, &organization.0),
                "key": WrittenKey::new(&recovery),
            },
        }),
    );
}
