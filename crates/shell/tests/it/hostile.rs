//! Whatever is typed: nothing panics, and what is read was written so.

use proptest::prelude::*;
use writ_shell::parse;

use super::printed::filled;

/// Letters that mean something, in any order.
const LETTERS: [&str; 48] = [
    " ", "\n", "\r\n", "\t", "'", "\"", "\u{2018}", "\u{201d}", "-", "\u{2013}", "`", "$", "$_",
    "$x", ".", ".a", "(", ")", "@(", "@{", "{", "}", "[", "]", ",", ";", "|", "=", "#", "<#", "#>",
    "<", ">", "&", "!", "%", "?", "\\", ":", "-eq", "-and", "-Name", "Get-X", "where", "4",
    "\u{feff}", "\u{0}", "é",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000,
        failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_letters_are_read_or_refused(at in prop::collection::vec(0..LETTERS.len(), 0..40)) {
        let text: String = at.iter().map(|at| LETTERS[*at]).collect();
        tried(&text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}") {
        tried(&text);
    }

    /// Printed commands with some letters changed.
    #[test]
    fn printed_commands_may_be_damaged(
        changes in prop::collection::vec((0usize..4_000, 0..LETTERS.len(), 0usize..3), 1..6)
    ) {
        let mut text = filled();
        for (at, letter, way) in changes {
            let mut at = at % text.len().max(1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match way {
                0 => text.insert_str(at, LETTERS[letter]),
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.truncate(at),
            }
        }
        tried(&text);
    }
}

/// Reads it; a fault can be shown, and a repaired line is one line.
fn tried(text: &str) {
    if let Err(fault) = parse(text) {
        let shown = fault.shown(text);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\0'));
        assert!(fault.repaired.is_none_or(|line| !line.contains('\n')));
    }
}
