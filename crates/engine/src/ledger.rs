//! The ledger: sequencing without a store.
//!
//! Sync and without I/O, so that the live node, start-up, `log verify` and the
//! simulation use the same one. It is a State and a tree over the same entries;
//! copying it costs O(log n).

use std::fmt;
use std::sync::Arc;

use writ_core::digest::Index;
use writ_core::entry::Entry;
use writ_core::log::{Checkpoint, Frontier};
use writ_core::names::Name;
use writ_core::state::{Answer, Decided, State};
use writ_core::statement::{Body, TreeHead, Unverified, Verified};
use writ_core::time::Time;

/// The State and the tree over the same entries.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    state: State,
    tree: Frontier,
}

/// What became of one statement of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// It is a new entry.
    Appended(Box<Decided>),
    /// The same envelope has its answer already.
    Known(Answer),
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
        self.tree.push_hash(decided.leaf_hash);
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
        self.tree.push_leaf(leaf);
        Ok(decided)
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
