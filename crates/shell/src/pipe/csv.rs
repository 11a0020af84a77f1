//! ConvertTo-Csv and Export-Csv. What a spreadsheet would take for a formula
//! gets an apostrophe, which makes it text.

use writ_core::csv::is_formula;

use crate::binder::Bound;
use crate::host::{Console, Writing};
use crate::record::{ErrorRecord, Reason};
use crate::values::{Fraction, Value, iso_date};

use super::file::Place;

/// The lines, the names first.
pub(crate) fn csv_lines(bound: &Bound, input: &[Value]) -> Result<Vec<String>, ErrorRecord> {
    let delimiter = delimiter(bound)?;
    let Some(names) = input.first().map(names_of) else {
        return Ok(Vec::new());
    };
    let mut lines = vec![row(names.iter().map(String::as_str), delimiter)];
    lines.extend(input.iter().map(|item| line(item, &names, delimiter)));
    Ok(lines)
}

fn delimiter(bound: &Bound) -> Result<char, ErrorRecord> {
    let said = bound.text("Delimiter").unwrap_or_else(|| ",".to_owned());
    let mut letters = said.chars();
    match (letters.next(), letters.next()) {
        (Some(one), None) if !matches!(one, '"' | '\n' | '\r') => Ok(one),
        _ => Err(ErrorRecord::binding(
            bound.cmdlet.name,
            "CannotConvertArgumentNoMessage",
            "-Delimiter is one character.",
        )),
    }
}

fn names_of(item: &Value) -> Vec<String> {
    match item.object() {
        Some(object) => object.fields().map(|(name, _)| name.to_owned()).collect(),
        None => vec!["Value".to_owned()],
    }
}

/// What an object has under these names.
fn line(item: &Value, names: &[String], delimiter: char) -> String {
    let cells: Vec<String> = match item.object() {
        Some(object) => names
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
    row(cells.iter().map(String::as_str), delimiter)
}

/// Writes them into a file.
pub(crate) fn export(
    bound: &Bound,
    input: &[Value],
    console: &mut dyn Console,
) -> Result<(), ErrorRecord> {
    let Some(place) = Place::of(bound)? else {
        return Ok(());
    };
    let head = match place.how {
        Writing::After => console
            .first_line(&place.path)
            .map_err(|problem| place.failed(bound, &problem))?,
        Writing::New | Writing::Over => None,
    };
    let lines = match head {
        Some(head) => more_lines(bound, input, &head, &place)?,
        None => csv_lines(bound, input)?,
    };
    let mut text = lines.join("\r\n");
    if !text.is_empty() {
        text.push_str("\r\n");
    }
    place.write(bound, &text, console)
}

/// The lines for a file that has columns already.
fn more_lines(
    bound: &Bound,
    input: &[Value],
    head: &str,
    place: &Place,
) -> Result<Vec<String>, ErrorRecord> {
    let delimiter = delimiter(bound)?;
    let names = read_row(head.trim_start_matches('\u{feff}'), delimiter);
    if let (Some(first), false) = (input.first(), bound.switch("Force")) {
        let has = names_of(first);
        let is_there = |name: &&String| !has.iter().any(|known| known.eq_ignore_ascii_case(name));
        if let Some(missing) = names.iter().find(is_there) {
            let message = format!(
                "Cannot append CSV content to the following file: {}. The appended object does not \
                 have a property that corresponds to the following column: {missing}. To continue \
                 with mismatched properties, add the -Force parameter, and then retry the command.",
                place.path
            );
            let id = "CannotAppendCsvWithMismatchedPropertyNames,Export-Csv";
            return Err(ErrorRecord::new(Reason::Usage, id, message));
        }
    }
    let lines = input.iter().map(|item| line(item, &names, delimiter));
    Ok(lines.collect())
}

/// The cells of a line.
fn read_row(line: &str, delimiter: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '"' && is_quoted && letters.next_if_eq(&'"').is_none() {
            is_quoted = false;
        } else if letter == '"' && !is_quoted {
            is_quoted = true;
        } else if letter == delimiter && !is_quoted {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(letter);
        }
    }
    cells
}

fn cell(value: &Value) -> String {
    match value {
        Value::Time(time) => iso_date(*time),
        Value::List(items) => {
            let texts: Vec<_> = items.iter().map(Value::text).collect();
            texts.join(", ")
        }
        Value::Table(object) | Value::Object(object) => {
            let fields: Vec<_> = object
                .fields()
                .map(|(name, value)| format!("{name}={}", value.text()))
                .collect();
            fields.join("; ")
        }
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Text(_) => {
            value.text()
        }
    }
}

fn row<'a>(cells: impl Iterator<Item = &'a str>, delimiter: char) -> String {
    let cells: Vec<_> = cells.map(quoted).collect();
    cells.join(&delimiter.to_string())
}

fn quoted(cell: &str) -> String {
    let is_number = Fraction::read(cell).is_some();
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
