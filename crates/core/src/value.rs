//! Parameters: their values, their types, and what may be said of them.
//!
//! A **value** is typed; it is never spliced into text. A task's **schema**
//! says which parameters it has and what form their values take. A
//! **constraint** narrows one parameter: a policy, a request and an approval
//! each may hold some, and a run must satisfy all of them. So narrower needs no
//! proof: it means allowed by the new and by the old.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::json::MAX_INTEGER;
use crate::names::ParameterName;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number within ±(2^53−1).
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// Several values in order.
    List(Vec<Value>),
    /// Named values.
    Table(BTreeMap<String, Value>),
}

/// Parameters by name.
pub type Values = BTreeMap<ParameterName, Value>;
/// Constraints by parameter.
pub type Constraints = BTreeMap<ParameterName, Constraint>;
/// What a task says of its parameters.
pub type Schemas = BTreeMap<ParameterName, Schema>;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::List(items) => items.serialize(serializer),
            Self::Table(members) => members.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfAnyType;
        impl<'de> Visitor<'de> for OfAnyType {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, true, false, a list or a table")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }
            fn visit_bool<E: de::Error>(self, boolean: bool) -> Result<Value, E> {
                Ok(Value::Boolean(boolean))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
                match (-MAX_INTEGER..=MAX_INTEGER).contains(&number) {
                    true => Ok(Value::Integer(number)),
                    false => Err(E::custom("a number beyond ±(2^53-1)")),
                }
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
                let number =
                    i64::try_from(number).map_err(|_| E::custom("a number beyond ±(2^53-1)"))?;
                self.visit_i64(number)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Value::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
                let mut table = BTreeMap::new();
                while let Some((name, value)) = members.next_entry()? {
                    table.insert(name, value);
                }
                Ok(Value::Table(table))
            }
        }
        deserializer.deserialize_any(OfAnyType)
    }
}

impl fmt::Display for Value {
    /// As people read it: text as it is, the rest as JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { "," } else { "" })?;
                }
                Ok(())
            }
            Self::Table(members) => {
                for (at, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{name}={value}", if at > 0 { ";" } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

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

fn is_false(value: &bool) -> bool {
    !value
}

/// The longest that `max_length` may allow, in bytes: 1 MiB.
pub const MAX_TEXT: u64 = 1 << 20;

impl Schema {
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
        if text.starts_with('-') && !self.leading_dash {
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

/// Whether a character may stand in text that people read: no control
/// characters, and none that reorder what is shown (bidirectional overrides).
pub fn is_plain(character: char, multiline: bool) -> bool {
    match character {
        '\n' | '\r' | '\t' => multiline,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => false,
        _ => !character.is_control(),
    }
}

/// What may be said of one parameter by a policy, a request or an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// It must be this.
    Equals(Value),
    /// It must be one of these.
    OneOf(Vec<Value>),
    /// Text that matches: `*` any text, `?` one character, all else itself.
    Glob(String),
    /// An integer within these bounds, both included.
    Range(Range),
    /// A list of which every element is one of these.
    SubsetOf(Vec<Value>),
    /// It must not be given.
    Absent,
}

/// Bounds of an integer, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

impl Constraint {
    /// Whether the constraint itself makes sense.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::OneOf(values) | Self::SubsetOf(values) if values.is_empty() => {
                Err("names no value".into())
            }
            Self::Range(Range {
                min: None,
                max: None,
            }) => Err("range without min and max".into()),
            Self::Range(Range {
                min: Some(min),
                max: Some(max),
            }) if min > max => Err(format!("min {min} is above max {max}")),
            Self::Glob(pattern) if pattern.len() > 1_024 || !pattern.is_ascii() => {
                Err("a glob is ASCII, of at most 1024 characters".into())
            }
            Self::Equals(_)
            | Self::OneOf(_)
            | Self::Glob(_)
            | Self::Range(_)
            | Self::SubsetOf(_)
            | Self::Absent => Ok(()),
        }
    }

    /// Whether some value of this type can satisfy it.
    pub fn fits_type(&self, value_type: ValueType) -> bool {
        match self {
            Self::Glob(_) => value_type == ValueType::String,
            Self::Range(_) => value_type == ValueType::Integer,
            Self::SubsetOf(_) => value_type == ValueType::List,
            Self::Equals(_) | Self::OneOf(_) | Self::Absent => true,
        }
    }

    /// Whether a value satisfies it. A constrained parameter must be given:
    /// left out, a program would choose for itself.
    pub fn allows(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Absent, given) => given.is_none(),
            (_, None) => false,
            (Self::Equals(wanted), Some(value)) => wanted == value,
            (Self::OneOf(values), Some(value)) => values.contains(value),
            (Self::Glob(pattern), Some(Value::Text(text))) => {
                glob(pattern.as_bytes(), text.as_bytes())
            }
            (Self::Range(range), Some(Value::Integer(number))) => {
                range.min.is_none_or(|min| min <= *number)
                    && range.max.is_none_or(|max| *number <= max)
            }
            (Self::SubsetOf(values), Some(Value::List(items))) => {
                items.iter().all(|item| values.contains(item))
            }
            (Self::Glob(_) | Self::Range(_) | Self::SubsetOf(_), Some(_)) => false,
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => write!(f, "= {value}"),
            Self::OneOf(values) => write!(f, "one of {}", spelled(values)),
            Self::Glob(pattern) => write!(f, "like {pattern}"),
            Self::Range(Range { min, max }) => match (min, max) {
                (Some(min), Some(max)) => write!(f, "from {min} to {max}"),
                (Some(min), None) => write!(f, "at least {min}"),
                (None, Some(max)) => write!(f, "at most {max}"),
                (None, None) => write!(f, "any number"),
            },
            Self::SubsetOf(values) => write!(f, "some of {}", spelled(values)),
            Self::Absent => f.write_str("not given"),
        }
    }
}

fn spelled(values: &[Value]) -> String {
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Anchored at both ends; in time proportional to the product of the lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    // `reach` holds, for the pattern so far, how much of the text may be eaten.
    let mut reach = vec![false; text.len() + 1];
    if let Some(first) = reach.first_mut() {
        *first = true;
    }
    for wanted in pattern {
        let mut next = vec![false; text.len() + 1];
        let mut eaten_by_star = false;
        for (at, slot) in next.iter_mut().enumerate() {
            let here = reach.get(at).copied().unwrap_or(false);
            let before = at.checked_sub(1);
            *slot = match wanted {
                b'*' => {
                    eaten_by_star |= here;
                    eaten_by_star
                }
                _ => before.is_some_and(|before| {
                    let byte = text.get(before).copied();
                    reach.get(before).copied().unwrap_or(false)
                        && (*wanted == b'?' || byte == Some(*wanted))
                }),
            };
        }
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

/// What is wrong with values against a task's schemas: the first problem, named.
pub fn check_values(schemas: &Schemas, values: &Values) -> Result<(), String> {
    for (name, value) in values {
        let schema = schemas
            .get(name)
            .ok_or_else(|| format!("the task has no parameter `{name}`"))?;
        schema
            .admits(value)
            .map_err(|problem| format!("parameter `{name}` {problem}"))?;
    }
    Ok(())
}

/// What is wrong with constraints against a task's schemas: the first problem, named.
pub fn check_constraints(schemas: &Schemas, constraints: &Constraints) -> Result<(), String> {
    for (name, constraint) in constraints {
        let schema = schemas
            .get(name)
            .ok_or_else(|| format!("the task has no parameter `{name}`"))?;
        if !constraint.fits_type(schema.value_type) {
            return Err(format!(
                "parameter `{name}` is a {}: `{constraint}` can never hold",
                schema.value_type
            ));
        }
        if let Constraint::Equals(value) = constraint {
            schema
                .admits(value)
                .map_err(|problem| format!("parameter `{name}` {problem}"))?;
        }
    }
    Ok(())
}

/// The first constraint that values do not satisfy, in words.
pub fn first_broken(constraints: &Constraints, values: &Values) -> Option<String> {
    constraints
        .iter()
        .find(|(name, constraint)| !constraint.allows(values.get(*name)))
        .map(|(name, constraint)| format!("parameter `{name}` must be {constraint}"))
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

    #[test]
    fn constraints_allow_what_they_say() {
        let list = |items: &[&str]| Value::List(items.iter().map(|s| text(s)).collect());
        let bounds = Constraint::Range(Range {
            min: Some(2),
            max: None,
        });
        for (constraint, value, ok) in [
            (Constraint::Equals(text("a")), Some(text("a")), true),
            (Constraint::Equals(text("a")), Some(text("A")), false),
            (Constraint::Equals(text("a")), None, false),
            (
                Constraint::OneOf(vec![text("a"), text("b")]),
                Some(text("b")),
                true,
            ),
            (bounds.clone(), Some(Value::Integer(2)), true),
            (bounds.clone(), Some(Value::Integer(1)), false),
            (bounds, Some(text("2")), false),
            (
                Constraint::SubsetOf(vec![text("a"), text("b")]),
                Some(list(&["b"])),
                true,
            ),
            (
                Constraint::SubsetOf(vec![text("a")]),
                Some(list(&["a", "c"])),
                false,
            ),
            (Constraint::Absent, None, true),
            (Constraint::Absent, Some(text("")), false),
        ] {
            assert_eq!(
                constraint.allows(value.as_ref()),
                ok,
                "{constraint} {value:?}"
            );
        }
    }

    #[test]
    fn globs_are_anchored_and_fast() {
        for (pattern, given, ok) in [
            ("web-*", "web-1", true),
            ("web-*", "xweb-1", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*.log", "x.log.gz", false),
            ("", "", true),
            ("", "a", false),
            ("[a]", "a", false),
            ("[a]", "[a]", true),
        ] {
            assert_eq!(
                glob(pattern.as_bytes(), given.as_bytes()),
                ok,
                "{pattern} {given}"
            );
        }
        let slow = "*a".repeat(200) + "b";
        assert!(!glob(slow.as_bytes(), "a".repeat(4_000).as_bytes()));
    }
}
