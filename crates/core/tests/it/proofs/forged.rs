//! Forged files: each is well formed, and proves nothing.

use std::collections::BTreeSet;

use writ_core::digest::Index;
use writ_core::entry::Entry;
use writ_core::log::{Checkpoint, leaf_hash, root_of, sign_note};
use writ_core::proof::{ProofError, WritFile, check, needed};
use writ_core::statement::RunResult;
use writ_core::testing::*;
use writ_core::time::Seconds;

use super::{end_of, small};

#[track_caller]
fn refused(w: &World, file: &WritFile, words: &str) -> ProofError {
    let error = check(&file.to_bytes(), w.organization()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(words), "wanted `{words}`: {text}");
    error
}

/// A log with another leaf somewhere, as whoever holds its key could make it.
fn forge(w: &World, at: Index, change: impl FnOnce(&mut Entry)) -> World {
    let mut w = w.clone();
    let decided = &mut w.log[at.0 as usize];
    change(&mut decided.entry);
    decided.leaf = decided.entry.to_leaf().unwrap();
    decided.leaf_hash = leaf_hash(&decided.leaf);
    w
}

/// Turns a no of the log into a yes.
fn accept(entry: &mut Entry) {
    (entry.accepted, entry.code) = (true, None);
}

fn entries(file: &WritFile) -> BTreeSet<Index> {
    file.leaves.keys().copied().collect()
}

#[test]
fn another_organization_is_another_one() {
    let (w, run) = small();
    let file = w.prove(end_of(&w, run)).to_bytes();
    let mut other = World::empty();
    other.wait(Seconds(1));
    other.yes("admin", genesis());
    let refused = check(&file, other.organization()).unwrap_err();
    let (found, expected) = (w.organization(), other.organization());
    assert_eq!(refused, ProofError::OtherOrganization { found, expected });
}

/// The log's own node may leave nothing out, though it holds the log's key.
#[test]
fn no_entry_can_be_left_out() {
    let (w, run) = small();
    let end = end_of(&w, run);
    let whole = entries(&w.prove(end));
    for left_out in &whole {
        let mut rest = whole.clone();
        rest.remove(left_out);
        // Without its outcome it is the file of a run that goes on.
        let about = rest.last().copied().filter(|_| *left_out == end);
        let file = w.file_of(about.unwrap_or(end), &rest);
        let error = check(&file.to_bytes(), w.organization());
        match (about, error) {
            (Some(_), Ok(story)) => assert!(story.execution.unwrap().ended.is_none()),
            (_, error) => {
                let error = error.unwrap_err().to_string();
                assert!(error.starts_with("line "), "{left_out}: {error}");
            }
        }
    }
    let mut rest = whole.clone();
    rest.remove(&end);
    let missing = w.file_of(end, &rest);
    let words = format!("line 1: entry {end} is not in the file");
    refused(&w, &missing, &words);
    let none = WritFile {
        about: end,
        leaves: [].into(),
        hashes: Vec::new(),
        checkpoint: w.checkpoint(),
    };
    refused(&w, &none, &words);
}

#[test]
fn no_entry_is_there_for_nothing() {
    let (w, run) = small();
    let last = end_of(&w, run);
    let whole = entries(&w.prove(last));
    // Bob's invitation, and with it his key.
    let others: Vec<Index> = (0..last.0)
        .map(Index)
        .filter(|index| !whole.contains(index))
        .collect();
    assert_eq!(others.len(), 2);
    for extra in [&others[..1], &others] {
        let mut more = whole.clone();
        more.extend(extra);
        let error = refused(
            &w,
            &w.file_of(last, &more),
            "is not needed by any entry below",
        );
        assert!(matches!(error, ProofError::NotNeeded { index, .. } if index == extra[0]));
        // Whoever makes a file leaves it out.
        let left = needed(last, w.leaves_of(&more)).unwrap();
        assert!(left.into_keys().eq(whole.iter().copied()));
    }
}

#[test]
fn what_was_refused_is_no_part_of_a_proof() {
    let (mut w, run) = small();
    assert_eq!(w.no("bob", running(SAY, &[("word", "x")])), "insufficient");
    let at = Index(w.size() - 1);
    let mut with_it = entries(&w.prove(end_of(&w, run)));
    with_it.insert(at);
    refused(&w, &w.file_of(at, &with_it), "it was refused");
    // The yes of the log alone does not make it one.
    let all = (0..w.size()).map(Index).collect();
    refused(
        &w,
        &forge(&w, at, accept).file_of(at, &all),
        "the rules refuse it",
    );
}

/// Whoever holds the log's key and the database still signs for nobody else.
#[test]
fn a_leaf_of_the_nodes_own_making_is_refused() {
    let (w, run) = small();
    let end = end_of(&w, run);
    let invoked = Index(end.0 - 1);
    type Change = fn(&mut Entry);
    let cases: [(&str, Index, Change, &str); 7] = [
        (
            "time back",
            end,
            |e| e.time = e.time.minus(Seconds(1)),
            "lies before",
        ),
        (
            "late",
            end,
            |e| e.time = e.time.plus(Seconds(301)),
            "they may differ by at most 5m",
        ),
        (
            "a code",
            end,
            |e| e.code = Some("x".into()),
            "so it has no code",
        ),
        ("refused", invoked, |e| e.accepted = false, "it was refused"),
        (
            "other words",
            invoked,
            |e| {
                let mut envelope = e.envelope.as_ref().clone();
                let text = String::from_utf8(envelope.payload).unwrap();
                envelope.payload = text.replace("hello", "world").into_bytes();
                e.envelope = envelope.into();
            },
            "the signature does not fit",
        ),
        (
            "another key",
            invoked,
            |e| {
                let mut envelope = e.envelope.as_ref().clone();
                envelope.signature.keyid = key("mallory").public().id();
                e.envelope = envelope.into();
            },
            "no entry above enrols the key",
        ),
        (
            "no signature",
            invoked,
            |e| {
                let mut envelope = e.envelope.as_ref().clone();
                envelope.signature.sig = Vec::new();
                e.envelope = envelope.into();
            },
            "the signature does not fit",
        ),
    ];
    let in_file = entries(&w.prove(end));
    for (name, at, change, words) in cases {
        let forged = forge(&w, at, change).file_of(end, &in_file);
        let error = refused(&w, &forged, words);
        let ProofError::Entry { index, .. } = error else {
            panic!("{name}: {error}");
        };
        assert_eq!(index, at, "{name}");
    }
    // Time and node are the log's word. With its key they can be forged, and
    // then this log is not the one that others saw.
    let moved = forge(&w, end, |e| e.time = e.time.plus(Seconds(1))).file_of(end, &in_file);
    check(&moved.to_bytes(), w.organization()).unwrap();
    let honest = WritFile {
        checkpoint: w.checkpoint(),
        ..moved
    };
    refused(&w, &honest, "do not lead to the root");
}

#[test]
fn a_checkpoint_is_the_logs_own_and_of_that_size() {
    let (w, run) = small();
    let good = w.prove(end_of(&w, run));
    let hashes: Vec<_> = w.log.iter().map(|decided| decided.leaf_hash).collect();
    let checkpoint = Checkpoint {
        origin: w.state.origin().unwrap(),
        size: w.size(),
        root: root_of(&hashes),
    };
    let with = |note: String| WritFile {
        checkpoint: note,
        ..good.clone()
    };
    let signed = |checkpoint: &Checkpoint| with(checkpoint.sign(&key("log")).unwrap());
    check(&signed(&checkpoint).to_bytes(), w.organization()).unwrap();
    for label in ["runner", "admin", "mallory"] {
        let other = with(checkpoint.sign(&key(label)).unwrap());
        refused(&w, &other, "not signed by");
    }
    let elsewhere = Checkpoint {
        origin: "fabrikam.example/another".into(),
        ..checkpoint.clone()
    };
    refused(&w, &signed(&elsewhere), "not signed by");
    for size in [0, 1, w.size() - 2, u64::MAX] {
        let other = Checkpoint {
            size,
            ..checkpoint.clone()
        };
        refused(&w, &signed(&other), "do not lead to the root");
    }
    let other = Checkpoint {
        root: leaf_hash(b"another"),
        ..checkpoint.clone()
    };
    refused(&w, &signed(&other), "do not lead to the root");

    let note = w.checkpoint();
    let line = sign_note(&checkpoint.text(), "witness.example", &key("witness")).unwrap();
    let more = format!("{note}{}\n", line.lines().last().unwrap());
    refused(&w, &with(more), "one signature is enough");
    for bad in ["", "\n", &note.replace('\n', "\r\n"), &format!("{note}\n")] {
        refused(&w, &with(bad.to_owned()), "the checkpoint at the end");
    }
}

/// A run that nobody could have authorised cannot be proved, whatever else is.
#[test]
fn a_run_after_its_revocation_needs_the_revocation_left_out() {
    let mut w = World::ready();
    let request = w.grant();
    let run = w.invoke("alice", RESTART, &[("unit", "nginx")]);
    w.yes("bob", ending(request));
    w.yes("node", outcome(run, RunResult::Succeeded));
    assert_eq!(
        w.no("alice", running(RESTART, &[("unit", "nginx")])),
        "insufficient"
    );
    let after = Index(w.size() - 1);
    let revoked = Index(after.0 - 2);
    let mut with_all = entries(&w.prove(end_of(&w, run)));
    with_all.extend([revoked, after]);
    // With the log's own key, a yes where the rules said no.
    let forged = forge(&w, after, accept);
    refused(&w, &forged.file_of(after, &with_all), "the rules refuse it");
    // With the revocation left out, the file is what it says: signed, in the
    // log, and no more. Only the whole log shows the rest.
    with_all.remove(&revoked);
    let leaves = needed(after, forged.leaves_of(&with_all)).unwrap();
    let file = forged.file_of(after, &leaves.into_keys().collect());
    check(&file.to_bytes(), w.organization()).unwrap();
}
