//! Comma-separated values, as RFC 4180 has them.

/// What a formula begins with. Where people write in full width, so do their formulas.
const BEGINS: [char; 11] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// Whether a spreadsheet would take a cell for a formula. An apostrophe in front
/// makes it text there.
pub fn is_formula(cell: &str) -> bool {
    cell.starts_with(BEGINS)
}

/// A table, its head first.
pub fn csv<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> Vec<u8> {
    let mut text = row(*head);
    rows.for_each(|cells| text += &row(cells.each_ref().map(String::as_str)));
    text.into_bytes()
}

/// A line of it, ended.
pub fn row<const N: usize>(cells: [&str; N]) -> String {
    cells.map(quoted).join(",") + "\r\n"
}

/// Quoted where it must be. What a spreadsheet would take for a formula gets an
/// apostrophe in front, which makes it text there.
fn quoted(cell: &str) -> String {
    let is_formula = is_formula(cell);
    let is_plain = !is_formula && !cell.contains([',', '"', '\n', '\r', '\'']);
    match (is_formula, is_plain) {
        (_, true) => cell.to_owned(),
        (false, false) => format!("\"{}\"", cell.replace('"', "\"\"")),
        (true, false) => format!("\"'{}\"", cell.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_are_no_formulas() {
        for (cell, written) in [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-1", "\"'-1\""),
            ("+1", "\"'+1\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1+1", "\"'＝1+1\""),
            ("＠SUM(A1)", "\"'＠SUM(A1)\""),
            ("x\",=1", "\"x\"\",=1\""),
            ("'=1", "\"'=1\""),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
