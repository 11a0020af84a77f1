//! Instants and durations.
//!
//! The log knows milliseconds since 1970 in UTC and nothing else: no zones, no
//! leap seconds, no clock. What time it is arrives as a parameter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A length of time in whole seconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl Seconds {
    /// One minute.
    pub const MINUTE: Self = Self(60);
    /// One hour.
    pub const HOUR: Self = Self(3_600);
    /// One day.
    pub const DAY: Self = Self(86_400);

    /// The length in milliseconds.
    pub const fn millis(self) -> i64 {
        let seconds = if self.0 > MAX_SECONDS {
            MAX_SECONDS
        } else {
            self.0
        };
        seconds as i64 * 1_000
    }
}

/// Far beyond every limit, and still far from an overflow.
const MAX_SECONDS: u64 = 1 << 40;

impl Time {
    /// The instant that is `seconds` later.
    pub const fn plus(self, seconds: Seconds) -> Self {
        Self(self.0.saturating_add(seconds.millis()))
    }

    /// The instant that is `seconds` earlier.
    pub const fn minus(self, seconds: Seconds) -> Self {
        Self(self.0.saturating_sub(seconds.millis()))
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC, to the second: `2026-11-22T09:30:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3_600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic
/// Gregorian calendar: count in eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Seconds {
    /// The largest units that are exact: `4h`, `90m`, `45s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0;
        match s {
            0 => write!(f, "0s"),
            _ if s.is_multiple_of(86_400) => write!(f, "{}d", s / 86_400),
            _ if s.is_multiple_of(3_600) => write!(f, "{}h", s / 3_600),
            _ if s.is_multiple_of(60) => write!(f, "{}m", s / 60),
            _ => write!(f, "{s}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_in_utc() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59Z"),
            (1_795_346_311_000, "2026-11-22T11:18:31Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Time(millis).to_string(), text);
        }
    }

    #[test]
    fn durations_print_in_the_largest_exact_unit() {
        for (seconds, text) in [(14_400, "4h"), (5_400, "90m"), (61, "61s"), (172_800, "2d")] {
            assert_eq!(Seconds(seconds).to_string(), text);
        }
    }

    #[test]
    fn arithmetic_never_overflows() {
        assert_eq!(Time(i64::MAX).plus(Seconds(u64::MAX)), Time(i64::MAX));
    }
}
