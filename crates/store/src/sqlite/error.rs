//! What SQLite's errors mean for the caller.

use rusqlite::ErrorCode;

use crate::StoreError;

/// An error before the commit: the transaction is rolled back, so nothing was written.
pub(super) fn refused(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(code) if CONTRADICTIONS.contains(&code) => StoreError::Corrupt(text),
        Some(_) => StoreError::Unavailable(text),
        // SQLite is content and rusqlite is not: a value of the wrong type.
        None => StoreError::Corrupt(text),
    }
}

const CONTRADICTIONS: [ErrorCode; 3] = [
    ErrorCode::DatabaseCorrupt,
    ErrorCode::NotADatabase,
    ErrorCode::ConstraintViolation,
];

/// An error of the commit itself.
///
/// A full disk shows while frames are written, before the one that commits; what
/// is there is no transaction. Anything else, a failed sync above all, may have
/// come after it.
pub(super) fn commit(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(error.to_string()),
        Some(_) | None => StoreError::Unknown(error.to_string()),
    }
}

/// What is in the file cannot be.
pub(super) fn corrupt(text: String) -> StoreError {
    StoreError::Corrupt(text)
}
