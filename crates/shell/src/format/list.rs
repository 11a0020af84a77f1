//! Properties below each other, as Format-List shows them.

use super::one_line;
use super::width::{columns, folded};
use crate::pipe::meant;
use crate::values::{Object, Value};

/// A blank line, the objects with one between, and one after.
pub(crate) fn list(values: &[Value], names: Option<&[String]>, width: usize) -> String {
    let all = ["*".to_owned()];
    let names = names.unwrap_or(&all);
    let mut text = String::from("\n");
    for value in values {
        let object = match value {
            Value::Object(object) | Value::Table(object) => object.clone(),
            Value::Null
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Time(_)
            | Value::List(_) => {
                text.push_str(&crate::letters::plain_lines(&value.text()));
                text.push('\n');
                continue;
            }
        };
        text.push_str(&one(&object, names, width));
        text.push('\n');
    }
    text
}

fn one(object: &Object, names: &[String], width: usize) -> String {
    let names = meant(object, names);
    let shown: Vec<_> = names.iter().map(|name| one_line(name)).collect();
    let label = shown.iter().map(|name| columns(name)).max().unwrap_or(0);
    let indent = label + 3;
    let room = width.saturating_sub(indent).max(10);
    let mut text = String::new();
    for (name, shown) in names.iter().zip(&shown) {
        let value = object.get(name).map(|(_, value)| value.shown());
        let value = one_line(&value.unwrap_or_default());
        let pad = " ".repeat(label.saturating_sub(columns(shown)));
        let mut begin = format!("{shown}{pad} : ");
        if value.is_empty() {
            text.push_str(&begin);
            text.push('\n');
        }
        for part in folded(&value, room) {
            text.push_str(&begin);
            text.push_str(part);
            text.push('\n');
            begin = " ".repeat(indent);
        }
    }
    text
}
