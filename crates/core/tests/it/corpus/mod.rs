//! Every parser of this crate, with texts that somebody thought of and texts
//! that nobody did.
//!
//! `tests/corpus/PARSER/` holds **cases**: `yes-…` is read, and written again
//! it is the same bytes; `no-…` is refused. Each is replayed, and each `yes`
//! has seeded mutants, which must be one or the other too. Nothing may panic.
//! What fuzzing finds becomes a case. `fuzz/` has the same parsers for
//! `cargo fuzz`, with these folders as their corpora.

mod mutate;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use data_encoding::BASE64;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::entry::Entry;
use writ_core::envelope::{Envelope, PayloadType};
use writ_core::json;
use writ_core::log::{Checkpoint, Tile, Verifier, open_note};
use writ_core::names::{Address, Domain, Name, ParameterName, Pattern, TaskName, Upn};
use writ_core::proof::{WritFile, check};
use writ_core::snapshot;
use writ_core::statement::{Principal, RunResult, Unverified};
use writ_core::testing::*;
use writ_core::value::Value;

use self::mutate::mutant;
use crate::vectors::vectors;

/// How many mutants each case has.
const MUTANTS: u64 = 1_500;

/// What has a domain in it, which is read in any case and written in one.
const FOLDED: [&str; 4] = ["domain", "upn", "address", "principal"];

/// A parser: none if it refuses, else what was read, written again.
struct Parser {
    name: &'static str,
    read: fn(&[u8]) -> Option<Vec<u8>>,
}

const PARSERS: [Parser; 19] = [
    parser("json", |bytes| {
        json::write(&json::read::<Value>(bytes).ok()?).ok()
    }),
    parser("envelope", envelope),
    parser("payload", payload),
    parser("leaf", |bytes| Entry::parse(bytes).ok()?.to_leaf().ok()),
    parser("payload-type", |bytes| {
        said(bytes, |text| text.parse::<PayloadType>().ok())
    }),
    parser("domain", |bytes| {
        said(bytes, |text| Domain::parse(text).ok())
    }),
    parser("upn", |bytes| said(bytes, |text| Upn::parse(text).ok())),
    parser("address", |bytes| {
        said(bytes, |text| Address::parse(text).ok())
    }),
    parser("name", |bytes| said(bytes, |text| Name::parse(text).ok())),
    parser("parameter", |bytes| {
        said(bytes, |text| ParameterName::parse(text).ok())
    }),
    parser("task", |bytes| {
        said(bytes, |text| TaskName::parse(text).ok())
    }),
    parser("pattern", |bytes| {
        said(bytes, |text| Pattern::parse(text).ok())
    }),
    parser("principal", |bytes| {
        said(bytes, |text| text.parse::<Principal>().ok())
    }),
    parser("digest", |bytes| {
        said(bytes, |text| text.parse::<Digest>().ok())
    }),
    parser("tile", |bytes| {
        said(bytes, |text| text.parse::<Tile>().ok())
    }),
    parser("verifier", |bytes| {
        said(bytes, |text| text.parse::<Verifier>().ok())
    }),
    parser("note", note),
    parser("proof", |bytes| {
        Some(WritFile::parse(bytes).ok()?.to_bytes())
    }),
    parser("snapshot", state),
];

const fn parser(name: &'static str, read: fn(&[u8]) -> Option<Vec<u8>>) -> Parser {
    Parser { name, read }
}

/// A text that is read into a value and shown again.
fn said<T: ToString>(bytes: &[u8], read: impl Fn(&str) -> Option<T>) -> Option<Vec<u8>> {
    let value = read(std::str::from_utf8(bytes).ok()?)?;
    Some(value.to_string().into_bytes())
}

fn envelope(bytes: &[u8]) -> Option<Vec<u8>> {
    json::write(&Envelope::parse(bytes).ok()?).ok()
}

/// A line with the type of a statement, and then its payload.
fn payload(bytes: &[u8]) -> Option<Vec<u8>> {
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let payload_type: PayloadType = std::str::from_utf8(&bytes[..at]).ok()?.parse().ok()?;
    let payload = bytes[at + 1..].to_vec();
    let envelope = Envelope::sign(payload_type, payload.clone(), &key("corpus"));
    let said = Unverified::read(Arc::new(envelope)).ok()?;
    // Words for people are made of anything that was read.
    assert!(!said.statement().words(said.digest()).is_empty());
    let value: serde_json::Value = json::read(&payload).unwrap();
    let written = json::write(&value).unwrap();
    Some([payload_type.to_string().as_bytes(), b"\n", &written].concat())
}

/// A snapshot is a cache and may be spelled in more than one way, but what was
/// read is written in one.
fn state(bytes: &[u8]) -> Option<Vec<u8>> {
    let written = snapshot::save(&snapshot::load(bytes).ok()?).unwrap();
    let again = snapshot::save(&snapshot::load(&written).unwrap()).unwrap();
    assert_eq!(again, written);
    Some(bytes.to_vec())
}

fn verifier() -> Verifier {
    Verifier::new("fabrikam.example/writ/corpus", &key("log").public()).unwrap()
}

/// A note of one key, and perhaps of others.
fn note(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let verifier = verifier();
    let note = open_note(text, &verifier).ok()?;
    // A checkpoint is a note of a certain form; whether it is one, or not.
    let _ = Checkpoint::open(text, verifier.name(), verifier.key());
    let mut written = format!("{}\n", note.text());
    for line in note.signatures() {
        let bytes = [line.hash.as_slice(), &line.signature].concat();
        written.push_str(&format!("— {} {}\n", line.name, BASE64.encode(&bytes)));
    }
    Some(written.into_bytes())
}

fn folder(parser: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(parser)
}

/// The cases of a parser, by name.
fn cases(parser: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder(parser)).unwrap_or_else(|error| panic!("{parser}: {error}"));
    let mut cases: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_case_is_read_as_its_name_says() {
    for Parser { name, read } in PARSERS {
        let cases = cases(name);
        let count = |start: &str| {
            cases
                .iter()
                .filter(|(case, _)| case.starts_with(start))
                .count()
        };
        let all = (count("yes-"), count("no-"));
        assert!(
            all.0 > 0 && all.1 > 0 && all.0 + all.1 == cases.len(),
            "{name}: {all:?}"
        );
        for (case, bytes) in cases {
            let written = read(&bytes);
            let wanted = case.starts_with("yes-").then_some(&bytes);
            assert_eq!(written.as_ref(), wanted, "{name}/{case}");
        }
    }
}

#[test]
fn every_mutant_is_read_to_the_byte_or_refused() {
    for Parser { name, read } in PARSERS {
        let (mut yes, mut no) = (0, 0);
        let cases = cases(name);
        let others: Vec<_> = cases.iter().map(|(_, bytes)| bytes.clone()).collect();
        for (case, bytes) in cases.iter().filter(|(case, _)| case.starts_with("yes-")) {
            let mutants = MUTANTS / (1 + bytes.len() as u64 / 8_192);
            for seed in 0..mutants {
                let mutant = mutant(bytes, &others, seed);
                match read(&mutant) {
                    Some(written) => {
                        yes += 1;
                        let is_same = match FOLDED.contains(&name) {
                            true => written.eq_ignore_ascii_case(&mutant),
                            false => written == mutant,
                        };
                        assert!(is_same, "{name}/{case}, seed {seed}");
                        assert_eq!(read(&written), Some(written), "{name}/{case}, seed {seed}");
                    }
                    None => no += 1,
                }
            }
        }
        assert!(
            no > yes / 100,
            "{name} refuses almost nothing: {yes} read, {no} refused"
        );
    }
}

/// A proof that was changed anywhere proves nothing.
#[test]
fn every_mutant_of_a_proof_is_refused() {
    let (world, run) = proved();
    let file = world.prove(crate::proofs::end_of(&world, run)).to_bytes();
    let organization = world.organization();
    check(&file, organization).unwrap();
    for seed in 0..4_000 {
        let mutant = mutant(&file, std::slice::from_ref(&file), seed);
        let checked = check(&mutant, organization);
        assert!(checked.is_err() || mutant == file, "seed {seed}");
    }
}

fn proved() -> (World, ExecutionId) {
    let mut world = World::founded();
    world.join("alice");
    world.set(group("staff", &["alice"]));
    world.set(workload("Host"));
    world.set(task(SAY, "/bin/echo", &["word"]));
    world.set(control(true, None));
    world.set(auto(SAY, "staff"));
    world.request("alice", SAY);
    let run = world.invoke("alice", SAY, &[("word", "hello")]);
    world.yes("node", outcome(run, RunResult::Succeeded));
    (world, run)
}

/// The cases that come from the vectors are those of now.
#[test]
fn cases_from_vectors_are_of_this_format() {
    for vector in vectors() {
        let file = format!("{}-{}", vector.file.trim_end_matches(".json"), vector.title);
        let text = vector.envelope_text();
        crate::written::compare(&format!("tests/corpus/envelope/yes-{file}"), &text);
        if let Some(leaf) = vector.leaf() {
            let payload = format!("{}\n{}", vector.envelope.payload_type, vector.payload());
            crate::written::compare(&format!("tests/corpus/payload/yes-{file}"), &payload);
            crate::written::compare(&format!("tests/corpus/leaf/yes-{file}"), &leaf);
        }
    }
    let key = key("log");
    let checkpoint = Checkpoint {
        origin: verifier().name().to_owned(),
        size: 3,
        root: Digest::of(b"root"),
    };
    let note = checkpoint.sign(&key).unwrap();
    crate::written::compare("tests/corpus/note/yes-checkpoint", &note);
    let witnessed = format!("{note}— witness.example {}\n", BASE64.encode(&[7; 76]));
    crate::written::compare("tests/corpus/note/yes-witnessed", &witnessed);
    crate::written::compare("tests/corpus/verifier/yes-log", &verifier().to_string());
    let (world, run) = proved();
    let file = world.prove(crate::proofs::end_of(&world, run)).to_bytes();
    crate::written::compare(
        "tests/corpus/proof/yes-run",
        &String::from_utf8(file).unwrap(),
    );
    let state = snapshot::save(&world.state).unwrap();
    crate::written::compare(
        "tests/corpus/snapshot/yes-state",
        &String::from_utf8(state).unwrap(),
    );
}
