//! Vectors: the format by example, for whoever writes it in another language.
//!
//! `tests/vectors/` has a file for each kind of statement and each noun, with
//! the keys, the payload, its PAE, the digest, the envelope and the leaf. They
//! are about form, not about rules: each leaf says yes at the time of its
//! statement, whatever State would say. `docs/statements.md` explains them.
//!
//! They may change until the first tagged release, and not after it: what was
//! signed once must be read for ever.

mod bodies;
mod log;
pub(crate) mod members;
mod objects;
mod sealed;

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use writ_core::digest::Digest;
use writ_core::entry::Entry;
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::json;
use writ_core::key::{Hex, SigningKey};
use writ_core::log::leaf_hash;
use writ_core::names::Name;
use writ_core::object::{Object, ObjectName};
use writ_core::statement::{Enrol, Genesis, Payload, Session, Set, Unverified, read_payload, sign};
use writ_core::testing::*;

use crate::written;

/// One statement, or something else that is signed.
pub(crate) struct Vector {
    /// The file it is in.
    pub(crate) file: String,
    /// Which of that file: `minimal`, `full`, a noun.
    pub(crate) title: &'static str,
    /// Whose key signed it.
    pub(crate) label: &'static str,
    /// The signed bytes.
    pub(crate) envelope: Envelope,
    /// Reads a payload of its type, and writes it by another way than `json::write`.
    pub(crate) reread: fn(&[u8]) -> Result<String, String>,
}

impl Vector {
    pub(crate) fn key(&self) -> SigningKey {
        key(self.label)
    }

    pub(crate) fn payload(&self) -> &str {
        std::str::from_utf8(&self.envelope.payload).unwrap()
    }

    pub(crate) fn envelope_text(&self) -> String {
        String::from_utf8(json::write(&self.envelope).unwrap()).unwrap()
    }

    /// The leaf of an entry that says yes at the time of the statement; none of
    /// what is no statement.
    pub(crate) fn leaf(&self) -> Option<String> {
        let PayloadType::Statement(_) = self.envelope.payload_type else {
            return None;
        };
        let read = Unverified::read(Arc::new(self.envelope.clone())).unwrap();
        let entry = Entry {
            accepted: true,
            code: None,
            envelope: Arc::new(self.envelope.clone()),
            node: Name::parse("node1").unwrap(),
            time: read.statement().at,
        };
        Some(String::from_utf8(entry.to_leaf().unwrap()).unwrap())
    }
}

/// Reads a payload and writes it with nothing but serde_json, members sorted by
/// UTF-16 code units: what `json::write` should write, said once more.
fn reread<B: Body>(payload: &[u8]) -> Result<String, String> {
    let payload: Payload<B> = read_payload(payload).map_err(|error| error.to_string())?;
    Ok(canonical(&serde_json::to_value(&payload).unwrap()))
}

pub(crate) fn canonical(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => panic!("null is never written"),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let sorted: BTreeMap<Vec<u16>, _> = members
                .iter()
                .map(|(name, member)| (name.encode_utf16().collect(), (name, member)))
                .collect();
            let members: Vec<_> = sorted
                .into_values()
                .map(|(name, member)| {
                    let name = Value::String(name.clone());
                    format!("{name}:{}", canonical(member))
                })
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// Whatever can be read again.
trait Body: Clone + Serialize + for<'de> Deserialize<'de> {}
impl<B: Clone + Serialize + for<'de> Deserialize<'de>> Body for B {}

/// Makes vectors: an organization, and who says what in it.
struct Maker {
    world: World,
    vectors: Vec<Vector>,
}

/// Who, and the label of whose key.
type By = (&'static str, &'static str);

impl Maker {
    fn both<B: Say + Body>(&mut self, by: By, [minimal, full]: [B; 2]) {
        self.say("minimal", by, minimal);
        self.say("full", by, full);
    }

    fn say<B: Say + Body>(&mut self, title: &'static str, by: By, body: B) {
        self.say_in(B::KIND.name(), title, by, body);
    }

    fn say_in<B: Say + Body>(&mut self, file: &str, title: &'static str, by: By, body: B) {
        let mut payload = self.payload(file, title, by.0, body);
        B::prove(&mut payload, &key("alice"));
        let payload_type = PayloadType::Statement(B::KIND);
        self.add(file, title, by.1, payload_type, &payload);
    }

    /// The nonce is made of the vector's name, so that it does not hang on the
    /// others.
    fn payload<B>(&mut self, file: &str, title: &str, who: &str, body: B) -> Payload<B> {
        let nonce = Digest::of(format!("{file} {title}").as_bytes());
        Payload {
            nonce: Hex(nonce.as_bytes()[..16].to_vec()),
            ..self.world.payload(who, body)
        }
    }

    fn add<B: Body>(
        &mut self,
        file: &str,
        title: &'static str,
        label: &'static str,
        payload_type: PayloadType,
        payload: &Payload<B>,
    ) {
        self.vectors.push(Vector {
            file: file.to_owned(),
            title,
            label,
            envelope: sign(payload_type, payload, &key(label)).unwrap(),
            reread: reread::<B>,
        });
    }
}

/// All that is signed, in the order of the documentation.
pub(crate) fn vectors() -> Vec<Vector> {
    let admin = ("admin", "admin");
    let alice = ("alice", "alice");
    let bob = ("bob", "bob");
    let mut maker = Maker {
        world: World::empty(),
        vectors: Vec::new(),
    };
    // The organization of all others is the one that the first founds: it is
    // also that of the log in the other files.
    let world = World::founded();
    maker.vectors.push(Vector {
        file: Kind::Genesis.name().to_owned(),
        title: "minimal",
        label: "admin",
        envelope: world.log[0].entry.envelope.as_ref().clone(),
        reread: reread::<Genesis>,
    });
    maker.say("full", admin, bodies::full_genesis());
    maker.world = world;

    for (noun, objects) in objects::objects() {
        for (title, object) in objects {
            let set = setting(Some(object), None);
            maker.say_in(&format!("set-{noun}"), title, admin, set);
        }
    }
    for (noun, name) in objects::removals() {
        maker.say_in("set-remove", noun, admin, setting(None, Some(name)));
    }
    maker.both(("alice", "invitation"), bodies::enrolments());
    maker.say("full", alice, bodies::revoke_key());
    maker.both(alice, bodies::signouts());
    maker.both(alice, bodies::requests());
    maker.both(bob, bodies::approvals());
    maker.both(bob, bodies::ends());
    maker.both(alice, bodies::invocations());
    maker.both(("node", "runner"), bodies::outcomes());
    maker.say("full", admin, bodies::recover());
    maker.both(("node", "log"), bodies::ticks());

    let until = objects::later(43_200);
    let session = maker.payload("session", "full", "alice", Session { until });
    maker.add("session", "full", "alice", PayloadType::Session, &session);
    let enrol = find(&maker.vectors, "enrol", "minimal");
    let mut bare: Payload<Enrol> = read_payload(&enrol.envelope.payload).unwrap();
    bare.body.proof = None;
    let payload_type = PayloadType::KeyPossession;
    maker.add("key-possession", "minimal", "alice", payload_type, &bare);
    maker.vectors
}

fn setting(object: Option<Object>, remove: Option<ObjectName>) -> Set {
    Set {
        object,
        remove,
        seen: 42,
    }
}

pub(crate) fn find<'a>(vectors: &'a [Vector], file: &str, title: &str) -> &'a Vector {
    vectors
        .iter()
        .find(|vector| vector.file == file && vector.title == title)
        .unwrap()
}

/// A vector as its file has it. Texts are exactly the bytes that are meant.
#[derive(Serialize)]
struct Written<'a> {
    title: &'a str,
    key: WrittenKey,
    payload_type: PayloadType,
    payload: &'a str,
    pae: String,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf_hash: Option<String>,
}

#[derive(Serialize)]
struct WrittenKey {
    seed: String,
    alg: &'static str,
    public: String,
    id: String,
}

impl WrittenKey {
    fn new(key: &SigningKey) -> Self {
        let public = key.public();
        Self {
            seed: HEXLOWER.encode(key.seed()),
            alg: public.alg.name(),
            id: public.id().to_string(),
            public: public.public.into(),
        }
    }
}

impl<'a> Written<'a> {
    fn new(vector: &'a Vector) -> Self {
        let envelope = &vector.envelope;
        let is_sent = envelope.payload_type != PayloadType::KeyPossession;
        let text = vector.envelope_text();
        let is_session = envelope.payload_type == PayloadType::Session;
        let leaf = vector.leaf();
        Self {
            title: vector.title,
            key: WrittenKey::new(&vector.key()),
            payload_type: envelope.payload_type,
            payload: vector.payload(),
            pae: HEXLOWER.encode(&envelope.pae()),
            digest: envelope.digest().to_string(),
            signature: (!is_sent).then(|| HEXLOWER.encode(&envelope.signature.sig)),
            authorization: is_session
                .then(|| format!("Writ {}", BASE64URL_NOPAD.encode(text.as_bytes()))),
            envelope: is_sent.then_some(text),
            leaf_hash: leaf
                .as_ref()
                .map(|leaf| leaf_hash(leaf.as_bytes()).to_string()),
            leaf,
        }
    }
}

/// Compares a file of vectors; or writes it.
fn compare<T: Serialize>(name: &str, vectors: &T) {
    let text = serde_json::to_string_pretty(vectors).unwrap();
    written::compare(&format!("tests/vectors/{name}.json"), &format!("{text}\n"));
}

#[test]
fn the_vectors_are_as_they_were() {
    let vectors = vectors();
    let files = vectors.chunk_by(|a, b| a.file == b.file);
    for file in files {
        let written: Vec<_> = file.iter().map(Written::new).collect();
        compare(&file[0].file, &written);
    }
}

#[test]
fn the_proof_of_an_enrolment_is_the_new_keys_signature() {
    let vectors = vectors();
    let enrol = &find(&vectors, "enrol", "minimal").envelope;
    let payload: Payload<Enrol> = read_payload(&enrol.payload).unwrap();
    let possession = &find(&vectors, "key-possession", "minimal").envelope;
    assert_eq!(payload.body.proof.unwrap().0, possession.signature.sig);
}

/// What the files promise: each vector reads back, and its signature holds.
#[test]
fn the_vectors_verify() {
    for vector in vectors() {
        let (file, title) = (&vector.file, vector.title);
        assert_eq!(
            (vector.reread)(&vector.envelope.payload).as_deref(),
            Ok(vector.payload()),
            "{file} {title}"
        );
        let text = vector.envelope_text();
        assert_eq!(
            Envelope::parse(text.as_bytes()).as_ref(),
            Ok(&vector.envelope)
        );
        let public = vector.key().public();
        let envelope = Arc::new(vector.envelope.clone());
        match envelope.payload_type {
            PayloadType::Statement(_) => {
                let said = Unverified::read(envelope).unwrap().verify(&public).unwrap();
                assert_eq!(said.digest(), vector.envelope.digest());
                let leaf = vector.leaf().unwrap();
                let entry = Entry::parse(leaf.as_bytes()).unwrap();
                assert_eq!(entry.envelope, *said.envelope());
            }
            PayloadType::Session | PayloadType::KeyPossession => {
                assert!(public.verify(&envelope.pae(), &envelope.signature.sig));
            }
        }
    }
}
