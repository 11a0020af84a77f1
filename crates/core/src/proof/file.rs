//! The text of a writ file.
//!
//! ```text
//! writ/1 7
//! 0 {"accepted":true,"envelope":…}
//! 7 {"accepted":true,"envelope":…}
//!
//! 5f083f0a1a33ca07…
//!
//! fabrikam.example/writ/0123…
//! 12
//! CsUYapGGPo4d…
//!
//! — fabrikam.example/writ/0123… Az3grl…
//! ```
//!
//! A line that says which entry the file is about. A line for each entry, in the
//! order of the log: its index and its leaf, byte for byte what the log's tree
//! holds. An empty line; the hashes of the shared proof
//! ([`crate::log::shared_root`]). An empty line; the checkpoint, a signed note.

use std::collections::BTreeMap;

use crate::digest::{Digest, Index};
use crate::proof::ProofError;

const HEADER: &str = "writ/1 ";

/// The line of an entry of the file, both counted from its beginning: lines
/// from 1, entries from 0.
pub(super) const fn line_of(place: usize) -> usize {
    place + 2
}

/// A writ file, read or to be written; nothing of it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WritFile {
    /// The entry that it is about.
    pub about: Index,
    /// The leaves of its entries.
    pub leaves: BTreeMap<Index, Vec<u8>>,
    /// The hashes that lead from them to the root.
    pub hashes: Vec<Digest>,
    /// The checkpoint that the root is of.
    pub checkpoint: String,
}

impl WritFile {
    /// Writes the text; what [`parse`](Self::parse) reads, if every leaf is one.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{HEADER}{}\n", self.about).into_bytes();
        for (index, leaf) in &self.leaves {
            bytes.extend(format!("{index} ").bytes());
            bytes.extend(leaf);
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        for hash in &self.hashes {
            bytes.extend(format!("{hash}\n").bytes());
        }
        bytes.push(b'\n');
        bytes.extend(self.checkpoint.bytes());
        bytes
    }

    /// Reads a text. Each file has one: nothing is trimmed, folded or left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut lines = Lines { rest: bytes, at: 0 };
        let about = lines.next()?.strip_prefix(HEADER).and_then(number);
        let about = about.ok_or_else(|| {
            lines.wrong("expected `writ/1` and the index of the entry that it is about")
        })?;
        let mut leaves = BTreeMap::new();
        loop {
            let line = lines.next()?;
            if line.is_empty() {
                break;
            }
            let (index, leaf) = entry(line)
                .ok_or_else(|| lines.wrong("expected the index of an entry, a space, its leaf"))?;
            if leaves
                .last_key_value()
                .is_some_and(|(last, _)| *last >= index)
            {
                return Err(lines.wrong("entries stand in the order of the log, each once"));
            }
            leaves.insert(index, leaf);
        }
        let mut hashes = Vec::new();
        loop {
            let line = lines.next()?;
            if line.is_empty() {
                break;
            }
            hashes.push(line.parse().map_err(|error| lines.wrong(error))?);
        }
        let checkpoint = std::str::from_utf8(lines.rest)
            .map_err(|_| lines.after().wrong("the checkpoint is not UTF-8"))?
            .to_owned();
        Ok(Self {
            about,
            leaves,
            hashes,
            checkpoint,
        })
    }
}

/// A number in its one spelling.
fn number(text: &str) -> Option<Index> {
    let index = Index(text.parse().ok()?);
    (index.to_string() == text).then_some(index)
}

/// `7 {…}`
fn entry(line: &str) -> Option<(Index, Vec<u8>)> {
    let (index, leaf) = line.split_once(' ')?;
    Some((number(index)?, leaf.into()))
}

/// What is left of a text, and how many lines were taken from it.
struct Lines<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, ProofError> {
        self.at += 1;
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let parted = end.and_then(|end| Some((self.rest.get(..end)?, self.rest.get(end + 1..)?)));
        let Some((line, rest)) = parted else {
            return Err(self.wrong("the file ends here, before its checkpoint"));
        };
        self.rest = rest;
        std::str::from_utf8(line).map_err(|_| self.wrong("is not UTF-8"))
    }

    fn after(mut self) -> Self {
        self.at += 1;
        self
    }

    fn wrong(&self, problem: impl std::fmt::Display) -> ProofError {
        ProofError::Form {
            line: self.at,
            problem: problem.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> WritFile {
        WritFile {
            about: Index(12),
            leaves: BTreeMap::from([
                (Index(0), b"{\"a\":1}".to_vec()),
                (Index(12), b"{\"b\":2}".to_vec()),
            ]),
            hashes: vec![Digest::of(b"x"), Digest::of(b"y")],
            checkpoint: "origin\n13\nroot\n\n— origin signature\n".to_owned(),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for file in [
            file(),
            WritFile {
                hashes: Vec::new(),
                ..file()
            },
            WritFile {
                about: Index(0),
                leaves: BTreeMap::new(),
                hashes: Vec::new(),
                checkpoint: String::new(),
            },
        ] {
            assert_eq!(WritFile::parse(&file.to_bytes()), Ok(file));
        }
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        let good = String::from_utf8(file().to_bytes()).unwrap();
        let hash = Digest::of(b"x").to_string();
        for (from, to, wrong) in [
            ("writ/1", "writ/2", 1),
            ("writ/1", " writ/1", 1),
            ("writ/1 12", "writ/1 012", 1),
            ("writ/1 12", "writ/1  12", 1),
            ("writ/1 12", "writ/1 12 ", 1),
            ("writ/1 12", "writ/1", 1),
            ("0 {\"a", "00 {\"a", 2),
            ("0 {\"a", "+0 {\"a", 2),
            ("0 {\"a", "0{\"a", 2),
            ("0 {\"a", "-1 {\"a", 2),
            ("0 {\"a", "18446744073709551616 {\"a", 2),
            ("0 {\"a", "12 {\"a", 3),
            ("0 {\"a", "13 {\"a", 3),
            ("12 {", "0 {", 3),
            (&*hash, &hash.to_uppercase(), 5),
            (&*hash, &hash[1..], 5),
            (&*hash, &format!("{hash} "), 5),
            (&*hash, &format!("{hash}\r"), 5),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            match WritFile::parse(bad.as_bytes()) {
                Err(ProofError::Form { line, .. }) => assert_eq!(line, wrong, "{bad}"),
                other => panic!("{bad}: {other:?}"),
            }
        }
        // As far as the second empty line, nothing may be missing.
        let end = good.find("\norigin").unwrap();
        for length in 0..=end {
            assert!(WritFile::parse(&good.as_bytes()[..length]).is_err());
        }
        let mut bytes = good.clone().into_bytes();
        for place in 0..bytes.len() {
            let before = std::mem::replace(&mut bytes[place], 0xff);
            let above = &good.as_bytes()[..place];
            let line = above.iter().filter(|byte| **byte == b'\n').count() + 1;
            let line = if place > end { 8 } else { line };
            match WritFile::parse(&bytes) {
                Err(ProofError::Form { line: named, .. }) => {
                    assert!(named == line || before == b'\n', "{place}");
                }
                other => panic!("{place}: {other:?}"),
            }
            bytes[place] = before;
        }
    }
}
