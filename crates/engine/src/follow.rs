//! Following: what the log holds beyond a ledger.
//!
//! Start, a node that lost sight of an append and `log verify` read the log
//! alike: leaf by leaf, through the same ledger that decides.

use std::fmt;

use writ_core::digest::Index;
use writ_core::log::leaf_hash;
use writ_core::state::Decided;
use writ_store::{Backend, StoreError, StoredEntry};

use crate::ledger::{Corrupt, Ledger, Trust};

/// How many entries are read at once.
pub(crate) const CHUNK: usize = 1_024;

/// Why the log could not be followed.
#[derive(Debug)]
pub(crate) enum Followed {
    /// The store did not answer.
    Store(StoreError),
    /// A leaf is wrong.
    Corrupt(Corrupt),
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Corrupt(corrupt) => corrupt.fmt(f),
        }
    }
}

impl From<StoreError> for Followed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Feeds a ledger with all that the store holds beyond it. `seen` is told of
/// every entry, with the ledger that holds it, as it was decided now and as it
/// was stored then.
pub(crate) async fn follow(
    store: &dyn Backend,
    ledger: &mut Ledger,
    trust: impl Fn(u64) -> Trust,
    mut seen: impl FnMut(&Ledger, Decided, &StoredEntry) -> Result<(), Corrupt>,
) -> Result<(), Followed> {
    loop {
        let entries = store.entries(Index(ledger.size()), CHUNK).await?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in &entries {
            let decided = ledger
                .replay(&entry.leaf, trust(ledger.size()))
                .map_err(Followed::Corrupt)?;
            seen(ledger, decided, entry).map_err(Followed::Corrupt)?;
        }
    }
}

/// A ledger with all that the log holds beyond it, and what that is. What is not
/// in it never comes to light.
pub(crate) async fn read_on(
    store: &dyn Backend,
    from: &Ledger,
) -> Result<(Ledger, Vec<Decided>), Followed> {
    // INVARIANT: the head first: only its answer is final.
    let head = store.head().await?;
    let (mut ledger, mut found) = (from.clone(), Vec::new());
    follow(
        store,
        &mut ledger,
        |_| Trust::Signatures,
        |_, decided, _| {
            found.push(decided);
            Ok(())
        },
    )
    .await?;
    // It may have grown since, and never shrinks.
    let (first, last) = (from.size(), ledger.size());
    let is_there = (first..last).contains(&head.size) || head == ledger.head();
    match is_there {
        true => Ok((ledger, found)),
        false => Err(Followed::Corrupt(Corrupt {
            index: Index(ledger.size()),
            problem: "the log does not go on as its head says".into(),
        })),
    }
}

/// The first leaf that shows by itself that it was changed, by its signature or
/// by the hash kept beside it.
pub(crate) async fn first_changed(store: &dyn Backend) -> Option<Corrupt> {
    let mut ledger = Ledger::default();
    let followed = follow(
        store,
        &mut ledger,
        |_| Trust::Signatures,
        |_, decided, entry| match entry.leaf_hash == leaf_hash(&entry.leaf) {
            true => Ok(()),
            false => Err(Corrupt {
                index: decided.index,
                problem: "its stored hash is another one".into(),
            }),
        },
    )
    .await;
    match followed {
        Err(Followed::Corrupt(corrupt)) => Some(corrupt),
        Err(Followed::Store(_)) | Ok(()) => None,
    }
}
