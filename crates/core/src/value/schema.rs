//! Schemas: which form the values of a parameter take.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Value, spelled};
use crate::object::is_false;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// Several values.
    List,
    /// Named values.
    Table,
    /// Text that nobody but the target may read.
    Secret,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Table => "table",
            Self::Secret => "secret",
        })
    }
}

/// What a task says of one parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The type of its values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Whether every run must give it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// The only values it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// The smallest integer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The largest integer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The longest text, in bytes; of each element in a list.
    #[serde(default = "Schema::length", skip_serializing_if = "Schema::is_length")]
    pub max_length: u64,
    /// Whether text may hold line breaks and tabs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multiline: bool,
    /// Whether text may begin with a dash.
    #[serde(default, skip_serializing_if = "is_false")]
    pub leading_dash: bool,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The longest that `max_length` may allow, in bytes: 1 MiB.
pub const MAX_TEXT: u64 = 1 << 20;

impl Schema {
    /// Whether its values travel sealed.
    pub fn is_secret(&self) -> bool {
        self.value_type == ValueType::Secret
    }

    const fn length() -> u64 {
        4_096
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    const fn is_length(length: &u64) -> bool {
        *length == Self::length()
    }

    /// A schema of a type with everything else as it is by default.
    pub fn of(value_type: ValueType) -> Self {
        Self {
            value_type,
            required: false,
            one_of: None,
            min: None,
            max: None,
            max_length: Self::length(),
            multiline: false,
            leading_dash: false,
            title: None,
        }
    }

    /// Whether the schema itself makes sense.
    pub fn check(&self) -> Result<(), String> {
        if self.max_length == 0 || self.max_length > MAX_TEXT {
            return Err(format!("max_length must be from 1 to {MAX_TEXT}"));
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            return Err(format!("min {min} is above max {max}"));
        }
        if (self.min.is_some() || self.max.is_some()) && self.value_type != ValueType::Integer {
            return Err("min and max are for integers".into());
        }
        match &self.one_of {
            Some(values) if values.is_empty() => Err("one_of names no value".into()),
            Some(values) => values.iter().try_for_each(|value| self.admits_form(value)),
            None => Ok(()),
        }
    }

    /// Whether a value has the form that the task wants; else why not.
    pub fn admits(&self, value: &Value) -> Result<(), String> {
        self.admits_form(value)?;
        match &self.one_of {
            Some(values) if !values.contains(value) => {
                Err(format!("must be one of {}", spelled(values)))
            }
            _ => Ok(()),
        }
    }

    fn admits_form(&self, value: &Value) -> Result<(), String> {
        match (self.value_type, value) {
            (ValueType::String, Value::Text(text)) => self.admits_text(text),
            (ValueType::Integer, Value::Integer(number)) => self.admits_integer(*number),
            (ValueType::Boolean, Value::Boolean(_)) => Ok(()),
            (ValueType::List, Value::List(items)) => {
                items.iter().try_for_each(|item| self.admits_inside(item))
            }
            (ValueType::Table, Value::Table(members)) => members.iter().try_for_each(|(k, v)| {
                self.admits_text(k)?;
                self.admits_inside(v)
            }),
            (ValueType::Secret, _) => {
                Err("is a secret: it travels sealed, and no value of it stands here".into())
            }
            (wanted, _) => Err(format!("must be a {wanted}")),
        }
    }

    fn admits_inside(&self, value: &Value) -> Result<(), String> {
        match value {
            Value::Text(text) => self.admits_text(text),
            Value::Integer(_) | Value::Boolean(_) => Ok(()),
            Value::List(items) => items.iter().try_for_each(|item| self.admits_inside(item)),
            Value::Table(members) => members.iter().try_for_each(|(name, member)| {
                self.admits_text(name)?;
                self.admits_inside(member)
            }),
        }
    }

    fn admits_integer(&self, number: i64) -> Result<(), String> {
        match (self.min, self.max) {
            (Some(min), _) if number < min => Err(format!("must be at least {min}")),
            (_, Some(max)) if number > max => Err(format!("must be at most {max}")),
            _ => Ok(()),
        }
    }

    /// Whether a text has the form that the task wants; else why not.
    pub fn admits_text(&self, text: &str) -> Result<(), String> {
        if text.len() as u64 > self.max_length {
            return Err(format!(
                "is {} bytes long; at most {} are allowed",
                text.len(),
                self.max_length
            ));
        }
        // A secret is never an argument.
        let is_argument = !self.is_secret();
        if text.starts_with('-') && is_argument && !self.leading_dash {
            return Err("must not begin with a dash: a program would take it for an option".into());
        }
        match text.chars().find(|c| !is_plain(*c, self.multiline)) {
            Some('\n' | '\r' | '\t') => Err("must not hold line breaks or tabs".into()),
            Some(found) => Err(format!(
                "must not hold the control character {}",
                found.escape_unicode()
            )),
            None => Ok(()),
        }
    }
}

/// Whether a value of any type holds nothing but text that people can read.
pub fn admits_any(value: &Value) -> Result<(), String> {
    Schema {
        max_length: MAX_TEXT,
        multiline: true,
        leading_dash: true,
        ..Schema::of(ValueType::String)
    }
    .admits_inside(value)
}

/// Whether a character may stand in text that people read: no control
/// characters, and none that reorder what is shown (bidirectional overrides).
pub fn is_plain(character: char, multiline: bool) -> bool {
    match character {
        '\n' | '\r' | '\t' => multiline,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => false,
        _ => !character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Value {
        Value::Text(s.into())
    }

    #[test]
    fn text_arrives_literally_or_is_refused() {
        let schema = Schema::of(ValueType::String);
        for good in ["$(id)", "`id`", "'\"", "{word}", "a;b|c&d", "", "é 漢"] {
            assert_eq!(schema.admits(&text(good)), Ok(()), "{good}");
        }
        for bad in [
            "-rf",
            "a\nb",
            "a\rb",
            "a\0b",
            "a\u{202e}b",
            "a\u{1b}[1m",
            "a\tb",
        ] {
            assert!(schema.admits(&text(bad)).is_err(), "{bad:?}");
        }
        let loose = Schema {
            multiline: true,
            leading_dash: true,
            ..schema
        };
        assert_eq!(loose.admits(&text("-a\nb")), Ok(()));
        assert!(loose.admits(&text("a\0b")).is_err());
    }

    #[test]
    fn types_and_bounds_hold() {
        let integer = Schema {
            min: Some(1),
            max: Some(9),
            ..Schema::of(ValueType::Integer)
        };
        for (value, ok) in [(0, false), (1, true), (9, true), (10, false)] {
            assert_eq!(integer.admits(&Value::Integer(value)).is_ok(), ok);
        }
        assert!(integer.admits(&text("5")).is_err());
        let list = Schema::of(ValueType::List);
        assert!(
            list.admits(&Value::List(vec![text("a"), text("-b")]))
                .is_err()
        );
        assert!(
            list.admits(&Value::List(vec![text("a"), Value::Integer(1)]))
                .is_ok()
        );
    }
}
