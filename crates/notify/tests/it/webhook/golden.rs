//! Files that a test writes, and that every other run compares. To write them anew:
//! `WRIT_WRITE=1 cargo test --release -p writ-notify`.

use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;

/// Whether they are written anew now.
pub(super) fn anew() -> bool {
    env::var_os("WRIT_WRITE").is_some_and(|value| value == "1")
}

/// Compares JSON, spread over lines, with a file in `tests/golden/webhook/`.
#[track_caller]
pub(super) fn compare(name: &str, json: &[Value]) {
    let mut text = String::new();
    for json in json {
        text.push_str(&serde_json::to_string_pretty(json).unwrap());
        text.push('\n');
    }
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/webhook"));
    let path = folder.join(name);
    if anew() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = found.lines().zip(text.lines()).zip(1..);
    let differs = lines.find(|((found, wanted), _)| found != wanted);
    assert!(
        found == text,
        "{name} differs: {differs:?}\nIf that is meant: WRIT_WRITE=1 cargo test --release -p \
         writ-notify, and look at the diff."
    );
}
