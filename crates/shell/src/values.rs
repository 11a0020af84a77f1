//! What goes through pipelines: values, and objects, which are named values in
//! order.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use writ_core::time::Time;
use writ_core::value::exact_text;

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
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Text(_) | Self::Time(_) => {
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
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Time(_) | Self::Object(_) => {
                self.text()
            }
        }
    }

    /// How two values stand to each other: as numbers or instants where both can
    /// be read as such, else as texts. The left one says as what.
    pub fn compare(&self, other: &Self, case: bool) -> Ordering {
        match (self, other) {
            (Self::Integer(left), right) => match right.number() {
                Some(right) => left.cmp(&right),
                None => texts(&self.text(), &right.text(), case),
            },
            (Self::Time(left), right) => match right.time() {
                Some(right) => left.cmp(&right),
                None => texts(&self.text(), &right.text(), case),
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

    /// The number that it is, or that its text says.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Boolean(boolean) => Some(i64::from(*boolean)),
            Self::Null | Self::Time(_) | Self::List(_) | Self::Table(_) | Self::Object(_) => None,
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

/// An instant as it is shown: `7/24/2018 6:02:42 PM`, in UTC.
pub fn date(time: Time) -> String {
    let Ok(instant) = Timestamp::from_millisecond(time.0) else {
        return time.to_string();
    };
    let at = instant.to_zoned(TimeZone::UTC);
    let (hour, half) = match at.hour() {
        0 => (12, "AM"),
        hour @ 1..=11 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    format!(
        "{}/{}/{} {hour}:{:02}:{:02} {half}",
        at.month(),
        at.day(),
        at.year(),
        at.minute(),
        at.second()
    )
}

/// The same as RFC 3339.
pub fn iso_date(time: Time) -> String {
    Timestamp::from_millisecond(time.0).map_or_else(|_| time.to_string(), |at| at.to_string())
}

/// An instant as it is typed: as it is shown, a date alone, which is its
/// midnight, or RFC 3339. Without a zone it is in UTC.
pub fn read_date(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Time(instant.as_millisecond()));
    }
    let local = match text.parse::<civil::DateTime>() {
        Ok(local) => local,
        Err(_) => american(text)?,
    };
    let zoned = local.to_zoned(TimeZone::UTC).ok()?;
    Some(Time(zoned.timestamp().as_millisecond()))
}

/// `7/24/2018`, with `18:02`, `6:02 PM` or `6:02:42 PM` after it or not.
fn american(text: &str) -> Option<civil::DateTime> {
    let mut words = text.split_whitespace();
    let mut day = words.next()?.split('/');
    let (month, of_month) = (day.next()?.parse().ok()?, day.next()?.parse().ok()?);
    let year = day.next()?.parse().ok()?;
    match day.next() {
        None => at_time(civil::Date::new(year, month, of_month).ok()?, words),
        Some(_) => None,
    }
}

fn at_time<'a>(
    date: civil::Date,
    mut words: impl Iterator<Item = &'a str>,
) -> Option<civil::DateTime> {
    let Some(clock) = words.next() else {
        return Some(date.at(0, 0, 0, 0));
    };
    let half = words.next().map(str::to_ascii_uppercase);
    if words.next().is_some() {
        return None;
    }
    let mut parts = clock.split(':').map(str::parse::<i8>);
    let hour = parts.next()?.ok()?;
    let minute = parts.next()?.ok()?;
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    let hour = match (half.as_deref(), hour) {
        (None, hour) => hour,
        (Some("AM"), 12) => 0,
        (Some("PM"), 12) => 12,
        (Some("AM"), hour @ 1..=11) => hour,
        (Some("PM"), hour @ 1..=11) => hour + 12,
        (Some(_), _) => return None,
    };
    let time = civil::Time::new(hour, minute, second, 0).ok()?;
    match parts.next() {
        None => Some(date.to_datetime(time)),
        Some(_) => None,
    }
}
