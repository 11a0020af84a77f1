//! Checkpoints: the size and root of a log, signed.
//!
//! A **checkpoint** is a signed note of three lines: the **origin**, which
//! names the log; the **size** in decimal; the **root** in base64. There is no
//! time in it and no extension line, so one log has one checkpoint of each
//! size, the same bytes whoever asks and whenever: two that differ are proof of
//! a split log. (<https://c2sp.org/tlog-checkpoint>)

use std::fmt;

use data_encoding::BASE64;

use crate::digest::Digest;
use crate::key::{PublicKey, SigningKey};
use crate::log::{NoteError, Verifier, open_note, sign_note};

/// What a log was, at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log, and the key that signs for it: `example.com/log42`.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree of that size.
    pub root: Digest,
}

impl Checkpoint {
    /// The three lines that are signed.
    pub fn text(&self) -> String {
        let root = BASE64.encode(self.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Signs; gives the whole note. Fails only if the origin cannot name a key.
    pub fn sign(&self, key: &SigningKey) -> Result<String, NoteError> {
        sign_note(&self.text(), &self.origin, key)
    }

    /// The size that a note says, if it is the note of a checkpoint; not checked.
    pub fn size_said(note: &str) -> Option<u64> {
        note.lines().nth(1)?.parse().ok()
    }

    /// Reads the checkpoint of one log, signed by that log's key.
    pub fn open(note: &str, origin: &str, key: &PublicKey) -> Result<Self, CheckpointError> {
        let verifier = Verifier::new(origin, key).map_err(CheckpointError::Note)?;
        let note = open_note(note, &verifier).map_err(CheckpointError::Note)?;
        let checkpoint = Self::parse(note.text()).ok_or(CheckpointError::Form)?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::Origin {
                expected: origin.to_owned(),
                found: checkpoint.origin,
            });
        }
        Ok(checkpoint)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let checkpoint = Self {
            origin: lines.next()?.to_owned(),
            size: lines.next()?.parse().ok()?,
            root: Digest::from_bytes(
                BASE64
                    .decode(lines.next()?.as_bytes())
                    .ok()?
                    .try_into()
                    .ok()?,
            ),
        };
        // Written again it is the same text, or it was another spelling of it.
        (checkpoint.text() == text).then_some(checkpoint)
    }
}

/// Why a note is not a checkpoint of the log in question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is not a note, or not signed by the log's key.
    Note(NoteError),
    /// It is signed, but it is not origin, size and root, each spelt as it must be.
    Form,
    /// It is signed by the log's key, for another log.
    Origin {
        /// The origin of the log in question.
        expected: String,
        /// The origin that the checkpoint names.
        found: String,
    },
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => error.fmt(f),
            Self::Form => f.write_str(
                "not a checkpoint: expected three lines, the origin, the size in decimal and the \
                 root in base64",
            ),
            Self::Origin { expected, found } => write!(
                f,
                "a checkpoint of another log: expected the origin `{expected}`, found `{found}`"
            ),
        }
    }
}

impl std::error::Error for CheckpointError {}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::log::{empty_root, leaf_hash};

    const ORIGIN: &str = "contoso.example/log/1";

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_seed(Zeroizing::new([byte; 32]))
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root: leaf_hash(&size.to_be_bytes()),
        }
    }

    fn open(note: &str) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(note, ORIGIN, &key(1).public())
    }

    #[test]
    fn same_size_same_bytes() {
        for size in [0, 1, 9, 10, u64::MAX] {
            let note = checkpoint(size).sign(&key(1)).unwrap();
            assert_eq!(note, checkpoint(size).sign(&key(1)).unwrap());
            assert_eq!(open(&note), Ok(checkpoint(size)));
        }
    }

    #[test]
    fn the_text_is_three_lines() {
        let empty = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: 0,
            root: empty_root(),
        };
        assert_eq!(
            empty.text(),
            "contoso.example/log/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
        );
    }

    /// The checkpoint of `c2sp.org/tlog-checkpoint`: its form, if not its key.
    #[test]
    fn the_published_text_has_our_form() {
        let text = "example.com/behind-the-sofa\n20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(Checkpoint::parse(text).unwrap().size, 20_852_163);
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let note = checkpoint(1_234).sign(&key(1)).unwrap();
        let refused = |bytes: Vec<u8>| {
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(open(&text).is_err(), "{text}");
            }
        };
        for place in 0..note.len() {
            for change in 1..=255 {
                let mut bytes = note.clone().into_bytes();
                bytes[place] ^= change;
                refused(bytes);
            }
            let mut shorter = note.clone().into_bytes();
            shorter.remove(place);
            refused(shorter);
            for extra in *b"0 \n\r=+a" {
                let mut longer = note.clone().into_bytes();
                longer.insert(place, extra);
                refused(longer);
            }
        }
        refused(format!("{note}\n").into_bytes());
    }

    #[test]
    fn a_second_spelling_is_refused_even_if_it_is_signed() {
        let root = BASE64.encode(checkpoint(5).root.as_bytes());
        let unpadded = root.trim_end_matches('=');
        for wrong in [
            format!("{ORIGIN}\n05\n{root}\n"),
            format!("{ORIGIN}\n+5\n{root}\n"),
            format!("{ORIGIN}\n-5\n{root}\n"),
            format!("{ORIGIN}\n5 \n{root}\n"),
            format!("{ORIGIN}\n\n{root}\n"),
            format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
            format!("{ORIGIN}\n5\n{unpadded}\n"),
            format!("{ORIGIN}\n5\n{}\n", &root[4..]),
            format!("{ORIGIN}\n5\n{root}\nextension\n"),
            format!("{ORIGIN}\n5\n{root}\n\n"),
            format!("{ORIGIN}\n5\n"),
            format!("\n{ORIGIN}\n5\n{root}\n"),
        ] {
            let note = sign_note(&wrong, ORIGIN, &key(1)).unwrap();
            assert_eq!(open(&note), Err(CheckpointError::Form), "{wrong}");
        }
    }

    #[test]
    fn a_checkpoint_is_of_one_log() {
        let elsewhere = Checkpoint {
            origin: "contoso.example/log/2".to_owned(),
            ..checkpoint(5)
        };
        assert!(matches!(
            open(&elsewhere.sign(&key(1)).unwrap()),
            Err(CheckpointError::Note(NoteError::NotSigned { .. }))
        ));
        let posing = sign_note(&elsewhere.text(), ORIGIN, &key(1)).unwrap();
        assert!(matches!(open(&posing), Err(CheckpointError::Origin { .. })));
        assert!(open(&checkpoint(5).sign(&key(2)).unwrap()).is_err());
        let nameless = Checkpoint {
            origin: "two words".to_owned(),
            ..checkpoint(5)
        };
        assert!(nameless.sign(&key(1)).is_err());
    }
}
