//! From values to what is seen: lines, lists of properties, tables.

mod list;
mod table;
mod width;

pub(crate) use list::list;
pub(crate) use table::{Table, table};
pub(crate) use width::columns;

use crate::letters::plain_lines;
use crate::values::{Object, Value};

/// Objects with more properties than this are shown as a list.
const MOST_COLUMNS: usize = 4;

/// Text in one line: line breaks would tear lists and tables.
fn one_line(text: &str) -> String {
    plain_lines(&text.replace("\r\n", "\n").replace(['\n', '\r', '\t'], " "))
}

/// How values are shown where nobody said how.
pub(crate) fn default_view(values: &[Value], width: usize) -> String {
    let mut text = String::new();
    let mut rest = values;
    while let Some((first, _)) = rest.split_first() {
        let count = rest
            .iter()
            .take_while(|value| is_alike(first, value))
            .count()
            .max(1);
        let (alike, more) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = more;
        match first {
            Value::Object(object) if object.len() > MOST_COLUMNS => {
                text.push_str(&list(alike, None, width));
            }
            Value::Object(object) if !object.is_empty() => {
                text.push_str(&table(alike, None, &Table::of_width(width)));
            }
            Value::Table(object) => text.push_str(&entries(object, width)),
            Value::Object(_)
            | Value::Null
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Time(_)
            | Value::List(_) => {
                for value in alike {
                    text.push_str(&plain_lines(&value.text()));
                    text.push('\n');
                }
            }
        }
    }
    text
}

/// Whether two values are shown together.
fn is_alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => left
            .fields()
            .map(|(name, _)| name)
            .eq(right.fields().map(|(name, _)| name)),
        (Value::Object(_) | Value::Table(_), _) | (_, Value::Object(_) | Value::Table(_)) => false,
        _ => true,
    }
}

/// A table of names and values.
fn entries(object: &Object, width: usize) -> String {
    let rows: Vec<Value> = object
        .fields()
        .map(|(name, value)| {
            Value::Object(
                Object::new()
                    .with("Name", name)
                    .with("Value", value.clone()),
            )
        })
        .collect();
    table(&rows, None, &Table::of_width(width))
}
