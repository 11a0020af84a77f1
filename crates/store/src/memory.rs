//! A store that lives as long as the process: for tests and simulations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;

use crate::backend::{no_rebuild, prefix_range};
use crate::{
    Backend, Batch, Listed, Listing, MAX_READ, Rebuild, Row, StoreError, StoredEntry, WholeRow,
    empty_head,
};

/// A store in memory. A clone is the same store, so one can outlive whoever
/// "crashed" over it. No call ever waits.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

struct Kept {
    head: TreeHead,
    entries: Vec<StoredEntry>,
    by_digest: BTreeMap<Digest, Index>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    projector: Option<u32>,
    rows: BTreeMap<(&'static str, Digest), Row>,
    order: BTreeSet<(&'static str, Index, Digest)>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            head: empty_head(),
            entries: Vec::new(),
            by_digest: BTreeMap::new(),
            blobs: BTreeMap::new(),
            projector: None,
            rows: BTreeMap::new(),
            order: BTreeSet::new(),
        }
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    // INVARIANT: everything that can refuse comes before the first change.
    fn append(&mut self, batch: Batch) -> Result<(), StoreError> {
        let batch = batch.checked()?;
        if batch.expect != self.head {
            let size = self.head.size;
            return Err(StoreError::Conflict { size });
        }
        let mut new = BTreeMap::new();
        for entry in &batch.entries {
            let taken = self.by_digest.contains_key(&entry.digest);
            if taken || new.insert(entry.digest, entry.index).is_some() {
                let (index, digest) = (entry.index, entry.digest);
                return Err(StoreError::Corrupt(format!(
                    "entry {index}: the log holds envelope {digest} already"
                )));
            }
        }
        self.by_digest.append(&mut new);
        self.entries.extend(batch.entries);
        self.put_rows(batch.rows);
        for (digest, bytes) in batch.blobs {
            self.blobs.entry(digest).or_insert(bytes);
        }
        self.head = batch.after;
        Ok(())
    }

    fn put_rows(&mut self, rows: Vec<Row>) {
        for mut row in rows {
            let key = (row.noun, row.id);
            if let Some(there) = self.rows.get(&key) {
                row.created = there.created;
            }
            self.order.insert((row.noun, row.created, row.id));
            self.rows.insert(key, row);
        }
    }

    fn rebuild(&mut self, step: Rebuild) -> Result<(), StoreError> {
        match (step, self.projector) {
            (Rebuild::Begin, _) => {
                self.projector = None;
                self.rows.clear();
                self.order.clear();
            }
            (Rebuild::Rows(rows), None) => self.put_rows(rows),
            (Rebuild::End { projector }, None) => self.projector = Some(projector),
            (Rebuild::Rows(_) | Rebuild::End { .. }, Some(_)) => return Err(no_rebuild()),
        }
        Ok(())
    }

    fn list(&self, query: &Listing) -> Vec<Listed> {
        let first = (query.noun, Index(0), Digest::from_bytes([0; 32]));
        let (index, id) = query
            .before
            .unwrap_or((Index(u64::MAX), Digest::from_bytes([0xff; 32])));
        let has = |row: &&Row, facet: &(&str, String)| row.facets.contains(facet);
        self.order
            .range(first..(query.noun, index, id))
            .rev()
            .filter_map(|(noun, _, id)| self.rows.get(&(*noun, *id)))
            .filter(|row| match &query.visible {
                None => true,
                Some(any) => any.iter().any(|facet| has(row, facet)),
            })
            .filter(|row| query.with.iter().all(|facet| has(row, facet)))
            .take(query.limit)
            .map(listed)
            .collect()
    }
}

fn listed(row: &Row) -> Listed {
    Listed {
        id: row.id,
        created: row.created,
        at: row.at,
        view: row.view.clone(),
    }
}

#[async_trait]
impl Backend for Memory {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        Ok(self.kept().head)
    }

    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        self.kept().append(batch)
    }

    async fn entries(&self, from: Index, max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let kept = self.kept();
        let from = usize::try_from(from.0).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let mut entries = Vec::new();
        for entry in kept.entries.iter().skip(from).take(max) {
            bytes += entry.leaf.len() + entry.facts.len();
            if bytes > MAX_READ && !entries.is_empty() {
                break;
            }
            entries.push(entry.clone());
        }
        Ok(entries)
    }

    async fn leaf_hashes(&self, from: Index, max: usize) -> Result<Vec<Digest>, StoreError> {
        let kept = self.kept();
        let from = usize::try_from(from.0).unwrap_or(usize::MAX);
        let entries = kept.entries.iter().skip(from).take(max);
        Ok(entries.map(|entry| entry.leaf_hash).collect())
    }

    async fn find(&self, digest: Digest) -> Result<Option<Index>, StoreError> {
        Ok(self.kept().by_digest.get(&digest).copied())
    }

    async fn list(&self, query: &Listing) -> Result<Vec<Listed>, StoreError> {
        Ok(self.kept().list(query))
    }

    async fn row(&self, noun: &str, id: Digest) -> Result<Option<Listed>, StoreError> {
        let kept = self.kept();
        let rows: &BTreeMap<(&str, Digest), Row> = &kept.rows;
        Ok(rows.get(&(noun, id)).map(listed))
    }

    async fn by_prefix(
        &self,
        noun: &str,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let Some((first, last)) = prefix_range(hex_prefix) else {
            return Ok(Vec::new());
        };
        let kept = self.kept();
        let rows: &BTreeMap<(&str, Digest), Row> = &kept.rows;
        let found = rows.range((noun, first)..=(noun, last));
        Ok(found.take(limit).map(|(_, row)| listed(row)).collect())
    }

    async fn rows(
        &self,
        noun: &str,
        after: Option<Digest>,
        max: usize,
    ) -> Result<Vec<WholeRow>, StoreError> {
        let kept = self.kept();
        let of_noun = kept.rows.values().filter(|row| row.noun == noun);
        let rest = of_noun.filter(|row| after.is_none_or(|after| row.id > after));
        let whole = |row: &Row| WholeRow {
            row: listed(row),
            facets: row
                .facets
                .iter()
                .map(|(kind, value)| ((*kind).to_owned(), value.clone()))
                .collect(),
        };
        Ok(rest.take(max).map(whole).collect())
    }

    async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.kept().blobs.get(&digest).cloned())
    }

    async fn projector(&self) -> Result<Option<u32>, StoreError> {
        Ok(self.kept().projector)
    }

    async fn rebuild(&self, step: Rebuild) -> Result<(), StoreError> {
        self.kept().rebuild(step)
    }
}
