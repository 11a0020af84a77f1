//! Times as letters write them, and when somebody wants no mail.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil};
use writ_core::object::Preferences;
use writ_core::time::Time;

/// Where the people of an organization are, and when those who want one letter a
/// day get it.
#[derive(Clone, Debug)]
pub struct Times {
    /// The zone that times are written in.
    pub zone: TimeZone,
    /// The time of day of the daily letter.
    pub daily: civil::Time,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            daily: civil::time(8, 0, 0, 0),
        }
    }
}

impl Times {
    /// `Mon 30 Nov 2026, 18:45 UTC`.
    pub fn words(&self, time: Time) -> String {
        let zoned = self.at(time);
        zoned.strftime("%a %-d %b %Y, %H:%M %Z").to_string()
    }

    /// The next time of the daily letter.
    pub fn next_daily(&self, now: Time) -> Time {
        self.next(now, self.daily)
    }

    /// When somebody with these preferences wants to get something from `now`.
    pub fn wanted(&self, preferences: Option<&Preferences>, now: Time) -> Time {
        let quiet = preferences.and_then(|preferences| preferences.quiet.as_deref());
        let Some((from, to)) = quiet.and_then(span) else {
            return now;
        };
        let here = self.at(now).time();
        let is_quiet = match from < to {
            true => from <= here && here < to,
            false => from <= here || here < to,
        };
        match is_quiet {
            true => self.next(now, to),
            false => now,
        }
    }

    fn at(&self, time: Time) -> jiff::Zoned {
        let timestamp = Timestamp::from_millisecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
        timestamp.to_zoned(self.zone.clone())
    }

    /// The first time after `now` when the clock shows this.
    fn next(&self, now: Time, clock: civil::Time) -> Time {
        let zoned = self.at(now);
        let days = [0, 1].into_iter().filter_map(|days| {
            let day = zoned.date().checked_add(days.days()).ok()?;
            let then = day.to_datetime(clock).to_zoned(self.zone.clone()).ok()?;
            Some(Time(then.timestamp().as_millisecond()))
        });
        days.filter(|then| *then > now).min().unwrap_or(now)
    }
}

/// `22:00-07:00`.
fn span(quiet: &str) -> Option<(civil::Time, civil::Time)> {
    let (from, to) = quiet.split_once('-')?;
    Some((clock(from)?, clock(to)?))
}

/// `07:00`.
pub fn clock(text: &str) -> Option<civil::Time> {
    civil::Time::strptime("%H:%M", text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        let timestamp: Timestamp = text.parse().unwrap();
        Time(timestamp.as_millisecond())
    }

    #[test]
    fn quiet_hours_end_when_the_clock_says_so() {
        let times = Times::default();
        let quiet = |quiet: &str, now: &str, then: &str| {
            let preferences = Preferences {
                quiet: Some(quiet.into()),
                ..Preferences::default()
            };
            let wanted = times.wanted(Some(&preferences), at(now));
            assert_eq!(wanted, at(then), "{quiet} {now}");
        };
        quiet(
            "22:00-07:00",
            "2026-11-30T21:59:00Z",
            "2026-11-30T21:59:00Z",
        );
        quiet(
            "22:00-07:00",
            "2026-11-30T22:00:00Z",
            "2026-12-01T07:00:00Z",
        );
        quiet(
            "22:00-07:00",
            "2026-12-01T06:59:59Z",
            "2026-12-01T07:00:00Z",
        );
        quiet(
            "22:00-07:00",
            "2026-12-01T07:00:00Z",
            "2026-12-01T07:00:00Z",
        );
        quiet(
            "12:00-13:30",
            "2026-12-01T12:15:00Z",
            "2026-12-01T13:30:00Z",
        );
        quiet(
            "12:00-13:30",
            "2026-12-01T13:30:00Z",
            "2026-12-01T13:30:00Z",
        );
        assert_eq!(times.wanted(None, Time(5)), Time(5));
    }

    #[test]
    fn a_day_begins_where_the_people_are() {
        let times = Times {
            zone: TimeZone::get("Europe/Zurich").unwrap(),
            ..Times::default()
        };
        let now = at("2026-11-30T06:30:00Z");
        assert_eq!(times.words(now), "Mon 30 Nov 2026, 07:30 CET");
        assert_eq!(times.next_daily(now), at("2026-11-30T07:00:00Z"));
        let later = at("2026-11-30T07:00:00Z");
        assert_eq!(times.next_daily(later), at("2026-12-01T07:00:00Z"));
        // The night of the change of clocks.
        let summer = at("2027-03-28T00:30:00Z");
        assert_eq!(times.next_daily(summer), at("2027-03-28T06:00:00Z"));
    }
}
