//! Properties beside each other, as Format-Table shows them.

use super::one_line;
use super::width::{columns, folded, split};
use crate::pipe::meant;
use crate::values::{Object, Value};

/// The narrowest that a column becomes.
const NARROW: usize = 5;

/// How a table is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// How many characters a line has.
    pub(crate) width: usize,
    /// Whether long values go on below.
    pub(crate) wrap: bool,
    /// Whether names are shown.
    pub(crate) header: bool,
}

impl Table {
    pub(crate) const fn of_width(width: usize) -> Self {
        Self {
            width,
            wrap: false,
            header: true,
        }
    }
}

struct Column {
    name: String,
    cells: Vec<String>,
    is_right: bool,
    width: usize,
}

/// A blank line, the names, a line of dashes below each, the rows, a blank line.
pub(crate) fn table(values: &[Value], names: Option<&[String]>, how: &Table) -> String {
    let mut all = columns_of(values, names);
    fit(&mut all, how.width);
    let mut text = String::from("\n");
    if how.header {
        let names: Vec<_> = all.iter().map(|column| column.name.as_str()).collect();
        push_row(&mut text, &all, &names, how.wrap);
        let dashes: Vec<_> = all
            .iter()
            .map(|column| "-".repeat(columns(&column.name).min(column.width)))
            .collect();
        let dashes: Vec<_> = dashes.iter().map(String::as_str).collect();
        push_row(&mut text, &all, &dashes, how.wrap);
    }
    for at in 0..values.len() {
        let cells: Vec<_> = all
            .iter()
            .map(|column| column.cells.get(at).map_or("", String::as_str))
            .collect();
        push_row(&mut text, &all, &cells, how.wrap);
    }
    text.push('\n');
    text
}

fn columns_of(values: &[Value], names: Option<&[String]>) -> Vec<Column> {
    let empty = Object::new();
    let first = values.first().and_then(Value::object).unwrap_or(&empty);
    let all = ["*".to_owned()];
    let names = meant(first, names.unwrap_or(&all));
    let column = |name: String| {
        let members: Vec<Value> = values.iter().map(|value| value.member(&name)).collect();
        let cells: Vec<_> = members
            .iter()
            .map(|value| one_line(&value.shown()))
            .collect();
        let is_right = members
            .iter()
            .any(|value| matches!(value, Value::Integer(_) | Value::Number(_)))
            && members
                .iter()
                .all(|value| matches!(value, Value::Integer(_) | Value::Number(_) | Value::Null));
        let name = one_line(&name);
        let widths = cells.iter().map(|cell| columns(cell));
        let width = widths.chain([columns(&name)]).max().unwrap_or(0);
        Column {
            name,
            cells,
            is_right,
            width,
        }
    };
    names.into_iter().map(column).collect()
}

/// Takes from the widest column until a line has room.
fn fit(columns: &mut [Column], width: usize) {
    loop {
        let total: usize = columns.iter().map(|column| column.width + 1).sum();
        if total <= width + 1 {
            return;
        }
        let widest = columns.iter_mut().max_by_key(|column| column.width);
        match widest {
            Some(column) if column.width > NARROW => column.width -= 1,
            Some(_) | None => return,
        }
    }
}

fn push_row(text: &mut String, all: &[Column], cells: &[&str], wrap: bool) {
    let parts: Vec<Vec<String>> = all
        .iter()
        .zip(cells)
        .map(|(column, cell)| lines(cell, column.width, wrap))
        .collect();
    let height = parts.iter().map(Vec::len).max().unwrap_or(1);
    for at in 0..height {
        let mut line = String::new();
        for (column, lines) in all.iter().zip(&parts) {
            let cell = lines.get(at).map_or("", String::as_str);
            let pad = " ".repeat(column.width.saturating_sub(columns(cell)));
            if !line.is_empty() {
                line.push(' ');
            }
            match column.is_right {
                true => line.push_str(&format!("{pad}{cell}")),
                false => line.push_str(&format!("{cell}{pad}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn lines(cell: &str, width: usize, wrap: bool) -> Vec<String> {
    if columns(cell) <= width {
        return vec![cell.to_owned()];
    }
    match wrap {
        true => folded(cell, width)
            .into_iter()
            .map(ToOwned::to_owned)
            .collect(),
        false => vec![format!("{}…", split(cell, width.saturating_sub(1)).0)],
    }
}
