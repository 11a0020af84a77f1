//! A store that is another one from one call to the next: a database that is
//! changed under a running node.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use tokio::sync::watch;
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;
use writ_store::{Backend, Batch, Listed, Listing, Rebuild, StoreError, StoredEntry, WholeRow};

pub(crate) struct Switch {
    store: RwLock<Arc<dyn Backend>>,
    /// Whether blobs can be read now; who asks meanwhile waits.
    gives_blobs: watch::Sender<bool>,
    /// Whether entries are said to contradict themselves.
    is_corrupt: AtomicBool,
    /// How often entry 0 was read.
    begun: AtomicU64,
}

impl Switch {
    pub(crate) fn to(store: Arc<dyn Backend>) -> Self {
        Self {
            store: RwLock::new(store),
            gives_blobs: watch::Sender::new(true),
            is_corrupt: AtomicBool::new(false),
            begun: AtomicU64::new(0),
        }
    }

    pub(crate) fn turn_to(&self, store: Arc<dyn Backend>) {
        *self.store.write().unwrap() = store;
    }

    pub(crate) fn give_blobs(&self, yes: bool) {
        self.gives_blobs.send_replace(yes);
    }

    pub(crate) fn corrupt(&self) {
        self.is_corrupt.store(true, Ordering::SeqCst);
    }

    pub(crate) fn reads_of_the_first(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    fn now(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.store.read().unwrap())
    }
}

#[async_trait]
impl Backend for Switch {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        self.now().head().await
    }

    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        self.now().append(batch).await
    }

    async fn entries(&self, from: Index, max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        if from == Index(0) {
            self.begun.fetch_add(1, Ordering::SeqCst);
        }
        match self.is_corrupt.load(Ordering::SeqCst) {
            true => Err(StoreError::Corrupt("an entry is missing".into())),
            false => self.now().entries(from, max).await,
        }
    }

    async fn leaf_hashes(&self, from: Index, max: usize) -> Result<Vec<Digest>, StoreError> {
        self.now().leaf_hashes(from, max).await
    }

    async fn find(&self, digest: Digest) -> Result<Option<Index>, StoreError> {
        self.now().find(digest).await
    }

    async fn list(&self, query: &Listing) -> Result<Vec<Listed>, StoreError> {
        self.now().list(query).await
    }

    async fn row(&self, noun: &str, id: Digest) -> Result<Option<Listed>, StoreError> {
        self.now().row(noun, id).await
    }

    async fn by_prefix(
        &self,
        noun: &str,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        self.now().by_prefix(noun, hex_prefix, limit).await
    }

    async fn rows(
        &self,
        noun: &str,
        after: Option<Digest>,
        max: usize,
    ) -> Result<Vec<WholeRow>, StoreError> {
        self.now().rows(noun, after, max).await
    }

    async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut gives = self.gives_blobs.subscribe();
        gives.wait_for(|yes| *yes).await.unwrap();
        self.now().blob(digest).await
    }

    async fn projector(&self) -> Result<Option<u32>, StoreError> {
        self.now().projector().await
    }

    async fn rebuild(&self, step: Rebuild) -> Result<(), StoreError> {
        self.now().rebuild(step).await
    }
}
