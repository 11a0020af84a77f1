//! Every byte taken away, every byte replaced, something put in everywhere.

use super::{Fate, Part, Subject, Tally, subjects};

/// What is likely to be read over: blanks, quotes, signs, digits, letters in
/// both cases, padding, bytes that no text has.
const TROUBLE: &[u8] = b" \n\"\\,:0-+.eA=}]\0\x80";

/// Every text that differs in one byte, or by one byte, of some choice.
fn mutations(text: &[u8], put_in: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let without = (0..text.len()).map(|at| [&text[..at], &text[at + 1..]].concat());
    let longer = (0..=text.len()).flat_map(move |at| {
        let (before, after) = text.split_at(at);
        put_in
            .iter()
            .map(move |byte| [before, &[*byte], after].concat())
    });
    let other = (0..text.len()).flat_map(move |at| {
        let byte = text[at];
        // Another case, the neighbours, and what it is put beside.
        let near = [byte ^ 0x20, byte ^ 1, byte.wrapping_add(1), byte ^ 0x80];
        put_in.iter().copied().chain(near).map(move |new| {
            let mut bytes = text.to_vec();
            bytes[at] = new;
            bytes
        })
    });
    let is_other = move |bytes: &Vec<u8>| bytes != text;
    without.chain(longer).chain(other).filter(is_other)
}

fn every_byte(subject: &Subject, put_in: &[u8]) {
    let mut tally = Tally::default();
    for bytes in mutations(subject.text.as_bytes(), put_in) {
        tally.count(subject.fate(&bytes));
    }
    let Tally { refused, another } = tally;
    // Another time is another statement, so a few are; most are nothing at all.
    assert!(another > 0 && refused > another / 2, "{subject}: {tally:?}");
}

#[test]
fn no_byte_of_a_payload_has_two_spellings() {
    for subject in subjects(Part::Payload) {
        every_byte(&subject, TROUBLE);
    }
}

#[test]
fn no_byte_of_an_envelope_has_two_spellings() {
    for subject in subjects(Part::Envelope) {
        every_byte(&subject, b" \"=A\\");
    }
}

#[test]
fn no_byte_of_a_leaf_has_two_spellings() {
    for subject in subjects(Part::Leaf) {
        every_byte(&subject, b" \"0");
    }
}

#[test]
fn what_stands_before_or_after_is_refused() {
    for part in [Part::Payload, Part::Envelope, Part::Leaf] {
        for subject in subjects(part) {
            let text = subject.text.as_bytes();
            for odd in [
                " ", "\n", "\r\n", "\t", "\0", "\u{feff}", ",", "{}", "null", "]", "}", "//",
            ] {
                let odd = odd.as_bytes();
                for bytes in [[odd, text].concat(), [text, odd].concat()] {
                    assert_eq!(subject.fate(&bytes), Fate::Refused, "{subject}");
                }
            }
            assert_eq!(subject.fate(&[text, text].concat()), Fate::Refused);
            assert_eq!(subject.fate(b""), Fate::Refused);
        }
    }
}
