//! ConvertTo-Csv and Export-Csv. What a spreadsheet would take for a formula
//! gets an apostrophe, which makes it text.

use writ_core::csv::is_formula;

use crate::binder::Bound;
use crate::host::Console;
use crate::record::ErrorRecord;
use crate::values::{Object, Value, iso_date};

/// The lines, the names first.
pub(crate) fn csv_lines(bound: &Bound, input: &[Value]) -> Result<Vec<String>, ErrorRecord> {
    let delimiter = bound.text("Delimiter").unwrap_or_else(|| ",".to_owned());
    let is_one = delimiter.chars().count() == 1 && !delimiter.contains(['"', '\n', '\r']);
    if !is_one {
        return Err(ErrorRecord::binding(
            bound.cmdlet.name,
            "CannotConvertArgumentNoMessage",
            "-Delimiter is one character.",
        ));
    }
    let empty = Object::new();
    let Some(first) = input.first() else {
        return Ok(Vec::new());
    };
    let names: Vec<String> = match first.object() {
        Some(object) => object.fields().map(|(name, _)| name.to_owned()).collect(),
        None => vec!["Value".to_owned()],
    };
    let mut lines = vec![row(names.iter().map(String::as_str), &delimiter)];
    for item in input {
        let object = item.object().unwrap_or(&empty);
        let cells: Vec<String> = match item.object() {
            Some(_) => names
                .iter()
                .map(|name| {
                    object
                        .get(name)
                        .map(|(_, value)| cell(value))
                        .unwrap_or_default()
                })
                .collect(),
            None => vec![cell(item)],
        };
        lines.push(row(cells.iter().map(String::as_str), &delimiter));
    }
    Ok(lines)
}

/// Writes them into a file.
pub(crate) fn export(
    bound: &Bound,
    input: &[Value],
    console: &mut dyn Console,
) -> Result<(), ErrorRecord> {
    let mut text = csv_lines(bound, input)?.join("\r\n");
    if !text.is_empty() {
        text.push_str("\r\n");
    }
    super::file::write(bound, "Path", &text, console)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Time(time) => iso_date(*time),
        Value::List(items) => {
            let texts: Vec<_> = items.iter().map(Value::text).collect();
            texts.join(", ")
        }
        Value::Null
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::Text(_)
        | Value::Table(_)
        | Value::Object(_) => value.text(),
    }
}

fn row<'a>(cells: impl Iterator<Item = &'a str>, delimiter: &str) -> String {
    let cells: Vec<_> = cells.map(quoted).collect();
    cells.join(delimiter)
}

fn quoted(cell: &str) -> String {
    let is_number = cell.parse::<i64>().is_ok();
    let is_formula = is_formula(cell) && !is_number;
    let apostrophe = if is_formula { "'" } else { "" };
    let plain: String = cell
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    format!("\"{apostrophe}{}\"", plain.replace('"', "\"\""))
}
