//! Figures: what a node counts since it started, for whoever watches over it.
//!
//! They name nobody: refusals are counted by their codes, runs by their
//! outcomes. Nothing is decided by them, and they end with the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use writ_core::fact::Fact;
use writ_core::state::Decided;
use writ_core::view::RunStatus;

/// How long appends may have taken to be counted in each bucket, in microseconds.
const BOUNDS: [u64; 12] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Entries that a rule refused, by its code.
    pub refused: BTreeMap<String, u64>,
    /// Statements that the door turned away, by the reason's code.
    pub turned_away: BTreeMap<&'static str, u64>,
    /// Runs that ended, by their outcome.
    pub ended: BTreeMap<&'static str, u64>,
    /// How long appends took.
    pub appends: Histogram,
}

/// How many times something took how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BOUNDS.len()],
    /// How many times in all.
    pub count: u64,
    /// How long in all.
    pub sum: Duration,
}

impl Histogram {
    fn add(&mut self, took: Duration) {
        let buckets = BOUNDS.iter().zip(&mut self.counts);
        for (bound, count) in buckets {
            if took <= Duration::from_micros(*bound) {
                *count += 1;
            }
        }
        self.count += 1;
        self.sum += took;
    }

    /// For each bound how many times it took at most so long.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let bounds = BOUNDS.map(Duration::from_micros);
        bounds.into_iter().zip(self.counts)
    }
}

/// Where figures are counted; a clone counts the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting(Arc<Mutex<Figures>>);

impl Counting {
    pub(crate) fn now(&self) -> Figures {
        self.with(|figures| figures.clone())
    }

    pub(crate) fn turned_away(&self, code: &'static str) {
        self.with(|figures| *figures.turned_away.entry(code).or_default() += 1);
    }

    pub(crate) fn appended(&self, took: Duration) {
        self.with(|figures| figures.appends.add(took));
    }

    /// Counts what is on disk.
    pub(crate) fn decided<'a>(&self, decided: impl IntoIterator<Item = &'a Decided>) {
        self.with(|figures| {
            for decided in decided {
                if let Some(code) = &decided.entry.code {
                    *figures.refused.entry(code.to_string()).or_default() += 1;
                }
                for record in decided.facts.iter().filter_map(Fact::execution) {
                    let status = RunStatus::from(record.as_ref());
                    let is_new = record.resolution.is_none();
                    if is_new && status != RunStatus::Authorized {
                        *figures.ended.entry(status.name()).or_default() += 1;
                    }
                }
            }
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Figures) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_those_below_it_too() {
        let mut histogram = Histogram::default();
        for micros in [400, 500, 700, 9_000_000] {
            histogram.add(Duration::from_micros(micros));
        }
        let counts: Vec<_> = histogram.buckets().map(|(_, count)| count).collect();
        assert_eq!(counts[..3], [2, 3, 3]);
        assert_eq!(counts.last(), Some(&3));
        assert_eq!(histogram.count, 4);
        assert_eq!(histogram.sum, Duration::from_micros(9_001_600));
    }
}
