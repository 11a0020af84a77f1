//! The checker: reads the log by itself as it grows, with all signatures, and
//! knows what was so at each place of it.

use std::collections::BTreeMap;

use writ_core::digest::Digest;
use writ_core::entry::Entry;
use writ_core::log::{Checkpoint, leaf_hash};
use writ_core::state::State;
use writ_core::statement::{Body, Outcome, Principal, Statement, TreeHead, Unverified};
use writ_engine::{Ledger, Trust};
use writ_store::{Backend, Memory, StoredEntry};

use super::grants::Grants;
use super::invariants::{Broken, broken};
use crate::world::{all_entries, read};

/// The log as the checker has read it.
pub(super) struct Checker {
    ledger: Ledger,
    entries: Vec<StoredEntry>,
    log: Vec<(Entry, Unverified)>,
    places: BTreeMap<Digest, usize>,
    /// What was so before each entry and is so now: one more than entries.
    moments: Vec<Moment>,
}

/// What is so after some entries.
#[derive(Clone)]
pub(super) struct Moment {
    pub(super) state: State,
    pub(super) grants: Grants,
    pub(super) checkpoint: Option<Checkpoint>,
}

impl Checker {
    /// Before the first entry.
    pub(super) fn new() -> Self {
        Self {
            ledger: Ledger::default(),
            entries: Vec::new(),
            log: Vec::new(),
            places: BTreeMap::new(),
            moments: vec![Moment {
                state: State::default(),
                grants: Grants::default(),
                checkpoint: None,
            }],
        }
    }

    /// Reads what the log holds beyond what it knows.
    pub(super) async fn look(&mut self, kept: &Memory) -> Result<(), Broken> {
        let stored = all_entries(kept).await;
        let known = self.entries.len();
        // INVARIANT I5: the log only grows.
        if stored.get(..known) != Some(&self.entries[..]) {
            return broken("I5 the log only grows", format!("it held {known} others"));
        }
        for entry in &stored[known..] {
            // INVARIANT I14: whoever reads the log with all signatures agrees with it.
            if let Err(problem) = self.take(entry) {
                return broken("I14 the log verifies", problem);
            }
        }
        match kept.head().await.unwrap() == self.ledger.head() {
            true => Ok(()),
            false => broken("I5 the head is that of the entries", self.ledger.size()),
        }
    }

    fn take(&mut self, stored: &StoredEntry) -> Result<(), String> {
        let at = self.entries.len();
        let decided = self.ledger.replay(&stored.leaf, Trust::Signatures);
        let decided = decided.map_err(|error| error.to_string())?;
        let is_it = (decided.index, decided.digest) == (stored.index, stored.digest)
            && leaf_hash(&stored.leaf) == stored.leaf_hash;
        if !is_it || self.places.insert(stored.digest, at).is_some() {
            return Err(format!("entry {at} is another one, or there twice"));
        }
        let (entry, said) = read(std::slice::from_ref(stored)).remove(0);
        let mut grants = self.moments[at].grants.clone();
        if entry.accepted {
            let after = grants.after(entry.time, stored.digest, said.statement());
            // INVARIANT I7: whoever approves is an approver and somebody else.
            grants = after.map_err(|problem| format!("entry {at}: {problem}"))?;
        }
        self.moments.push(Moment {
            state: self.ledger.state().clone(),
            grants,
            checkpoint: self.ledger.checkpoint(),
        });
        self.entries.push(stored.clone());
        self.log.push((entry, said));
        Ok(())
    }

    /// Size and root of what it has read.
    pub(super) fn head(&self) -> TreeHead {
        self.ledger.head()
    }

    /// What was so after so many entries.
    pub(super) fn after(&self, size: u64) -> Option<&Moment> {
        self.moments.get(usize::try_from(size).unwrap())
    }

    /// Where a statement is in the log.
    pub(super) fn place(&self, digest: Digest) -> Option<usize> {
        self.places.get(&digest).copied()
    }

    /// An entry, under which digest it is there.
    pub(super) fn entry(&self, at: u64) -> Option<(Digest, &Entry)> {
        let at = usize::try_from(at).unwrap();
        Some((self.entries.get(at)?.digest, &self.log.get(at)?.0))
    }

    /// What was accepted, each with what was so just before.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (&Moment, &Entry, &Statement)> {
        let log = self.moments.iter().zip(&self.log);
        log.filter(|(_, (entry, _))| entry.accepted)
            .map(|(before, (entry, said))| (before, entry, said.statement()))
    }

    /// What nodes said of runs, and it was accepted.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let by_nodes = self.accepted().map(|(_, _, said)| said);
        let by_nodes = by_nodes.filter(|said| said.by == Principal::Node);
        by_nodes.filter_map(|said| {
            let Body::Outcome(outcome) = &said.body else {
                return None;
            };
            Some(&**outcome)
        })
    }
}
