//! Verifying a log: everything again, with all signatures.

use writ_core::digest::{Index, OrganizationId};
use writ_core::log::{Checkpoint, leaf_hash};
use writ_core::state::Decided;
use writ_core::statement::TreeHead;
use writ_store::{Backend, StoredEntry};

use crate::follow::follow;
use crate::ledger::{Corrupt, Ledger, Trust};
use crate::local::Anchor;
use crate::project::stored;
use crate::start::StartError;

/// What was verified.
#[derive(Clone, Debug)]
pub struct Report {
    /// The organization.
    pub organization: OrganizationId,
    /// Size and root.
    pub head: TreeHead,
}

/// Replays the whole log of a store with all signatures, against what its node
/// signed, and names the first leaf that differs. `progress` is told the number
/// of entries so far.
pub async fn verify_log(
    store: &dyn Backend,
    anchor: &Anchor,
    mut progress: impl FnMut(u64),
) -> Result<Report, StartError> {
    let mut ledger = Ledger::default();
    let mut signed = None;
    let mut at_signed = None;
    let mut shadow = writ_core::log::Frontier::default();
    follow(
        store,
        &mut ledger,
        |_| Trust::Signatures,
        |decided, entry| {
            as_stored(&decided, entry)?;
            shadow.push_leaf(&entry.leaf);
            if decided.index == Index(0) {
                signed = head_of(&decided, anchor)?;
            }
            if signed.is_some_and(|head: TreeHead| head.size == shadow.size()) {
                at_signed = Some(TreeHead {
                    size: shadow.size(),
                    root: shadow.root(),
                });
            }
            progress(shadow.size());
            Ok(())
        },
    )
    .await?;
    let organization = ledger
        .state()
        .organization()
        .ok_or(StartError::NotFounded)?;
    if organization != anchor.organization {
        let (found, expected) = (organization, anchor.organization);
        return Err(StartError::OtherOrganization { found, expected });
    }
    match (signed, at_signed) {
        (Some(head), None) => Err(StartError::Shorter {
            found: ledger.size(),
            signed: head.size,
        }),
        (Some(head), Some(found)) if head != found => {
            Err(StartError::Different { size: head.size })
        }
        _ => Ok(Report {
            organization,
            head: ledger.head(),
        }),
    }
}

/// What the store keeps beside a leaf must be what the leaf makes.
fn as_stored(decided: &Decided, entry: &StoredEntry) -> Result<(), Corrupt> {
    let made = stored(decided);
    let problem = if entry.leaf_hash != leaf_hash(&entry.leaf) {
        "its stored hash is another one"
    } else if entry.digest != made.digest {
        "it is stored under another digest"
    } else if entry.facts != made.facts {
        "the facts stored with it are not its facts"
    } else if entry.reads != made.reads {
        "the reads stored with it are not its reads"
    } else {
        return Ok(());
    };
    Err(Corrupt {
        index: entry.index,
        problem: problem.into(),
    })
}

/// The head that the node signed, opened with the key that entry 0 names.
fn head_of(genesis: &Decided, anchor: &Anchor) -> Result<Option<TreeHead>, Corrupt> {
    let Some(note) = &anchor.head else {
        return Ok(None);
    };
    let corrupt = |problem: String| Corrupt {
        index: Index(0),
        problem,
    };
    let mut ledger = Ledger::default();
    ledger.replay(&genesis.leaf, Trust::Signatures)?;
    let (origin, site) = (ledger.state().origin(), ledger.state().site());
    let (Some(origin), Some(site)) = (origin, site) else {
        return Err(corrupt("it founds no organization".into()));
    };
    let checkpoint = Checkpoint::open(note, &origin, &site.services.log)
        .map_err(|error| corrupt(format!("the head beside it is not of this log: {error}")))?;
    Ok(Some(TreeHead {
        size: checkpoint.size,
        root: checkpoint.root,
    }))
}
