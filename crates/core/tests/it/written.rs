//! Files that a test writes, and that every other run compares.
//!
//! They are checked in, so a change of what they pin shows in a review. To
//! write them anew: `WRIT_WRITE=1 cargo test --release -p writ-core`.

use std::path::PathBuf;
use std::{env, fs};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn anew() -> bool {
    env::var_os("WRIT_WRITE").is_some_and(|value| value == "1")
}

/// What a file holds; none while it is written anew.
pub(crate) fn read(name: &str) -> Option<String> {
    (!anew()).then(|| fs::read_to_string(path(name)).unwrap())
}

/// Compares a text with a file, named from the folder of this crate; or writes
/// the file, if asked to.
#[track_caller]
pub(crate) fn compare(name: &str, text: &str) {
    let path = path(name);
    if anew() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = found.lines().zip(text.lines()).zip(1..);
    let differs = lines.find(|((found, wanted), _)| found != wanted);
    let (number, was, is) = match differs {
        Some(((found, wanted), number)) => (number, found, wanted),
        None => (found.lines().count(), "", ""),
    };
    assert!(
        found == text,
        "{name} differs at line {number}\n  it has: {was}\n  now is: {is}\n\
         If that is meant: WRIT_WRITE=1 cargo test --release -p writ-core, and look at the diff."
    );
}
