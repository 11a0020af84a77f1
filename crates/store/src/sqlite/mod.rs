//! A store in one SQLite file.
//!
//! One thread owns the one connection that writes; a few others read, each with
//! its own connection and its own consistent look at the file. The file is in
//! **WAL** mode: a commit is a sync of the log file beside it, and readers and
//! the writer do not wait for each other.

mod connect;
mod error;
mod outbox;
mod read;
mod schema;
mod sql;
mod workers;
mod write;

use std::path::Path;

use async_trait::async_trait;
use rusqlite::Connection;
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;

pub use self::outbox::{Delivery, Fate, Held, Message, Outbox, Pending, Standing};

use self::error::refused;
use self::workers::Workers;
use self::write::Writer;
use crate::{Backend, Batch, Listed, Listing, Rebuild, StoreError, StoredEntry, WholeRow};

const READERS: usize = 4;

/// A store in one SQLite file, with two more beside it (`-wal`, `-shm`).
///
/// Dropping it ends its threads and closes the files.
pub struct Sqlite {
    /// None where the file was opened for reading only.
    writer: Option<Workers<Writer>>,
    readers: Workers<Connection>,
}

impl Sqlite {
    /// Opens a store, and makes it first if there is none: the file only, not
    /// the folder. Nobody but the owner may read a file made here.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = connect::create(path)?;
        let mut connection = connect::to_write(&path)?;
        schema::upgrade(&mut connection)?;
        let writer = Workers::start(
            "store-write",
            vec![Writer::new(connection)],
            StoreError::Unknown,
        )?;
        Ok(Self {
            writer: Some(writer),
            readers: Self::readers(&path)?,
        })
    }

    /// Opens a store that is there, beside the server that writes it. Whatever
    /// would write is `Unavailable`.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let path = connect::absolute(path)?;
        schema::check(&connect::to_read(&path)?)?;
        Ok(Self {
            writer: None,
            readers: Self::readers(&path)?,
        })
    }

    fn readers(path: &Path) -> Result<Workers<Connection>, StoreError> {
        let connections = std::iter::repeat_with(|| connect::to_read(path)).take(READERS);
        let connections = connections.collect::<Result<_, _>>()?;
        Workers::start("store-read", connections, StoreError::Unavailable)
    }

    async fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let writer = self.writer.as_ref().ok_or_else(|| {
            StoreError::Unavailable("the store was opened for reading only".to_owned())
        })?;
        writer.call(work).await
    }

    async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.readers.call(|connection| work(connection)).await
    }
}

#[async_trait]
impl Backend for Sqlite {
    async fn head(&self) -> Result<TreeHead, StoreError> {
        // Through the writer's queue: after every append that was begun before.
        match self.writer {
            Some(_) => self.write(Writer::head).await,
            None => self.read(read::head).await,
        }
    }

    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        let batch = batch.checked()?;
        self.write(move |writer| writer.append(&batch)).await
    }

    async fn entries(&self, from: Index, max: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.read(move |connection| read::entries(connection, from, max))
            .await
    }

    async fn leaf_hashes(&self, from: Index, max: usize) -> Result<Vec<Digest>, StoreError> {
        self.read(move |connection| read::leaf_hashes(connection, from, max))
            .await
    }

    async fn find(&self, digest: Digest) -> Result<Option<Index>, StoreError> {
        self.read(move |connection| read::find(connection, digest))
            .await
    }

    async fn list(&self, query: &Listing) -> Result<Vec<Listed>, StoreError> {
        let query = query.clone();
        self.read(move |connection| read::list(connection, &query))
            .await
    }

    async fn row(&self, noun: &str, id: Digest) -> Result<Option<Listed>, StoreError> {
        let noun = noun.to_owned();
        self.read(move |connection| read::row(connection, &noun, id))
            .await
    }

    async fn by_prefix(
        &self,
        noun: &str,
        hex_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let (noun, hex_prefix) = (noun.to_owned(), hex_prefix.to_owned());
        self.read(move |connection| read::by_prefix(connection, &noun, &hex_prefix, limit))
            .await
    }

    async fn rows(
        &self,
        noun: &str,
        after: Option<Digest>,
        max: usize,
    ) -> Result<Vec<WholeRow>, StoreError> {
        let noun = noun.to_owned();
        self.read(move |connection| read::rows(connection, &noun, after, max))
            .await
    }

    async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection| read::blob(connection, digest))
            .await
    }

    async fn projector(&self) -> Result<Option<u32>, StoreError> {
        self.read(read::projector).await
    }

    async fn rebuild(&self, step: Rebuild) -> Result<(), StoreError> {
        self.write(move |writer| writer.rebuild(&step)).await
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        // Whoever reads just now is in the way, and nothing is lost by it.
        self.write(|writer| writer.tidy().map(drop).map_err(refused))
            .await
    }
}
