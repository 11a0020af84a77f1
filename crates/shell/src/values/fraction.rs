//! Numbers that are not whole.

use std::cmp::Ordering;
use std::fmt;

/// A finite number. Two are equal if they are the same number.
#[derive(Clone, Copy, Debug)]
pub struct Fraction(f64);

impl Fraction {
    /// A number; none if it is infinite or no number.
    pub fn new(number: f64) -> Option<Self> {
        // Zero is one number.
        number.is_finite().then_some(Self(number + 0.0))
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
