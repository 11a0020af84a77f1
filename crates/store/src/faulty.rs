//! A store that fails on purpose.
//!
//! A **plan** is asked before every call and may name a **fault**. The two that
//! find mistakes are the unknown ones: the caller is told the same whether the
//! batch was written or not, and has to look.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;

use crate::{Backend, Batch, Listed, Listing, Rebuild, StoreError, StoredEntry, WholeRow};

/// What is about to happen.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// An append.
    Append(&'a Batch),
    /// A step of a rebuild.
    Rebuild(&'a Rebuild),
    /// A read, by the name of its method.
    Read(&'static str),
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does nothing and says `Unavailable`. A read knows only this one.
    Unavailable,
    /// It does nothing and says `Full`.
    Full,
    /// It does nothing and says `Unknown`.
    UnknownUnwritten,
    /// It does everything and says `Unknown` all the same.
    UnknownWritten,
}

type Plan = Box<dyn FnMut(Call<'_>) -> Option<Fault> + Send>;

/// A backend in front of another, failing by plan.
pub struct Faulty<B> {
    inner: B,
    plan: Mutex<Plan>,
}

impl<B: Backend> Faulty<B> {
    /// Fails whenever the plan says so.
    pub fn new(inner: B, plan: impl FnMut(Call<'_>) -> Option<Fault> + Send + 'static) -> Self {
        let plan = Mutex::new(Box::new(plan) as Plan);
        Self { inner, plan }
    }

    /// Takes one of these for each append, and fails none after the last.
    pub fn scripted(inner: B, faults: impl IntoIterator<Item = Option<Fault>>) -> Self {
        let mut faults: VecDeque<_> = faults.into_iter().collect();
        Self::new(inner, move |call| match call {
            Call::Append(_) => faults.pop_front().flatten(),
            Call::Rebuild(_) | Call::Read(_) => None,
        })
    }

    /// The backend behind.
    pub const fn inner(&self) -> &B {
        &self.inner
    }

    /// Whether to go on, and whether to say `Unknown` afterwards.
    fn ask(&self, call: Call<'_>) -> Result<bool, StoreError> {
        let fault = (self.plan.lock().unwrap_or_else(PoisonError::into_inner))(call);
        let fault = match (call, fault) {
            (_, None) => return Ok(false),
            (Call::Read(_), Some(_)) => Fault::Unavailable,
            (Call::Append(_) | Call::Rebuild(_), Some(fault)) => fault,
        };
        let text = "by plan".to_owned();
        match fault {
            Fault::Unavailable => Err(StoreError::Unavailable(text)),
            Fault::Full => Err(StoreError::Full(text)),
            Fault::UnknownUnwritten => Err(StoreError::Unknown(text)),
            Fault::UnknownWritten => Ok(true),
        }
    }
}

fn then(unknown: bool, result: Result<(), StoreError>) -> Result<(), StoreError> {
    match (unknown, result) {
        (true, Ok(())) => Err(StoreError::Unknown("by plan".to_owned())),
        (_, result) => result,
    }
}

#[async_trait]
impl<B: Backend> Backend for Faulty<B> {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        self.ask(Call::Read("head"))?;
        self.inner.head().await
    }

    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        let unknown = self.ask(Call::Append(&batch))?;
        then(unknown, self.inner.append(batch).await)
    }

    async fn entries(&self, from: Index, max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.ask(Call::Read("entries"))?;
        self.inner.entries(from, max).await
    }

    async fn leaf_hashes(&self, from: Index, max: usize) -> Result<Vec<Digest>, StoreError> {
        self.ask(Call::Read("leaf_hashes"))?;
        self.inner.leaf_hashes(from, max).await
    }

    async fn find(&self, digest: Digest) -> Result<Option<Index>, StoreError> {
        self.ask(Call::Read("find"))?;
        self.inner.find(digest).await
    }

    async fn list(&self, query: &Listing) -> Result<Vec<Listed>, StoreError> {
        self.ask(Call::Read("list"))?;
        self.inner.list(query).await
    }

    async fn row(&self, noun: &str, id: Digest) -> Result<Option<Listed>, StoreError> {
        self.ask(Call::Read("row"))?;
        self.inner.row(noun, id).await
    }

    async fn by_prefix(
        &self,
        noun: &str,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        self.ask(Call::Read("by_prefix"))?;
        self.inner.by_prefix(noun, hex_prefix, limit).await
    }

    async fn rows(
        &self,
        noun: &str,
        after: Option<Digest>,
        max: usize,
    ) -> Result<Vec<WholeRow>, StoreError> {
        self.ask(Call::Read("rows"))?;
        self.inner.rows(noun, after, max).await
    }

    async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(Call::Read("blob"))?;
        self.inner.blob(digest).await
    }

    async fn projector(&self) -> Result<Option<u32>, StoreError> {
        self.ask(Call::Read("projector"))?;
        self.inner.projector().await
    }

    async fn rebuild(&self, step: Rebuild) -> Result<(), StoreError> {
        let unknown = self.ask(Call::Rebuild(&step))?;
        then(unknown, self.inner.rebuild(step).await)
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        self.inner.tidy().await
    }
}
