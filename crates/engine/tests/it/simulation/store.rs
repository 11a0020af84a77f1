//! A store to which things happen.

use async_trait::async_trait;
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;
use writ_store::{
    Backend, Batch, Listed, Listing, Memory, Rebuild, StoreError, StoredEntry, WholeRow,
};

use super::faults::{Call, Fate, Fault};

/// A store in memory, each call of which is up to fate.
pub(super) struct Fateful {
    pub(super) kept: Memory,
    pub(super) fate: Fate,
}

#[async_trait]
impl Backend for Fateful {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        let call = Call::Read("head");
        self.fate.call(call, self.kept.head()).await
    }

    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        match self.fate.next(Call::Append).await {
            Some(Fault::Lie) => Ok(()),
            fault => self.fate.suffer(fault, self.kept.append(batch)).await,
        }
    }

    async fn entries(&self, from: Index, max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let call = Call::Read("entries");
        self.fate.call(call, self.kept.entries(from, max)).await
    }

    async fn leaf_hashes(&self, from: Index, max: usize) -> Result<Vec<Digest>, StoreError> {
        let call = Call::Read("leaf_hashes");
        self.fate.call(call, self.kept.leaf_hashes(from, max)).await
    }

    async fn find(&self, digest: Digest) -> Result<Option<Index>, StoreError> {
        let call = Call::Read("find");
        self.fate.call(call, self.kept.find(digest)).await
    }

    async fn list(&self, query: &Listing) -> Result<Vec<Listed>, StoreError> {
        let call = Call::Read("list");
        self.fate.call(call, self.kept.list(query)).await
    }

    async fn row(&self, noun: &str, id: Digest) -> Result<Option<Listed>, StoreError> {
        let call = Call::Read("row");
        self.fate.call(call, self.kept.row(noun, id)).await
    }

    async fn by_prefix(
        &self,
        noun: &str,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let found = self.kept.by_prefix(noun, hex_prefix, limit);
        self.fate.call(Call::Read("by_prefix"), found).await
    }

    async fn rows(
        &self,
        noun: &str,
        after: Option<Digest>,
        max: usize,
    ) -> Result<Vec<WholeRow>, StoreError> {
        let found = self.kept.rows(noun, after, max);
        self.fate.call(Call::Read("rows"), found).await
    }

    async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let call = Call::Read("blob");
        self.fate.call(call, self.kept.blob(digest)).await
    }

    async fn projector(&self) -> Result<Option<u32>, StoreError> {
        let call = Call::Read("projector");
        self.fate.call(call, self.kept.projector()).await
    }

    async fn rebuild(&self, step: Rebuild) -> Result<(), StoreError> {
        self.fate.call(Call::Rebuild, self.kept.rebuild(step)).await
    }
}
