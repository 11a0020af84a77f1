//! What goes through pipelines: values, and objects, which are named values in
//! order.

mod date;
mod fraction;
mod method;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use writ_core::time::Time;
use writ_core::value::exact_text;

pub use date::{date, iso_date, read_date};
pub use fraction::Fraction;

pub(crate) use date::{PARTS, formatted};
pub(crate) use method::{METHODS, call};

/// How many elements of a list are shown in one line.
const SHOWN: usize = 4;

/// A value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// None.
    #[default]
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(Fraction),
    /// Text.
    Text(String),
    /// An instant.
    Time(Time),
    /// Several values.
    List(Vec<Value>),
    /// Names and values that somebody wrote.
    Table(Object),
    /// What a command made.
    Object(Object),
}

/// Names and values, in order. Names ignore case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    fields: Vec<(String, Value)>,
}

impl Object {
    /// Without anything in it.
    pub const fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// Adds a property, or gives it another value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.position(name) {
            Some(at) => {
                if let Some(field) = self.fields.get_mut(at) {
                    field.1 = value;
                }
            }
            None => self.fields.push((name.to_owned(), value)),
        }
    }

    /// The same, in a row.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.fields
            .iter()
            .position(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// A property as it is spelled, and its value.
    pub fn get(&self, name: &str) -> Option<(&str, &Value)> {
        let field = self.fields.get(self.position(name)?)?;
        Some((field.0.as_str(), &field.1))
    }

    /// All of them.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// Of several of one name the last counts, in the place of the first.
impl FromIterator<(String, Value)> for Object {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(all: T) -> Self {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut fields: Vec<(String, Value)> = Vec::new();
        for (name, value) in all {
            let place = places.entry(name.to_ascii_lowercase());
            let place = *place.or_insert(fields.len());
            match fields.get_mut(place) {
                Some(field) => field.1 = value,
                None => fields.push((name, value)),
            }
        }
        Self { fields }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Time(time)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl Value {
    /// The object that this is.
    pub const fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) | Self::Table(object) => Some(object),
            Self::Null
            | Self::Boolean(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::List(_) => None,
        }
    }

    /// A member of it; of each of several.
    pub fn member(&self, name: &str) -> Self {
        match self {
            Self::List(items) if name.eq_ignore_ascii_case("Count") => {
                Self::Integer(i64::try_from(items.len()).unwrap_or(i64::MAX))
            }
            Self::List(items) => {
                Self::List(items.iter().map(|item| item.member(name)).collect()).unwrapped()
            }
            Self::Text(text) if name.eq_ignore_ascii_case("Length") => {
                Self::Integer(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
            }
            Self::Object(object) | Self::Table(object) => object
                .get(name)
                .map_or(Self::Null, |(_, value)| value.clone()),
            Self::Time(time) => date::member(*time, name),
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Number(_) | Self::Text(_) => {
                Self::Null
            }
        }
    }

    /// One value instead of a list of one, none instead of an empty one.
    #[must_use]
    pub fn unwrapped(self) -> Self {
        match self {
            Self::List(mut items) if items.len() < 2 => items.pop().unwrap_or_default(),
            Self::Null
            | Self::Boolean(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Table(_)
            | Self::Object(_) => self,
        }
    }

    /// The values that go down a pipeline.
    pub fn items(self) -> Vec<Self> {
        match self {
            Self::Null => Vec::new(),
            Self::List(items) => items,
            Self::Boolean(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::Table(_)
            | Self::Object(_) => vec![self],
        }
    }

    /// Whether it counts as true.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Boolean(boolean) => *boolean,
            Self::Integer(number) => *number != 0,
            Self::Number(number) => number.get() != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => match items.as_slice() {
                [] => false,
                [one] => one.is_true(),
                [_, _, ..] => true,
            },
            Self::Time(_) | Self::Table(_) | Self::Object(_) => true,
        }
    }

    /// As it stands in text.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Boolean(true) => "True".to_owned(),
            Self::Boolean(false) => "False".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Time(time) => date(*time),
            Self::List(items) => {
                let texts: Vec<_> = items.iter().map(Self::text).collect();
                texts.join(" ")
            }
            Self::Table(object) | Self::Object(object) => {
                let fields: Vec<_> = object
                    .fields()
                    .map(|(name, value)| format!("{name}={}", value.text()))
                    .collect();
                format!("@{{{}}}", fields.join("; "))
            }
        }
    }

    /// As it stands in a table or a list of properties.
    pub fn shown(&self) -> String {
        match self {
            Self::List(items) => braced(items.iter().map(Self::exact), items.len()),
            Self::Table(object) => braced(
                object
                    .fields()
                    .map(|(name, value)| format!("[{}, {}]", exact_text(name), value.exact())),
                object.len(),
            ),
            Self::Null
            | Self::Boolean(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::Object(_) => self.text(),
        }
    }

    /// As it stands among others: it is seen where it ends.
    fn exact(&self) -> String {
        match self {
            Self::Text(text) => exact_text(text),
            Self::List(_) | Self::Table(_) => self.shown(),
            Self::Null
            | Self::Boolean(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Time(_)
            | Self::Object(_) => self.text(),
        }
    }

    /// How two values stand to each other: as numbers or instants where both can
    /// be read as such, else as texts. The left one says as what.
    pub fn compare(&self, other: &Self, case: bool) -> Ordering {
        match (self, other) {
            (Self::Integer(_) | Self::Number(_), right) => match (self.number(), right.number()) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => match (self.fraction(), right.fraction()) {
                    (Some(left), Some(right)) => left.cmp(&right),
                    _ => texts(&self.text(), &right.text(), case),
                },
            },
            (Self::Time(left), right) => match right.time() {
                Some(right) => left.cmp(&right),
                None => texts(&self.text(), &right.text(), case),
            },
            (Self::Text(_), Self::Time(right)) => match self.time() {
                Some(left) => left.cmp(right),
                None => texts(&self.text(), &other.text(), case),
            },
            (Self::Boolean(left), right) => left.cmp(&right.is_true()),
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Text(_) | Self::List(_) | Self::Table(_) | Self::Object(_), right) => {
                texts(&self.text(), &right.text(), case)
            }
        }
    }

    /// The whole number that it is, or that its text says.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Boolean(boolean) => Some(i64::from(*boolean)),
            Self::Null
            | Self::Number(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Table(_)
            | Self::Object(_) => None,
        }
    }

    /// The number that it is, or that its text says, whole or not.
    pub fn fraction(&self) -> Option<Fraction> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => Fraction::read(text.trim()),
            Self::Integer(_) | Self::Boolean(_) => Fraction::read(&self.number()?.to_string()),
            Self::Null | Self::Time(_) | Self::List(_) | Self::Table(_) | Self::Object(_) => None,
        }
    }

    /// A bare text as the number that it says, if it says one. One with more digits than
    /// the number needs may be no number: `1.10` of a version is not 1.1.
    pub(crate) fn or_number(self) -> Self {
        let Self::Text(text) = &self else { return self };
        match (self.number(), self.fraction()) {
            (Some(whole), _) => Self::Integer(whole),
            (None, Some(number)) if number.to_string() == *text => Self::Number(number),
            (None, _) => self,
        }
    }

    /// The instant that it is, or that its text says, in UTC.
    pub fn time(&self) -> Option<Time> {
        match self {
            Self::Time(time) => Some(*time),
            Self::Text(text) => read_date(text),
            Self::Null
            | Self::Boolean(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::List(_)
            | Self::Table(_)
            | Self::Object(_) => None,
        }
    }
}

fn braced(texts: impl Iterator<Item = String>, count: usize) -> String {
    let shown: Vec<_> = texts.take(SHOWN).collect();
    let more = if count > SHOWN { "…" } else { "" };
    format!("{{{}{more}}}", shown.join(", "))
}

fn texts(left: &str, right: &str, case: bool) -> Ordering {
    match case {
        true => left.cmp(right),
        false => left.to_lowercase().cmp(&right.to_lowercase()),
    }
}
