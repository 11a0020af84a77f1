//! Rows of files: comma-separated values with a line of names first, read once
//! from the beginning to the end.

use std::cmp::Ordering;
use std::fs::File;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use jiff::Timestamp;
use jiff::civil::Date;
use writ_connect::Output;
use writ_connect::pipe::Writer;
use writ_core::dataset::{Column, ColumnType, Compare, Dataset, Extraction, Operand};

use crate::address::Named;
use crate::rows::RowWriter;

/// A column of the file, and where it stands.
struct Place<'a> {
    column: &'a Column,
    at: usize,
}

/// Where everything stands in the file.
struct Layout<'a> {
    subject: usize,
    mentions: Vec<usize>,
    read: Vec<Place<'a>>,
    filter: Vec<(Place<'a>, Compare, Operand)>,
    key: Option<Place<'a>>,
}

/// A value as its type has it: what is written, and what is compared.
enum Typed {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Decimal(String),
    Timestamp(Timestamp),
    Date(Date),
}

/// An empty cell is no value.
fn typed(column: &Column, cell: &str) -> Result<Option<Typed>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    let read = match column.column_type {
        ColumnType::Text => Some(Typed::Text(cell.to_owned())),
        ColumnType::Integer => cell.parse().ok().map(Typed::Integer),
        ColumnType::Boolean => cell.parse().ok().map(Typed::Boolean),
        ColumnType::Decimal => is_decimal(cell).then(|| Typed::Decimal(cell.to_owned())),
        ColumnType::Timestamp => cell.parse().ok().map(Typed::Timestamp),
        ColumnType::Date => cell.parse().ok().map(Typed::Date),
    };
    let kind = column.column_type.name();
    read.map(Some)
        .ok_or_else(|| format!("column `{}` has a value that is no {kind}", column.name))
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(rest)
}

impl Typed {
    fn written(&self) -> String {
        match self {
            Self::Text(text) | Self::Decimal(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Timestamp(instant) => format!("{instant:.6}"),
            Self::Date(date) => date.to_string(),
        }
    }

    /// How it compares; none where they are of other types.
    fn compared(&self, operand: &Operand) -> Option<Ordering> {
        match (self, operand) {
            (Self::Text(text), Operand::Text(other)) => Some(text.as_bytes().cmp(other.as_bytes())),
            (Self::Integer(number), Operand::Integer(other)) => Some(number.cmp(other)),
            (Self::Boolean(boolean), Operand::Boolean(other)) => Some(boolean.cmp(other)),
            (Self::Timestamp(instant), Operand::Timestamp(other)) => {
                Some(instant.cmp(&other.parse().ok()?))
            }
            (Self::Date(date), Operand::Date(other)) => Some(date.cmp(&other.parse().ok()?)),
            _ => None,
        }
    }

    fn is_after(&self, before: &Self) -> bool {
        match (before, self) {
            (Self::Text(a), Self::Text(b)) => a.as_bytes() < b.as_bytes(),
            (Self::Integer(a), Self::Integer(b)) => a < b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a < b,
            (Self::Date(a), Self::Date(b)) => a < b,
            _ => false,
        }
    }
}

impl<'a> Layout<'a> {
    fn of(
        dataset: &'a Dataset,
        asked: &'a Extraction,
        names: &StringRecord,
    ) -> Result<Self, String> {
        let at = |name: &str| {
            let mut found = names.iter().enumerate().filter(|(_, head)| *head == name);
            match (found.next(), found.next()) {
                (Some((at, _)), None) => Ok(at),
                (Some(_), Some(_)) => Err(format!("the file has two columns `{name}`")),
                (None, _) => Err(format!("the file has no column `{name}`")),
            }
        };
        let place = |column: &'a Column| {
            let at = at(&column.name)?;
            Ok::<_, String>(Place { column, at })
        };
        let odd = || "a filter names a column that the dataset has not".to_owned();
        Ok(Self {
            subject: at(&dataset.subject.column)?,
            mentions: dataset
                .mentioning()
                .map(|column| at(&column.name))
                .collect::<Result<_, _>>()?,
            read: asked.columns.iter().map(place).collect::<Result<_, _>>()?,
            filter: asked
                .filter
                .iter()
                .map(|one| {
                    let column = dataset.column(&one.column).ok_or_else(odd)?;
                    Ok::<_, String>((place(column)?, one.compare, one.operand.clone()))
                })
                .collect::<Result<_, _>>()?,
            key: asked.key(dataset).map(place).transpose()?,
        })
    }
}

/// Reads the rows and passes them on, on a thread that may wait; answers why it
/// could not.
pub(crate) fn read(
    path: &Path,
    dataset: &Dataset,
    asked: &Extraction,
    named: &Named,
    writer: &Writer,
    output: &Output,
) -> Result<RowWriter, String> {
    let file = File::open(path).map_err(|error| format!("the file: {error}"))?;
    let mut reader = ReaderBuilder::new().from_reader(file);
    let names = reader.headers().map_err(|error| told(&error))?.clone();
    let layout = Layout::of(dataset, asked, &names)?;
    let mut rows = RowWriter::new(&asked.columns, asked.form);
    let mut record = StringRecord::new();
    let mut before: Option<Typed> = None;
    let cell = |record: &StringRecord, at: usize| record.get(at).unwrap_or_default().to_owned();
    while reader
        .read_record(&mut record)
        .map_err(|error| told(&error))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let at_line = |problem: String| format!("line {line}: {problem}");
        if let Some(key) = &layout.key {
            let value = typed(key.column, &cell(&record, key.at)).map_err(at_line)?;
            let value = value.ok_or_else(|| at_line("the key is empty".into()))?;
            if before
                .as_ref()
                .is_some_and(|before| !value.is_after(before))
            {
                return Err(at_line("the file is not in the order of its key".into()));
            }
            let is_later = match &asked.after {
                Some(after) => value.compared(after) == Some(Ordering::Greater),
                None => true,
            };
            before = Some(value);
            if !is_later {
                continue;
            }
        }
        let subject = record.get(layout.subject).filter(|cell| !cell.is_empty());
        let subject = subject.map(|cell| Named::name(dataset, cell));
        let mut in_scope = named.has(subject.as_deref());
        for (place, compare, operand) in &layout.filter {
            let value = typed(place.column, &cell(&record, place.at)).map_err(at_line)?;
            let ordering = value.and_then(|value| value.compared(operand));
            in_scope &= ordering.is_some_and(|ordering| compare.holds(ordering));
        }
        if !in_scope {
            continue;
        }
        let mentions = layout.mentions.iter().filter_map(|at| record.get(*at));
        if named.withholds(subject.as_deref(), mentions) {
            rows.withhold(1);
            continue;
        }
        let mut values = Vec::with_capacity(layout.read.len());
        for place in &layout.read {
            let value = typed(place.column, &cell(&record, place.at)).map_err(at_line)?;
            values.push(value.map(|value| value.written()));
        }
        rows.row(values.iter().map(Option::as_deref));
        if let Some(chunk) = rows.chunk() {
            let sent = writer.send_blocking(chunk);
            sent.map_err(|broken| broken.to_string())?;
            output.count(rows.rows);
        }
    }
    Ok(rows)
}

/// What is wrong with the file, without what is in it.
fn told(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    format!(
        "line {line}: the file is not of comma-separated values in UTF-8 with a cell for each name"
    )
}
