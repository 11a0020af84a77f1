//! How wide text is on a terminal: letters of East Asia and pictures take two
//! columns, marks above letters none.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// As much of a text as so many columns have room for, and the rest. What is read
/// as one letter stays together.
pub(crate) fn split(text: &str, room: usize) -> (&str, &str) {
    let mut taken = 0;
    let beyond = text.grapheme_indices(true).find(|(_, letter)| {
        taken += letter.width();
        taken > room
    });
    let at = beyond.map_or(text.len(), |(at, _)| at);
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// A text in lines of so many columns; a letter that is wider than that has a line
/// of its own.
pub(crate) fn folded(mut text: &str, room: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    while !text.is_empty() {
        let (line, rest) = match split(text, room) {
            ("", _) => {
                let first = text.graphemes(true).next().map_or(text.len(), str::len);
                text.split_at_checked(first).unwrap_or((text, ""))
            }
            fitting => fitting,
        };
        lines.push(line);
        text = rest;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_as_wide_as_they_are_shown() {
        for (text, wanted) in [
            ("", 0),
            ("abc", 3),
            ("漢字", 4),
            ("ｱｲｳ", 3),
            ("e\u{301}", 1),
            ("Zoë", 3),
            ("😀", 2),
            ("한국", 4),
            ("�", 1),
        ] {
            assert_eq!(columns(text), wanted, "{text}");
        }
    }

    #[test]
    fn nothing_is_lost_or_torn() {
        assert_eq!(split("漢字x", 3), ("漢", "字x"));
        assert_eq!(split("e\u{301}e\u{301}", 1), ("e\u{301}", "e\u{301}"));
        assert_eq!(split("ab", 2), ("ab", ""));
        assert_eq!(folded("漢字x", 3), ["漢", "字x"]);
        assert_eq!(folded("漢字", 1), ["漢", "字"]);
        assert_eq!(folded("", 3), [""; 0]);
    }
}
