//! Several bytes at once, by chance.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{Part, Subject, Tally, is_decided, subjects};

/// One change of some bytes. Places are fractions of the length.
#[derive(Clone, Debug)]
enum Change {
    Remove(u16, u8),
    Insert(u16, Vec<u8>),
    Replace(u16, Vec<u8>),
    /// Copies a range to somewhere else.
    Copy(u16, u8, u16),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    // JSON's own bytes, and any.
    let json = proptest::sample::select(br#"{}[]":,\0123456789abcdefnulltrse.-+ E"#.to_vec());
    let bytes = || vec(prop_oneof![4 => json.clone(), 1 => any::<u8>()], 1..5);
    let change = prop_oneof![
        (any::<u16>(), 1_u8..40).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<u16>(), bytes()).prop_map(|(at, new)| Change::Insert(at, new)),
        (any::<u16>(), bytes()).prop_map(|(at, new)| Change::Replace(at, new)),
        (any::<u16>(), 1_u8..40, any::<u16>())
            .prop_map(|(from, length, to)| Change::Copy(from, length, to)),
    ];
    vec(change, 1..5)
}

fn changed(text: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for change in changes {
        let place = |fraction: u16| usize::from(fraction) * bytes.len() / 65_536;
        let end = |at: usize, length: usize| (at + length).min(bytes.len());
        match change {
            Change::Remove(at, length) => {
                let at = place(*at);
                bytes.drain(at..end(at, usize::from(*length)));
            }
            Change::Insert(at, new) => {
                let at = place(*at);
                bytes.splice(at..at, new.iter().copied());
            }
            Change::Replace(at, new) => {
                let at = place(*at);
                bytes.splice(at..end(at, new.len()), new.iter().copied());
            }
            Change::Copy(from, length, to) => {
                let (from, to) = (place(*from), place(*to));
                let copy = bytes[from..end(from, usize::from(*length))].to_vec();
                bytes.splice(to..to, copy);
            }
        }
    }
    bytes
}

fn all() -> Vec<Subject> {
    [Part::Payload, Part::Envelope, Part::Leaf]
        .into_iter()
        .flat_map(subjects)
        .collect()
}

#[test]
fn no_random_change_is_a_second_spelling() {
    let subjects = all();
    let chosen = (0..subjects.len(), changes());
    let config = ProptestConfig {
        cases: 100_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let tally = RefCell::new(Tally::default());
    let mut runner = TestRunner::new(config);
    let result = runner.run(&chosen, |(which, changes)| {
        let subject = &subjects[which];
        let bytes = changed(subject.text.as_bytes(), &changes);
        if bytes != subject.text.as_bytes() {
            tally.borrow_mut().count(subject.fate(&bytes));
        }
        if subject.part == Part::Payload {
            is_decided(subject.vector.envelope.payload_type, &bytes);
        }
        Ok(())
    });
    result.unwrap();
    let tally = tally.into_inner();
    assert!(tally.refused > 1_000 && tally.another > 100, "{tally:?}");
}
