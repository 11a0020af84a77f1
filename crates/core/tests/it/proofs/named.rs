//! Files of logs that have another name or another key by now.

use std::collections::BTreeSet;
use std::sync::Arc;

use writ_core::digest::{Digest, Index};
use writ_core::object::{Object, Site};
use writ_core::proof::{ProofError, WritFile, check};
use writ_core::statement::{Recover, RunResult, TreeHead};
use writ_core::testing::*;
use writ_core::time::Seconds;

use super::{checked, end_of, small};

fn recover(w: &mut World) -> Index {
    let head = |size: u64| TreeHead {
        size,
        root: Digest::of(&size.to_be_bytes()),
    };
    let (lost, kept) = (head(w.size() + 10), head(w.size()));
    let index = w.yes("admin", Recover { lost, kept }).index;
    w.wait(Seconds(1));
    index
}

fn new_key(w: &mut World) -> Index {
    let mut site: Site = w.state.site().unwrap().as_ref().clone();
    site.services.log = key("log 2").public();
    w.set(Object::Site(Arc::new(site))).index
}

/// The file without one of its entries.
fn without(w: &World, file: &WritFile, left_out: Index) -> WritFile {
    let mut rest: BTreeSet<Index> = file.leaves.keys().copied().collect();
    assert!(rest.remove(&left_out));
    w.file_of(file.about, &rest)
}

#[test]
fn a_file_holds_what_names_the_log_and_its_key() {
    let (mut w, run) = small();
    let before = checked(&w, end_of(&w, run));
    let recovered = recover(&mut w);
    let rotated = new_key(&mut w);
    let about = end_of(&w, run);
    let file = w.prove(about);
    let story = check(&file.to_bytes(), w.organization()).unwrap();
    // What came after the run is in the file, and has no part in its story.
    assert_eq!(story.execution, before.execution);
    assert_eq!(story.request, before.request);
    assert_eq!(story.entry, about);
    assert!(story.to_string().contains("RECOVERS"), "{story}");
    for left_out in [recovered, rotated] {
        let error = check(&without(&w, &file, left_out).to_bytes(), w.organization());
        let error = error.unwrap_err();
        assert!(matches!(error, ProofError::Checkpoint(_)), "{error}");
    }
    // The entries themselves can be proved too.
    for about in [recovered, rotated] {
        assert_eq!(checked(&w, about).entry, about);
    }
}

#[test]
fn a_run_after_a_recovery_is_proved() {
    let (mut w, _) = small();
    recover(&mut w);
    w.request("alice", SAY);
    let run = w.invoke("alice", SAY, &[("word", "again")]);
    recover(&mut w);
    w.yes("node", outcome(run, RunResult::Unknown));
    let story = checked(&w, end_of(&w, run));
    assert_eq!(story.execution.unwrap().id, run);
    // Recovering ends what was live.
    assert_eq!(
        story.request.unwrap().status,
        writ_core::record::Status::Revoked
    );
}

#[test]
fn a_recovery_is_proved_without_the_requests_that_it_ended() {
    let mut w = World::ready();
    let ended = w.request("alice", RESTART);
    let recovered = recover(&mut w);
    assert_eq!(w.log[recovered.0 as usize].facts.len(), 2);
    let story = checked(&w, recovered);
    assert_eq!(story.became.len(), 1, "{:?}", story.became);
    assert!(!story.to_string().contains(&ended.to_string()), "{story}");
}

#[test]
fn gestures_of_passkeys_are_checked() {
    let (mut w, _) = small();
    let passkey = Authenticator::of("alice");
    assert!(w.enrol_passkey("alice", "alice", &passkey).entry.accepted);
    let said = w.say_by_gesture("alice", &passkey, running(SAY, &[("word", "x")]));
    assert!(said.entry.accepted, "{:?}", said.refusal);
    checked(&w, said.index);
    let mut forged = w.clone();
    let decided = &mut forged.log[said.index.0 as usize];
    let mut envelope = decided.entry.envelope.as_ref().clone();
    envelope
        .signature
        .passkey
        .as_mut()
        .unwrap()
        .authenticator_data
        .0[36] ^= 1;
    decided.entry.envelope = envelope.into();
    decided.leaf = decided.entry.to_leaf().unwrap();
    decided.leaf_hash = writ_core::log::leaf_hash(&decided.leaf);
    let entries = w.prove(said.index).leaves.into_keys().collect();
    let file = forged.file_of(said.index, &entries).to_bytes();
    let error = check(&file, w.organization()).unwrap_err();
    assert!(
        error.to_string().contains("the signature does not fit"),
        "{error}"
    );
}
