//! What a refusal tells people to type exists.

use std::process::Command;

use writ_core::refusal::{Refusal, TurnedAway};

/// Nouns with a list, for `writ {noun} list`.
const NOUNS: [&str; 5] = ["group", "person", "policy", "task", "workload"];

/// The commands in a text: the words that lead to each, and its options.
fn commands(text: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let starts = text.match_indices("writ ").map(|(at, _)| &text[at..]);
    starts
        .map(|rest| {
            let end = rest.find(", ").unwrap_or(rest.len());
            let (mut path, mut options) = (Vec::new(), Vec::new());
            let mut words = rest[..end].split_whitespace().skip(1).peekable();
            while let Some(word) = words.next() {
                if word.starts_with("--") {
                    options.push(word);
                    // And its value.
                    words.next_if(|next| !next.starts_with("--"));
                } else if word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                {
                    path.push(word);
                }
            }
            (path, options)
        })
        .collect()
}

fn help(path: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_writ"))
        .args(path)
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    output.status.success().then_some(help)
}

#[test]
fn every_command_that_a_refusal_names_exists() {
    let mut seen = 0;
    for listed in [Refusal::CATALOG, TurnedAway::CATALOG].concat() {
        let nouns: &[&str] = match listed.next.contains("{noun}") {
            true => &NOUNS,
            false => &[""],
        };
        for noun in nouns {
            let next = listed.next.replace("{noun}", noun);
            for (path, options) in commands(&next) {
                seen += 1;
                let help = help(&path);
                let help = help.unwrap_or_else(|| panic!("{}: no writ {path:?}", listed.code));
                for option in options {
                    assert!(help.contains(option), "{}: {path:?} {option}", listed.code);
                }
            }
        }
    }
    assert!(seen > 30, "only {seen} commands were looked at");
}
