//! Tallies: how many of something each has at once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many each has, and how many each may have.
pub(crate) struct Tally<K>(Arc<Inner<K>>);

struct Inner<K> {
    most: u32,
    counts: Mutex<BTreeMap<K, u32>>,
}

/// One of them; given back when dropped.
pub(crate) struct Place<K: Ord> {
    tally: Tally<K>,
    key: K,
}

impl<K: Ord + Clone> Tally<K> {
    pub(crate) fn new(most: u32) -> Self {
        Self(Arc::new(Inner {
            most,
            counts: Mutex::default(),
        }))
    }

    /// One more for this key, if it may have more.
    pub(crate) fn enter(&self, key: K) -> Option<Place<K>> {
        let mut counts = self.counts();
        let count = counts.entry(key.clone()).or_default();
        if *count >= self.0.most {
            return None;
        }
        *count += 1;
        drop(counts);
        let tally = self.clone();
        Some(Place { tally, key })
    }
}

impl<K> Tally<K> {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<K, u32>> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for Tally<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Ord> Drop for Place<K> {
    fn drop(&mut self) {
        let mut counts = self.tally.counts();
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

impl<K> fmt::Debug for Tally<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tally(at most {})", self.0.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_as_many_as_it_may_and_nothing_is_kept_of_who_left() {
        let tally = Tally::new(2);
        let first = tally.enter("a");
        let second = tally.enter("a");
        assert!(first.is_some() && second.is_some());
        assert!(tally.enter("a").is_none());
        let other = tally.enter("b");
        assert!(other.is_some());
        drop(first);
        let third = tally.enter("a");
        assert!(third.is_some() && tally.enter("a").is_none());
        drop((second, third, other));
        assert!(tally.counts().is_empty());
    }
}
