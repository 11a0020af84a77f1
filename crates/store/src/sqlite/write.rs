//! What is written, each call in one transaction.

use std::collections::BTreeSet;

use rusqlite::{Connection, Statement, Transaction, TransactionBehavior};
use writ_core::statement::TreeHead;

use super::error::{commit, corrupt, refused};
use super::read::{self, HEAD, PROJECTOR, head_text, number};
use super::sql;
use crate::backend::no_rebuild;
use crate::{Batch, NewEntry, Point, Rebuild, Row, StoreError, point};

/// The one connection that writes.
pub(super) struct Writer {
    connection: Connection,
    /// A commit failed, and what is in the log file may yet come to light.
    unsettled: bool,
    /// The file that it writes to.
    file: Option<FileId>,
}

/// Which file stands at a connection's path; none in memory, and where files have
/// no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    #[cfg(unix)]
    fn of(connection: &Connection) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let path = connection.path().filter(|path| !path.is_empty())?;
        let found = std::fs::metadata(path).ok()?;
        Some(Self {
            device: found.dev(),
            number: found.ino(),
        })
    }

    #[cfg(not(unix))]
    fn of(_: &Connection) -> Option<Self> {
        None
    }
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            file: FileId::of(&connection),
            connection,
            unsettled: false,
        }
    }

    /// Refuses to write to a file that nobody would find again.
    fn is_in_place(&self) -> Result<(), StoreError> {
        match FileId::of(&self.connection) == self.file {
            true => Ok(()),
            false => Err(StoreError::Unavailable(
                "its file was removed or replaced while the node runs; put it back, or stop the \
                 node and restore the newest backup"
                    .into(),
            )),
        }
    }

    /// The head, once nothing can change what it was.
    pub(super) fn head(&mut self) -> Result<TreeHead, StoreError> {
        self.settle()?;
        read::head(&self.connection)
    }

    pub(super) fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.transact(|transaction| {
            move_head(transaction, &batch.expect, &batch.after)?;
            point(Point::HeadMoved);
            add_entries(transaction, &batch.entries)?;
            point(Point::EntriesWritten);
            put_rows(transaction, &batch.rows)?;
            let mut add = transaction.prepare_cached(sql::ADD_BLOB).map_err(refused)?;
            for (digest, bytes) in &batch.blobs {
                add.execute((digest.as_bytes(), bytes)).map_err(refused)?;
            }
            point(Point::Written);
            Ok(())
        })?;
        point(Point::Committed);
        Ok(())
    }

    pub(super) fn rebuild(&mut self, step: &Rebuild) -> Result<(), StoreError> {
        self.transact(|transaction| {
            let begun = read::projector(transaction)?.is_none();
            match step {
                Rebuild::Begin => clear_rows(transaction).map_err(refused),
                Rebuild::Rows(_) | Rebuild::End { .. } if !begun => Err(no_rebuild()),
                Rebuild::Rows(rows) => put_rows(transaction, rows),
                Rebuild::End { projector } => {
                    set_meta(transaction, PROJECTOR, &projector.to_string())
                }
            }
        })
    }

    /// All of it or nothing.
    fn transact(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.is_in_place()?;
        self.settle()?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(refused)?;
        // A transaction that is dropped is rolled back.
        work(&transaction)?;
        let committed = transaction.commit().map_err(commit);
        self.unsettled = matches!(committed, Err(StoreError::Unknown(_)));
        committed
    }

    /// After a failed commit: decides its fate before anybody asks.
    ///
    /// A commit whose sync failed may lie in the log file whole, unseen by every
    /// connection and found again after a crash. Emptying that file, once what
    /// is seen has been moved out of it and synced, leaves one truth.
    fn settle(&mut self) -> Result<(), StoreError> {
        if self.unsettled {
            if !self.tidy().map_err(unsettled)? {
                return Err(StoreError::Unavailable(
                    "an earlier commit failed and its fate is not settled yet".to_owned(),
                ));
            }
            self.unsettled = false;
        }
        Ok(())
    }

    /// Empties the log file beside the store; whether nobody was in the way.
    pub(super) fn tidy(&self) -> rusqlite::Result<bool> {
        let busy: i64 = self
            .connection
            .query_row(sql::CHECKPOINT, (), |row| row.get(0))?;
        Ok(busy == 0)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
fn unsettled(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable(format!(
        "an earlier commit failed and its fate is not settled yet: {error}"
    ))
}

fn move_head(
    transaction: &Transaction<'_>,
    expect: &TreeHead,
    after: &TreeHead,
) -> Result<(), StoreError> {
    let parameters = (HEAD, head_text(expect), head_text(after));
    let moved = transaction
        .prepare_cached(sql::MOVE_META)
        .and_then(|mut moving| moving.execute(parameters))
        .map_err(refused)?;
    match moved {
        1 => Ok(()),
        _ => Err(StoreError::Conflict {
            size: read::head(transaction)?.size,
        }),
    }
}

fn add_entries(transaction: &Transaction<'_>, entries: &[NewEntry]) -> Result<(), StoreError> {
    let mut add = transaction
        .prepare_cached(sql::ADD_ENTRY)
        .map_err(refused)?;
    for entry in entries {
        let reads = serde_json::to_string(&entry.reads)
            .map_err(|error| corrupt(format!("entry {}: {error}", entry.index)))?;
        add.execute((
            number(entry.index)?,
            entry.digest.as_bytes(),
            &entry.leaf,
            entry.leaf_hash.as_bytes(),
            &entry.facts,
            reads,
        ))
        .map_err(|error| match refused(error) {
            StoreError::Corrupt(text) => corrupt(format!("entry {}: {text}", entry.index)),
            other @ (StoreError::Conflict { .. }
            | StoreError::Unknown(_)
            | StoreError::Full(_)
            | StoreError::Unavailable(_)) => other,
        })?;
    }
    Ok(())
}

fn put_rows(transaction: &Transaction<'_>, rows: &[Row]) -> Result<(), StoreError> {
    let prepare = |sql| transaction.prepare_cached(sql).map_err(refused);
    let mut put = prepare(sql::PUT_ROW)?;
    let mut facets = prepare(sql::FACETS)?;
    let mut add = prepare(sql::ADD_FACET)?;
    let mut delete = prepare(sql::DELETE_FACET)?;
    for row in rows {
        let (created, at) = (number(row.created)?, number(row.at)?);
        let id = row.id.as_bytes();
        // The place that it has from now on: of an older row, the older one.
        let created: i64 = put
            .query_row((row.noun, id, created, at, &row.view), |row| row.get(0))
            .map_err(refused)?;
        let old = facets_of(&mut facets, row, created)?;
        let new: BTreeSet<(String, String)> = row
            .facets
            .iter()
            .map(|(kind, value)| ((*kind).to_owned(), value.clone()))
            .collect();
        for (kind, value) in old.difference(&new) {
            let parameters = (row.noun, kind, value, created, id);
            delete.execute(parameters).map_err(refused)?;
        }
        for (kind, value) in new.difference(&old) {
            let parameters = (row.noun, kind, value, created, id);
            add.execute(parameters).map_err(refused)?;
        }
    }
    Ok(())
}

fn clear_rows(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute(sql::DELETE_META, [PROJECTOR])?;
    transaction.execute(sql::DELETE_FACETS, ())?;
    transaction.execute(sql::DELETE_ROWS, ())?;
    Ok(())
}

fn facets_of(
    statement: &mut Statement<'_>,
    row: &Row,
    created: i64,
) -> Result<BTreeSet<(String, String)>, StoreError> {
    let found = statement
        .query_map((created, row.noun, row.id.as_bytes()), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(refused)?;
    found.collect::<Result<_, _>>().map_err(refused)
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    connection
        .execute(sql::SET_META, [key, value])
        .map(|_| ())
        .map_err(refused)
}

#[cfg(test)]
mod tests {
    use writ_core::digest::{Digest, Index};

    use super::*;
    use crate::empty_head;
    use crate::sqlite::{connect, schema};

    fn batch(expect: TreeHead, blob: usize) -> Batch {
        let name = expect.size.to_be_bytes();
        let entry = NewEntry {
            index: Index(expect.size),
            digest: Digest::of(&name),
            leaf: name.to_vec(),
            leaf_hash: Digest::of(&name),
            facts: "[]".to_owned(),
            reads: Vec::new(),
        };
        let after = TreeHead {
            size: expect.size + 1,
            root: Digest::of(&name),
        };
        Batch {
            expect,
            after,
            entries: vec![entry],
            rows: Vec::new(),
            blobs: vec![(Digest::of(&name), vec![7; blob])],
        }
    }

    #[test]
    fn a_full_disk_is_full_and_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = connect::create(&folder.path().join("store")).unwrap();
        let mut connection = connect::to_write(&path).unwrap();
        schema::upgrade(&mut connection).unwrap();
        let mut writer = Writer::new(connection);
        let first = batch(empty_head(), 10);
        writer.append(&first).unwrap();
        writer
            .connection
            .execute_batch("PRAGMA max_page_count = 30")
            .unwrap();
        let large = batch(first.after, 1_000_000);
        let refused = writer.append(&large);
        assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
        assert_eq!(writer.head(), Ok(first.after));
        let small = batch(first.after, 10);
        writer.append(&small).unwrap();
        writer
            .connection
            .execute_batch("PRAGMA max_page_count = 100000")
            .unwrap();
        writer.append(&batch(small.after, 1_000_000)).unwrap();
        assert_eq!(writer.head().unwrap().size, 3);
    }

    #[test]
    fn after_a_failed_commit_nothing_is_said_before_it_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = connect::create(&folder.path().join("store")).unwrap();
        let mut connection = connect::to_write(&path).unwrap();
        schema::upgrade(&mut connection).unwrap();
        let mut writer = Writer::new(connection);
        writer.append(&batch(empty_head(), 10)).unwrap();
        writer
            .connection
            .busy_timeout(std::time::Duration::ZERO)
            .unwrap();
        // Somebody is still reading, so the log file cannot be emptied.
        let reader = connect::to_read(&path).unwrap();
        let look = reader.unchecked_transaction().unwrap();
        let head = read::head(&look).unwrap();
        writer.unsettled = true;
        for answer in [writer.head().map(|_| ()), writer.append(&batch(head, 10))] {
            assert!(
                matches!(answer, Err(StoreError::Unavailable(_))),
                "{answer:?}"
            );
        }
        drop(look);
        assert_eq!(writer.head(), Ok(head));
        let log = folder.path().join("store-wal").metadata().unwrap();
        assert_eq!(log.len(), 0, "nothing can come to light");
        writer.append(&batch(head, 10)).unwrap();
    }
}
