//! Text of others, made safe to be shown.

use std::fmt::Write as _;

use writ_core::value::plain;

/// How much of a server's words is kept.
const WORDS: usize = 200;

/// Text in one line, without anything that moves a cursor, hides, or changes the
/// order in which what stands beside it is read.
pub(super) fn safe(text: &str) -> String {
    plain(text)
        .chars()
        .map(|c| match c {
            '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2060}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
            _ => c,
        })
        .collect()
}

/// The same, cut to a number of characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let text = safe(text);
    match text.char_indices().nth(most) {
        None => text,
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
    }
}

/// What a server said: one line of visible ASCII.
pub(super) fn words(said: &str) -> String {
    let spaced = said.split(|c: char| c.is_whitespace() || c.is_control());
    let mut words = String::new();
    for word in spaced.filter(|word| !word.is_empty()) {
        if words.len() > WORDS {
            break;
        }
        let space = if words.is_empty() { "" } else { " " };
        let word = word.replace(|c: char| !c.is_ascii_graphic(), "?");
        // Writing to a String does not fail.
        let _ = write!(words, "{space}{word}");
    }
    cut(&words, WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_or_hides() {
        let hostile = "a\r\nb\u{202e}c\u{200f}d\u{1b}[2Je\u{e0041}\u{2028}";
        let shown = safe(hostile);
        assert_eq!(shown, "a��b�c�d�[2Je��");
        assert_eq!(safe("Grüße שלום 🦀"), "Grüße שלום 🦀");
        assert_eq!(cut("Grüße", 3), "Grü…");
        assert_eq!(cut("Grüße", 5), "Grüße");
        assert_eq!(
            words("5.1.1\r\n no\tsuch\u{1b}[2J  Benützer"),
            "5.1.1 no such [2J Ben?tzer"
        );
        assert_eq!(words(&"x".repeat(5_000)).chars().count(), WORDS + 1);
    }
}
