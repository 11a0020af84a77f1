//! A file beside the whole log: what is in it, and what became of it.

use writ_core::digest::Index;
use writ_core::log::leaf_hash;
use writ_core::proof::{Found, ProofError, Whole, check};
use writ_core::record::Status;
use writ_core::statement::{Principal, RunResult};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::view::RunStatus;

use super::{checked, end_of, small};

fn found(w: &World, mut whole: Whole) -> Result<Found, ProofError> {
    for decided in &w.log {
        whole.see(decided, decided.leaf_hash)?;
    }
    whole.end()
}

#[test]
fn the_whole_log_says_what_became_of_a_run() {
    let mut w = World::ready();
    let request = w.grant();
    let run = w.invoke("alice", RESTART, &[("unit", "nginx")]);
    let invoked = end_of(&w, run);
    let story = checked(&w, invoked);

    let open = found(&w, Whole::of_story(&story)).unwrap();
    assert_eq!(open.authorized_by, Some(invoked));
    assert_eq!(open.request, Some(request));
    assert_eq!(open.ended, None);
    assert!(
        open.to_string()
            .contains("No entry of the log ends or revokes")
    );
    assert!(open.to_string().contains("no outcome in the log"));

    w.yes("bob", ending(request));
    w.yes("node", outcome(run, RunResult::Failed));
    for whole in [
        Whole::of_story(&story),
        Whole::of_execution(&run.to_string()[..12]),
    ] {
        let over = found(&w, whole).unwrap();
        assert_eq!(over.authorized_by, Some(invoked));
        assert_eq!(over.execution.as_ref().unwrap().status, RunStatus::Failed);
        let ended = over.ended.as_ref().unwrap();
        assert_eq!(
            (ended.index, ended.status),
            (Index(invoked.0 + 1), Status::Revoked)
        );
        assert_eq!(ended.ending.by, Some(Principal::Person(upn("bob"))));
        let text = over.to_string();
        assert!(text.contains("nothing had taken the grant away"), "{text}");
        assert!(text.contains("revoked since"), "{text}");
        assert!(text.contains("saying: no longer needed"), "{text}");
    }
    let none = found(&w, Whole::of_execution("0000")).unwrap();
    assert_eq!(none, Found::default());
}

#[test]
fn time_that_passed_ends_a_grant_too() {
    let mut w = World::ready();
    let request = w.request("alice", SAY);
    let story = checked(&w, Index(w.size() - 1));
    w.wait(Seconds::DAY);
    w.request("alice", SAY);
    let over = found(&w, Whole::of_story(&story)).unwrap();
    assert_eq!(over.request, Some(request));
    let ended = over.ended.unwrap();
    assert_eq!((ended.status, ended.ending.by), (Status::Ended, None));
    assert!(over.execution.is_none());
}

#[test]
fn an_entry_of_the_file_must_be_that_of_the_log() {
    let (w, run) = small();
    let story = checked(&w, end_of(&w, run));
    found(&w, Whole::of_story(&story)).unwrap();
    let in_file: Vec<Index> = story.signed.iter().map(|signed| signed.index).collect();
    for index in 0..w.size() {
        let index = Index(index);
        let mut other = w.clone();
        other.log[index.0 as usize].leaf_hash = leaf_hash(b"another");
        let size = w.size();
        let expected = match in_file.contains(&index) {
            true => ProofError::AnotherEntry { index },
            false => ProofError::AnotherLog { size, found: size },
        };
        assert_eq!(found(&other, Whole::of_story(&story)), Err(expected));
    }
}

#[test]
fn a_log_that_was_cut_is_not_the_one_of_the_file() {
    let (w, run) = small();
    let story = checked(&w, end_of(&w, run));
    let mut cut = w.clone();
    cut.log.pop();
    let error = found(&cut, Whole::of_story(&story)).unwrap_err();
    assert!(error.to_string().contains("the log was cut"), "{error}");
    // Whatever came after is no contradiction.
    let mut longer = w.clone();
    longer.set(group("others", &[]));
    found(&longer, Whole::of_story(&story)).unwrap();
}

#[test]
fn a_file_about_no_run_and_no_request_says_so() {
    let w = World::founded();
    let file = w.prove(Index(0)).to_bytes();
    let story = check(&file, w.organization()).unwrap();
    let nothing = found(&w, Whole::of_story(&story)).unwrap();
    assert_eq!(
        nothing.to_string(),
        "There is no request that could have ended."
    );
}

#[test]
fn two_runs_that_begin_alike_are_not_one() {
    let mut w = World::ready();
    w.request("alice", SAY);
    w.invoke("alice", SAY, &[("word", "one")]);
    w.invoke("alice", SAY, &[("word", "two")]);
    let several = found(&w, Whole::of_execution("")).unwrap_err();
    assert!(
        matches!(several, ProofError::SeveralRuns { .. }),
        "{several}"
    );
}
