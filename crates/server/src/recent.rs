//! What the newest entries changed, for whoever follows the log's events.
//!
//! What an entry did stands beside it in the store, as facts. They are read once
//! and kept for a while, so that any number of followers cost the store no more
//! than one. Like rows they carry no authority: an event says where to look.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Mutex;
use writ_core::digest::Index;
use writ_core::recorded::{Recorded, RecordedFact};
use writ_core::sight::Resource;
use writ_core::time::Time;
use writ_store::{Backend, StoreError, StoredEntry};

use crate::api::GAP;

/// How many entries are kept.
const MOST: usize = 1_024;
/// How many entries are read at once.
const CHUNK: u64 = 256;

/// What one entry changed.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) index: u64,
    pub(crate) time: Time,
    pub(crate) changes: Vec<Change>,
}

/// One thing that changed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) id: Option<String>,
    /// Who may read it may learn that it changed.
    pub(crate) resource: Resource,
}

/// The kinds of events there are.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    std::iter::once(GAP).chain(RecordedFact::KINDS)
}

/// The newest entries, as far as somebody asked for them.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    from: u64,
    told: VecDeque<Arc<Told>>,
}

impl Recent {
    /// What some entries changed, from one on; fewer than there are, and at least
    /// one if there is one below `size`, which must have been published.
    pub(crate) async fn read(
        &self,
        store: &dyn Backend,
        from: u64,
        size: u64,
    ) -> Result<Vec<Arc<Told>>, StoreError> {
        let mut kept = self.0.lock().await;
        let there = kept.since(from);
        if !there.is_empty() {
            return Ok(there);
        }
        let most = usize::try_from(size.saturating_sub(from).min(CHUNK)).unwrap_or(1);
        let is_old = from < kept.from;
        if is_old {
            // Whoever catches up keeps nobody else waiting.
            drop(kept);
            return read(store, from, most).await;
        }
        let told = read(store, from, most).await?;
        kept.add(from, &told);
        Ok(told)
    }
}

impl Kept {
    fn since(&self, from: u64) -> Vec<Arc<Told>> {
        let Some(skipped) = from.checked_sub(self.from) else {
            return Vec::new();
        };
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let rest = self.told.iter().skip(skipped);
        rest.take(MOST / 4).cloned().collect()
    }

    fn add(&mut self, from: u64, told: &[Arc<Told>]) {
        if from != self.from + self.told.len() as u64 {
            self.told.clear();
            self.from = from;
        }
        self.told.extend(told.iter().cloned());
        while self.told.len() > MOST {
            self.told.pop_front();
            self.from += 1;
        }
    }
}

async fn read(store: &dyn Backend, from: u64, most: usize) -> Result<Vec<Arc<Told>>, StoreError> {
    let entries = store.entries(Index(from), most).await?;
    Ok(entries.iter().map(|entry| Arc::new(told(entry))).collect())
}

/// What an entry changed; a gap, if that cannot be read.
fn told(entry: &StoredEntry) -> Told {
    let index = entry.index.0;
    match Recorded::read(entry.index, &entry.leaf, &entry.facts) {
        Ok(recorded) => Told {
            index,
            time: recorded.time,
            changes: recorded.facts.iter().map(Change::from).collect(),
        },
        Err(odd) => {
            tracing::error!(index, %odd, "what an entry changed cannot be read");
            Told {
                index,
                time: Time(0),
                changes: vec![Change::gap()],
            }
        }
    }
}

impl From<&RecordedFact> for Change {
    fn from(fact: &RecordedFact) -> Self {
        Self {
            kind: fact.kind(),
            noun: fact.noun(),
            id: fact.id(),
            resource: fact.resource(),
        }
    }
}

impl Change {
    /// Something that follows could not be told.
    pub(crate) const fn gap() -> Self {
        Self {
            kind: GAP,
            noun: "log",
            id: None,
            resource: Resource::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(from: u64, to: u64) -> Vec<Arc<Told>> {
        let told = |index| Told {
            index,
            time: Time(0),
            changes: Vec::new(),
        };
        (from..to).map(|index| Arc::new(told(index))).collect()
    }

    fn indices(told: &[Arc<Told>]) -> Vec<u64> {
        told.iter().map(|told| told.index).collect()
    }

    #[test]
    fn the_newest_entries_are_kept_without_a_gap() {
        let mut kept = Kept::default();
        kept.add(5, &some(5, 8));
        kept.add(8, &some(8, 10));
        assert_eq!(indices(&kept.since(6)), [6, 7, 8, 9]);
        assert!(kept.since(4).is_empty() && kept.since(10).is_empty());
        kept.add(20, &some(20, 21));
        assert!(kept.since(9).is_empty());
        assert_eq!(indices(&kept.since(20)), [20]);
        let most = MOST as u64;
        kept.add(21, &some(21, 30 + most));
        assert_eq!((kept.from, kept.told.len()), (30, MOST));
        assert_eq!(indices(&kept.since(29 + most)), [29 + most]);
    }
}
