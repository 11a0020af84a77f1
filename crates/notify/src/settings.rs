//! What `writ.toml` says about telling people: checked at start, each error with
//! its place.

use std::ops::Range;

use thiserror::Error;

/// A setting that cannot be used.
#[derive(Debug, Error)]
#[error("{key}: {problem}")]
pub struct Wrong {
    /// Where in the file's text, in bytes.
    pub at: Range<usize>,
    /// The key: `mail.host`.
    pub key: String,
    /// What is wrong, and what to do.
    pub problem: String,
}
