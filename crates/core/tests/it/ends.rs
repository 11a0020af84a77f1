//! Ending requests, whatever they are.

use writ_core::digest::RequestId;
use writ_core::fact::Fact;
use writ_core::record::Status;
use writ_core::state::Decided;
use writ_core::statement::End;
use writ_core::testing::*;

use crate::said::no;

pub(crate) fn all() {
    only_those_concerned_end_a_request();
    ending_somebody_elses_needs_a_comment();
    what_has_ended_is_not_ended_again();
}

fn status(decided: &Decided) -> Status {
    match decided.facts.as_slice() {
        [Fact::Request { record, .. }] => record.status,
        facts => panic!("one request ends: {facts:?}"),
    }
}

#[test]
fn who_ends_it_and_when_says_what_it_was() {
    for (who, live, expected) in [
        ("alice", false, Status::Canceled),
        ("alice", true, Status::Revoked),
        ("bob", false, Status::Denied),
        ("carol", true, Status::Revoked),
        ("admin", false, Status::Denied),
        ("admin", true, Status::Revoked),
    ] {
        let mut w = World::ready();
        let id = w.request("alice", RESTART);
        if live {
            w.approve("bob", id);
        }
        let decided = w.yes(who, ending(id));
        assert_eq!(status(&decided), expected, "{who} {live}");
        assert!(w.state.request(id).is_none());
        no(
            &mut w,
            "alice",
            running(RESTART, &[("unit", "x")]),
            "insufficient",
        );
    }
}

#[test]
fn only_those_concerned_end_a_request() {
    let mut w = World::ready();
    w.set(manual(RESTART, &[("approvers", 1), ("seniors", 1)]));
    let id = w.request("alice", RESTART);
    no(&mut w, "erin", ending(id), "not-yours-to-end");
    // An approver of a later stage may say no at once.
    let decided = w.clone().yes("dave", ending(id));
    assert_eq!(status(&decided), Status::Denied);
    // Whoever left the group may not.
    w.set(group("approvers", &["carol"]));
    no(&mut w, "bob", ending(id), "not-yours-to-end");
}

#[test]
fn ending_somebody_elses_needs_a_comment() {
    let mut w = World::ready();
    let id = w.request("alice", RESTART);
    let silent = End {
        comment: None,
        ..ending(id)
    };
    for who in ["bob", "admin"] {
        no(&mut w, who, silent.clone(), "comment-required");
    }
    w.yes("alice", silent);
}

#[test]
fn what_has_ended_is_not_ended_again() {
    let mut w = World::ready();
    let id = w.request("alice", RESTART);
    w.yes("alice", ending(id));
    no(&mut w, "alice", ending(id), "not-pending");
    let never = RequestId(writ_core::digest::Digest::of(b"never"));
    no(&mut w, "admin", ending(never), "not-pending");
}

#[test]
fn denying_what_was_just_approved_revokes_it() {
    let mut w = World::ready();
    let id = w.request("alice", RESTART);
    w.approve("bob", id);
    let decided = w.yes("carol", ending(id));
    assert_eq!(status(&decided), Status::Revoked);
}
