//! Signed notes: texts that say by which key they are signed.
//!
//! A **note** is a **text** of lines, an empty line, and **signature lines**,
//! each an em dash, the **name** of a key, and in base64 the key's **hash**
//! (4 bytes, so that the right key is found) and its signature of the text. A
//! **verifier** is a name with a public key; its own text form,
//! `name+hash+key`, fits into a configuration file.
//! (<https://c2sp.org/signed-note>; of the algorithms there, Ed25519.)
//!
//! Lines of other keys are not ours to judge, so that a witness can add its
//! own; everything else about a note has one spelling.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};

use crate::digest::Digest;
use crate::key::{Algorithm, Hex, PublicKey, SigningKey};

/// The longest note that is read: room for a text and the 16 signatures, even
/// of post-quantum length, that every reader must accept.
const MAX_BYTES: usize = 256 * 1024;
/// The byte that stands for Ed25519 in key hashes and verifiers.
const ED25519: u8 = 1;
const DASH: &str = "— ";

/// A note that is signed by the key it was opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: String,
    /// The first 4 bytes of the hash of name and key.
    pub hash: [u8; 4],
    /// The signature itself; 64 bytes for Ed25519.
    pub signature: Vec<u8>,
}

impl Note {
    /// What is signed: one or more lines, each with its line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, also those of keys that nobody checked.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

/// Signs a text under the name of a key; gives the whole note.
pub fn sign_note(text: &str, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    check_text(text)?;
    let verifier = Verifier::new(name, &key.public())?;
    let line = BASE64.encode(&[verifier.hash.as_slice(), &key.sign(text.as_bytes())].concat());
    Ok(format!("{text}\n{DASH}{name} {line}\n"))
}

/// Reads a note and checks that the verifier's key signed it.
///
/// A line under the verifier's name and hash that is wrong, or a second one,
/// refuses the whole note, whatever other lines say.
pub fn open_note(note: &str, verifier: &Verifier) -> Result<Note, NoteError> {
    let note = parse(note)?;
    let mut ours = note
        .signatures
        .iter()
        .filter(|line| line.name == verifier.name && line.hash == verifier.hash);
    let Some(line) = ours.next() else {
        return Err(NoteError::NotSigned {
            verifier: verifier.to_string(),
        });
    };
    if ours.next().is_some() {
        return Err(NoteError::SignedTwice {
            name: verifier.name.clone(),
        });
    }
    if !verifier.key.verify(note.text.as_bytes(), &line.signature) {
        return Err(NoteError::WrongSignature {
            name: verifier.name.clone(),
        });
    }
    Ok(note)
}

/// Whose signature a note must bear: a name and an Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: PublicKey,
    hash: [u8; 4],
}

impl Verifier {
    /// The verifier of a key under a name without spaces or plus signs.
    pub fn new(name: &str, key: &PublicKey) -> Result<Self, NoteError> {
        check_name(name)?;
        if key.alg != Algorithm::Ed25519 || !key.is_sound() {
            return Err(NoteError::Key);
        }
        let of = Digest::of_parts(&[name.as_bytes(), b"\n", &[ED25519], &key.public.0]);
        let [a, b, c, d, ..] = *of.as_bytes();
        Ok(Self {
            name: name.to_owned(),
            key: key.clone(),
            hash: [a, b, c, d],
        })
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Display for Verifier {
    /// `name+hash+key`: the hash in hexadecimal, the key in base64 behind the
    /// byte that stands for its algorithm.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode(&[&[ED25519], self.key.public.0.as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, HEXLOWER.encode(&self.hash))
    }
}

impl FromStr for Verifier {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::Verifier)?;
        let (_, key) = rest.split_once('+').ok_or(NoteError::Verifier)?;
        let key = match BASE64.decode(key.as_bytes()).as_deref() {
            Ok([ED25519, public @ ..]) => PublicKey {
                alg: Algorithm::Ed25519,
                public: Hex(public.to_vec()),
            },
            Ok(_) | Err(_) => return Err(NoteError::Verifier),
        };
        let verifier = Self::new(name, &key)?;
        // Written again it is the same text, or the hash belongs to another key.
        if verifier.to_string() == text {
            Ok(verifier)
        } else {
            Err(NoteError::Verifier)
        }
    }
}

/// Why a note is refused, or cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than anything that is meant to be a note.
    TooLong,
    /// The text has a control character, or its last line has no line feed.
    Text,
    /// No empty line between text and signatures, or nothing after it.
    NoSignatures,
    /// A signature line, counted from 1 after the empty line, is misspelt.
    Line(usize),
    /// The name of a key is empty, or has a space or a plus sign.
    Name(String),
    /// The key is not an Ed25519 key that can be trusted with anything.
    Key,
    /// The text of a verifier is misspelt, or its hash is another key's.
    Verifier,
    /// No signature line is the verifier's.
    NotSigned {
        /// The verifier in text.
        verifier: String,
    },
    /// More than one signature line is the verifier's.
    SignedTwice {
        /// The name of the key.
        name: String,
    },
    /// The signature is not of this text, or not by this key.
    WrongSignature {
        /// The name of the key.
        name: String,
    },
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the note is longer than {MAX_BYTES} bytes"),
            Self::Text => f.write_str(
                "the text of a note must end with a line feed and have no other control character",
            ),
            Self::NoSignatures => f.write_str(
                "no signatures: expected an empty line and then signature lines, each with its \
                 line feed, at the end of the note",
            ),
            Self::Line(line) => write!(
                f,
                "signature line {line}: expected `— name base64`, with padding and nothing more"
            ),
            Self::Name(name) => write!(
                f,
                "`{name}` cannot name a key: use one or more characters without spaces, plus \
                 signs or control characters, such as `log.example.com/1`"
            ),
            Self::Key => f.write_str("notes are signed with sound Ed25519 keys only"),
            Self::Verifier => f.write_str(
                "not a verifier: expected `name+hash+key`, all of it as the log's owner wrote it",
            ),
            Self::NotSigned { verifier } => {
                write!(f, "not signed by `{verifier}`")
            }
            Self::SignedTwice { name } => {
                write!(f, "more than one signature line of `{name}`")
            }
            Self::WrongSignature { name } => write!(
                f,
                "the signature of `{name}` is wrong: the text was changed, or signed by another \
                 key"
            ),
        }
    }
}

impl std::error::Error for NoteError {}

fn parse(note: &str) -> Result<Note, NoteError> {
    if note.len() > MAX_BYTES {
        return Err(NoteError::TooLong);
    }
    // The text may hold empty lines: the last one is the border.
    let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
    let text = format!("{text}\n");
    check_text(&text)?;
    let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
    let signatures = lines
        .split('\n')
        .zip(1..)
        .map(|(line, number)| parse_line(line).ok_or(NoteError::Line(number)))
        .collect::<Result<_, _>>()?;
    Ok(Note { text, signatures })
}

fn parse_line(line: &str) -> Option<NoteSignature> {
    let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
    check_name(name).ok()?;
    // Refuses missing padding and bits set beyond the last byte.
    let bytes = BASE64.decode(signature.as_bytes()).ok()?;
    let (hash, signature) = bytes.split_first_chunk()?;
    (!signature.is_empty()).then(|| NoteSignature {
        name: name.to_owned(),
        hash: *hash,
        signature: signature.to_vec(),
    })
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let control = |byte: u8| byte < b' ' && byte != b'\n';
    if !text.ends_with('\n') || text.bytes().any(control) {
        return Err(NoteError::Text);
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(bad) {
        return Err(NoteError::Name(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    /// The example of the package that the format comes from,
    /// `golang.org/x/mod/sumdb/note`.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_seed(Zeroizing::new([byte; 32]))
    }

    fn verifier(byte: u8) -> Verifier {
        Verifier::new("log.example.com", &key(byte).public()).unwrap()
    }

    fn signed(byte: u8) -> String {
        sign_note("text\n", "log.example.com", &key(byte)).unwrap()
    }

    #[test]
    fn a_note_of_another_program_opens() {
        let verifier: Verifier = KEY.parse().unwrap();
        let note = open_note(NOTE, &verifier).unwrap();
        assert!(note.text().ends_with("problem is.\n"));
        assert_eq!(note.signatures()[0].hash, [0xc7, 0x4f, 0x20, 0xa3]);
    }

    #[test]
    fn a_verifier_has_one_spelling() {
        assert_eq!(KEY.parse::<Verifier>().unwrap().to_string(), KEY);
        assert_eq!(verifier(1).to_string().parse(), Ok(verifier(1)));
        for wrong in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
            "PeterNewman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert!(wrong.parse::<Verifier>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_signature_is_by_one_key_under_one_name() {
        assert_eq!(
            open_note(&signed(1), &verifier(1)).unwrap().text(),
            "text\n"
        );
        assert!(matches!(
            open_note(&signed(1), &verifier(2)),
            Err(NoteError::NotSigned { .. })
        ));
        let elsewhere = Verifier::new("log.example.org", &key(1).public()).unwrap();
        assert!(matches!(
            open_note(&signed(1), &elsewhere),
            Err(NoteError::NotSigned { .. })
        ));
        let changed = signed(1).replace("text", "Text");
        assert!(matches!(
            open_note(&changed, &verifier(1)),
            Err(NoteError::WrongSignature { .. })
        ));
    }

    #[test]
    fn lines_of_other_keys_are_let_be_and_our_own_is_said_once() {
        let line = |byte| {
            signed(byte)
                .split_once("\n\n")
                .map(|(_, line)| line.to_owned())
                .unwrap()
        };
        let both = format!("text\n\n{}{}", line(2), line(1));
        for byte in [1, 2] {
            let note = open_note(&both, &verifier(byte)).unwrap();
            assert_eq!(note.signatures().len(), 2);
        }
        let twice = format!("text\n\n{}{}", line(1), line(1));
        assert!(matches!(
            open_note(&twice, &verifier(1)),
            Err(NoteError::SignedTwice { .. })
        ));
    }

    #[test]
    fn the_last_empty_line_is_the_border() {
        for text in ["a\n\nb\n", "a\n\n", "\n", "a\n\n\n\nb\n"] {
            let note = sign_note(text, "log.example.com", &key(1)).unwrap();
            assert_eq!(open_note(&note, &verifier(1)).unwrap().text(), text);
        }
        // Whoever puts signature lines into a text gains nothing by it.
        let posing = signed(2);
        let note = sign_note(&posing, "log.example.com", &key(1)).unwrap();
        assert!(open_note(&note, &verifier(2)).is_err());
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let good = signed(1);
        let line = good.lines().last().unwrap();
        for wrong in [
            String::new(),
            "\n\n".to_owned(),
            "text\n".to_owned(),
            "text\n\n".to_owned(),
            good.replace('\n', "\r\n"),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("{good}more\n"),
            format!("text\n{line}\n"),
            good.replace("— ", "- "),
            good.replace("— ", "—"),
            good.replace("— ", " — "),
            good.replace(".com ", ".com  "),
            good.replace("=\n", "\n"),
            good.replace("=\n", "= \n"),
            good.replace("text\n", "te\txt\n"),
        ] {
            assert!(open_note(&wrong, &verifier(1)).is_err(), "{wrong:?}");
        }
        let long = sign_note(&"x\n".repeat(MAX_BYTES), "log.example.com", &key(1)).unwrap();
        assert_eq!(open_note(&long, &verifier(1)), Err(NoteError::TooLong));
    }

    #[test]
    fn what_could_not_be_read_is_not_written() {
        for (text, name) in [
            ("text", "log"),
            ("", "log"),
            ("te\rxt\n", "log"),
            ("text\n", ""),
            ("text\n", "a b"),
            ("text\n", "a\u{a0}b"),
            ("text\n", "a+b"),
            ("text\n", "a\n"),
        ] {
            assert!(sign_note(text, name, &key(1)).is_err(), "{text:?} {name:?}");
        }
    }

    #[test]
    fn other_keys_than_ed25519_make_no_verifier() {
        let p256 = PublicKey {
            alg: Algorithm::P256,
            public: Hex([4; 65].to_vec()),
        };
        assert_eq!(Verifier::new("log", &p256), Err(NoteError::Key));
        let small = PublicKey {
            alg: Algorithm::Ed25519,
            public: Hex(vec![0; 32]),
        };
        assert_eq!(Verifier::new("log", &small), Err(NoteError::Key));
    }
}
