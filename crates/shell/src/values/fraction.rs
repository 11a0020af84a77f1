//! Numbers that are not whole.

use std::cmp::Ordering;
use std::fmt;

/// A finite number. Two are equal if they are the same number.
#[derive(Clone, Copy, Debug)]
pub struct Fraction(f64);

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);

    /// A number; none if it is infinite or no number.
    pub fn new(number: f64) -> Option<Self> {
        // Zero is one number.
        let number = if number == 0.0 { 0.0 } else { number };
        number.is_finite().then_some(Self(number))
    }

    /// Both together, if that can be written.
    #[expect(clippy::float_arithmetic, reason = "sums of what is no whole number")]
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::new(self.0 + other.0)
    }

    /// So many of it, as the next whole number, if that is one.
    #[expect(clippy::float_arithmetic, reason = "parts of an hour are milliseconds")]
    pub fn of(self, each: f64) -> Option<i64> {
        format!("{:.0}", self.0 * each).parse().ok()
    }

    /// Shared among so many, with up to four digits after the point.
    #[expect(clippy::float_arithmetic, reason = "averages")]
    pub fn among(self, count: Self) -> Option<Self> {
        Self::new((self.0 / count.0 * 10_000.0).round() / 10_000.0)
    }

    /// The number that a text says.
    pub fn read(text: &str) -> Option<Self> {
        let is_plain = text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
        text.parse().ok().filter(|_| is_plain).and_then(Self::new)
    }

    /// The number itself.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Fraction {}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// As short as it can be read again.
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        match size != 0.0 && !(1e-4..1e15).contains(&size) {
            true => write!(f, "{:e}", self.0),
            false => write!(f, "{}", self.0),
        }
    }
}
