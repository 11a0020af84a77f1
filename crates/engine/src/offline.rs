//! The log on its host, while no node serves it: one entry at a time.

use std::fmt;
use std::sync::Arc;

use writ_core::envelope::Envelope;
use writ_core::names::Name;
use writ_core::refusal::Refusal;
use writ_core::statement::Unverified;
use writ_core::time::Time;
use writ_store::{Backend, Batch};

use crate::ledger::{Ledger, Step};
use crate::local::LocalState;
use crate::project::{rows, stored};
use crate::start::StartError;

/// The state directory, locked, and the log that was replayed beside it.
pub(crate) struct Offline {
    pub(crate) local: LocalState,
    pub(crate) store: Arc<dyn Backend>,
    pub(crate) ledger: Ledger,
}

impl Offline {
    /// Appends what somebody signed: on disk and accepted when this returns,
    /// and nothing at all is if it fails. The head is as it was.
    pub(crate) async fn append(
        &mut self,
        envelope: Envelope,
        now: Time,
        node: &Name,
    ) -> Result<(), StartError> {
        let said = Unverified::read(Arc::new(envelope)).map_err(not_signed)?;
        let key = self.ledger.state().key_for(&said, now);
        let key = key.ok_or_else(|| {
            let who = said.statement().by.clone();
            StartError::Refused(Refusal::KeyNotLive { who })
        })?;
        let said = said.verify(&key).map_err(not_signed)?;
        let (ledger, steps) = self.ledger.decide(now, node, std::iter::once(&said));
        let Some(Step::Appended(decided)) = steps.into_iter().next() else {
            return Err(not_signed("it is in the log already"));
        };
        if let Some(refusal) = decided.refusal {
            return Err(StartError::Refused(refusal));
        }
        let batch = Batch {
            expect: self.ledger.head(),
            after: ledger.head(),
            entries: vec![stored(&decided)],
            rows: rows(decided.index, &decided.facts),
            blobs: Vec::new(),
        };
        self.store.append(batch).await?;
        self.ledger = ledger;
        Ok(())
    }

    /// Makes the log as it is now the one that this node has signed.
    pub(crate) fn keep_head(&mut self) -> Result<(), StartError> {
        let checkpoint = self.ledger.checkpoint().ok_or(StartError::NotFounded)?;
        Ok(self.local.keep_head(&checkpoint)?)
    }
}

fn not_signed(problem: impl fmt::Display) -> StartError {
    StartError::NotSigned(problem.to_string())
}
