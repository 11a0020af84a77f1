//! The services' keys: one changes at a time, and what the old ones may still say.

use std::sync::Arc;

use writ_core::digest::{Digest, ExecutionId};
use writ_core::key::Hex;
use writ_core::object::{Object, Services, Site};
use writ_core::statement::{RunResult, Tick, Unverified};
use writ_core::testing::*;

use crate::proof::every_yes_is_proved;
use crate::said::{no, refused};

pub(crate) fn all() {
    one_key_changes_at_a_time();
}

/// The site as it is, with other keys.
fn with(w: &World, change: impl FnOnce(&mut Services)) -> Object {
    let mut site: Site = w.state.site().unwrap().as_ref().clone();
    change(&mut site.services);
    Object::Site(Arc::new(site))
}

fn runner(w: &World, label: &str) -> Object {
    with(w, |services| services.runner = key(label).public())
}

#[test]
fn one_key_changes_at_a_time() {
    let mut w = World::ready();
    let sealing = |services: &mut Services| {
        services.sealing.public = Hex(Digest::of(b"another").as_bytes().to_vec());
    };
    let log = |services: &mut Services| services.log = key("log 2").public();
    for set in [
        with(&w, |services| {
            log(services);
            sealing(services);
        }),
        with(&w, |services| {
            services.runner = key("runner 2").public();
            log(services);
            sealing(services);
        }),
    ] {
        let set = w.setting(set);
        no(&mut w, "admin", set, "one-key");
    }
    let set = runner(&w, "runner 2");
    w.set(set);
    let set = with(&w, log);
    w.set(set);
    let set = with(&w, sealing);
    w.set(set);
    // The log's old key lets no time pass any more.
    let tick = Tick { turned_away: 0 };
    refused(w.say_with("log", "node", tick.clone()), "key-not-live");
    assert_eq!(w.say_with("log 2", "node", tick).refusal, None);
    let set = w.setting(runner(&w, "runner 3"));
    no(&mut w, "alice", set, "not-administrator");
    every_yes_is_proved(&w);
}

#[test]
fn keys_of_services_have_a_form() {
    let w = World::ready();
    let p256 = Authenticator::of("log").public();
    let same = |services: &mut Services| services.runner = services.log.clone();
    for (why, object, fits) in [
        ("as it is", with(&w, |_| ()), true),
        ("another", runner(&w, "runner 2"), true),
        ("one key for both", with(&w, same), false),
        ("no Ed25519", with(&w, |s| s.log = p256.clone()), false),
        (
            "small order",
            with(&w, |s| s.runner.public = Hex(vec![0; 32])),
            false,
        ),
        (
            "short",
            with(&w, |s| s.sealing.public = Hex(vec![1; 31])),
            false,
        ),
    ] {
        assert_eq!(object.check().is_ok(), fits, "{why}");
    }
}

#[test]
fn the_old_runner_ends_what_was_authorised_before() {
    let mut w = World::ready();
    w.grant();
    let invoke = |w: &mut World| w.invoke("alice", RESTART, &[("unit", "x")]);
    let [first, second, third] = [(); 3].map(|()| invoke(&mut w));
    let set = runner(&w, "runner 2");
    w.set(set);
    let later = invoke(&mut w);
    let ends = |w: &mut World, label: &str, id: ExecutionId| {
        w.say_with(label, "node", outcome(id, RunResult::Succeeded))
    };
    assert_eq!(ends(&mut w, "runner", first).refusal, None);
    // The new one may as well: a node that was restarted has no other.
    assert_eq!(ends(&mut w, "runner 2", second).refusal, None);
    for label in ["log", "runner 3", "alice"] {
        refused(ends(&mut w, label, third), "key-not-live");
    }
    refused(ends(&mut w, "runner", later), "key-not-live");
    assert_eq!(ends(&mut w, "runner 2", later).refusal, None);
    // The door knows as much.
    for (label, id, known) in [
        ("runner", third, true),
        ("runner 2", third, true),
        ("runner 3", third, false),
        ("runner", later, false),
        ("runner 2", later, true),
    ] {
        let envelope = w.envelope("node", label, outcome(id, RunResult::Failed));
        let said = Unverified::read(envelope.into()).unwrap();
        let found = w.state.key_for(&said, w.now);
        let expected = known.then(|| key(label).public());
        assert_eq!(found, expected, "{label}");
    }
    every_yes_is_proved(&w);
}
