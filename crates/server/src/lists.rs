//! Lists: what was read of the store, for all who read at one size of the log.
//!
//! Each entry makes every open page ask anew, and many of them ask for the same.
//! At one size of the log a listing shows one thing, so it is read once and
//! **kept** until the log has grown. It holds no answer: who may read what is on
//! it is asked for each reader.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use writ_core::digest::{Digest, Index};
use writ_core::state::State;
use writ_store::{Backend, Listed, Listing};

use crate::failure::Failure;
use crate::shown::{Shown, shown};

/// How many lists are kept, of requests and of executions each.
const MAX_LISTS: usize = 8;
/// How long the views of one that is kept may be, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// One row of a list.
#[derive(Debug)]
pub(crate) struct Item<V> {
    /// Its place in the order.
    pub(crate) place: (Index, Digest),
    /// What it stands for, if it can be shown.
    pub(crate) view: Option<Arc<V>>,
}

type List<V> = Arc<[Item<V>]>;

/// The lists of one size of the log, the oldest forgotten first.
#[derive(Debug)]
pub(crate) struct Lists<V>(Mutex<Kept<V>>);

#[derive(Debug)]
struct Kept<V> {
    size: u64,
    lists: VecDeque<(Listing, List<V>)>,
}

impl<V> Default for Lists<V> {
    fn default() -> Self {
        let lists = VecDeque::new();
        Self(Mutex::new(Kept { size: 0, lists }))
    }
}

impl<V: Shown> Lists<V> {
    /// What a listing shows in the State of a log of this size.
    pub(crate) async fn read(
        &self,
        state: &State,
        size: u64,
        store: &dyn Backend,
        query: &Listing,
    ) -> Result<List<V>, Failure> {
        if let Some(list) = self.kept().find(size, query) {
            return Ok(list);
        }
        let rows = store.list(query).await?;
        let item = |row: &Listed| {
            let view = shown::<V>(state, row)?.map(Arc::new);
            let place = (row.created, row.id);
            Ok::<_, Failure>(Item { place, view })
        };
        let list: List<V> = rows.iter().map(item).collect::<Result<_, _>>()?;
        let length: usize = rows.iter().map(|row| row.view.len()).sum();
        if length <= MAX_LENGTH {
            self.kept().add(size, query, &list);
        }
        Ok(list)
    }

    fn kept(&self) -> MutexGuard<'_, Kept<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Kept<V> {
    fn find(&self, size: u64, query: &Listing) -> Option<List<V>> {
        let mut lists = self.lists.iter().filter(|_| self.size == size);
        let found = lists.find(|(of, _)| of == query);
        found.map(|(_, list)| list.clone())
    }

    fn add(&mut self, size: u64, query: &Listing, list: &List<V>) {
        if self.size < size {
            self.size = size;
            self.lists.clear();
        }
        // Whoever began to read before the log grew keeps nothing for others.
        if self.size == size {
            self.lists.push_back((query.clone(), list.clone()));
            let excess = self.lists.len().saturating_sub(MAX_LISTS);
            self.lists.drain(..excess);
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_core::view::RequestView;

    use super::*;

    fn first(limit: usize) -> Listing {
        Listing {
            noun: RequestView::NOUN,
            visible: None,
            with: Vec::new(),
            before: None,
            limit,
        }
    }

    #[test]
    fn a_list_is_kept_until_the_log_has_grown() {
        let list: List<RequestView> = Arc::new([]);
        let lists = Lists::default();
        let mut kept = lists.kept();
        kept.add(5, &first(1), &list);
        assert!(kept.find(5, &first(1)).is_some());
        for (size, limit) in [(4, 1), (6, 1), (5, 2)] {
            assert!(kept.find(size, &first(limit)).is_none(), "{size} {limit}");
        }
        // Somebody who began to read earlier.
        kept.add(4, &first(2), &list);
        assert!(kept.find(4, &first(2)).is_none());
        assert!(kept.find(5, &first(1)).is_some());
        kept.add(6, &first(2), &list);
        assert!(kept.find(5, &first(1)).is_none());
        assert!(kept.find(6, &first(2)).is_some());
    }

    #[test]
    fn the_lists_that_are_kept_are_few() {
        let list: List<RequestView> = Arc::new([]);
        let lists = Lists::default();
        let mut kept = lists.kept();
        for limit in 0..=MAX_LISTS {
            kept.add(1, &first(limit), &list);
        }
        assert_eq!(kept.lists.len(), MAX_LISTS);
        assert!(kept.find(1, &first(0)).is_none());
        assert!(kept.find(1, &first(MAX_LISTS)).is_some());
    }
}
