//! Recovering: on the host, while no node serves.
//!
//! The database was restored from a backup and is shorter than what this node
//! has signed. Everything that is left is replayed with all signatures; then an
//! administrator signs for going on from there. The entry is appended first and
//! the head replaced after it: if that is interrupted, recovering again only
//! replaces the head.

use std::sync::Arc;

use writ_core::digest::OrganizationId;
use writ_core::envelope::Envelope;
use writ_core::names::Name;
use writ_core::record::Recovery;
use writ_core::statement::{Recover, TreeHead};
use writ_core::time::Time;
use writ_store::{Backend, StoredEntry};

use crate::follow::follow;
use crate::ledger::{Ledger, Trust};
use crate::local::LocalState;
use crate::offline::Offline;
use crate::start::{StartError, read_head};

/// A log that lost its end, before somebody signs for that.
pub struct Recovering {
    offline: Offline,
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
        local.check_keys(&ledger)?;
        let recovery = ledger.state().recovery();
        let is_recorded = recovery.is_some_and(|known| known.lost == lost);
        let kept = ledger.size();
        let mut offline = Offline {
            local,
            store,
            ledger,
        };
        if is_recorded {
            offline.keep_head()?;
            return Ok(None);
        }
        match kept < lost.size {
            true => Ok(Some(Self {
                offline,
                organization,
                lost,
            })),
            false => Err(StartError::NothingLost),
        }
    }

    /// The organization.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// What is to be signed.
    pub fn statement(&self) -> Recover {
        Recover {
            lost: self.lost,
            kept: self.offline.ledger.head(),
        }
    }

    /// When the last entry that is left was appended.
    pub fn until(&self) -> Time {
        self.offline.ledger.state().time()
    }

    /// Appends what an administrator signed, and replaces the head.
    pub async fn finish(
        mut self,
        envelope: Envelope,
        now: Time,
        node: &Name,
    ) -> Result<Arc<Recovery>, StartError> {
        self.offline.append(envelope, now, node).await?;
        self.offline.keep_head()?;
        let recovery = self.offline.ledger.state().recovery().cloned();
        recovery.ok_or(StartError::NothingLost)
    }
}
