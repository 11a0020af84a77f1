//! Durations, times and parameters as people type them.

use std::fmt;
use std::fs;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit};
use writ_core::names::ParameterName;
use writ_core::secret::Secret;
use writ_core::time::{Seconds, Time};
use writ_core::value::{Constraint, Range, Schema, Value, ValueType, is_plain};

use crate::typed;

/// The largest file that a parameter is read from, in bytes.
const MAX_FILE: u64 = writ_core::value::MAX_TEXT;

/// A length of time: `4h`, `90m`, `5400s`, `1h30m`, `2d`, `PT4H`.
pub(crate) fn duration(text: &str) -> Result<Seconds, String> {
    let wrong = || {
        format!(
            "`{}` is not a duration such as 4h, 90m, 5400s, 2d or PT4H",
            text.escape_debug()
        )
    };
    let span: Span = text.trim().parse().map_err(|_| wrong())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(wrong());
    }
    let seconds = span
        .total((Unit::Second, jiff::SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| wrong())?;
    // Whole seconds; what is longer than a century is no duration here.
    match format!("{seconds}").parse::<u64>() {
        Ok(whole) if (1..4_000_000_000).contains(&whole) => Ok(Seconds(whole)),
        _ => Err(wrong()),
    }
}

/// An instant: RFC 3339, a local date and time, a local time of day, `+2h`.
pub(crate) fn instant(text: &str, now: Time) -> Result<Time, String> {
    let text = text.trim();
    if let Some(later) = text.strip_prefix('+') {
        return Ok(now.plus(duration(later)?));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(Time(instant.as_millisecond()));
    }
    let zone = TimeZone::system();
    if let Ok(at) = text.parse::<civil::DateTime>()
        && text.contains(':')
    {
        let zoned = at.to_zoned(zone);
        return zoned
            .map(|zoned| Time(zoned.timestamp().as_millisecond()))
            .map_err(|error| error.to_string());
    }
    let today = Timestamp::from_millisecond(now.0).map(|now| now.to_zoned(zone));
    if let (Ok(time), Ok(today)) = (text.parse::<civil::Time>(), today) {
        let at = today.with().time(time).build().map_err(|e| e.to_string())?;
        let at = match at > today {
            true => at,
            false => at.tomorrow().map_err(|error| error.to_string())?,
        };
        return Ok(Time(at.timestamp().as_millisecond()));
    }
    Err(format!(
        "`{}` is not a time such as 2026-12-01T08:00:00Z, 2026-12-01 08:00, 08:00 or +2h",
        text.escape_debug()
    ))
}

/// An instant that is over: how long ago it was, `7d`; RFC 3339; a local date,
/// or a local date and time.
pub(crate) fn past(text: &str, now: Time) -> Result<Time, String> {
    let text = text.trim();
    if !text.starts_with('+')
        && let Ok(Seconds(ago)) = duration(text)
    {
        let ago = i64::try_from(ago).unwrap_or(i64::MAX).saturating_mul(1_000);
        return Ok(Time(now.0.saturating_sub(ago).max(0)));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(Time(instant.as_millisecond()));
    }
    // A date alone is its midnight.
    let local = text.parse::<civil::DateTime>().ok();
    let zoned = local.and_then(|at| at.to_zoned(TimeZone::system()).ok());
    zoned
        .map(|zoned| Time(zoned.timestamp().as_millisecond()))
        .ok_or_else(|| {
            format!(
                "`{}` is not a time such as 7d (ago), 2026-12-01 or 2026-12-01T08:00:00Z",
                text.escape_debug()
            )
        })
}

/// One line of text that people will read: no line breaks, nothing that a
/// reader could not see. Joiners stay: scripts and emoji need them.
pub(crate) fn line(text: &str) -> Result<String, String> {
    let odd = |c: char| {
        !is_plain(c, false)
            || matches!(c,
                '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
                | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    match text
        .chars()
        .position(odd)
        .and_then(|at| Some((at, text.chars().nth(at)?)))
    {
        None => Ok(text.to_owned()),
        Some((at, '\n' | '\r')) => Err(format!(
            "one line of text, and character {} begins another",
            at + 1
        )),
        Some((at, c)) => Err(format!(
            "character {} cannot be seen (U+{:04X}); leave it out",
            at + 1,
            u32::from(c)
        )),
    }
}

/// `NAME=VALUE`, not yet of any type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: ParameterName,
    text: String,
    /// Whether the text is JSON: `NAME:=VALUE`.
    is_json: bool,
}

impl FromStr for Assignment {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, text) = text.split_once('=').ok_or_else(|| {
            format!(
                "`{}` is not NAME=VALUE or NAME=@FILE",
                text.chars().take(80).collect::<String>().escape_debug()
            )
        })?;
        let (name, is_json) = match name.strip_suffix(':') {
            Some(name) => (name, true),
            None => (name, false),
        };
        Ok(Self {
            name: ParameterName::parse(name).map_err(|error| error.to_string())?,
            text: text.to_owned(),
            is_json,
        })
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.is_json { ":" } else { "" };
        write!(f, "{}{colon}={}", self.name, self.text)
    }
}

impl Assignment {
    /// The value that a run gives: text, `@FILE`, `@@text` for text that begins
    /// with `@`; of the type that the task says.
    ///
    /// `NAME:=VALUE` has its type from itself: it is JSON.
    pub(crate) fn value(&self, schema: Option<&Schema>) -> Result<Value, String> {
        if self.is_json && !schema.is_some_and(Schema::is_secret) {
            return json(&self.text).ok_or_else(|| {
                format!(
                    "parameter `{}`: after := comes JSON without decimals, such as true, 7 or \
                     [\"a\",\"b\"]",
                    self.name
                )
            });
        }
        self.typed(&self.read(schema)?, schema.map(|schema| schema.value_type))
    }

    /// What a policy, a request or an approval says of a parameter: a value, or
    /// one of the forms of [`FORMS`].
    pub(crate) fn constraint(&self, schema: Option<&Schema>) -> Result<Constraint, String> {
        let value_type = schema.map(|schema| schema.value_type);
        let bad = |problem: String| format!("parameter `{}`: {problem}", self.name);
        if self.is_json {
            return self.value(schema).map(Constraint::Equals);
        }
        if self.text == "absent" {
            return Ok(Constraint::Absent);
        }
        let (form, rest) = match self.text.split_once(':') {
            Some((form, rest)) if is_form(form) => (form, rest),
            _ => return self.value(schema).map(Constraint::Equals),
        };
        let element = match value_type {
            Some(ValueType::List) => Some(ValueType::String),
            other => other,
        };
        let several = || {
            rest.split(',')
                .map(|text| self.typed(text, element))
                .collect::<Result<Vec<_>, _>>()
        };
        let constraint = match form {
            "equals" => Constraint::Equals(self.typed(rest, value_type)?),
            "one_of" => Constraint::OneOf(several()?),
            "subset_of" => Constraint::SubsetOf(several()?),
            "superset_of" => Constraint::SupersetOf(several()?),
            "glob" => Constraint::Glob(rest.to_owned()),
            "range" => Constraint::Range(range(rest).map_err(bad)?),
            other => {
                return Err(bad(format!(
                    "`{other}:` is none of {FORMS}; to mean the text itself, write equals:{}",
                    self.text
                )));
            }
        };
        constraint.check().map_err(bad)?;
        Ok(constraint)
    }

    /// A secret that a run gives: `@FILE`, or `@-` for standard input.
    pub(crate) fn secret(&self) -> Result<Secret, String> {
        let name = &self.name;
        let path = self.text.strip_prefix('@').ok_or_else(|| {
            format!(
                "parameter `{name}` is a secret, and an argument is none: others on this machine \
                 can read it, and shells keep it. Take it for known. Give it as {name}=@FILE, as \
                 {name}=@- on standard input, or leave it out to be asked"
            )
        })?;
        typed::from_file(path).map_err(|problem| format!("parameter `{name}`: {problem}"))
    }

    fn read(&self, schema: Option<&Schema>) -> Result<String, String> {
        let Some(path) = self.text.strip_prefix('@') else {
            return Ok(self.text.clone());
        };
        if let Some(literal) = path.strip_prefix('@') {
            return Ok(format!("@{literal}"));
        }
        let bad = |problem: &dyn fmt::Display| {
            format!(
                "parameter `{}`: {path}: {problem} (text that begins with @ is written @@)",
                self.name
            )
        };
        let size = fs::metadata(path).map_err(|error| bad(&error))?.len();
        if size > MAX_FILE {
            return Err(bad(&format!("{size} bytes long; at most {MAX_FILE}")));
        }
        let mut text = fs::read_to_string(path).map_err(|error| bad(&error))?;
        let keeps_breaks = schema.is_some_and(|schema| schema.multiline);
        if !keeps_breaks && text.ends_with('\n') {
            // The line break that editors put at the end of a file.
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(text)
    }

    fn typed(&self, text: &str, value_type: Option<ValueType>) -> Result<Value, String> {
        let must = |what: &str| {
            format!(
                "parameter `{}` must be {what}, not `{}`",
                self.name,
                text.chars().take(80).collect::<String>().escape_debug()
            )
        };
        match value_type {
            None | Some(ValueType::String) => Ok(Value::Text(text.to_owned())),
            Some(ValueType::Integer) => text
                .parse()
                .map(Value::Integer)
                .map_err(|_| must("a whole number")),
            Some(ValueType::Boolean) => match text {
                "true" => Ok(Value::Boolean(true)),
                "false" => Ok(Value::Boolean(false)),
                _ => Err(must("true or false")),
            },
            Some(ValueType::List) => match text.trim_start().starts_with('[') {
                true => json(text)
                    .filter(|value| matches!(value, Value::List(_)))
                    .ok_or_else(|| must("a list: a,b,c or [\"a\",\"b\"]")),
                false => Ok(Value::List(
                    text.split(',')
                        .filter(|item| !item.is_empty())
                        .map(|item| Value::Text(item.to_owned()))
                        .collect(),
                )),
            },
            Some(ValueType::Table) => json(text)
                .filter(|value| matches!(value, Value::Table(_)))
                .ok_or_else(|| must("a table: {\"name\":\"value\"}")),
            Some(ValueType::Secret) => Err(format!(
                "parameter `{}` is a secret: nothing can be said of it but `absent`",
                self.name
            )),
        }
    }
}

/// The forms of a constraint, in words.
pub(crate) const FORMS: &str = "equals:A, one_of:A,B, subset_of:A,B, superset_of:A,B, glob:A*, range:1..9, range:1.., range:..9, absent";

fn is_form(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn range(text: &str) -> Result<Range, String> {
    let wrong = || {
        format!(
            "`{}` is not a range such as 1..9, 1.. or ..9",
            text.escape_debug()
        )
    };
    let (min, max) = text.split_once("..").ok_or_else(wrong)?;
    let bound = |text: &str| match text {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| wrong()),
    };
    Ok(Range {
        min: bound(min)?,
        max: bound(max)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("4h", 14_400),
            ("90m", 5_400),
            ("5400s", 5_400),
            ("PT4H", 14_400),
            ("1h30m", 5_400),
            ("2d", 172_800),
            ("1w", 604_800),
            ("P1DT1H", 90_000),
        ] {
            assert_eq!(duration(text), Ok(Seconds(seconds)), "{text}");
        }
        for bad in [
            "", "4", "h", "-4h", "0s", "9 moons", "1y", "2mo", "1.5x", "999999w",
        ] {
            let said = duration(bad).unwrap_err();
            assert!(said.contains("4h"), "{bad}: {said}");
        }
    }

    #[test]
    fn times_are_read_in_several_forms() {
        let now = Time(1_795_346_311_000);
        assert_eq!(instant("+2h", now), Ok(now.plus(Seconds(7_200))));
        assert_eq!(
            instant("2026-11-22T11:18:31Z", Time(0)),
            Ok(Time(1_795_346_311_000))
        );
        let zoned = instant("2026-11-22T12:18:31+01:00", Time(0));
        assert_eq!(zoned, Ok(Time(1_795_346_311_000)));
        assert!(instant("2026-11-22 11:18", now).is_ok());
        let at = instant("11:18", now).unwrap();
        assert!(now < at && at <= now.plus(Seconds::DAY));
        for bad in ["", "tomorrow", "25:00", "2026-13-01T00:00:00Z"] {
            assert!(instant(bad, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_holds_nothing_that_cannot_be_seen() {
        for good in [
            "",
            "why: a 'reason'",
            "Zażółć 漢字 👩\u{200d}💻",
            "می\u{200c}خواهم",
        ] {
            assert_eq!(line(good).as_deref(), Ok(good));
        }
        for (bad, words) in [
            ("a\nb", "character 2 begins another"),
            ("a\r", "character 2 begins another"),
            ("\u{202e}abc", "character 1 cannot be seen (U+202E)"),
            ("ab\u{200b}", "character 3 cannot be seen (U+200B)"),
            ("\t", "(U+0009)"),
            ("\u{1b}[1m", "(U+001B)"),
            ("x\u{e0041}", "(U+E0041)"),
        ] {
            let said = line(bad).unwrap_err();
            assert!(said.contains(words), "{bad:?}: {said}");
        }
    }

    #[test]
    fn times_that_are_over_are_read_in_several_forms() {
        let now = Time(1_764_580_000_000);
        assert_eq!(past("2h", now), Ok(Time(now.0 - 7_200_000)));
        assert_eq!(
            past("2025-12-01T08:00:00Z", now),
            Ok(Time(1_764_576_000_000))
        );
        assert_eq!(past("2025-12-01", now), past("2025-12-01 00:00", now));
        assert!(past("2025-12-01", now).is_ok());
        for bad in ["", "yesterday", "+2h", "-2h", "08:00", "2025-13-01"] {
            assert!(past(bad, now).is_err(), "{bad}");
        }
    }

    fn assigned(text: &str) -> Assignment {
        text.parse().unwrap()
    }

    fn text(value: &str) -> Value {
        Value::Text(value.into())
    }

    #[test]
    fn values_take_the_type_of_the_task() {
        let of = |value_type| Schema::of(value_type);
        for (given, value_type, wanted) in [
            ("a=x=y", ValueType::String, Some(text("x=y"))),
            ("a=", ValueType::String, Some(text(""))),
            ("a=@@x", ValueType::String, Some(text("@x"))),
            ("a=12", ValueType::String, Some(text("12"))),
            ("a=12", ValueType::Integer, Some(Value::Integer(12))),
            ("a=1.2", ValueType::Integer, None),
            ("a=true", ValueType::Boolean, Some(Value::Boolean(true))),
            ("a=yes", ValueType::Boolean, None),
            (
                "a=x,y",
                ValueType::List,
                Some(Value::List(vec![text("x"), text("y")])),
            ),
            (
                "a=[\"x,y\"]",
                ValueType::List,
                Some(Value::List(vec![text("x,y")])),
            ),
            ("a=[1", ValueType::List, None),
            ("a=x", ValueType::Table, None),
            ("a=x", ValueType::Secret, None),
            ("a=@/nowhere/at/all", ValueType::String, None),
        ] {
            let value = assigned(given).value(Some(&of(value_type)));
            assert_eq!(value.ok(), wanted, "{given}");
        }
        assert!("noequals".parse::<Assignment>().is_err());
        assert!("1x=2".parse::<Assignment>().is_err());
    }

    #[test]
    fn json_has_its_type_from_itself() {
        let list = Schema::of(ValueType::List);
        for (text, value) in [
            ("x:=true", Value::Boolean(true)),
            ("x:=-7", Value::Integer(-7)),
            ("x:=\"a\"", Value::Text("a".into())),
            ("x:=[1]", Value::List(vec![Value::Integer(1)])),
        ] {
            assert_eq!(assigned(text).value(None), Ok(value.clone()));
            assert_eq!(assigned(text).value(Some(&list)), Ok(value));
        }
        for bad in ["x:=", "x:=maybe", "x:=1.5", "x:={"] {
            assert!(assigned(bad).value(None).unwrap_err().contains("JSON"));
        }
        let equals = assigned("x:=true").constraint(None).unwrap();
        assert_eq!(equals, Constraint::Equals(Value::Boolean(true)));
        let secret = Schema::of(ValueType::Secret);
        assert!(assigned("x:=\"a\"").constraint(Some(&secret)).is_err());
    }

    #[test]
    fn constraints_have_forms() {
        let string = Schema::of(ValueType::String);
        for (given, wanted) in [
            ("a=x", Some(Constraint::Equals(text("x")))),
            ("a=equals:b:c", Some(Constraint::Equals(text("b:c")))),
            ("a=C:\\x", Some(Constraint::Equals(text("C:\\x")))),
            (
                "a=one_of:x,y",
                Some(Constraint::OneOf(vec![text("x"), text("y")])),
            ),
            ("a=glob:web-*", Some(Constraint::Glob("web-*".into()))),
            (
                "a=range:1..",
                Some(Constraint::Range(Range {
                    min: Some(1),
                    max: None,
                })),
            ),
            ("a=absent", Some(Constraint::Absent)),
            ("a=like:x", None),
            ("a=range:x..y", None),
            ("a=range:9..1", None),
        ] {
            let constraint = assigned(given).constraint(Some(&string));
            assert_eq!(constraint.ok(), wanted, "{given}");
        }
        let said = assigned("a=like:x").constraint(None).unwrap_err();
        assert!(
            said.contains("one_of") && said.contains("equals:like:x"),
            "{said}"
        );
    }

    #[test]
    fn a_file_loses_its_last_line_break_only() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "a\nb\r\n").unwrap();
        let given = assigned(&format!("a=@{}", file.path().display()));
        let mut schema = Schema::of(ValueType::String);
        assert_eq!(given.value(Some(&schema)), Ok(text("a\nb")));
        schema.multiline = true;
        assert_eq!(given.value(Some(&schema)), Ok(text("a\nb\r\n")));
    }
}
