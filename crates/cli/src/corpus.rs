//! The files that people write, with cases that somebody thought of and mutants
//! that nobody did: each is read, or refused with a sentence. See
//! `crates/core/tests/it/corpus/`.

#[path = "../../core/tests/it/corpus/mutate.rs"]
mod mutate;

use std::fs;
use std::path::{Path, PathBuf};

use self::mutate::mutant;
use crate::commands::task_file;
use crate::node::Config;

/// How many mutants each case has.
const MUTANTS: u64 = 2_000;

/// The cases of a parser; what they are called says what becomes of them.
fn cases(parser: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(parser);
    let cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|case| case.unwrap().path())
        .collect();
    assert!(cases.len() > 4, "{parser}");
    cases
}

/// Replays the cases and their mutants; an error names the file.
fn replay(parser: &str, read: impl Fn(&Path) -> Result<(), String>) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("mutant");
    for case in cases(parser) {
        let said = read(&case);
        let is_good = case
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("yes-");
        assert_eq!(said.is_ok(), is_good, "{}: {said:?}", case.display());
        let text = fs::read(&case).unwrap();
        for seed in 0..MUTANTS {
            fs::write(&file, mutant(&text, &[], seed)).unwrap();
            if let Err(said) = read(&file) {
                assert!(
                    said.starts_with(file.to_str().unwrap()),
                    "{}, seed {seed}: {said}",
                    case.display()
                );
            }
        }
    }
}

#[test]
fn task_files_are_read_or_refused() {
    replay("task-file", |path| task_file::read(path).map(drop));
}

#[test]
fn configurations_are_read_or_refused() {
    replay("writ-toml", |path| {
        Config::read(path)
            .map(drop)
            .map_err(|error| error.to_string())
    });
}
