//! Letters that mean the same: a command copied from a page has other dashes,
//! quotes and blanks than one that was typed.

use writ_core::value::is_plain;

/// Hyphen, en dash, em dash, horizontal bar.
pub(crate) const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

/// The straight quote and the typographic ones.
pub(crate) const fn is_single(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

/// The straight double quote and the typographic ones.
pub(crate) const fn is_double(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

/// Any of them.
pub(crate) const fn is_quote(c: char) -> bool {
    is_single(c) || is_double(c)
}

/// A text in quotes, in which every quote is a letter: typographic ones close, too.
pub(crate) fn in_quotes(text: &str) -> String {
    let mut quoted = String::from("'");
    for letter in text.chars() {
        quoted.push(letter);
        if is_single(letter) {
            quoted.push(letter);
        }
    }
    quoted.push('\'');
    quoted
}

/// A blank that is no line break.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() && !is_break(c)
}

/// What ends a line. A next-line character is a blank here, as in PowerShell.
pub(crate) const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

/// A character that nobody sees, and that therefore may not be typed.
pub(crate) fn is_unseen(c: char) -> bool {
    let hides = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    hides || !(c.is_whitespace() || is_plain(c, true))
}

/// Text of others, with its line breaks, without anything that moves a cursor
/// or hides.
pub(crate) fn plain_lines(text: &str) -> String {
    text.chars()
        .map(
            |c| match matches!(c, '\n' | '\t') || !is_unseen(c) && is_plain(c, false) {
                true => c,
                false => '\u{fffd}',
            },
        )
        .collect()
}
