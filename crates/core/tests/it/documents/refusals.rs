//! `docs/refusals.md` is written from the refusals themselves.

use std::fmt::Display;

use writ_core::object::MAX_GROUP_DEPTH;
use writ_core::refusal::{Listed, Refusal, TurnedAway};
use writ_core::rules::Rules;
use writ_core::statement::FRESH;
use writ_core::{MAX_KEYS, MAX_LIVE, MAX_PENDING};

use crate::written;

const HEAD: &str = "\
# Refusals

Every no that Writ says: its code, when it is said, the sentence, and what to do next. Words in \
braces are filled in; `{problem}` says what exactly is wrong. The code stays the same from version to version; sentences may get better.

This page is written by a test from `crates/core/src/refusal.rs`: change it there, then run \
`WRIT_WRITE=1 cargo test --release -p writ-core`.
";

const REFUSED: &str = "\
## Refused by the rules

The statement became an entry of the log, with its code, and changed nothing. Sending the same \
envelope again gets the same answer; to try again, say it anew.
";

const TURNED_AWAY: &str = "\
## Turned away at the door

Nothing was recorded (of `unknown-fate` nobody knows), so the same statement may be sent again. Some \
codes are those of a rule: the door says early what the rules would say.
";

const ELSEWHERE: &str = "\
## Answers about the call

The API has a few more codes for calls that carry no statement, such as `no-session`, \
`not-found`, `forbidden` or `bad-query`. They are problems (RFC 9457) whose `detail` says what to \
do, and they are never recorded.
";

/// What sentences take from the code by name.
fn constants() -> [(&'static str, Box<dyn Display>); 6] {
    [
        ("{FRESH}", Box::new(FRESH)),
        ("{MAX_GROUP_DEPTH}", Box::new(MAX_GROUP_DEPTH)),
        ("{MAX_KEYS}", Box::new(MAX_KEYS)),
        ("{MAX_LIVE}", Box::new(MAX_LIVE)),
        ("{MAX_PENDING}", Box::new(MAX_PENDING)),
        ("{NEWEST}", Box::new(Rules::NEWEST.number())),
    ]
}

fn filled(text: &str) -> String {
    constants()
        .iter()
        .fold(text.to_owned(), |text, (word, value)| {
            text.replace(word, &value.to_string())
        })
}

/// What to do as a sentence: what is to be typed stands at its end, as code.
fn next_step(next: &str) -> String {
    let next = next.trim_start_matches([';', ':', ',', ' ', '\n']);
    let next = filled(next);
    let code = next.find("writ ").or_else(|| next.find("--"));
    let is_command = |at: &usize| *at == 0 || next[..*at].ends_with([' ']);
    let (words, command) = next.split_at(code.filter(is_command).unwrap_or(next.len()));
    let command = match command.replace(", writ ", "`, `writ ") {
        command if command.is_empty() => command,
        command => format!("`{command}`"),
    };
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    format!("{}{command}.", first.chain(letters).collect::<String>())
}

fn section(listed: &Listed) -> String {
    let (code, when) = (listed.code, listed.when.trim());
    let sentence = filled(listed.sentence);
    let next = next_step(listed.next);
    format!("### `{code}`\n\n{when}\n\n> {sentence}\n\n{next}\n")
}

fn page() -> String {
    let mut parts = vec![HEAD.to_owned(), REFUSED.to_owned()];
    parts.extend(Refusal::CATALOG.iter().map(section));
    parts.push(TURNED_AWAY.to_owned());
    parts.extend(TurnedAway::CATALOG.iter().map(section));
    parts.push(ELSEWHERE.to_owned());
    parts.join("\n")
}

#[test]
fn every_refusal_is_on_its_page() {
    let page = page();
    let left = page
        .split('{')
        .skip(1)
        .find(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    assert_eq!(left, None, "a constant that constants() does not know");
    written::compare("../../docs/refusals.md", &page);
}
