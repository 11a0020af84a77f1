//! One text for one statement: no mutation of a vector is a second spelling.
//!
//! Whatever is done to the bytes of a payload, an envelope or a leaf, either
//! they are **refused**, or they are **another** one: a value that is written
//! exactly so, whose signature does not hold. Were there a third case, two
//! people could read two things out of one signature. And nothing panics.

mod bytes;
mod random;
mod structure;

use std::fmt;
use std::sync::{Arc, LazyLock};

use writ_core::digest::Index;
use writ_core::entry::Entry;
use writ_core::envelope::{Envelope, PayloadType};
use writ_core::statement::Unverified;
use writ_core::testing::World;

use crate::vectors::{Vector, canonical, vectors};

/// What became of a mutated text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    Another,
}

/// Which bytes of a vector are mutated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Payload,
    Envelope,
    Leaf,
}

/// A text to be mutated.
struct Subject {
    vector: Vector,
    part: Part,
    text: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Vector { file, title, .. } = &self.vector;
        write!(f, "{:?} of {file} {title}", self.part)
    }
}

/// All texts of one part.
fn subjects(part: Part) -> Vec<Subject> {
    let text = |vector: &Vector| match part {
        Part::Payload => Some(vector.payload().to_owned()),
        Part::Envelope => Some(vector.envelope_text()),
        Part::Leaf => vector.leaf().map(|leaf| refused(&leaf)),
    };
    vectors()
        .into_iter()
        .filter_map(|vector| {
            let text = text(&vector)?;
            Some(Subject { vector, part, text })
        })
        .collect()
}

/// A leaf that says no: it has every member.
fn refused(leaf: &str) -> String {
    let mut entry = Entry::parse(leaf.as_bytes()).unwrap();
    entry.accepted = false;
    entry.code = Some("not-yet".into());
    String::from_utf8(entry.to_leaf().unwrap()).unwrap()
}

impl Subject {
    /// What becomes of other bytes in the place of the text. Panics if they are
    /// a second spelling, or if the signature holds for them.
    #[track_caller]
    fn fate(&self, bytes: &[u8]) -> Fate {
        assert_ne!(bytes, self.text.as_bytes(), "not a mutation");
        let known = &self.vector.envelope;
        match self.part {
            Part::Payload => {
                let read = (self.vector.reread)(bytes);
                let envelope = Envelope {
                    payload: bytes.to_vec(),
                    ..known.clone()
                };
                match read {
                    Ok(again) => {
                        self.is_its_only_spelling(bytes, &again);
                        self.is_not_signed(envelope)
                    }
                    Err(_) => {
                        assert!(Unverified::read(Arc::new(envelope)).is_err());
                        Fate::Refused
                    }
                }
            }
            Part::Envelope => {
                let Ok(envelope) = Envelope::parse(bytes) else {
                    return Fate::Refused;
                };
                let again = canonical(&serde_json::to_value(&envelope).unwrap());
                self.is_its_only_spelling(bytes, &again);
                assert_ne!(envelope, *known);
                self.is_not_signed(envelope)
            }
            Part::Leaf => {
                let Ok(entry) = Entry::parse(bytes) else {
                    return Fate::Refused;
                };
                let again = canonical(&serde_json::from_slice(bytes).unwrap());
                self.is_its_only_spelling(bytes, &again);
                assert_eq!(entry.to_leaf().unwrap(), bytes);
                Fate::Another
            }
        }
    }

    #[track_caller]
    fn is_its_only_spelling(&self, bytes: &[u8], again: &str) {
        assert!(
            bytes == again.as_bytes(),
            "{self}: a second spelling\n  {}\n  {again}",
            String::from_utf8_lossy(bytes)
        );
    }

    /// The vector's key did not sign an envelope, whatever it carries.
    #[track_caller]
    fn is_not_signed(&self, envelope: Envelope) -> Fate {
        let key = self.vector.key().public();
        let holds = match envelope.payload_type {
            PayloadType::Statement(_) => match Unverified::read(Arc::new(envelope)) {
                Ok(said) => said.verify(&key).is_ok(),
                // Of its type, and not of the form that its kind has.
                Err(_) => return Fate::Refused,
            },
            PayloadType::Session | PayloadType::KeyPossession => {
                let signature = &envelope.signature;
                signature.passkey.is_none()
                    && signature.keyid == key.id()
                    && key.verify(&envelope.pae(), &signature.sig)
            }
        };
        assert!(!holds, "{self}: the signature holds for other words");
        Fate::Another
    }
}

/// How many texts became what.
#[derive(Debug, Default)]
struct Tally {
    refused: usize,
    another: usize,
}

impl Tally {
    fn count(&mut self, fate: Fate) {
        match fate {
            Fate::Refused => self.refused += 1,
            Fate::Another => self.another += 1,
        }
    }
}

static READY: LazyLock<World> = LazyLock::new(World::ready);

/// The rules answer whatever can be read, signed or not, and the entry of it
/// can be written and read.
fn is_decided(payload_type: PayloadType, payload: &[u8]) {
    let envelope = Envelope {
        payload_type,
        payload: payload.to_vec(),
        ..READY.log[0].entry.envelope.as_ref().clone()
    };
    if let Ok(said) = Unverified::read(Arc::new(envelope)) {
        let (at, said) = (Index(READY.size()), said.trust_the_root());
        let (_, decided) = READY.state.apply(at, READY.now, &READY.node, &said);
        assert_eq!(Entry::parse(&decided.leaf), Ok(decided.entry));
    }
}
