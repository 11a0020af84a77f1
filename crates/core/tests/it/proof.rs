//! Every yes by itself: the closure of what an entry read, what those read, and
//! so on, is enough to accept it again. A proof of one entry rests on that.

use writ_core::fact::Fact;
use writ_core::object::{Risk, Task};
use writ_core::state::{Decided, State};
use writ_core::statement::Unverified;
use writ_core::testing::*;

/// Folds, for every accepted entry of a world, its closure alone.
#[track_caller]
pub(crate) fn every_yes_is_proved(w: &World) {
    for of in w.log.iter().filter(|decided| decided.entry.accepted) {
        let mut state = State::default();
        for at in w.closure([of.index]) {
            let full = &w.log[usize::try_from(at.0).unwrap()];
            let place = format!("entry {at} in the proof of entry {}", of.index);
            let said = Unverified::read(full.entry.envelope.clone()).unwrap();
            let said = said.trust_the_root();
            let (next, alone) = state.apply(full.index, full.entry.time, &full.entry.node, &said);
            assert_eq!(alone.refusal, None, "{place}");
            assert_eq!(alone.leaf_hash, full.leaf_hash, "{place}");
            // What a change ended of others' is none of this proof's business.
            assert_eq!(own(&alone).first(), own(full).first(), "{place}");
            for fact in own(&alone) {
                assert!(own(full).contains(fact), "{place}: {fact}");
            }
            state = next;
        }
    }
}

/// What an entry did, without what time did meanwhile.
fn own(decided: &Decided) -> &[Fact] {
    &decided.facts[decided.passed..]
}

#[test]
fn a_grant_that_outlived_its_policy_is_proved_by_what_governed_then() {
    let mut w = World::ready();
    w.grant();
    w.set(manual("*", &[]));
    w.remove_policy(RESTART);
    // What governed when the policy went is another entry by now.
    w.set(manual("*", &[("seniors", 1)]));
    w.invoke("alice", RESTART, &[("unit", "nginx")]);
    every_yes_is_proved(&w);
}

#[test]
fn a_grant_that_outlived_a_change_of_its_task_is_proved_by_what_governed_then() {
    let mut w = World::new();
    w.set(control(true, Some("approvers")));
    w.set(manual("*", &[]));
    w.grant();
    w.set(manual(r"Host\Re*", &[]));
    w.set(Task {
        risk: Risk::High,
        ..task(RESTART, "/bin/true", &["unit"])
    });
    w.set(manual(RESTART, &[]));
    w.invoke("alice", RESTART, &[("unit", "nginx")]);
    every_yes_is_proved(&w);
}
