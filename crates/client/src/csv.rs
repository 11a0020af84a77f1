//! What both writers of comma-separated values must know of spreadsheets.

/// Whether a spreadsheet would take a cell for a formula. An apostrophe in front
/// makes it text there.
pub fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}
