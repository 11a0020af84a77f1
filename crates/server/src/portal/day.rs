//! Days, in UTC, as forms and pages have them.

use std::fmt;

use serde::Deserialize;
use writ_core::time::{Seconds, Time};

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Day(pub(super) i64);

impl Day {
    /// The day that an instant is in.
    pub(super) const fn of(time: Time) -> Self {
        Self(time.0.div_euclid(Seconds::DAY.millis()))
    }

    /// Its first instant.
    pub(super) const fn begin(self) -> Time {
        Time(self.0.saturating_mul(Seconds::DAY.millis()))
    }

    /// The day after.
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.begin().to_string();
        f.write_str(whole.split('T').next().unwrap_or_default())
    }
}

impl TryFrom<String> for Day {
    type Error = &'static str;
    /// `2026-11-30`, and only if it is written so by itself.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = || {
            let mut parts = text.split('-').map(str::parse::<i64>);
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let day = Self(counted(year.ok()?, month.ok()?, day.ok()?)?);
            (day.to_string() == text).then_some(day)
        };
        read().ok_or("a date is written such as 2026-11-30")
    }
}

/// Days from 1970-01-01 on, in the proleptic Gregorian calendar: in years that
/// begin in March the lengths of the months before a month are 153 in five.
fn counted(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let since_march = (month + 9) % 12;
    let of_year = (153 * since_march + 2) / 5 + day - 1;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + of_year - 719_468)
}

/// A time of day in minutes, `08:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Minute(pub(super) u16);

impl Minute {
    /// The last instant of it, on a day.
    pub(super) const fn end(self, day: Day) -> Time {
        Time(day.begin().0 + (self.0 as i64 + 1) * Seconds::MINUTE.millis() - 1)
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for Minute {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = || {
            let (hour, minute) = text.split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            let read = Self(hour.checked_mul(60)?.checked_add(minute)?);
            (hour < 24 && minute < 60 && read.to_string() == text).then_some(read)
        };
        read().ok_or("a time of day is written such as 08:30")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_reads_as_it_is_written() {
        for day in (-60_000..60_000).step_by(7).map(Day) {
            assert_eq!(Day::try_from(day.to_string()), Ok(day));
        }
        assert_eq!(Day::try_from("1970-01-01".to_owned()), Ok(Day(0)));
        for odd in [
            "",
            "2026",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-1-1",
            "2026-01-01-",
            "2026-01-01T00:00",
            " 2026-01-01",
            "+2026-01-01",
            "99999-01-01",
            "2026-01-32",
        ] {
            assert!(Day::try_from(odd.to_owned()).is_err(), "{odd}");
        }
    }

    #[test]
    fn every_minute_reads_as_it_is_written() {
        for minute in (0..1_440).map(Minute) {
            assert_eq!(Minute::try_from(minute.to_string()), Ok(minute));
        }
        for odd in ["", "24:00", "1:00", "01:60", "01:0", "65535:1", "-1:00"] {
            assert!(Minute::try_from(odd.to_owned()).is_err(), "{odd}");
        }
    }
}
