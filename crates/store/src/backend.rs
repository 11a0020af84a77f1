//! The trait, and what goes in and out. The contract is in the crate's doc.

use async_trait::async_trait;
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;

use crate::StoreError;

/// How many bytes of leaves and facts one call of [`Backend::entries`] returns
/// at most, unless the first entry alone is larger.
pub const MAX_READ: usize = 4 * 1024 * 1024;

/// The head of a log without entries: RFC 6962 hashes it as the empty string.
pub fn empty_head() -> TreeHead {
    TreeHead {
        size: 0,
        root: Digest::of(b""),
    }
}

/// An entry, as it goes in and as it comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Its place in the log.
    pub index: Index,
    /// Names its envelope; no other entry of the log has the same.
    pub digest: Digest,
    /// The bytes that the log is a log of.
    pub leaf: Vec<u8>,
    /// Their hash in the tree.
    pub leaf_hash: Digest,
    /// What the entry did, JSON.
    pub facts: String,
    /// The entries that its decision read.
    pub reads: Vec<Index>,
}

/// An entry that was read back, byte for byte what went in.
pub type StoredEntry = NewEntry;

/// One line of a listing, and what finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about: `request`, `execution`, `policy`.
    pub noun: &'static str,
    /// Which.
    pub id: Digest,
    /// The entry that made it what it is.
    pub at: Index,
    /// The entry that made it first: its place in the order. Of a row that is
    /// there already the store keeps the place it has.
    pub created: Index,
    /// Finished JSON, passed on unparsed.
    pub view: String,
    /// What listings select by: pairs of kind and value, in any order.
    pub facets: Vec<(&'static str, String)>,
}

/// What one append writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The head that it builds on.
    pub expect: TreeHead,
    /// The head once it is written.
    pub after: TreeHead,
    /// The entries between the two, in order and without a gap; may be empty.
    pub entries: Vec<NewEntry>,
    /// Rows to write or replace; of two for the same object the later one counts.
    pub rows: Vec<Row>,
    /// Blobs to keep; what is there already stays.
    pub blobs: Vec<(Digest, Vec<u8>)>,
}

impl Batch {
    /// The batch, if its heads and its entries agree.
    pub(crate) fn checked(self) -> Result<Self, StoreError> {
        let contradiction = |what: &str| Err(StoreError::Corrupt(format!("the batch: {what}")));
        let mut next = self.expect.size;
        for entry in &self.entries {
            if entry.index.0 != next {
                return contradiction(&format!("entry {} where {next} belongs", entry.index));
            }
            next = next.saturating_add(1);
        }
        if next != self.after.size || i64::try_from(next).is_err() {
            return contradiction(&format!("ends at {next}, not at {}", self.after.size));
        }
        if self.entries.is_empty() && self.expect != self.after {
            return contradiction("another root without an entry");
        }
        Ok(self)
    }
}

/// Which rows of a noun to list, newest first: by `created`, then by id, both
/// descending.
///
/// The work grows with the rows that have the rarest of the facets asked for and
/// lack another. A page that must be quick at any size wants one facet for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Of what.
    pub noun: &'static str,
    /// Only rows that have any of these facets; every row, if absent.
    pub visible: Option<Vec<(&'static str, String)>>,
    /// And all of these, in any order.
    pub with: Vec<(&'static str, String)>,
    /// Only rows that come after this one: the last of the page before.
    pub before: Option<(Index, Digest)>,
    /// How many at most.
    pub limit: usize,
}

/// One row of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub id: Digest,
    /// The entry that made it first.
    pub created: Index,
    /// The entry that made it what it is.
    pub at: Index,
    /// Finished JSON.
    pub view: String,
}

/// A row, and all that finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeRow {
    /// The row.
    pub row: Listed,
    /// Pairs of kind and value, in any order.
    pub facets: Vec<(String, String)>,
}

/// One step of making the rows anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// Forgets the projector's version, every row and every facet.
    Begin,
    /// Adds rows, as an append would. Only after `Begin`.
    Rows(Vec<Row>),
    /// Notes the version that made them: the rebuild is done. Only after `Begin`.
    End {
        /// The projector's version.
        projector: u32,
    },
}

/// Where a log and its projections are kept. See the crate's doc for what every
/// implementation promises.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// The head of the log, after every append that was begun before.
    async fn head(&self) -> Result<TreeHead, StoreError>;

    /// Writes a batch on top of the head it names: all or nothing, durable on return.
    async fn append(&self, batch: Batch) -> Result<(), StoreError>;

    /// Entries in order, from one on; fewer than `max` at the end of the log or
    /// beyond [`MAX_READ`], at least one if there is one. A missing entry is
    /// `Corrupt` and named.
    async fn entries(&self, from: Index, max: usize) -> Result<Vec<StoredEntry>, StoreError>;

    /// The leaf hashes of entries, from one on; fewer than `max` at the end of the
    /// log. A hint: look whether the log's tree holds them. A missing entry is
    /// `Corrupt` and named.
    async fn leaf_hashes(&self, from: Index, max: usize) -> Result<Vec<Digest>, StoreError>;

    /// Where the envelope of this digest is said to be. A hint: look at the leaf.
    async fn find(&self, digest: Digest) -> Result<Option<Index>, StoreError>;

    /// One page of rows.
    async fn list(&self, query: &Listing) -> Result<Vec<Listed>, StoreError>;

    /// One row.
    async fn row(&self, noun: &str, id: Digest) -> Result<Option<Listed>, StoreError>;

    /// Rows whose id begins with these hexadecimal digits, by id. What is not
    /// hexadecimal begins no id.
    async fn by_prefix(
        &self,
        noun: &str,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError>;

    /// Rows of a noun with their facets, by id: those after one, or from the first.
    async fn rows(
        &self,
        noun: &str,
        after: Option<Digest>,
        max: usize,
    ) -> Result<Vec<WholeRow>, StoreError>;

    /// A blob.
    async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// The version of the projector that made the rows; none while they are
    /// being rebuilt, and in a new store.
    async fn projector(&self) -> Result<Option<u32>, StoreError>;

    /// Takes one step of making the rows anew.
    async fn rebuild(&self, step: Rebuild) -> Result<(), StoreError>;

    /// Before a stop: leaves everything where a copy of the store's file finds
    /// it. Nothing is lost without.
    async fn tidy(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What `Rows` and `End` answer when no rebuild was begun.
pub(crate) fn no_rebuild() -> StoreError {
    StoreError::Corrupt("no rebuild of the rows was begun".to_owned())
}

/// The first and the last digest that begin with some hexadecimal digits.
pub(crate) fn prefix_range(hex_prefix: &str) -> Option<(Digest, Digest)> {
    let fill = |with: char| {
        let lower = hex_prefix.to_ascii_lowercase();
        let padded: String = lower
            .chars()
            .chain(std::iter::repeat(with))
            .take(64)
            .collect();
        padded.parse().ok()
    };
    match hex_prefix.len() {
        0..=64 => Some((fill('0')?, fill('f')?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range_of_digests() {
        let (first, last) = prefix_range("aBc").unwrap();
        assert_eq!(first.to_string(), format!("abc{}", "0".repeat(61)));
        assert_eq!(last.to_string(), format!("abc{}", "f".repeat(61)));
        assert_eq!(prefix_range("").unwrap().0, Digest::from_bytes([0; 32]));
        let whole = "12".repeat(32);
        assert_eq!(
            prefix_range(&whole),
            Some((whole.parse().unwrap(), whole.parse().unwrap()))
        );
        for bad in ["x", "1-2", "ä", " 1", &format!("{whole}0")] {
            assert_eq!(prefix_range(bad), None, "{bad}");
        }
    }
}
