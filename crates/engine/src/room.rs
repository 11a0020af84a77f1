//! Room for runs: how many this node has in flight at most.
//!
//! A run gets its **slot** before it is authorised and holds it until its
//! outcome is in the log: rather busy than a run that cannot be started.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use writ_core::refusal::TurnedAway;

/// Room for one run, until it is dropped.
pub(crate) type Slot = OwnedSemaphorePermit;

/// All the room there is; a clone is the same room.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    slots: Arc<Semaphore>,
    most: u32,
}

impl Room {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(most as usize)),
            most,
        }
    }

    /// Takes a slot, if there is one.
    pub(crate) fn take(&self) -> Result<Slot, TurnedAway> {
        Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|error| match error {
                TryAcquireError::NoPermits => TurnedAway::Busy {},
                TryAcquireError::Closed => TurnedAway::Stopping {},
            })
    }

    /// How many slots are taken.
    pub(crate) fn taken(&self) -> usize {
        let free = self.slots.available_permits();
        (self.most as usize).saturating_sub(free)
    }

    /// Returns when every slot is free. Nobody gets one while it waits.
    pub(crate) async fn emptied(&self) {
        // An error means that it was closed already.
        let _ = self.slots.acquire_many(self.most).await;
    }

    /// Gives no slot any more.
    pub(crate) fn close(&self) {
        self.slots.close();
    }
}
