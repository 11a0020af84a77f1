//! Comparing the leaves that a start did not read with the tree that it believed.
//!
//! A node that goes on from a kept ledger reads only what came after it. The
//! newest leaves are compared before the first answer, the older ones while it
//! serves; the first difference stops it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use writ_core::digest::{Digest, Index};
use writ_core::log::{Tiles, leaf_hash};
use writ_store::{Backend, StoreError};

use crate::follow::Followed;
use crate::ledger::Corrupt;

/// How many of the newest leaves are compared before the first answer.
pub(crate) const NEWEST: u64 = 4_096;
/// How long to wait before asking a store again that did not answer.
const PAUSE: Duration = Duration::from_secs(10);

/// Compares the stored leaves with the tree, from the first to the last tile that
/// has any of them.
pub(crate) async fn compare(
    store: &dyn Backend,
    tiles: &Tiles,
    leaves: Range<u64>,
) -> Result<(), Followed> {
    let mut next = leaves.start;
    while next < leaves.end
        && let Some(tile) = tiles.around(next)
    {
        next = tile.end;
        let first = Index(tile.start);
        let hashes = read_hashes(store, tile).await?;
        if !tiles.holds(first.0, &hashes) {
            return Err(differs(first, "it or one of the 255 after it is another"));
        }
    }
    Ok(())
}

/// The hashes of the stored leaves themselves, fewer where leaves are missing.
async fn read_hashes(store: &dyn Backend, leaves: Range<u64>) -> Result<Vec<Digest>, Followed> {
    let mut hashes = Vec::new();
    while let next = leaves.start + hashes.len() as u64
        && let Ok(count @ 1..) = usize::try_from(leaves.end - next)
    {
        let entries = store.entries(Index(next), count).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let hash = leaf_hash(&entry.leaf);
            if entry.leaf_hash != hash {
                return Err(differs(entry.index, "its stored hash is another one"));
            }
            hashes.push(hash);
        }
    }
    Ok(hashes)
}

fn differs(index: Index, problem: &str) -> Followed {
    let problem = problem.into();
    Followed::Corrupt(Corrupt { index, problem })
}

/// Compares the first leaves while the node serves, and stops it at the first
/// difference.
pub(crate) async fn compare_on(
    store: Arc<dyn Backend>,
    tiles: Tiles,
    until: u64,
    stop: watch::Sender<bool>,
) {
    let mut next = 0;
    while next < until && !*stop.borrow() {
        match compare(&*store, &tiles, next..next + 1).await {
            Ok(()) => next = tiles.around(next).map_or(until, |tile| tile.end),
            Err(error @ (Followed::Corrupt(_) | Followed::Store(StoreError::Corrupt(_)))) => {
                tracing::error!(
                    "the log was changed: {error}; the node stops. Restore the newest backup of \
                     the database"
                );
                stop.send_replace(true);
            }
            Err(error @ Followed::Store(_)) => {
                tracing::warn!(%error, "the log could not be compared; it is tried again");
                sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_core::log::Frontier;
    use writ_core::statement::TreeHead;
    use writ_store::{Batch, Memory, StoredEntry};

    use super::*;

    /// As many leaves in a store and in a tree; the store has another leaf where
    /// `altered` says, and its hash or the right one beside it.
    async fn kept(count: u64, altered: Option<(u64, bool)>) -> (Arc<dyn Backend>, Tiles) {
        let (mut tiles, mut tree) = (Tiles::default(), Frontier::default());
        let entry = |index: u64| {
            let right = index.to_be_bytes().to_vec();
            let (leaf, hash) = match altered {
                Some((at, true)) if at == index => (b"other".to_vec(), leaf_hash(b"other")),
                Some((at, false)) if at == index => (b"other".to_vec(), leaf_hash(&right)),
                Some(_) | None => (right.clone(), leaf_hash(&right)),
            };
            StoredEntry {
                index: Index(index),
                digest: Digest::of(&index.to_be_bytes()),
                leaf_hash: hash,
                leaf,
                facts: "[]".into(),
                reads: Vec::new(),
            }
        };
        let entries: Vec<_> = (0..count).map(entry).collect();
        for index in 0..count {
            tiles.push_hash(leaf_hash(&index.to_be_bytes()));
        }
        for entry in &entries {
            tree.push_hash(entry.leaf_hash);
        }
        let store = Memory::new();
        let (size, root) = (tree.size(), tree.root());
        let batch = Batch {
            expect: store.head().await.unwrap(),
            after: TreeHead { size, root },
            entries,
            rows: Vec::new(),
            blobs: Vec::new(),
        };
        store.append(batch).await.unwrap();
        (Arc::new(store), tiles)
    }

    #[tokio::test]
    async fn what_is_as_it_was_is_fine() {
        for count in [1, 255, 256, 257, 700] {
            let (store, tiles) = kept(count, None).await;
            compare(&*store, &tiles, 0..count).await.unwrap();
            let (stop, _stopped) = watch::channel(false);
            compare_on(store, tiles, count, stop.clone()).await;
            assert!(!*stop.borrow());
        }
    }

    #[tokio::test]
    async fn a_changed_leaf_is_found_and_stops_the_node() {
        for altered in [0, 255, 256, 300, 511, 512, 699] {
            for with_its_hash in [true, false] {
                let (store, tiles) = kept(700, Some((altered, with_its_hash))).await;
                let found = compare(&*store, &tiles, 0..700).await.unwrap_err();
                let Followed::Corrupt(Corrupt { index, .. }) = found else {
                    panic!("{found}");
                };
                let named = match with_its_hash {
                    true => altered - altered % 256,
                    false => altered,
                };
                assert_eq!(index, Index(named));
                let (stop, _stopped) = watch::channel(false);
                compare_on(store, tiles, 700, stop.clone()).await;
                assert!(*stop.borrow());
            }
        }
    }

    #[tokio::test]
    async fn missing_leaves_are_found() {
        let (store, _) = kept(300, None).await;
        let (_, longer) = kept(400, None).await;
        let found = compare(&*store, &longer, 0..400).await.unwrap_err();
        assert!(matches!(found, Followed::Corrupt(_)), "{found}");
    }
}
