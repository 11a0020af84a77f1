//! Whether a file is a store, and of which version.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::error::{corrupt, refused};
use super::{read, sql, write};
use crate::{StoreError, empty_head};

/// `Writ`, as four letters.
const APPLICATION_ID: i64 = 0x5772_6974;

/// The version that this program writes.
const VERSION: usize = sql::UPGRADES.len();

pub(super) const SCHEMA: &str = "schema";

/// Makes a store of an empty file, and brings an older one up to date.
pub(super) fn upgrade(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(refused)?;
    let found = version(&transaction)?;
    if found < VERSION {
        raise(&transaction, found)?;
    }
    transaction.commit().map_err(refused)
}

fn raise(transaction: &Transaction<'_>, found: usize) -> Result<(), StoreError> {
    for step in sql::UPGRADES.iter().skip(found) {
        transaction.execute_batch(step).map_err(refused)?;
    }
    write::set_meta(transaction, SCHEMA, &VERSION.to_string())?;
    if found == 0 {
        write::set_meta(transaction, read::HEAD, &read::head_text(&empty_head()))?;
    }
    tracing::info!(
        from = found,
        to = VERSION,
        "the store's schema is up to date"
    );
    Ok(())
}

/// Refuses a file that this program cannot read as it is.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    match version(connection)? {
        VERSION => Ok(()),
        _ => Err(StoreError::Unavailable(
            "the store is empty or of an older version; start the server on it once".to_owned(),
        )),
    }
}

/// The version of a store; 0 of an empty file.
pub(super) fn version(connection: &Connection) -> Result<usize, StoreError> {
    let number = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0));
    let id = number(sql::APPLICATION_ID).map_err(refused)?;
    let tables = number(sql::COUNT_TABLES).map_err(refused)?;
    if (id, tables) == (0, 0) {
        return Ok(0);
    }
    if id != APPLICATION_ID {
        return Err(StoreError::Unavailable(
            "the file is a database of another program; name another file".to_owned(),
        ));
    }
    let text: Option<String> = connection
        .query_row(sql::META, [SCHEMA], |row| row.get(0))
        .optional()
        .map_err(refused)?;
    let found = text.as_deref().and_then(|text| text.parse().ok());
    match found {
        None => Err(corrupt("the store does not say its version".to_owned())),
        Some(found) if found > VERSION => Err(StoreError::Unavailable(format!(
            "the store has schema version {found} and this program knows {VERSION}; \
             run the newer program that wrote it"
        ))),
        Some(found) => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(prepare: &str) -> String {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(prepare).unwrap();
        upgrade(&mut connection).unwrap_err().to_string()
    }

    #[test]
    fn a_newer_schema_is_refused_with_a_sentence() {
        let mut connection = Connection::open_in_memory().unwrap();
        upgrade(&mut connection).unwrap();
        assert_eq!(version(&connection), Ok(VERSION));
        write::set_meta(&connection, SCHEMA, "3").unwrap();
        let error = upgrade(&mut connection).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the store cannot be used, nothing was written: the store has schema version 3 \
             and this program knows 2; run the newer program that wrote it"
        );
        assert_eq!(check(&connection), Err(error));
    }

    #[test]
    fn other_files_are_left_alone() {
        assert!(refusal("create table t (x)").contains("another program"));
        assert!(refusal("pragma application_id = 7").contains("another program"));
        let fresh = Connection::open_in_memory().unwrap();
        assert!(
            check(&fresh)
                .unwrap_err()
                .to_string()
                .contains("start the server")
        );
    }

    #[test]
    fn a_store_without_a_version_is_corrupt() {
        let mut connection = Connection::open_in_memory().unwrap();
        upgrade(&mut connection).unwrap();
        write::set_meta(&connection, SCHEMA, "one").unwrap();
        assert!(matches!(
            upgrade(&mut connection),
            Err(StoreError::Corrupt(_))
        ));
    }
}
