//! New service keys: on the host, while no node serves.
//!
//! The new key is on disk before the log names it, and in use only after; so
//! whatever interrupts this, the next start knows which of the two counts.

use std::sync::Arc;

use writ_core::digest::OrganizationId;
use writ_core::envelope::Envelope;
use writ_core::names::Name;
use writ_core::object::{Object, Site};
use writ_core::statement::Set;
use writ_core::time::Time;
use writ_store::Backend;

use crate::clock::Entropy;
use crate::local::{LocalState, ServiceKey};
use crate::offline::Offline;
use crate::start::{StartError, replay};

/// A new service key, before an administrator signs for it.
pub struct Rotating {
    offline: Offline,
    organization: OrganizationId,
    site: Site,
}

impl Rotating {
    /// Replays the log as a start does, and makes the key.
    pub async fn begin(
        mut local: LocalState,
        store: Arc<dyn Backend>,
        which: ServiceKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, StartError> {
        let ledger = replay(&mut local, &*store).await?;
        let organization = local.organization().ok_or(StartError::NotFounded)?;
        let site = ledger.state().site().ok_or(StartError::NotFounded)?;
        let mut site = site.as_ref().clone();
        let public = local.prepare(which, entropy)?;
        match which {
            ServiceKey::Log => site.services.log = public,
            ServiceKey::Runner => site.services.runner = public,
        }
        let offline = Offline {
            local,
            store,
            ledger,
        };
        Ok(Self {
            offline,
            organization,
            site,
        })
    }

    /// The organization.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// What is to be signed.
    pub fn statement(&self) -> Set {
        Set {
            object: Some(Object::Site(Arc::new(self.site.clone()))),
            remove: None,
            seen: self.offline.ledger.size(),
        }
    }

    /// Appends what an administrator signed, and takes the key into use.
    pub async fn finish(
        mut self,
        envelope: Envelope,
        now: Time,
        node: &Name,
    ) -> Result<(), StartError> {
        self.offline.append(envelope, now, node).await?;
        self.offline.local.adopt(&self.offline.ledger)?;
        self.offline.keep_head()
    }
}
