//! Constraints: what may be said of one parameter.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Value, ValueType, exact, exact_text, spelled};

/// What may be said of one parameter by a policy, a request or an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// It must be this.
    Equals(Value),
    /// It must be one of these.
    OneOf(Vec<Value>),
    /// Text that matches: `*` any text, `?` one byte, all else itself.
    Glob(String),
    /// An integer within these bounds, both included.
    Range(Range),
    /// A list of which every element is one of these.
    SubsetOf(Vec<Value>),
    /// A list that holds at least these.
    SupersetOf(Vec<Value>),
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
            Self::OneOf(values) | Self::SubsetOf(values) | Self::SupersetOf(values)
                if values.is_empty() =>
            {
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
            | Self::SupersetOf(_)
            | Self::Absent => Ok(()),
        }
    }

    /// Whether some value of this type can satisfy it.
    pub fn fits_type(&self, value_type: ValueType) -> bool {
        match self {
            Self::Glob(_) => value_type == ValueType::String,
            Self::Range(_) => value_type == ValueType::Integer,
            Self::SubsetOf(_) | Self::SupersetOf(_) => value_type == ValueType::List,
            Self::Equals(_) | Self::OneOf(_) => value_type != ValueType::Secret,
            Self::Absent => true,
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
            (Self::SupersetOf(values), Some(Value::List(items))) => {
                values.iter().all(|value| items.contains(value))
            }
            (Self::Glob(_) | Self::Range(_) | Self::SubsetOf(_) | Self::SupersetOf(_), Some(_)) => {
                false
            }
        }
    }
}

impl Constraint {
    /// The texts among the values that it names.
    pub fn texts(&self) -> Vec<String> {
        let values: &[Value] = match self {
            Self::OneOf(values) | Self::SubsetOf(values) | Self::SupersetOf(values) => values,
            Self::Equals(Value::List(values)) => values,
            Self::Equals(value) => std::slice::from_ref(value),
            Self::Glob(_) | Self::Range(_) | Self::Absent => &[],
        };
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(_) | Value::Boolean(_) | Value::List(_) | Value::Table(_) => None,
        };
        values.iter().filter_map(text).collect()
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => write!(f, "= {}", exact(value)),
            Self::OneOf(values) => write!(f, "one of {}", spelled(values)),
            Self::Glob(pattern) => write!(f, "like {}", exact_text(pattern)),
            Self::Range(Range { min, max }) => match (min, max) {
                (Some(min), Some(max)) => write!(f, "from {min} to {max}"),
                (Some(min), None) => write!(f, "at least {min}"),
                (None, Some(max)) => write!(f, "at most {max}"),
                (None, None) => write!(f, "any number"),
            },
            Self::SubsetOf(values) => write!(f, "some of {}", spelled(values)),
            Self::SupersetOf(values) => write!(f, "all of {}", spelled(values)),
            Self::Absent => f.write_str("not given"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Value {
        Value::Text(s.into())
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
            (
                Constraint::SupersetOf(vec![text("a")]),
                Some(list(&["c", "a"])),
                true,
            ),
            (
                Constraint::SupersetOf(vec![text("a"), text("b")]),
                Some(list(&["a"])),
                false,
            ),
            (Constraint::SupersetOf(vec![text("a")]), None, false),
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
