//! Writ files: what proves something, and what does not.

mod altered;
mod forged;
mod named;
mod random;
mod whole;

use writ_core::digest::{Digest, ExecutionId, Index};
use writ_core::proof::{NOT_SHOWN, Story, check};
use writ_core::statement::{Outcome, OutputDigest, RunResult};
use writ_core::testing::*;
use writ_core::value::Value;

/// A world in which alice ran [`SAY`], with as few entries as that takes, and
/// somewhat more of them after.
fn small() -> (World, ExecutionId) {
    let mut w = World::founded();
    w.join("alice");
    w.set(group("staff", &["alice"]));
    w.set(workload("Host"));
    w.set(task(SAY, "/bin/echo", &["word"]));
    w.set(control(true, None));
    w.set(auto(SAY, "staff"));
    w.request("alice", SAY);
    w.join("bob");
    let run = w.invoke("alice", SAY, &[("word", "hello")]);
    w.yes("node", done(run));
    w.set(group("others", &["bob"]));
    (w, run)
}

fn done(run: ExecutionId) -> Outcome {
    let output = OutputDigest {
        digest: Digest::of(b"0123456789abcdefhello\n"),
        size: 6,
    };
    Outcome {
        exit: Some(0),
        output: Some(output),
        ..outcome(run, RunResult::Succeeded)
    }
}

/// The last entry about something.
fn last(w: &World, wanted: impl Fn(&writ_core::state::Decided) -> bool) -> Index {
    w.log
        .iter()
        .rev()
        .find(|decided| wanted(decided))
        .unwrap()
        .index
}

/// The entry by which a run ended, or else the one by which it was authorised.
pub(crate) fn end_of(w: &World, run: ExecutionId) -> Index {
    last(w, |decided| {
        let mut facts = decided.facts.iter().filter_map(|fact| fact.execution());
        facts.any(|record| record.id == run)
    })
}

fn checked(w: &World, index: Index) -> Story {
    let file = w.prove(index).to_bytes();
    check(&file, w.organization()).unwrap_or_else(|error| panic!("entry {index}: {error}"))
}

#[test]
fn a_run_is_told_from_its_file_alone() {
    let (w, run) = small();
    let story = checked(&w, end_of(&w, run));
    let execution = story.execution.as_ref().unwrap();
    assert_eq!((execution.id, &execution.by), (run, &upn("alice")));
    assert_eq!(execution.exit_code, Some(0));
    assert_eq!(execution.output, done(run).output);
    let word = execution.parameters.get(&parameter("word"));
    assert_eq!(word, Some(&Value::Text("hello".into())));
    let request = story.request.as_ref().map(|request| request.id);
    assert_eq!(request, execution.request);
    assert_eq!(story.size, w.size());
    // Bob, and the group of others, have no part in it.
    assert_eq!(story.signed.len(), 11);
    assert!(!story.to_string().contains("bob"));
    insta::assert_snapshot!(story.to_string());
}

#[test]
fn a_run_that_others_approved_is_told_with_who_approved() {
    let mut w = World::ready();
    w.set(manual(RESTART, &[("approvers", 1), ("seniors", 1)]));
    let request = w.request("alice", RESTART);
    w.approve("bob", request);
    let mut second = approving(request);
    second.parameters = equals("unit", "nginx");
    // What reorders text may not stand in a comment, a line break may.
    second.comment = Some("but only nginx\nand once".into());
    w.yes("carol", second);
    let run = w.invoke("alice", RESTART, &[("unit", "nginx")]);
    let open = checked(&w, end_of(&w, run));
    assert!(
        open.to_string()
            .contains("How it ended is not in this file")
    );
    w.yes("alice", ending(request));
    w.yes("node", done(run));
    let story = checked(&w, end_of(&w, run));
    let text = story.to_string();
    for words in [
        r"alice@fabrikam.example ran Host\Restart-Service with unit=nginx on node1",
        "1 of approvers@fabrikam.example, then 1 of seniors@fabrikam.example",
        "bob@fabrikam.example approved at",
        "only with unit = nginx: but only nginx\u{fffd}and once",
        "for 4h: it is broken",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // What ended the grant after the run is not part of its proof.
    assert!(!text.contains("revoked"), "{text}");
    assert!(NOT_SHOWN.contains("revocation"));
}

#[test]
fn every_kind_of_entry_can_be_proved() {
    let mut w = World::ready();
    let request = w.grant();
    w.yes("bob", ending(request));
    w.join("frank");
    for index in 0..w.size() {
        let story = checked(&w, Index(index));
        let facts: Vec<_> = w.log[index as usize]
            .facts
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(story.became, facts, "entry {index}");
        assert_eq!(
            (story.entry, story.about().unwrap().index),
            (Index(index), Index(index))
        );
    }
    let story = checked(
        &w,
        last(&w, |decided| {
            decided.facts.iter().any(|f| f.request().is_some())
        }),
    );
    assert!(story.to_string().contains("It was revoked at"), "{story}");
}

#[test]
fn a_file_of_a_large_log_stays_small() {
    let (mut w, run) = small();
    let before = w.prove(end_of(&w, run)).to_bytes().len();
    w.signs = false;
    for n in 0..600 {
        w.set(group("others", if n % 2 == 0 { &["bob"] } else { &[] }));
    }
    let file = w.prove(end_of(&w, run));
    assert!(file.hashes.len() < 20, "{}", file.hashes.len());
    assert!(file.to_bytes().len() < before + 20 * 65);
    check(&file.to_bytes(), w.organization()).unwrap();
}
