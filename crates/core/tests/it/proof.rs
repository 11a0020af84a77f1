//! The closure of reads: what an accepted entry noted, and what those noted,
//! must be enough to accept it again.

use std::collections::BTreeSet;

use writ_core::digest::Index;
use writ_core::state::State;
use writ_core::statement::Unverified;
use writ_core::testing::World;

/// Folds, for every accepted entry of a world, the closure of its reads alone.
#[track_caller]
pub(crate) fn every_yes_is_proved(w: &World) {
    for (at, decided) in w.log.iter().enumerate() {
        if !decided.entry.accepted {
            continue;
        }
        let mut state = State::default();
        for index in closure(w, at) {
            let entry = &w.log[index].entry;
            let said = Unverified::read(entry.envelope.clone())
                .unwrap()
                .trust_the_root();
            let (next, again) = state.apply(Index(index as u64), entry.time, &entry.node, &said);
            assert_eq!(
                again.refusal, None,
                "entry {index}, in the closure of entry {at}"
            );
            state = next;
        }
    }
}

/// An entry with all that it rests on, in order; genesis always.
fn closure(w: &World, at: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::from([0]);
    let mut open = vec![at];
    while let Some(next) = open.pop() {
        if found.insert(next) || next == 0 {
            let reads = w.log[next].reads.iter();
            open.extend(reads.map(|read| read.0 as usize).filter(|read| *read != 0));
        }
    }
    found
}
