//! Files and connections.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::refused;
use super::{schema, sql};
use crate::StoreError;

/// How long to wait for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(5);

/// Settings that no file may talk us out of: whoever can edit it could plant a
/// trigger or a view, or write to the schema.
const HARDENING: [(DbConfig, bool); 7] = [
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
];

/// The path from the root, so that no spelling of it is taken for a URI.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    std::path::absolute(path).map_err(|error| unusable(path, &error))
}

/// Makes the file if there is none, for its owner alone, and makes sure that
/// the folder remembers it.
pub(super) fn create(path: &Path) -> Result<PathBuf, StoreError> {
    let path = absolute(path)?;
    let made = create_new(&path).and_then(|()| sync_folder(&path));
    match made {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => warn_if_open_to_others(&path),
        Err(error) => return Err(unusable(&path, &error)),
    }
    Ok(path)
}

fn create_new(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // SQLite gives the files beside it the same mode.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

fn warn_if_open_to_others(path: &Path) {
    #[cfg(unix)]
    if let Ok(metadata) = path.metadata() {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            let (path, mode) = (path.display(), format!("{mode:o}"));
            tracing::warn!(%path, %mode, "others may read the store, run chmod 600");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// The connection that writes. A file that is no store of ours stays as it is.
pub(super) fn to_write(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    schema::version(&connection)?;
    let mode: String = connection
        .query_row(sql::JOURNAL_WAL, (), |row| row.get(0))
        .map_err(refused)?;
    if mode != "wal" {
        let text = "its file system does not allow WAL; put it on a local disk";
        return Err(unusable(path, &text));
    }
    connection.execute_batch(sql::WRITER).map_err(refused)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    connection.execute_batch(sql::READER).map_err(refused)?;
    Ok(connection)
}

/// A connection with our settings, of a file that is there.
pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(path, &error))?;
    connection.busy_timeout(BUSY).map_err(refused)?;
    for (setting, on) in HARDENING {
        connection.set_db_config(setting, on).map_err(refused)?;
    }
    // Otherwise a statement that is kept is planned anew for each value bound to it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(refused)?;
    Ok(connection)
}

pub(super) fn unusable(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(connection: &Connection, pragma: &str) -> i64 {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn what_is_asked_for_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = create(&folder.path().join("store")).unwrap();
        let writer = to_write(&path).unwrap();
        let reader = to_read(&path).unwrap();
        for connection in [&writer, &reader] {
            for (setting, on) in HARDENING {
                assert_eq!(connection.db_config(setting).unwrap(), on, "{setting:?}");
            }
            assert_eq!(number(connection, "trusted_schema"), 0);
            assert_eq!(number(connection, "busy_timeout"), 5_000);
            assert_eq!(number(connection, "cell_size_check"), 1);
            assert_eq!(number(connection, "temp_store"), 2);
            let mode: String = connection
                .pragma_query_value(None, "journal_mode", |row| row.get(0))
                .unwrap();
            assert_eq!(mode, "wal");
        }
        assert_eq!(number(&writer, "synchronous"), 2);
        assert_eq!(number(&writer, "fullfsync"), 1);
        assert_eq!(number(&writer, "checkpoint_fullfsync"), 1);
        assert_eq!(number(&writer, "query_only"), 0);
        assert_eq!(number(&reader, "query_only"), 1);
        assert!(reader.execute_batch("create table t (x)").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_and_never_widened() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mode = |name: &str| {
            let metadata = folder.path().join(name).metadata().unwrap();
            metadata.permissions().mode() & 0o777
        };
        let writer = to_write(&create(&path).unwrap()).unwrap();
        writer.execute_batch("create table t (x)").unwrap();
        assert_eq!(
            [mode("store"), mode("store-wal"), mode("store-shm")],
            [0o600; 3]
        );
        drop(writer);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).unwrap();
        create(&path).unwrap();
        assert_eq!(mode("store"), 0o400);
    }

    #[test]
    fn a_path_is_never_a_uri() {
        assert!(
            absolute(Path::new("file:x?mode=memory"))
                .unwrap()
                .is_absolute()
        );
    }
}
