//! Altered files: no byte of one can be another.

use std::thread;

use writ_core::digest::OrganizationId;
use writ_core::proof::{ProofError, check};

use super::{end_of, small};

/// Which line the error names, if it names one.
fn line(error: &ProofError) -> Option<usize> {
    let text = error.to_string();
    let (number, _) = text.strip_prefix("line ")?.split_once(':')?;
    number.parse().ok()
}

struct Sample {
    bytes: Vec<u8>,
    organization: OrganizationId,
}

impl Sample {
    fn new() -> Self {
        let (w, run) = small();
        Self {
            bytes: w.prove(end_of(&w, run)).to_bytes(),
            organization: w.organization(),
        }
    }

    /// The file is refused; where the error names a line, it is that one.
    #[track_caller]
    fn refused(&self, bytes: &[u8], place: usize) {
        let Err(error) = check(bytes, self.organization) else {
            panic!(
                "byte {place} may be another: {}",
                String::from_utf8_lossy(bytes)
            );
        };
        let before = &self.bytes[..place];
        let at = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let is_in_leaf = before
            .rsplit(|byte| *byte == b'\n')
            .next()
            .unwrap()
            .contains(&b'{');
        if let Some(named) = line(&error).filter(|_| is_in_leaf && self.bytes[place] != b'\n') {
            // Of two times in the wrong order, the second one is named.
            let near = named == at || named == at + 1;
            assert!(near, "byte {place} of line {at}: {error}");
        }
    }

    /// Tries something at every byte, on all processors.
    fn everywhere(&self, alter: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Sync) {
        let workers = thread::available_parallelism().map_or(2, usize::from);
        thread::scope(|scope| {
            for worker in 0..workers {
                let alter = &alter;
                scope.spawn(move || {
                    for place in (worker..self.bytes.len()).step_by(workers) {
                        for bytes in alter(place, &self.bytes) {
                            self.refused(&bytes, place);
                        }
                    }
                });
            }
        });
    }
}

fn with(bytes: &[u8], place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[place] = byte;
    bytes
}

#[test]
fn every_changed_byte_is_refused() {
    let sample = Sample::new();
    check(&sample.bytes, sample.organization).unwrap();
    sample.everywhere(|place, bytes| {
        let byte = bytes[place];
        let mut changed = vec![with(bytes, place, byte ^ 1)];
        if byte.is_ascii_alphabetic() {
            changed.push(with(bytes, place, byte ^ 0x20));
        }
        changed
    });
}

/// What is not inside a leaf is little, so there more is tried: every byte that
/// could mean something, and every byte too many or too few.
#[test]
fn every_change_of_the_frame_is_refused() {
    let sample = Sample::new();
    let frame: Vec<bool> = sample
        .bytes
        .split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| {
            let leaf = line
                .iter()
                .position(|byte| *byte == b'{')
                .unwrap_or(line.len());
            (0..line.len()).map(move |at| at < leaf || at + 1 == line.len())
        })
        .collect();
    assert!(frame.iter().filter(|inside| **inside).count() > 400);
    sample.everywhere(|place, bytes| {
        if !frame[place] {
            return Vec::new();
        }
        let other = [
            bytes[place] ^ 1,
            bytes[place] ^ 0x20,
            b'0',
            b'9',
            b'a',
            b'A',
            b'=',
            0xff,
        ];
        let other = other.into_iter().chain(*b" \r\n-+{");
        let other = other.filter(|byte| *byte != bytes[place]);
        let mut changed: Vec<_> = other.map(|byte| with(bytes, place, byte)).collect();
        let mut shorter = bytes.to_vec();
        shorter.remove(place);
        changed.push(shorter);
        for extra in *b"\n 0=fF{\xff" {
            let mut longer = bytes.to_vec();
            longer.insert(place, extra);
            changed.push(longer);
        }
        changed
    });
    for end in [&b"\n"[..], b" ", b"\0", b"x\n", b"\xe2\x80\x94 x eA==\n"] {
        let longer = [&sample.bytes, end].concat();
        assert!(check(&longer, sample.organization).is_err(), "{end:?}");
    }
}

#[test]
fn every_beginning_of_a_file_is_refused() {
    let sample = Sample::new();
    for length in 0..sample.bytes.len() {
        let cut = &sample.bytes[..length];
        assert!(check(cut, sample.organization).is_err(), "{length} bytes");
    }
}

#[test]
fn every_line_has_its_place() {
    let sample = Sample::new();
    let lines: Vec<&[u8]> = sample.bytes.split_inclusive(|b| *b == b'\n').collect();
    let mut altered = Vec::new();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        altered.push(without);
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        altered.push(twice);
        for other in at + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            altered.push(swapped);
        }
    }
    for altered in altered {
        let bytes = altered.concat();
        // The two empty lines are one another.
        if bytes != sample.bytes {
            let text = String::from_utf8_lossy(&bytes);
            assert!(check(&bytes, sample.organization).is_err(), "{text}");
        }
    }
}
