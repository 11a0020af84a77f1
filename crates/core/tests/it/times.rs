//! Ticks, freshness, replay, and what belongs to another organization.

use std::sync::Arc;

use writ_core::digest::{Digest, Index, OrganizationId};
use writ_core::entry::Entry;
use writ_core::object::Object;
use writ_core::state::State;
use writ_core::statement::{FRESH, Set, Tick, Unverified};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};

use crate::said::{no, refused};

pub(crate) fn all() {
    an_organization_is_founded_once_and_first();
    only_the_first_administrator_founds();
    a_tick_is_said_by_the_log();
    a_statement_is_fresh();
    a_statement_acts_once();
    a_statement_is_for_one_organization();
    rules_are_known();
}

const TICK: Tick = Tick { turned_away: 0 };

#[test]
fn an_organization_is_founded_once_and_first() {
    let mut w = World::empty();
    let mut payload = w.payload("alice", asking(SAY));
    payload.instance = Some(OrganizationId(Digest::of(b"any")));
    let envelope = w.sign(&payload, "alice");
    refused(w.apply(envelope, "alice"), "genesis-first");
    assert_eq!(w.state.organization(), None, "nothing was founded");

    let mut w = World::founded();
    let id = w.log[0].leaf_hash;
    assert_eq!(w.organization(), OrganizationId(id));
    assert_eq!(w.state.domain().unwrap().as_str(), DOMAIN);
    let mut payload = w.payload("admin", genesis());
    payload.instance = None;
    let envelope = w.sign(&payload, "admin");
    refused(w.apply(envelope, "admin"), "genesis-twice");
}

#[test]
fn only_the_first_administrator_founds() {
    let mut w = World::empty();
    for (who, label) in [
        ("alice", "admin"),
        ("admin", "alice"),
        ("admin", "recovery"),
    ] {
        let envelope = w.envelope(who, label, genesis());
        // The door would look at the key in it.
        let read = Unverified::read(Arc::new(envelope)).unwrap();
        let said = read.verify(&key(label).public()).unwrap();
        let (state, decided) = w.state.apply(Index(0), w.now, &w.node, &said);
        refused(decided, "key-not-live");
        assert_eq!(state.organization(), None);
        assert_eq!(state.people().count(), 0);
    }
    w.yes("admin", genesis());
}

#[test]
fn a_tick_is_said_by_the_log() {
    let mut w = World::ready();
    w.yes("node", TICK);
    refused(w.say_with("runner", "node", TICK), "key-not-live");
    refused(w.say_with("admin", "node", TICK), "key-not-live");
}

#[test]
fn a_statement_is_fresh() {
    let mut w = World::ready();
    let window = FRESH.millis();
    for (drift, expected) in [
        (-window - 1, Some("stale")),
        (-window, None),
        (window, None),
        (window + 1, Some("stale")),
    ] {
        let mut payload = w.payload("alice", asking(SAY));
        payload.at = Time(w.now.0 + drift);
        let envelope = w.sign(&payload, "alice");
        let decided = w.apply(envelope, "alice");
        assert_eq!(decided.entry.code.as_deref(), expected, "{drift}");
        if expected.is_some() {
            refused(decided, "stale");
        }
    }
}

#[test]
fn a_statement_acts_once() {
    let mut w = World::ready();
    let window = FRESH.millis();
    // Its own time is as far ahead as it may be, so it stays fresh the longest.
    let mut payload = w.payload("alice", asking(SAY));
    payload.at = Time(w.now.0 + window);
    let envelope = w.sign(&payload, "alice");
    let first = w.apply(envelope.clone(), "alice");
    assert!(first.entry.accepted);
    let start = w.now;
    for (later, expected) in [
        (0, "replayed"),
        (1, "replayed"),
        (window, "replayed"),
        (2 * window, "replayed"),
        (2 * window + 1, "stale"),
    ] {
        w.now = Time(start.0 + later);
        refused(w.apply(envelope.clone(), "alice"), expected);
        let answer = w.state.answer(envelope.digest());
        if expected == "replayed" {
            assert_eq!(answer.unwrap().index, first.index, "the first answer stays");
        }
    }
    // A refused one as well, and one whose signature was made anew.
    let asked = w.envelope("erin", "erin", asking(SAY));
    refused(w.apply(asked.clone(), "erin"), "not-requester");
    refused(w.apply(asked, "erin"), "replayed");
}

#[test]
fn answers_are_forgotten() {
    let mut w = World::ready();
    let digest = w.yes("alice", asking(SAY)).digest;
    assert!(w.state.answer(digest).is_some());
    w.wait(Seconds(2 * FRESH.0)).yes("node", TICK);
    assert!(w.state.answer(digest).is_some());
    w.wait(Seconds(1)).yes("node", TICK);
    assert!(w.state.answer(digest).is_none());
}

#[test]
fn a_statement_is_for_one_organization() {
    let mut w = World::ready();
    let mut payload = w.payload("alice", asking(SAY));
    payload.instance = Some(OrganizationId(Digest::of(b"another")));
    let envelope = w.sign(&payload, "alice");
    refused(w.apply(envelope, "alice"), "wrong-instance");
}

#[test]
fn rules_are_known() {
    let mut w = World::ready();
    for rules in [0, 2, u16::MAX] {
        let mut site = w.state.site().unwrap().as_ref().clone();
        site.rules = rules;
        let set = Set {
            object: Some(Object::Site(Arc::new(site))),
            remove: None,
            seen: w.size(),
        };
        no(&mut w, "admin", set, "rules-unknown");
    }
}

#[test]
fn time_never_goes_back() {
    let mut w = World::ready();
    w.wait(Seconds(10)).yes("node", TICK);
    let then = w.now;
    w.now = Time(then.0 - 5_000);
    let decided = w.yes("alice", asking(SAY));
    assert_eq!(decided.entry.time, then);
    assert_eq!(w.state.time(), then);
}

#[test]
fn a_refused_entry_lets_time_pass_and_changes_nothing_else() {
    let mut w = World::ready();
    let grant = w.grant();
    let before = w.state.clone();
    no(&mut w, "bob", approving(grant), "not-pending");
    assert_eq!(w.state.request(grant), before.request(grant));
    w.wait(Seconds::DAY);
    let decided = w.say("erin", asking(SAY));
    refused(decided.clone(), "not-requester");
    assert_eq!(decided.facts.len(), 1, "the grant has ended");
    assert!(w.state.request(grant).is_none());
}

#[test]
fn the_leaves_replay_to_the_same_state() {
    let mut w = World::ready();
    w.grant();
    w.invoke("alice", RESTART, &[("unit", "x")]);
    no(&mut w, "erin", asking(SAY), "not-requester");
    let mut state = State::default();
    for (at, leaf) in w.leaves().enumerate() {
        let entry = Entry::parse(leaf).unwrap();
        let said = Unverified::read(entry.envelope.clone())
            .unwrap()
            .trust_the_root();
        let (next, decided) = state.apply(Index(at as u64), entry.time, &entry.node, &said);
        assert_eq!(decided.leaf, leaf);
        state = next;
    }
    assert_eq!(state, w.state);
}
