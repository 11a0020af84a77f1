//! The ledger: sequencing without a store.
//!
//! Sync and without I/O, so that the live node, start-up, `log verify` and the
//! simulation use the same one. It is a State and a tree over the same entries,
//! cheap to copy.

use std::fmt;
use std::sync::Arc;

use writ_core::digest::{Digest, Index};
use writ_core::entry::Entry;
use writ_core::log::{Checkpoint, Frontier, Tiles, leaf_hash};
use writ_core::names::Name;
use writ_core::state::{Answer, Decided, State};
use writ_core::statement::{Body, TreeHead, Unverified, Verified};
use writ_core::time::Time;

/// The State and the tree over the same entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    state: State,
    tree: Frontier,
    tiles: Tiles,
}

/// What became of one statement of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// It is a new entry.
    Appended(Box<Decided>),
    /// The same envelope has its answer already.
    Known(Answer),
}

impl Step {
    /// The new entry, if it is one.
    pub(crate) fn appended(&self) -> Option<&Decided> {
        match self {
            Self::Appended(decided) => Some(decided),
            Self::Known(_) => None,
        }
    }
}

/// What vouches for the signatures of leaves that are replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A root that this node signed lies above them.
    Root,
    /// Nothing: every signature is checked.
    Signatures,
}

/// A log that cannot be what it says it is: the first leaf that is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// The leaf.
    pub index: Index,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "leaf {} is not what was appended: {}",
            self.index, self.problem
        )
    }
}

impl std::error::Error for Corrupt {}

impl Ledger {
    /// Of a State and a tree over the same entries.
    pub(crate) fn of(state: State, tiles: Tiles) -> Self {
        Self {
            state,
            tree: tiles.frontier(),
            tiles,
        }
    }

    /// The fold of the entries.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.tree.size(),
            root: self.tree.root(),
        }
    }

    /// What knows every leaf again.
    pub(crate) const fn tiles(&self) -> &Tiles {
        &self.tiles
    }

    /// The unsigned checkpoint, once the organization is founded.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let TreeHead { size, root } = self.head();
        Some(Checkpoint {
            origin: self.state.origin()?,
            size,
            root,
        })
    }

    /// Decides statements in order, at `now`, on `node`. What was said before
    /// is not appended again.
    pub(crate) fn decide<'a>(
        &self,
        now: Time,
        node: &Name,
        said: impl Iterator<Item = &'a Verified>,
    ) -> (Self, Vec<Step>) {
        let mut next = self.clone();
        let steps = said.map(|said| next.step(now, node, said)).collect();
        (next, steps)
    }

    fn step(&mut self, now: Time, node: &Name, said: &Verified) -> Step {
        if let Some(answer) = self.state.answer(said.digest()) {
            return Step::Known(answer.clone());
        }
        let index = Index(self.tree.size());
        let (state, decided) = self.state.apply(index, now, node, said);
        self.state = state;
        self.push(decided.leaf_hash);
        Step::Appended(Box::new(decided))
    }

    /// Reads the next leaf of the log: it must reach the same yes or no.
    pub fn replay(&mut self, leaf: &[u8], trust: Trust) -> Result<Decided, Corrupt> {
        let index = Index(self.tree.size());
        let corrupt = |problem: String| Corrupt { index, problem };
        let entry = Entry::parse(leaf).map_err(|error| corrupt(error.to_string()))?;
        if entry.time < self.state.time() {
            return Err(corrupt(
                "its time lies before that of the leaf before".into(),
            ));
        }
        let said = Unverified::read(Arc::clone(&entry.envelope))
            .map_err(|error| corrupt(error.to_string()))?;
        let said = match trust {
            Trust::Root => said.trust_the_root(),
            Trust::Signatures => match self.state.key_for(&said, entry.time) {
                Some(key) => said
                    .verify(&key)
                    .map_err(|error| corrupt(error.to_string()))?,
                None => self.without_key(&entry, said).map_err(corrupt)?,
            },
        };
        if let Body::Recover(recover) = &said.statement().body
            && entry.accepted
            && recover.kept != self.head()
        {
            return Err(corrupt("it recovers another log than this one".into()));
        }
        let (state, decided) = self.state.apply(index, entry.time, &entry.node, &said);
        if decided.entry.accepted != entry.accepted {
            let said = if entry.accepted { "yes" } else { "no" };
            return Err(corrupt(format!(
                "it says {said}, and the rules say otherwise"
            )));
        }
        self.state = state;
        self.push(leaf_hash(leaf));
        Ok(decided)
    }

    fn push(&mut self, leaf_hash: Digest) {
        self.tree.push_hash(leaf_hash);
        self.tiles.push_hash(leaf_hash);
    }

    /// A statement whose key is no longer live was refused; nothing can be said
    /// of its signature, and nothing follows from it.
    fn without_key(&self, entry: &Entry, said: Unverified) -> Result<Verified, String> {
        match entry.accepted {
            true => Err("no live key of its author has the id that it names".into()),
            false => Ok(said.trust_the_root()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use writ_core::digest::{ExecutionId, RequestId};
    use writ_core::envelope::Envelope;
    use writ_core::names::Pattern;
    use writ_core::object::ObjectName;
    use writ_core::statement::{RevokeKey, RunResult, Tick};
    use writ_core::testing::{
        RESTART, SAY, World, approving, asking, auto, control, ending, key, manual, outcome,
        running, upn,
    };
    use writ_core::time::Seconds;

    use super::*;

    const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

    static READY: LazyLock<World> = LazyLock::new(World::ready);

    /// A log that grows: the ledger that decides it, and the world that speaks.
    struct Growing {
        ledger: Ledger,
        world: World,
        said: Vec<Envelope>,
        /// What the node's clock says; the world speaks by the log's time.
        clock: Time,
    }

    impl Growing {
        fn new() -> Self {
            let world = READY.clone();
            let mut ledger = Ledger::default();
            for leaf in world.leaves() {
                ledger.replay(leaf, Trust::Signatures).unwrap();
            }
            assert_eq!(*ledger.state(), world.state);
            let clock = world.now;
            Self {
                ledger,
                world,
                said: Vec::new(),
                clock,
            }
        }

        /// What somebody says, chosen by numbers, or time that goes by.
        fn envelope(&mut self, (kind, who, which): (u8, u8, u8)) -> Option<Envelope> {
            fn pick<T>(from: Vec<T>, number: u8) -> Option<T> {
                let number = usize::from(number) % from.len().max(1);
                from.into_iter().nth(number)
            }
            let state = self.world.state.clone();
            let request = || pick(state.requests().map(|r| r.id).collect(), which);
            let node = self.world.node.clone();
            let run = || pick(state.open_executions(&node).map(|r| r.id).collect(), which);
            let who = PEOPLE[usize::from(who) % PEOPLE.len()];
            let task = [RESTART, SAY][usize::from(which % 2)];
            let parameter = [("unit", "web"), ("word", "hello")][usize::from(which % 2)];
            let nothing = Digest::of(&[which]);
            let world = &mut self.world;
            let admin = |world: &mut World, set| world.envelope("admin", "admin", set);
            match kind % 14 {
                0 | 1 => Some(world.envelope(who, who, asking(task))),
                2 | 3 => Some(world.envelope(who, who, approving(request()?))),
                4 => Some(world.envelope(who, who, ending(request()?))),
                5 => Some(world.envelope(who, who, approving(RequestId(nothing)))),
                6 | 7 => Some(world.envelope(who, who, running(task, &[parameter]))),
                8 => {
                    let execution = run().unwrap_or(ExecutionId(nothing));
                    let result = [RunResult::Succeeded, RunResult::Unknown];
                    let body = outcome(execution, result[usize::from(which / 2 % 2)]);
                    Some(world.envelope("node", "runner", body))
                }
                9 => {
                    let set = match which % 4 {
                        0 => world.setting(control(which < 200, Some("approvers"))),
                        1 => world.setting(manual(RESTART, &[("seniors", 1)])),
                        2 => world.setting(auto(SAY, "staff")),
                        _ => world.removing(ObjectName::Policy(Pattern::parse(SAY).unwrap())),
                    };
                    Some(admin(world, set))
                }
                10 => {
                    let who = ["dave", "erin"][usize::from(which % 2)];
                    let (person, key) = (upn(who), key(who).public().id());
                    let body = RevokeKey { person, key };
                    Some(world.envelope("admin", "admin", body))
                }
                11 => Some(world.envelope("node", "log", Tick { turned_away: 3 })),
                12 => pick(self.said.clone(), which),
                _ => {
                    let time = Seconds(u64::from(which) * u64::from(which) * 4);
                    self.clock = match which % 5 {
                        0 => self.clock.minus(time),
                        _ => self.clock.plus(time),
                    };
                    world.now = self.clock.max(state.time());
                    None
                }
            }
        }

        /// Decides what the door would let in, as one batch.
        fn decide(&mut self, batch: &[(u8, u8, u8)]) -> (Ledger, Vec<Step>) {
            let mut said = Vec::new();
            for numbers in batch {
                let Some(envelope) = self.envelope(*numbers) else {
                    continue;
                };
                let read = Unverified::read(Arc::new(envelope.clone())).unwrap();
                if let Some(key) = self.ledger.state().key_for(&read, self.world.now) {
                    said.push(read.verify(&key).unwrap());
                    self.said.push(envelope);
                }
            }
            self.ledger
                .decide(self.clock, &self.world.node, said.iter())
        }
    }

    fn batches() -> impl Strategy<Value = Vec<Vec<(u8, u8, u8)>>> {
        let batch = proptest::collection::vec(any::<(u8, u8, u8)>(), 1..6);
        proptest::collection::vec(batch, 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        /// INVARIANT: whatever was decided replays to the same, with signatures
        /// and without: facts, reads, leaves, State and tree.
        #[test]
        fn a_log_replays_to_what_was_decided(batches in batches()) {
            let mut growing = Growing::new();
            for batch in batches {
                let before = growing.ledger.clone();
                let (next, steps) = growing.decide(&batch);
                for trust in [Trust::Signatures, Trust::Root] {
                    let mut replayed = before.clone();
                    for step in &steps {
                        let Step::Appended(decided) = step else { continue };
                        let again = replayed.replay(&decided.leaf, trust).unwrap();
                        prop_assert_eq!(&again.leaf, &decided.leaf);
                        prop_assert_eq!(&again.facts, &decided.facts);
                        prop_assert_eq!(&again.reads, &decided.reads);
                        prop_assert_eq!(again.leaf_hash, decided.leaf_hash);
                    }
                    prop_assert_eq!(&replayed, &next);
                }
                for step in steps {
                    if let Step::Appended(decided) = step {
                        growing.world.log.push(*decided);
                    }
                }
                growing.world.state = next.state().clone();
                growing.ledger = next;
            }
            let mut whole = Ledger::default();
            for leaf in growing.world.leaves() {
                whole.replay(leaf, Trust::Signatures).unwrap();
            }
            prop_assert_eq!(&whole, &growing.ledger);
        }
    }

    #[test]
    fn what_was_said_before_is_known_and_not_appended() {
        let mut growing = Growing::new();
        let envelope = growing.world.envelope("alice", "alice", asking(RESTART));
        let said = Unverified::read(Arc::new(envelope)).unwrap();
        let said = said.verify(&key("alice").public()).unwrap();
        let (now, node) = (growing.world.now, growing.world.node.clone());
        let (next, steps) = growing
            .ledger
            .decide(now, &node, [&said, &said].into_iter());
        assert!(
            matches!(&steps[..], [Step::Appended(_), Step::Known(_)]),
            "{steps:?}"
        );
        assert_eq!(next.size(), growing.ledger.size() + 1);
        let (again, steps) = next.decide(now, &node, std::iter::once(&said));
        assert!(
            matches!(&steps[..], [Step::Known(answer)] if answer.index.0 == growing.ledger.size())
        );
        assert_eq!(again, next);
    }

    /// Each leaf is wrong in one way, and named.
    #[test]
    fn a_leaf_that_could_not_have_been_appended_is_refused() {
        let growing = Growing::new();
        let at = growing.world.log.len() - 1;
        let leaf = String::from_utf8(growing.world.log[at].leaf.clone()).unwrap();
        let mut before = Ledger::default();
        for leaf in growing.world.leaves().take(at) {
            before.replay(leaf, Trust::Signatures).unwrap();
        }
        let time = before.state().time().0;
        let earlier = format!("\"time\":{}", time - 1);
        for (from, to, words) in [
            ("true", "false", "says no, and the rules say otherwise"),
            (
                &format!("\"time\":{time}"),
                &earlier,
                "before that of the leaf before",
            ),
            ("{\"accepted\"", "{ \"accepted\"", "canonical"),
            ("\"sig\":\"", "\"sig\":\"AAAA", "signature does not fit"),
        ] {
            assert!(leaf.contains(from), "{from}: {leaf}");
            let changed = leaf.replacen(from, to, 1);
            let mut ledger = before.clone();
            let corrupt = ledger.replay(changed.as_bytes(), Trust::Signatures);
            let corrupt = corrupt.unwrap_err();
            assert_eq!(corrupt.index.0, at as u64);
            assert!(corrupt.to_string().contains(words), "{corrupt}");
            assert_eq!(ledger, before, "nothing of it is taken");
        }
        before.replay(leaf.as_bytes(), Trust::Signatures).unwrap();
    }
}
