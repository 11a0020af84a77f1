//! Instants, as they are shown, typed and written by a format.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned, civil};
use writ_core::time::Time;

use super::Value;

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

fn utc(time: Time) -> Option<Zoned> {
    let instant = Timestamp::from_millisecond(time.0).ok()?;
    Some(instant.to_zoned(TimeZone::UTC))
}

/// A part of an instant, as a property of it.
pub(super) fn member(time: Time, name: &str) -> Value {
    let Some(at) = utc(time) else {
        return Value::Null;
    };
    let number = match name.to_ascii_lowercase().as_str() {
        "year" => i64::from(at.year()),
        "month" => i64::from(at.month()),
        "day" => i64::from(at.day()),
        "hour" => i64::from(at.hour()),
        "minute" => i64::from(at.minute()),
        "second" => i64::from(at.second()),
        "dayofyear" => i64::from(at.day_of_year()),
        "dayofweek" => return Value::from(weekday(&at)),
        "date" => return Value::Time(Time(time.0.div_euclid(DAY) * DAY)),
        _ => return Value::Null,
    };
    Value::Integer(number)
}

/// The properties of an instant.
pub(crate) const PARTS: [&str; 9] = [
    "Date",
    "Day",
    "DayOfWeek",
    "DayOfYear",
    "Hour",
    "Minute",
    "Month",
    "Second",
    "Year",
];

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// An instant so many milliseconds later, if there is such a one.
pub(super) fn later(time: Time, milliseconds: i64) -> Option<Time> {
    let later = time.0.checked_add(milliseconds)?;
    Timestamp::from_millisecond(later).ok().map(|_| Time(later))
}

/// An instant so many months later; the last day of a month, if it has no such day.
pub(super) fn months_later(time: Time, months: i64) -> Option<Time> {
    let span = jiff::Span::new().try_months(months).ok()?;
    let later = utc(time)?.checked_add(span).ok()?;
    Some(Time(later.timestamp().as_millisecond()))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

fn named(names: &[&'static str], number: i8) -> &'static str {
    let at = usize::try_from(number).unwrap_or(0).saturating_sub(1);
    names.get(at).copied().unwrap_or_default()
}

fn weekday(at: &Zoned) -> &'static str {
    named(&DAYS, at.weekday().to_monday_one_offset())
}

/// Formats of one letter, which are short for others.
const SHORT: [(&str, &str); 12] = [
    ("d", "M/d/yyyy"),
    ("D", "dddd, MMMM d, yyyy"),
    ("t", "h:mm tt"),
    ("T", "h:mm:ss tt"),
    ("f", "dddd, MMMM d, yyyy h:mm tt"),
    ("F", "dddd, MMMM d, yyyy h:mm:ss tt"),
    ("g", "M/d/yyyy h:mm tt"),
    ("G", "M/d/yyyy h:mm:ss tt"),
    ("o", "yyyy-MM-ddTHH:mm:ss.fff0000Z"),
    ("s", "yyyy-MM-ddTHH:mm:ss"),
    ("u", "yyyy-MM-dd HH:mm:ssZ"),
    ("r", "ddd, dd MMM yyyy HH:mm:ss 'GMT'"),
];

/// An instant in UTC by a format, such as `yyyy-MM-dd HH:mm`; none if the format
/// holds letters that mean nothing.
pub(crate) fn formatted(time: Time, format: &str) -> Option<String> {
    let at = utc(time)?;
    let short = SHORT.iter().find(|(letter, _)| *letter == format);
    let format = short.map_or(format, |(_, whole)| whole);
    let mut text = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let (count, part) = match first {
            '\'' | '"' => {
                let inside = rest.get(1..)?;
                let end = inside.find(first)?;
                text.push_str(inside.get(..end)?);
                rest = inside.get(end + 1..)?;
                continue;
            }
            '\\' => {
                let escaped = rest.chars().nth(1)?;
                (1 + escaped.len_utf8(), escaped.to_string())
            }
            letter if letter.is_ascii_alphabetic() => {
                let count = rest.chars().take_while(|c| *c == letter).count();
                (count, part(&at, letter, count)?)
            }
            other => (other.len_utf8(), other.to_string()),
        };
        text.push_str(&part);
        rest = rest.get(count..)?;
    }
    Some(text)
}

/// What a letter of a format, so many times, stands for.
fn part(at: &Zoned, letter: char, count: usize) -> Option<String> {
    let wide = |number: i64| format!("{number:0count$}");
    let hour = at.hour();
    Some(match (letter, count) {
        ('y', 2) => format!("{:02}", at.year() % 100),
        ('y', 4) => format!("{:04}", at.year()),
        ('M', 1 | 2) => wide(at.month().into()),
        ('M', 3) => named(&MONTHS, at.month()).chars().take(3).collect(),
        ('M', 4) => named(&MONTHS, at.month()).to_owned(),
        ('d', 1 | 2) => wide(at.day().into()),
        ('d', 3) => weekday(at).chars().take(3).collect(),
        ('d', 4) => weekday(at).to_owned(),
        ('H', 1 | 2) => wide(hour.into()),
        ('h', 1 | 2) => wide(i64::from((hour + 11) % 12 + 1)),
        ('m', 1 | 2) => wide(at.minute().into()),
        ('s', 1 | 2) => wide(at.second().into()),
        ('f', 1..=3) => format!("{:03}", at.millisecond())
            .chars()
            .take(count)
            .collect(),
        ('t', 1) => (if hour < 12 { "A" } else { "P" }).to_owned(),
        ('t', 2) => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
        ('z', 1) => "+0".to_owned(),
        ('z', 2) => "+00".to_owned(),
        ('z', 3) => "+00:00".to_owned(),
        ('K' | 'Z', 1) => "Z".to_owned(),
        ('T', 1) => "T".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_that_people_know() {
        let time = read_date("2026-11-05T18:02:07.045Z").unwrap();
        for (format, wanted) in [
            ("yyyy-MM-dd", "2026-11-05"),
            ("yyyy-MM-ddTHH:mm:ssZ", "2026-11-05T18:02:07Z"),
            ("d MMM yy, h:mm tt", "5 Nov 26, 6:02 PM"),
            ("dddd 'the' dd. MMMM", "Thursday the 05. November"),
            ("ss.fff", "07.045"),
            ("s", "2026-11-05T18:02:07"),
            ("d", "11/5/2026"),
            ("\\yyyyy", "y2026"),
            ("", ""),
        ] {
            assert_eq!(formatted(time, format).as_deref(), Some(wanted), "{format}");
        }
        for odd in ["yyyyy", "Q", "'open", "\\", "nonsense"] {
            assert_eq!(formatted(time, odd), None, "{odd}");
        }
        let midnight = read_date("2026-11-05").unwrap();
        assert_eq!(formatted(midnight, "h tt").as_deref(), Some("12 AM"));
    }

    #[test]
    fn dates_are_counted_on() {
        let time = read_date("2026-01-31").unwrap();
        let shown = |time: Option<Time>| time.map(iso_date);
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(shown(months_later(time, 1)), is("2026-02-28T00:00:00Z"));
        assert_eq!(shown(later(time, -3_600_000)), is("2026-01-30T23:00:00Z"));
        assert_eq!(shown(later(time, i64::MAX)), None);
        assert_eq!(shown(months_later(time, i64::MAX)), None);
    }
}
