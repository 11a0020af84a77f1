//! A connector that does nothing, and a store that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use writ_connect::{Connector, Credentials, Ended, Output};
use writ_core::object::{Task, Workload};
use writ_core::run::Permit;
use writ_store::{Backend, Call, Faulty, Sqlite};

/// One call in so many is looked at.
const EVERY: u64 = 64;

/// What a node did.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) appends: u64,
    pub(crate) entries: u64,
    pub(crate) reads: u64,
    pub(crate) calls: u64,
    /// Calls of the connector whose intent was looked for in the database.
    pub(crate) sampled: u64,
    /// How many of those had none there.
    pub(crate) early: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    appends: AtomicU64,
    entries: AtomicU64,
    reads: AtomicU64,
    calls: AtomicU64,
    sampled: AtomicU64,
    early: AtomicU64,
}

impl Tally {
    pub(crate) fn counts(&self) -> Counts {
        let load = |count: &AtomicU64| count.load(Ordering::SeqCst);
        Counts {
            appends: load(&self.appends),
            entries: load(&self.entries),
            reads: load(&self.reads),
            calls: load(&self.calls),
            sampled: load(&self.sampled),
            early: load(&self.early),
        }
    }
}

fn add(count: &AtomicU64, number: u64) -> u64 {
    count.fetch_add(number, Ordering::SeqCst)
}

/// Does nothing. Of some calls it asks the database, by a connection of its own,
/// whether the entry that authorises the run is there: intent before effect.
pub(crate) struct Null {
    tally: Arc<Tally>,
    database: Option<Sqlite>,
}

impl Null {
    pub(crate) fn blind() -> Self {
        Self {
            tally: Arc::default(),
            database: None,
        }
    }

    pub(crate) fn watching(tally: &Arc<Tally>, database: Sqlite) -> Self {
        Self {
            tally: Arc::clone(tally),
            database: Some(database),
        }
    }
}

#[async_trait]
impl Connector for Null {
    fn check_task(&self, _: &Task) -> Result<(), String> {
        Ok(())
    }

    fn check_workload(&self, _: &Workload) -> Result<(), String> {
        Ok(())
    }

    async fn execute(&self, permit: &Permit, _: &Credentials, _: &Output) -> Ended {
        if let Some(database) = &self.database
            && add(&self.tally.calls, 1).is_multiple_of(EVERY)
        {
            add(&self.tally.sampled, 1);
            let found = database.find(permit.job().execution.0).await;
            if !matches!(found, Ok(Some(_))) {
                add(&self.tally.early, 1);
            }
        }
        Ended::Succeeded { exit: Some(0) }
    }
}

/// A store that counts what is asked of it.
pub(crate) fn counting(store: Sqlite, tally: &Arc<Tally>) -> Faulty<Sqlite> {
    let tally = Arc::clone(tally);
    Faulty::new(store, move |call| {
        match call {
            Call::Append(batch) => {
                add(&tally.appends, 1);
                add(&tally.entries, batch.entries.len() as u64);
            }
            Call::Read(_) => {
                add(&tally.reads, 1);
            }
            Call::Rebuild(_) => {}
        }
        None
    })
}
