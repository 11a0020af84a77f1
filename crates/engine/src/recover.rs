//! Recovering: on the host, while no node serves.
//!
//! The database was restored from a backup and is shorter than what this node
//! has signed. Everything that is left is replayed with all signatures; then an
//! administrator signs for going on from there. The entry is appended first and
//! the head replaced after it: if that is interrupted, recovering again only
//! replaces the head.

use std::fmt;
use std::sync::Arc;

use writ_core::digest::OrganizationId;
use writ_core::envelope::Envelope;
use writ_core::log::Checkpoint;
use writ_core::names::Name;
use writ_core::record::Recovery;
use writ_core::refusal::Refusal;
use writ_core::statement::{Recover, TreeHead, Unverified};
use writ_core::time::Time;
use writ_store::{Backend, Batch, StoredEntry};

use crate::ledger::{Ledger, Step, Trust};
use crate::local::LocalState;
use crate::project::{rows, stored};
use crate::start::{StartError, follow, read_head};

/// A log that lost its end, before somebody signs for that.
pub struct Recovering {
    local: LocalState,
    store: Arc<dyn Backend>,
    ledger: Ledger,
    organization: OrganizationId,
    lost: TreeHead,
}

impl Recovering {
    /// Replays what is left of the log. None where somebody signed for it
    /// already and only the head was missing, which is then in its place.
    pub async fn begin(
        mut local: LocalState,
        store: Arc<dyn Backend>,
    ) -> Result<Option<Self>, StartError> {
        let head = read_head(&mut local, &*store).await?;
        let organization = local.organization().ok_or(StartError::NotFounded)?;
        let head = head.ok_or(StartError::NothingLost)?;
        let lost = TreeHead {
            size: head.size,
            root: head.root,
        };
        let mut ledger = Ledger::default();
        let mut differs = false;
        let seen = |ledger: &Ledger, _, _: &StoredEntry| {
            differs |= ledger.size() == lost.size && ledger.head() != lost;
            Ok(())
        };
        follow(&*store, &mut ledger, |_| Trust::Signatures, seen).await?;
        if differs {
            return Err(StartError::Different { size: lost.size });
        }
        let recovery = ledger.state().recovery();
        if recovery.is_some_and(|known| known.lost == lost) {
            keep_head(&mut local, &ledger)?;
            return Ok(None);
        }
        if ledger.size() >= lost.size {
            return Err(StartError::NothingLost);
        }
        Ok(Some(Self {
            local,
            store,
            ledger,
            organization,
            lost,
        }))
    }

    /// The organization.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// What is to be signed.
    pub fn statement(&self) -> Recover {
        Recover {
            lost: self.lost,
            kept: self.ledger.head(),
        }
    }

    /// When the last entry that is left was appended.
    pub fn until(&self) -> Time {
        self.ledger.state().time()
    }

    /// Appends what an administrator signed, and replaces the head.
    pub async fn finish(
        mut self,
        envelope: Envelope,
        now: Time,
        node: &Name,
    ) -> Result<Arc<Recovery>, StartError> {
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
        let recovery = ledger.state().recovery().cloned();
        let recovery = recovery.ok_or(StartError::NothingLost)?;
        let batch = Batch {
            expect: self.ledger.head(),
            after: ledger.head(),
            entries: vec![stored(&decided)],
            rows: rows(decided.index, &decided.facts),
            blobs: Vec::new(),
        };
        self.store.append(batch).await?;
        keep_head(&mut self.local, &ledger)?;
        Ok(recovery)
    }
}

fn not_signed(problem: impl fmt::Display) -> StartError {
    StartError::NotSigned(problem.to_string())
}

fn keep_head(local: &mut LocalState, ledger: &Ledger) -> Result<(), StartError> {
    let checkpoint: Checkpoint = ledger.checkpoint().ok_or(StartError::NotFounded)?;
    Ok(local.keep_head(&checkpoint)?)
}
