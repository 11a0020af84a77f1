//! The past: State as it was.
//!
//! It is replayed from the beginning, of leaves that the tree vouches for. So it
//! costs what the log up to there costs, and nothing is kept of it.

use std::fmt::Display;

use writ_core::digest::Index;
use writ_core::entry::Entry;
use writ_core::log::Tile;
use writ_core::time::Time;
use writ_store::StoreError;

use crate::Engine;
use crate::ledger::{Corrupt, Ledger, Trust};

/// How many leaves a whole tile has.
const FULL: u64 = 256;

impl Engine {
    /// The ledger of the first so many entries; none if the log has fewer.
    pub async fn past(&self, size: u64) -> Result<Option<Ledger>, StoreError> {
        let mut ledger = Ledger::default();
        while ledger.size() < size {
            let last = size.min(ledger.size().saturating_add(FULL)) - 1;
            let Some(entries) = self.part(Tile::up_to(last).part).await? else {
                return Ok(None);
            };
            let replayed = tokio::task::spawn_blocking(move || {
                for entry in &entries {
                    ledger.replay(&entry.leaf, Trust::Root)?;
                }
                Ok::<_, Corrupt>(ledger)
            });
            let replayed = replayed.await.map_err(|error| odd(&error))?;
            ledger = replayed.map_err(|error| odd(&error))?;
        }
        Ok(Some(ledger))
    }

    /// How many entries the log had at an instant, those of that instant among
    /// them: the times of entries never go back.
    pub async fn size_at(&self, time: Time) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, self.log_size());
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.entry_at(Index(middle)).await?;
            let entry = entry.map(|entry| Entry::parse(&entry.leaf)).transpose();
            match entry.map_err(|error| odd(&error))? {
                Some(entry) if entry.time <= time => low = middle + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(low)
    }
}

fn odd(problem: &dyn Display) -> StoreError {
    StoreError::Corrupt(problem.to_string())
}
