//! Parameters: their values, their types, and what may be said of them.
//!
//! A **value** is typed; it is never spliced into text. A task's **schema**
//! says which parameters it has and what form their values take. A
//! **constraint** narrows one parameter: a policy, a request and an approval
//! each may hold some, and a run must satisfy all of them. So narrower needs no
//! proof: it means allowed by the new and by the old.

mod constraint;
mod schema;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

pub use constraint::{Constraint, Range};
pub use schema::{MAX_TEXT, Schema, ValueType, admits_any, is_plain};

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

/// Text of others in one line, without anything that moves a cursor or hides.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match is_plain(c, false) {
            true => c,
            false => '\u{fffd}',
        })
        .collect()
}

/// A value as it stands among others: where it ends, and that it holds a line break,
/// is seen. Nobody makes one value look like two.
pub fn exact(value: &Value) -> String {
    match value {
        Value::Text(text) => exact_text(text),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(exact).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", exact_text(name), exact(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Integer(_) | Value::Boolean(_) => value.to_string(),
    }
}

/// A text in the same way: in quotes, unless all of it is letters, digits and what
/// stands in names.
pub fn exact_text(text: &str) -> String {
    let is_of_names = |c: char| c.is_alphanumeric() || " @._-\\/:*+#%".contains(c);
    let is_bare = !text.is_empty() && text.trim() == text && text.chars().all(is_of_names);
    match is_bare {
        true => text.to_owned(),
        false => format!("\"{}\"", text.escape_debug()),
    }
}

fn spelled(values: &[Value]) -> String {
    let texts: Vec<_> = values.iter().map(exact).collect();
    texts.join(", ")
}

/// The first parameter that a run must have, and has not.
pub fn check_required(
    schemas: &Schemas,
    has: impl Fn(&ParameterName) -> bool,
) -> Result<(), String> {
    let missing = |(name, schema): &(&ParameterName, &Schema)| schema.required && !has(name);
    match schemas.iter().find(missing) {
        Some((name, _)) => Err(format!("parameter `{name}` is required")),
        None => Ok(()),
    }
}

/// What is wrong with a constraint against a task's schemas.
pub fn check_constraint(
    schemas: &Schemas,
    name: &ParameterName,
    constraint: &Constraint,
) -> Result<(), String> {
    let schema = schemas
        .get(name)
        .ok_or_else(|| format!("the task has no parameter `{name}`"))?;
    if schema.is_secret() && *constraint != Constraint::Absent {
        return Err(format!(
            "parameter `{name}` is a secret: nothing can be said of it but that it is absent"
        ));
    }
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
    Ok(())
}

/// The first constraint that values do not satisfy, in words.
pub fn first_broken(constraints: &Constraints, values: &Values) -> Option<String> {
    constraints
        .iter()
        .find(|(name, constraint)| !constraint.allows(values.get(*name)))
        .map(|(name, constraint)| format!("parameter `{name}` must be {constraint}"))
}
