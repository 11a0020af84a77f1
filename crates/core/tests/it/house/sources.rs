//! Sources: what a file may name, and how long it may be.

use std::fs;
use std::path::{Path, PathBuf};

use super::scan::{self, Literals};
use super::{none, root};

const MAX_LINES: usize = 600;

/// A source file of the workspace.
struct Source {
    /// From the workspace's folder.
    path: String,
    text: String,
}

impl Source {
    fn code(&self, literals: Literals) -> String {
        scan::code(&self.text, literals)
    }

    /// The lines of code that hold one of some words, in any case.
    fn lines_with(&self, words: &[&str], literals: Literals) -> Vec<String> {
        self.code(literals)
            .lines()
            .zip(1..)
            .filter(|(line, _)| {
                let line = line.to_lowercase();
                words.iter().any(|word| line.contains(&word.to_lowercase()))
            })
            .map(|(line, number)| format!("{}:{number}: {}", self.path, line.trim()))
            .collect()
    }
}

/// Every `.rs` file below a folder of the workspace.
fn sources(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no sources in {folder}");
    let source = |path: PathBuf| Source {
        path: path.strip_prefix(root()).unwrap().display().to_string(),
        text: fs::read_to_string(&path).unwrap(),
    };
    paths.into_iter().map(source).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, paths);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
}

/// They know the traits `Backend` and `Connector`; only the command line knows
/// which database and which connectors there are.
#[test]
fn engine_and_server_name_no_adapter() {
    let breaches: Vec<String> = ["crates/engine/src", "crates/server/src"]
        .iter()
        .flat_map(|folder| sources(folder))
        .flat_map(|source| source.lines_with(&["sqlite", "CommandConnector"], Literals::Keep))
        .collect();
    none("an adapter is named outside cli", &breaches);
}

/// So both can be read, and checked, on their own.
#[test]
fn log_and_json_know_nothing_of_people() {
    const MAY: [&str; 5] = ["digest", "json", "key", "log", "time"];
    let mut files = sources("crates/core/src/log");
    files.extend(
        sources("crates/core/src")
            .into_iter()
            .filter(|source| source.path == "crates/core/src/json.rs"),
    );
    let mut breaches = Vec::new();
    for source in &files {
        let code = source.code(Literals::Blank);
        for (line, name) in scan::below(&code, "crate") {
            if !MAY.contains(&name.as_str()) {
                breaches.push(format!("{}:{line}: crate::{name}", source.path));
            }
        }
        // `use super::*` in tests; any other way up could lead anywhere.
        for (line, name) in scan::below(&code, "super") {
            if name != "*" {
                breaches.push(format!("{}:{line}: super::{name}", source.path));
            }
        }
    }
    none("log and json may import digest, json, key, time", &breaches);
}

/// No I/O, no clock, no threads, no async, no hash order: the live server,
/// recovery and the verifier must reach the same answers.
#[test]
fn the_core_is_pure() {
    const NOT: [&str; 8] = ["env", "fs", "io", "net", "os", "process", "thread", "time"];
    let mut breaches = Vec::new();
    for source in sources("crates/core/src") {
        let code = source.code(Literals::Blank);
        for (line, name) in scan::below(&code, "std") {
            if NOT.contains(&name.as_str()) {
                breaches.push(format!("{}:{line}: std::{name}", source.path));
            }
        }
        let words = ["HashMap", "HashSet", "async fn", "async move", ".await"];
        breaches.extend(source.lines_with(&words, Literals::Blank));
    }
    none("the core touches the world", &breaches);
}

#[test]
fn no_file_is_long() {
    let breaches: Vec<String> = sources("crates")
        .iter()
        .filter_map(|source| {
            let lines = source.text.lines().count();
            (lines > MAX_LINES).then(|| format!("{}:{lines}: {lines} lines", source.path))
        })
        .collect();
    none(&format!("a file of over {MAX_LINES} lines"), &breaches);
}

/// A lint that must yield yields by `#[expect(…, reason = "…")]`; unfinished
/// code returns an error.
#[test]
fn nothing_is_allowed_or_left_to_do() {
    const NOT: [&str; 5] = ["#[allow(", "#![allow(", "todo!", "unimplemented!", "dbg!("];
    let mut breaches = Vec::new();
    for source in sources("crates") {
        breaches.extend(source.lines_with(&NOT, Literals::Blank));
    }
    none("a silenced lint or unfinished code", &breaches);
}
