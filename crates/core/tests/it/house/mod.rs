//! The rules of the house: what a reviewer would otherwise check by eye.
//!
//! Which crate may import which is the design, and a design that nothing holds
//! wears away in small, reasonable steps. Each test names file and line.

mod packages;
mod scan;
mod security;
mod sources;

use std::path::PathBuf;

/// The folder of the workspace.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .canonicalize()
        .unwrap()
}

/// Fails with one line for each breach.
#[track_caller]
fn none(rule: &str, breaches: &[String]) {
    assert!(
        breaches.is_empty(),
        "{rule}:\n  {}\n",
        breaches.join("\n  ")
    );
}
