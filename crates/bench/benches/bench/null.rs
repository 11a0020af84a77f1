//! A connector that does nothing, and a store that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use writ_connect::{Connector, Credentials, Ended, Output};
use writ_core::digest::{Digest, Index};
use writ_core::object::{Task, Workload};
use writ_core::run::Permit;
use writ_core::statement::TreeHead;
use writ_store::{Backend, Batch, Listed, Listing, Rebuild, Sqlite, StoreError, StoredEntry};

/// One call in so many is looked at.
const EVERY: u64 = 64;

/// What a node did.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) appends: u64,
    pub(crate) entries: u64,
    pub(crate) reads: u64,
    pub(crate) calls: u64,
    /// Calls of the connector whose intent was looked for in the database.
    pub(crate) sampled: u64,
    /// How many of those had none there.
    pub(crate) early: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    appends: AtomicU64,
    entries: AtomicU64,
    reads: AtomicU64,
    calls: AtomicU64,
    sampled: AtomicU64,
    early: AtomicU64,
}

impl Tally {
    pub(crate) fn counts(&self) -> Counts {
        let load = |count: &AtomicU64| count.load(Ordering::SeqCst);
        Counts {
            appends: load(&self.appends),
            entries: load(&self.entries),
            reads: load(&self.reads),
            calls: load(&self.calls),
            sampled: load(&self.sampled),
            early: load(&self.early),
        }
    }
}

fn add(count: &AtomicU64, number: u64) -> u64 {
    count.fetch_add(number, Ordering::SeqCst)
}

/// Does nothing. Of some calls it asks the database, by a connection of its own,
/// whether the entry that authorises the run is there: intent before effect.
pub(crate) struct Null {
    tally: Arc<Tally>,
    database: Option<Sqlite>,
}

impl Null {
    pub(crate) fn blind() -> Self {
        Self {
            tally: Arc::default(),
            database: None,
        }
    }

    pub(crate) fn watching(tally: &Arc<Tally>, database: Sqlite) -> Self {
        Self {
            tally: Arc::clone(tally),
            database: Some(database),
        }
    }
}

#[async_trait]
impl Connector for Null {
    fn check_task(&self, _: &Task) -> Result<(), String> {
        Ok(())
    }

    fn check_workload(&self, _: &Workload) -> Result<(), String> {
        Ok(())
    }

    async fn execute(&self, permit: &Permit, _: &Credentials, _: &Output) -> Ended {
        if let Some(database) = &self.database
            && add(&self.tally.calls, 1).is_multiple_of(EVERY)
        {
            add(&self.tally.sampled, 1);
            let found = database.find(permit.job().execution.0).await;
            if !matches!(found, Ok(Some(_))) {
                add(&self.tally.early, 1);
            }
        }
        Ended::Succeeded { exit: Some(0) }
    }
}

/// Passes everything on, and counts it.
pub(crate) struct Counting {
    pub(crate) store: Sqlite,
    pub(crate) tally: Arc<Tally>,
}

impl Counting {
    fn reads(&self) -> &Sqlite {
        add(&self.tally.reads, 1);
        &self.store
    }
}

#[async_trait]
impl Backend for Counting {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        self.reads().head().await
    }

    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        add(&self.tally.appends, 1);
        add(&self.tally.entries, batch.entries.len() as u64);
        self.store.append(batch).await
    }

    async fn entries(&self, from: Index, max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.reads().entries(from, max).await
    }

    async fn leaf_hashes(&self, from: Index, max: usize) -> Result<Vec<Digest>, StoreError> {
        self.reads().leaf_hashes(from, max).await
    }

    async fn find(&self, digest: Digest) -> Result<Option<Index>, StoreError> {
        self.reads().find(digest).await
    }

    async fn list(&self, query: &Listing) -> Result<Vec<Listed>, StoreError> {
        self.reads().list(query).await
    }

    async fn row(&self, noun: &str, id: Digest) -> Result<Option<Listed>, StoreError> {
        self.reads().row(noun, id).await
    }

    async fn by_prefix(
        &self,
        noun: &str,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        self.reads().by_prefix(noun, hex_prefix, limit).await
    }

    async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.reads().blob(digest).await
    }

    async fn projector(&self) -> Result<Option<u32>, StoreError> {
        self.reads().projector().await
    }

    async fn rebuild(&self, step: Rebuild) -> Result<(), StoreError> {
        self.store.rebuild(step).await
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        self.store.tidy().await
    }
}
