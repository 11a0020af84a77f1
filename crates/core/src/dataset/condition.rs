//! Conditions: which rows, by what stands in a column.
//!
//! A **condition** is one text: a column, a sign, a value, as in
//! `sent >= 2026-01-01T00:00:00Z`. The value is the rest of the text, as it
//! stands; it is bound to a query and never part of one.

use std::fmt;

use super::{ColumnType, Dataset};
use crate::value::plain;

/// How a column is compared with a value. No value at all compares with none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// It is that.
    Is,
    /// It is another.
    IsNot,
    /// It is smaller.
    Less,
    /// It is that or smaller.
    AtMost,
    /// It is greater.
    Greater,
    /// It is that or greater.
    AtLeast,
}

impl Compare {
    /// The sign of it, the same in SQL but for `!=`.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Whether something that compares so with a value satisfies it.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Is => ordering.is_eq(),
            Self::IsNot => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// An instant, as it is written.
    Timestamp(String),
    /// A day, as it is written.
    Date(String),
}

/// Which rows, by what stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// How it is compared.
    pub compare: Compare,
    /// With what.
    pub operand: Operand,
}

/// Longer signs first: `<=` begins with `<`.
const SIGNS: [Compare; 6] = [
    Compare::IsNot,
    Compare::AtMost,
    Compare::AtLeast,
    Compare::Is,
    Compare::Less,
    Compare::Greater,
];

impl Condition {
    /// Reads one; its column is of the dataset.
    pub fn read(dataset: &Dataset, text: &str) -> Result<Self, String> {
        let bad = |why: &str| format!("filter: `{}` {why}", plain(text));
        // The longest name that it begins with: names may hold blanks and signs.
        let mut columns: Vec<_> = dataset.columns.iter().collect();
        columns.sort_by_key(|column| std::cmp::Reverse(column.name.len()));
        for column in columns {
            let Some(rest) = text.strip_prefix(column.name.as_str()) else {
                continue;
            };
            let Some(rest) = rest.strip_prefix(' ') else {
                continue;
            };
            let sign = |compare: &Compare| rest.strip_prefix(compare.sign());
            let found = SIGNS.iter().find_map(|c| Some((*c, sign(c)?)));
            let Some((compare, value)) = found else {
                continue;
            };
            let value = value
                .strip_prefix(' ')
                .ok_or_else(|| bad("needs a blank on both sides of its sign"))?;
            let operand = operand(column.column_type, value).ok_or_else(|| {
                bad(&format!(
                    "compares a {} with that",
                    column.column_type.name()
                ))
            })?;
            let has_order = match column.column_type {
                ColumnType::Integer | ColumnType::Timestamp | ColumnType::Date => true,
                ColumnType::Text | ColumnType::Boolean | ColumnType::Decimal => false,
            };
            if !has_order && !matches!(compare, Compare::Is | Compare::IsNot) {
                return Err(bad("has a column that is only compared with `=` and `!=`"));
            }
            return Ok(Self {
                column: column.name.clone(),
                compare,
                operand,
            });
        }
        Err(bad(
            "is not a column of the dataset, a sign and a value, as in `kind = news`",
        ))
    }
}

/// Reads a value of a type; none where it is not one.
pub(super) fn operand(column_type: ColumnType, text: &str) -> Option<Operand> {
    match column_type {
        ColumnType::Text => Some(Operand::Text(text.to_owned())),
        ColumnType::Integer => text.parse().ok().map(Operand::Integer),
        ColumnType::Boolean => text.parse().ok().map(Operand::Boolean),
        ColumnType::Timestamp => is_timestamp(text).then(|| Operand::Timestamp(text.to_owned())),
        ColumnType::Date => is_date(text).then(|| Operand::Date(text.to_owned())),
        ColumnType::Decimal => None,
    }
}

/// Whether a text has digits where a form has `0`, and all else as the form has it.
fn is_like(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

fn is_date(text: &str) -> bool {
    let part = |from, to| {
        text.get(from..to)
            .and_then(|part: &str| part.parse::<u8>().ok())
    };
    is_like(text, "0000-00-00")
        && part(5, 7).is_some_and(|month| (1..=12).contains(&month))
        && part(8, 10).is_some_and(|day| (1..=31).contains(&day))
}

/// In UTC, with or without parts of a second.
fn is_timestamp(text: &str) -> bool {
    let Some(rest) = text.get(10..) else {
        return false;
    };
    let is_time = rest == "Z"
        || ["T00:00:00Z", "T00:00:00.000Z", "T00:00:00.000000Z"]
            .iter()
            .any(|form| is_like(rest, form));
    let part = |from, to| {
        rest.get(from..to)
            .and_then(|part: &str| part.parse::<u8>().ok())
    };
    text.get(..10).is_some_and(is_date)
        && is_time
        && rest != "Z"
        && part(1, 3).is_some_and(|hour| hour < 24)
        && part(4, 6).is_some_and(|minute| minute < 60)
        && part(7, 9).is_some_and(|second| second < 60)
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Timestamp(text) | Self::Date(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
        }
    }
}
