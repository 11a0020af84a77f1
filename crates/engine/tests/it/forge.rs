//! Databases that somebody has edited.

use writ_core::digest::{Digest, Index};
use writ_core::log::{Frontier, leaf_hash};
use writ_core::statement::TreeHead;
use writ_store::{Backend, Batch, Memory, StoredEntry, empty_head};

/// A store of these entries, whatever their hashes, with this head.
pub(crate) async fn store(entries: Vec<StoredEntry>, head: TreeHead) -> Memory {
    let store = Memory::new();
    let batch = Batch {
        expect: empty_head(),
        after: head,
        entries,
        rows: Vec::new(),
        blobs: Vec::new(),
    };
    store.append(batch).await.unwrap();
    store
}

/// A store in which every hash and the head are made anew, so that they fit.
pub(crate) async fn hashed(mut entries: Vec<StoredEntry>) -> Memory {
    for entry in &mut entries {
        entry.leaf_hash = leaf_hash(&entry.leaf);
    }
    let head = head(&entries);
    store(entries, head).await
}

/// The head of the leaf hashes as they are.
pub(crate) fn head(entries: &[StoredEntry]) -> TreeHead {
    let mut tree = Frontier::default();
    for entry in entries {
        tree.push_hash(entry.leaf_hash);
    }
    TreeHead {
        size: tree.size(),
        root: tree.root(),
    }
}

/// The entries, one leaf of them with other words.
pub(crate) fn replaced(
    entries: &[StoredEntry],
    at: usize,
    from: &str,
    to: &str,
) -> Vec<StoredEntry> {
    let mut entries = entries.to_vec();
    let text = String::from_utf8(entries[at].leaf.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    entries[at].leaf = text.replacen(from, to, 1).into_bytes();
    entries
}

/// The entries, one of them filed under another digest.
pub(crate) fn named(entries: &[StoredEntry], at: usize, digest: Digest) -> Vec<StoredEntry> {
    let mut entries = entries.to_vec();
    // No two may have the same.
    for entry in entries.iter_mut().filter(|entry| entry.digest == digest) {
        entry.digest = Digest::of(b"nowhere");
    }
    entries[at].digest = digest;
    entries
}

/// The entries and one more, with the leaf of another and its own digest.
pub(crate) fn appended(
    entries: &[StoredEntry],
    like: &StoredEntry,
    digest: Digest,
) -> Vec<StoredEntry> {
    let mut entries = entries.to_vec();
    entries.push(StoredEntry {
        index: Index(entries.len() as u64),
        digest,
        ..like.clone()
    });
    entries
}
