//! The store in a file.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use writ_core::digest::Index;
use writ_store::conformance::{self, make};
use writ_store::{Backend, Rebuild, Sqlite, StoreError, empty_head};

/// A folder that goes away with the test, and the store's path in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    (folder, path)
}

/// What somebody with an editor does to the file.
fn edit(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicU32::new(0);
    conformance::all(async || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Sqlite::open(&folder.path().join(format!("store-{number}"))).unwrap()
    })
    .await;
}

#[tokio::test]
async fn everything_is_there_when_it_is_opened_again() {
    let (_folder, path) = place();
    let mut first = make::batch(empty_head(), 3);
    first.rows = vec![make::row("request", "it", 1, &[("a", "x")])];
    first.blobs = vec![(make::digest("blob"), b"blob".to_vec())];
    let store = Sqlite::open(&path).unwrap();
    store.rebuild(Rebuild::Begin).await.unwrap();
    store.rebuild(Rebuild::End { projector: 3 }).await.unwrap();
    store.append(first.clone()).await.unwrap();
    drop(store);
    for _ in 0..2 {
        let store = Sqlite::open(&path).unwrap();
        assert_eq!(store.head().await, Ok(first.after));
        assert_eq!(store.entries(Index(0), 9).await.unwrap(), first.entries);
        assert_eq!(
            store.find(first.entries[2].digest).await,
            Ok(Some(Index(2)))
        );
        assert_eq!(
            store
                .list(&make::everything("request"))
                .await
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            store.blob(make::digest("blob")).await,
            Ok(Some(b"blob".to_vec()))
        );
        assert_eq!(store.projector().await, Ok(Some(3)));
    }
    let store = Sqlite::open(&path).unwrap();
    store.append(make::batch(first.after, 1)).await.unwrap();
}

#[tokio::test]
async fn once_tidied_a_copy_of_the_one_file_is_the_store() {
    let (folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    store.append(make::batch(empty_head(), 3)).await.unwrap();
    let copy = folder.path().join("copy");
    store.tidy().await.unwrap();
    std::fs::copy(&path, &copy).unwrap();
    let copy = Sqlite::open(&copy).unwrap();
    assert_eq!(copy.head().await, store.head().await);
    let all = store.entries(Index(0), 9).await.unwrap();
    assert_eq!(copy.entries(Index(0), 9).await.unwrap(), all);
}

#[tokio::test]
async fn two_programs_on_one_file_conflict() {
    let (_folder, path) = place();
    let one = Sqlite::open(&path).unwrap();
    let two = Sqlite::open(&path).unwrap();
    let first = make::batch(empty_head(), 2);
    one.append(first.clone()).await.unwrap();
    let refused = two.append(make::named(empty_head(), 1, "two")).await;
    assert_eq!(refused, Err(StoreError::Conflict { size: 2 }));
    assert_eq!(two.head().await, Ok(first.after));
    two.append(make::named(first.after, 1, "two"))
        .await
        .unwrap();
    assert_eq!(one.entries(Index(0), 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn who_only_reads_sees_what_is_written_and_writes_nothing() {
    let (_folder, path) = place();
    let missing = Sqlite::open_read_only(&path).err().unwrap();
    assert!(
        missing.to_string().contains(path.to_str().unwrap()),
        "{missing}"
    );
    assert!(!path.exists());
    let server = Sqlite::open(&path).unwrap();
    let reader = Sqlite::open_read_only(&path).unwrap();
    let first = make::batch(empty_head(), 2);
    server.append(first.clone()).await.unwrap();
    assert_eq!(reader.head().await, Ok(first.after));
    assert_eq!(reader.entries(Index(0), 9).await.unwrap(), first.entries);
    let refused = reader.append(make::batch(first.after, 1)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let refused = reader.rebuild(Rebuild::Begin).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    drop(server);
    assert_eq!(
        reader.head().await,
        Ok(first.after),
        "also when the server is gone"
    );
    drop(reader);
    assert_eq!(
        Sqlite::open_read_only(&path).unwrap().head().await,
        Ok(first.after)
    );
}

#[tokio::test]
async fn a_missing_entry_is_named() {
    for missing in [0, 2, 4] {
        let (_folder, path) = place();
        let store = Sqlite::open(&path).unwrap();
        store.append(make::batch(empty_head(), 5)).await.unwrap();
        edit(
            &path,
            &format!("delete from entries where position = {missing}"),
        );
        let found = store.entries(Index(0), 9).await;
        let text = format!("entry {missing} is missing");
        assert_eq!(found, Err(StoreError::Corrupt(text.clone())));
        let hashes = store.leaf_hashes(Index(0), 9).await;
        assert_eq!(hashes, Err(StoreError::Corrupt(text)));
        let after = store.entries(Index(missing + 1), 9).await.unwrap();
        assert_eq!(after.len(), 4 - usize::try_from(missing).unwrap());
    }
}

#[tokio::test]
async fn what_cannot_be_is_corrupt() {
    let edits = [
        "update entries set reads = 'none' where position = 1",
        "update entries set leaf = 'no bytes' where position = 1",
        "update meta set value = 'two' where key = 'head'",
        "delete from meta where key = 'head'",
    ];
    for sql in edits {
        let (_folder, path) = place();
        let store = Sqlite::open(&path).unwrap();
        store.append(make::batch(empty_head(), 2)).await.unwrap();
        // Without STRICT a column takes anything; who edits the file can have that.
        edit(
            &path,
            "pragma writable_schema = on;
            update sqlite_schema set sql = replace(sql, 'STRICT', '') where name = 'entries'",
        );
        edit(&path, sql);
        let store = Sqlite::open(&path).unwrap();
        let found = store.entries(Index(0), 9).await;
        assert!(
            matches!(found, Err(StoreError::Corrupt(_))),
            "{sql}: {found:?}"
        );
    }
}

#[tokio::test]
async fn an_entry_beyond_the_head_is_not_written_over() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    let first = make::batch(empty_head(), 2);
    store.append(first.clone()).await.unwrap();
    edit(
        &path,
        "insert into entries select 2, zeroblob(32), leaf, leaf_hash, facts, reads
        from entries where position = 0",
    );
    assert_eq!(store.entries(Index(0), 9).await.unwrap(), first.entries);
    let refused = store.append(make::batch(first.after, 1)).await;
    assert!(
        matches!(&refused, Err(StoreError::Corrupt(text)) if text.contains("entry 2")),
        "{refused:?}"
    );
    assert_eq!(store.head().await, Ok(first.after));
}

#[tokio::test]
async fn a_planted_trigger_does_not_fire() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).unwrap();
    edit(
        &path,
        "create trigger planted after insert on entries begin
        delete from entries where position = new.position; end",
    );
    drop(store);
    let store = Sqlite::open(&path).unwrap();
    let first = make::batch(empty_head(), 2);
    store.append(first.clone()).await.unwrap();
    assert_eq!(store.entries(Index(0), 9).await.unwrap(), first.entries);
}

#[test]
fn a_file_that_is_no_store_is_left_as_it_is() {
    let (_folder, path) = place();
    std::fs::write(&path, "a letter to somebody, and no database at all").unwrap();
    let letter = std::fs::read(&path).unwrap();
    let refused = Sqlite::open(&path).err().unwrap();
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), letter);
    let refused = Sqlite::open(&path.join("below")).err().unwrap();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
}

#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    let (_folder, path) = place();
    edit(&path, "create table theirs (x)");
    let theirs = std::fs::read(&path).unwrap();
    for opened in [Sqlite::open(&path), Sqlite::open_read_only(&path)] {
        let refused = opened.err().unwrap();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), theirs);
}

#[test]
fn a_store_of_a_newer_program_is_left_as_it_is() {
    let (_folder, path) = place();
    drop(Sqlite::open(&path).unwrap());
    edit(&path, "update meta set value = '999' where key = 'schema'");
    for opened in [Sqlite::open(&path), Sqlite::open_read_only(&path)] {
        let refused = opened.err().unwrap().to_string();
        assert!(refused.contains("schema version 999"), "{refused}");
    }
}
