//! Buckets: how much one caller may ask for.
//!
//! A **bucket** holds a number of tokens, its burst, and fills evenly up to
//! that. Of a bucket only the instant is kept at which it will be full again,
//! and of all buckets only a bounded number: those that were not used while
//! half as many others were are forgotten, which fills them.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use writ_core::time::{Seconds, Time};

/// How many tokens there may be at once, and how fast they come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How many milliseconds one token takes to come back.
    pub every_ms: u32,
}

impl Rate {
    /// How long an empty bucket takes to be full.
    const fn window(self) -> i64 {
        self.cost(self.burst)
    }

    const fn cost(self, tokens: u32) -> i64 {
        tokens as i64 * self.every_ms as i64
    }
}

/// The buckets of many callers.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    /// How many are kept at most.
    most: usize,
    kept: Mutex<Kept<K>>,
}

/// When each bucket will be full, in two generations.
#[derive(Debug)]
struct Kept<K> {
    young: BTreeMap<K, Time>,
    old: BTreeMap<K, Time>,
}

impl<K: Ord> Buckets<K> {
    /// All full; at most `most` of them are kept.
    pub const fn new(rate: Rate, most: usize) -> Self {
        let kept = Kept {
            young: BTreeMap::new(),
            old: BTreeMap::new(),
        };
        Self {
            rate,
            most,
            kept: Mutex::new(kept),
        }
    }

    /// Takes tokens out of a caller's bucket, or answers after how long there
    /// will be as many.
    pub fn take(&self, key: K, tokens: u32, now: Time) -> Result<(), Seconds> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let window = self.rate.window();
        let Time(full) = kept.take(&key).unwrap_or(now);
        // Within the window, even if the clock was set back.
        let full = full.clamp(now.0, now.0.saturating_add(window));
        let then = full.saturating_add(self.rate.cost(tokens));
        let wait = then - now.0 - window;
        let full = if wait > 0 { full } else { then };
        kept.put(key, Time(full), self.most);
        match u64::try_from(wait) {
            Ok(wait @ 1..) => Err(Seconds(wait.div_ceil(1_000))),
            Ok(0) | Err(_) => Ok(()),
        }
    }
}

impl<K: Ord> Kept<K> {
    fn take(&mut self, key: &K) -> Option<Time> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    fn put(&mut self, key: K, full: Time, most: usize) {
        self.young.insert(key, full);
        if self.young.len() * 2 > most {
            self.old = mem::take(&mut self.young);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        every_ms: 500,
    };

    #[test]
    fn a_bucket_gives_its_burst_and_then_what_comes_back() {
        let buckets = Buckets::new(RATE, 100);
        for (at, tokens, answer) in [
            (0, 1, Ok(())),
            (0, 2, Ok(())),
            (0, 1, Err(Seconds(1))),
            (499, 1, Err(Seconds(1))),
            (500, 1, Ok(())),
            (500, 1, Err(Seconds(1))),
            (500, 3, Err(Seconds(2))),
            (1_999, 3, Err(Seconds(1))),
            (2_000, 3, Ok(())),
            // It does not fill beyond its burst.
            (100_000, 3, Ok(())),
            (100_000, 1, Err(Seconds(1))),
            // The clock was set back, by less and by more than the window.
            (99_900, 1, Err(Seconds(1))),
            (0, 1, Err(Seconds(1))),
            (500, 1, Ok(())),
        ] {
            let taken = buckets.take("alice", tokens, Time(at));
            assert_eq!(taken, answer, "{tokens} at {at}");
        }
        assert_eq!(buckets.take("bob", 3, Time(0)), Ok(()));
    }

    #[test]
    fn the_memory_of_callers_is_bounded_and_forgets_the_idle_ones() {
        let most = 10;
        let buckets = Buckets::new(RATE, most);
        let used_up = |buckets: &Buckets<u32>, key| {
            while buckets.take(key, 1, Time(0)).is_ok() {}
        };
        used_up(&buckets, 0);
        for key in 1..1_000 {
            // Whoever goes on asking is not forgotten.
            assert!(buckets.take(0, 1, Time(0)).is_err(), "{key}");
            used_up(&buckets, key);
            let kept = buckets.kept.lock().unwrap();
            assert!(kept.young.len() + kept.old.len() <= most);
        }
        assert_eq!(buckets.take(1, 3, Time(0)), Ok(()));
    }
}
