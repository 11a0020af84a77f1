//! Trials: they say what the rules then say, and leave no trace.

use writ_core::names::Name;
use writ_core::record::Status;
use writ_core::statement::{Body, Invoke, Request};
use writ_core::testing::*;
use writ_core::time::Seconds;

/// Tries a request, then says it, and both answer alike.
fn asked(w: &mut World, who: &str, ask: Request) -> Result<Status, String> {
    let tried = w.state.try_request(&upn(who), &ask, w.now);
    let tried = tried
        .map(|record| record.status)
        .map_err(|no| no.to_string());
    let said = w.say(who, ask).refusal.map(|no| no.to_string());
    assert_eq!(tried.as_ref().err(), said.as_ref());
    tried
}

/// The same with a run.
fn ran(w: &mut World, who: &str, run: Invoke) -> Result<(), String> {
    let node = Name::parse("node1").unwrap();
    let tried = w.state.try_run(&upn(who), &node, &run, w.now);
    let tried = tried.map(drop).map_err(|no| no.to_string());
    let said = w.say(who, run).refusal.map(|no| no.to_string());
    assert_eq!(tried.as_ref().err(), said.as_ref());
    tried
}

#[test]
fn a_trial_says_what_the_rules_then_say() {
    let mut w = World::ready();
    let run = || running(RESTART, &[("unit", "x")]);
    assert!(ran(&mut w, "alice", run()).is_err());
    assert_eq!(asked(&mut w, "alice", asking(RESTART)), Ok(Status::Pending));
    // Already pending.
    assert!(asked(&mut w, "alice", asking(RESTART)).is_err());
    let id = w.state.pending_of(&upn("alice")).next().unwrap().id;
    w.approve("bob", id);
    assert_eq!(ran(&mut w, "alice", run()), Ok(()));
    w.set(auto(RESTART, "approvers"));
    assert_eq!(asked(&mut w, "bob", asking(RESTART)), Ok(Status::Live));
    assert!(asked(&mut w, "alice", asking(RESTART)).is_err());
}

#[test]
fn a_trial_knows_what_time_has_ended() {
    let mut w = World::ready();
    assert_eq!(asked(&mut w, "alice", asking(RESTART)), Ok(Status::Pending));
    // It has expired, though no entry has said so yet.
    w.wait(Seconds(2 * 86_400));
    assert_eq!(asked(&mut w, "alice", asking(RESTART)), Ok(Status::Pending));
}

#[test]
fn a_trial_changes_nothing() {
    let w = World::ready();
    let before = w.state.clone();
    w.state
        .try_request(&upn("alice"), &asking(RESTART), w.now)
        .unwrap();
    assert_eq!(w.state.requests().count(), before.requests().count());
    let nobody = w.state.try_request(&upn("nobody"), &asking(RESTART), w.now);
    assert_eq!(nobody.unwrap_err().code(), "inactive");
}

#[test]
fn whatever_somebody_would_say_is_tried_as_it_would_be_decided() {
    let mut w = World::ready();
    let node = Name::parse("node1").unwrap();
    let tried = |w: &World, who: &str, said: &Body| {
        let key = key(who).public().id();
        let tried = w.state.try_said(&upn(who), key, &node, said, w.now);
        tried.map_err(|no| no.code())
    };
    let ask = Body::Request(asking(RESTART).into());
    assert_eq!(tried(&w, "alice", &ask), Ok(()));
    // Nothing came of it.
    assert_eq!(w.state.pending_of(&upn("alice")).count(), 0);
    w.yes("alice", asking(RESTART));
    assert_eq!(tried(&w, "alice", &ask), Err("already-pending"));
    let id = w.state.pending_of(&upn("alice")).next().unwrap().id;
    let approve = Body::Approve(approving(id).into());
    assert_eq!(tried(&w, "alice", &approve), Err("self-approval"));
    assert_eq!(tried(&w, "bob", &approve), Ok(()));
    let run = Body::Invoke(running(RESTART, &[("unit", "x")]).into());
    assert_eq!(tried(&w, "alice", &run), Err("insufficient"));
    // A key of somebody else's is none.
    let key = key("bob").public().id();
    let other = w.state.try_said(&upn("alice"), key, &node, &ask, w.now);
    assert_eq!(other.unwrap_err().code(), "key-not-live");
}
