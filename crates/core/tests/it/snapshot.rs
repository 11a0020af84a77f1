//! A State that was saved and loaded is the State that it was.

use writ_core::digest::Digest;
use writ_core::object::Person;
use writ_core::snapshot::{load, save};
use writ_core::statement::{RunResult, Signout};
use writ_core::testing::*;
use writ_core::time::Seconds;

#[track_caller]
fn comes_back(w: &World) {
    let bytes = save(&w.state).unwrap();
    let again = load(&bytes).unwrap();
    assert_eq!(again, w.state);
    assert_eq!(save(&again).unwrap(), bytes);
}

#[test]
fn saved_and_loaded_it_is_the_same_at_every_entry() {
    comes_back(&World::empty());
    let mut w = World::ready();
    comes_back(&w);
    let pending = w.request("alice", RESTART);
    comes_back(&w);
    w.approve("bob", pending);
    let run = w.invoke("alice", RESTART, &[("unit", "nginx")]);
    comes_back(&w);
    w.yes("node", outcome(run, RunResult::Unknown));
    comes_back(&w);
    w.request("alice", SAY);
    w.no("carol", approving(pending));
    for session in [None, Some(Digest::of(b"a session"))] {
        let person = upn("alice");
        w.yes("alice", Signout { person, session });
        comes_back(&w);
    }
    w.set(Person {
        active: false,
        ..person("alice")
    });
    w.remove_policy(RESTART);
    comes_back(&w);
    w.wait(Seconds::DAY);
    w.no("bob", approving(pending));
    comes_back(&w);
}

#[test]
fn it_goes_on_as_the_one_it_was_saved_from() {
    let mut w = World::ready();
    let request = w.request("alice", RESTART);
    let mut loaded = w.clone();
    loaded.state = load(&save(&w.state).unwrap()).unwrap();
    for world in [&mut w, &mut loaded] {
        world.approve("bob", request);
        world.invoke("alice", RESTART, &[("unit", "nginx")]);
        world.wait(Seconds::DAY);
        world.no("alice", running(RESTART, &[("unit", "nginx")]));
    }
    assert_eq!(loaded.state, w.state);
}

#[test]
fn what_is_not_a_snapshot_is_refused() {
    let good = save(&World::ready().state).unwrap();
    assert!(load(&good).is_ok());
    assert!(load(&good[..good.len() - 1]).is_err());
    for bad in [&b""[..], b"{}", b"[]", b"null", b"\xff"] {
        assert!(load(bad).is_err());
    }
    let more = String::from_utf8(good)
        .unwrap()
        .replacen('{', "{\"more\":1,", 1);
    assert!(load(more.as_bytes()).is_err());
}
