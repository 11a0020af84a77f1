//! A golden log: what rules 1 said, once and for ever.
//!
//! `tests/golden/rules-1.log` has a line for each entry: the digest of its
//! facts, a space, its leaf; and at the end the root over all leaves. It is a
//! **story** in which everything happens that can happen: every kind of
//! statement, every noun, everything that can become of a request or a run,
//! and every refusal. Replaying it must give the same yes or no, the same code
//! and the same facts, or the same number would stand for other rules.
//!
//! Until the first tagged release the file may be made anew, when rules 1 are
//! meant to change: `WRIT_WRITE=1`. From then on it stays as it is, the story
//! goes on in the file of the next number, and every change of behaviour is a
//! gate in `rules.rs`.

mod accounts;
mod apps;
mod objects;
mod requests;

use std::collections::BTreeSet;

use writ_core::digest::{Digest, Index};
use writ_core::entry::Entry;
use writ_core::envelope::Kind;
use writ_core::fact::{Fact, KeyEvent, RequestEvent};
use writ_core::log::Frontier;
use writ_core::object::{Noun, Object};
use writ_core::record::Status;
use writ_core::refusal::Refusal;
use writ_core::rules::Rules;
use writ_core::state::{Decided, State};
use writ_core::statement::{RunResult, Unverified};
use writ_core::testing::*;

use crate::written;

const FILE: &str = "tests/golden/rules-1.log";

/// Refusals that the log has not, and why.
const NOT_IN_IT: [(&str, &str); 4] = [
    ("not-yet", "nothing waits for a later version now"),
    ("genesis-first", "entry 0 of a log is a genesis"),
    ("pending-limit", "it takes 100 requests"),
    ("live-limit", "it takes 1000 grants"),
];

fn story() -> World {
    let mut world = World::new();
    crate::said::no(&mut world, "alice", asking(SAY), "never-enabled");
    world.set(control(true, Some("approvers")));
    world.set(manual(RESTART, &[]));
    world.set(auto(SAY, "staff"));
    objects::told(&mut world);
    requests::told(&mut world);
    accounts::told(&mut world);
    apps::told(&mut world);
    world
}

fn digest_of(facts: &[Fact]) -> Digest {
    Digest::of(&serde_json::to_vec(facts).unwrap())
}

fn text(log: &[Decided]) -> String {
    let mut frontier = Frontier::default();
    let mut text = String::new();
    for decided in log {
        frontier.push_leaf(&decided.leaf);
        let leaf = std::str::from_utf8(&decided.leaf).unwrap();
        text += &format!("{} {leaf}\n", digest_of(&decided.facts));
    }
    text + &format!("root {}\n", frontier.root())
}

/// Decides every leaf of the file again.
fn replayed(text: &str) -> Vec<Decided> {
    let (lines, root) = text.trim_end().rsplit_once("\nroot ").unwrap();
    let mut state = State::default();
    let mut frontier = Frontier::default();
    let mut log = Vec::new();
    for (line, at) in lines.lines().zip(0..) {
        let (facts, leaf) = line.split_once(' ').unwrap();
        let entry = Entry::parse(leaf.as_bytes()).unwrap();
        let read = Unverified::read(entry.envelope.clone()).unwrap();
        // The world lets in what the door would not: a key that does not count.
        let said = match state.key_for(&read, entry.time) {
            Some(key) => read.verify(&key).unwrap(),
            None => read.trust_the_root(),
        };
        let (next, decided) = state.apply(Index(at), entry.time, &entry.node, &said);
        let verdict = |entry: &Entry| (entry.accepted, entry.code.clone());
        let said = decided.entry.envelope.payload_type;
        assert_eq!(
            verdict(&decided.entry),
            verdict(&entry),
            "entry {at}, {said}: {:?}",
            decided.refusal
        );
        assert_eq!(String::from_utf8_lossy(&decided.leaf), leaf, "entry {at}");
        let now = digest_of(&decided.facts).to_string();
        assert_eq!(now, facts, "the facts of entry {at}: {:#?}", decided.facts);
        frontier.push_leaf(&decided.leaf);
        state = next;
        log.push(decided);
    }
    assert_eq!(frontier.root().to_string(), root);
    log
}

fn golden() -> Vec<Decided> {
    replayed(&written::read(FILE).unwrap_or_else(|| text(&story().log)))
}

#[test]
fn the_golden_log_replays() {
    assert_eq!(
        Rules::NEWEST.number(),
        1,
        "the next number needs a log of its own"
    );
    assert!(golden().len() > 100);
}

#[test]
fn the_story_is_told_as_it_was() {
    written::compare(FILE, &text(&story().log));
}

/// What a log has, in words.
fn happened(log: &[Decided]) -> BTreeSet<String> {
    let mut happened = BTreeSet::new();
    for decided in log {
        happened.insert(decided.entry.envelope.payload_type.to_string());
        happened.extend(decided.refusal.iter().map(|no| no.code().to_owned()));
        happened.extend(decided.facts.iter().map(what));
        happened.extend(decided.facts.iter().filter_map(status).map(str::to_owned));
    }
    happened
}

fn what(fact: &Fact) -> String {
    match fact {
        Fact::Founded { .. } => "founded".to_owned(),
        Fact::ObjectSet { object, .. } => format!("set {}", object.noun()),
        Fact::ObjectRemoved { name, .. } => format!("removed {}", name.noun()),
        Fact::Keys { event, .. } => match event {
            KeyEvent::Invited => "invited".to_owned(),
            KeyEvent::Enrolled { recovery, .. } => format!("enrolled, recovery {recovery}"),
            KeyEvent::Revoked { .. } => "revoked a key".to_owned(),
        },
        Fact::Recovered { .. } => "recovered".to_owned(),
        Fact::SignedOut { session, .. } => format!("signed out, all {}", session.is_none()),
        Fact::Request { event, .. } => match event {
            RequestEvent::Raised => "raised".to_owned(),
            RequestEvent::Approved => "approved".to_owned(),
            RequestEvent::Granted => "granted".to_owned(),
            RequestEvent::Ended => "ended".to_owned(),
        },
        Fact::Execution { record } => match &record.outcome {
            None => "authorized".to_owned(),
            Some(outcome) => format!("{:?}", outcome.result),
        },
    }
}

fn status(fact: &Fact) -> Option<&'static str> {
    fact.request().map(|record| record.status.name())
}

#[test]
fn everything_happens_in_the_golden_log() {
    let happened = happened(&golden());
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let kinds = Kind::ALL.map(|kind| format!("application/vnd.writ.{kind}.v1+json"));
    wanted.extend(kinds);
    let left_out: BTreeSet<_> = NOT_IN_IT.iter().map(|(code, _)| *code).collect();
    let codes = Refusal::CATALOG.iter().map(|listed| listed.code);
    wanted.extend(
        codes
            .filter(|code| !left_out.contains(code))
            .map(str::to_owned),
    );
    wanted.extend(Status::ALL.map(|status| status.name().to_owned()));
    let results = [RunResult::Succeeded, RunResult::Failed, RunResult::Unknown];
    wanted.extend(results.map(|result| format!("{result:?}")));
    let set = [
        Noun::Site,
        Noun::Control,
        Noun::Person,
        Noun::Group,
        Noun::Workload,
        Noun::Task,
        Noun::Policy,
        Noun::Preferences,
    ];
    wanted.extend(set.map(|noun| format!("set {noun}")));
    let removed = [Noun::Group, Noun::Workload, Noun::Task, Noun::Policy];
    wanted.extend(removed.map(|noun| format!("removed {noun}")));
    wanted.extend(
        [
            "founded",
            "invited",
            "enrolled, recovery false",
            "enrolled, recovery true",
            "revoked a key",
            "signed out, all true",
            "signed out, all false",
            "raised",
            "approved",
            "granted",
            "ended",
            "authorized",
            "recovered",
        ]
        .map(str::to_owned),
    );
    let missing: Vec<_> = wanted.difference(&happened).collect();
    assert!(missing.is_empty(), "nobody ever saw: {missing:?}");
    for (code, why) in NOT_IN_IT {
        assert!(!happened.contains(code), "{code} is there: {why}?");
    }
}

/// The object as it is now.
fn as_it_is<T: Clone>(found: Option<&std::sync::Arc<T>>) -> T {
    found.unwrap().as_ref().clone()
}

/// The administrator tries to set an object.
#[track_caller]
fn not_set(world: &mut World, object: impl Into<Object>, code: &str) {
    let set = world.setting(object);
    crate::said::no(world, "admin", set, code);
}
