//! Batches, entries and rows that mean nothing, for tests of stores.

use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;

use crate::{Batch, Listing, NewEntry, Row};

/// A digest that only this name has.
pub fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// The head after an entry, for a tree that is a chain: stores do not look.
pub fn head_after(head: TreeHead, entry: &NewEntry) -> TreeHead {
    TreeHead {
        size: head.size + 1,
        root: Digest::of_parts(&[head.root.as_bytes(), entry.leaf_hash.as_bytes()]),
    }
}

/// An entry at a place, with bytes that no text could hold.
pub fn entry(index: u64, name: &str) -> NewEntry {
    let leaf = [b"\0\xff", name.as_bytes()].concat();
    NewEntry {
        index: Index(index),
        digest: digest(name),
        leaf_hash: Digest::of_parts(&[b"leaf", &leaf]),
        leaf,
        facts: format!(r#"[{{"said":"{name} ü\n"}}]"#),
        reads: (0..index).rev().step_by(3).map(Index).collect(),
    }
}

/// A batch of entries on top of a head, named after their places.
pub fn batch(expect: TreeHead, entries: u64) -> Batch {
    named(expect, entries, "entry")
}

/// The same, under another name, so with other digests.
pub fn named(expect: TreeHead, entries: u64, name: &str) -> Batch {
    let entries: Vec<_> = (expect.size..expect.size + entries)
        .map(|index| entry(index, &format!("{name} {index}")))
        .collect();
    Batch {
        expect,
        after: entries.iter().fold(expect, head_after),
        entries,
        rows: Vec::new(),
        blobs: Vec::new(),
    }
}

/// A batch of rows alone.
pub fn of_rows(expect: TreeHead, rows: Vec<Row>) -> Batch {
    Batch {
        rows,
        ..batch(expect, 0)
    }
}

/// A row that one entry made.
pub fn row(noun: &'static str, name: &str, at: u64, facets: &[(&'static str, &str)]) -> Row {
    Row {
        noun,
        id: digest(name),
        at: Index(at),
        created: Index(at),
        view: format!(r#"{{"name":"{name}","at":{at}}}"#),
        facets: owned(facets),
    }
}

/// Facets as rows and listings hold them.
pub fn owned(facets: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let own = |(kind, value): &(&'static str, &str)| (*kind, (*value).to_owned());
    facets.iter().map(own).collect()
}

/// The first page of everything of a noun.
pub fn everything(noun: &'static str) -> Listing {
    Listing {
        noun,
        visible: None,
        with: Vec::new(),
        before: None,
        limit: 1_000,
    }
}
