//! Verifying a log: everything again, with all signatures.

use writ_core::digest::{Digest, Index, OrganizationId};
use writ_core::log::{Checkpoint, leaf_hash};
use writ_core::state::Decided;
use writ_store::{Backend, StoredEntry};

use crate::compare::{NEWEST, compare};
use crate::derived::Derived;
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
    /// All of it: its head is what was verified, and the next time may go on
    /// from it.
    pub ledger: Ledger,
    /// What else the store should hold, if the log was verified from its first
    /// entry.
    pub derived: Option<Derived>,
}

/// Replays the log of a store with all signatures, from the end of a ledger that
/// was verified before, against what its node signed, and names the first leaf
/// that differs. `told` is told of every entry, and the hash of its leaf.
pub async fn verify_log(
    store: &dyn Backend,
    anchor: &Anchor,
    mut ledger: Ledger,
    mut told: impl FnMut(&Decided, Digest),
) -> Result<Report, StartError> {
    let before = ledger.size();
    still_holds(store, &ledger).await?;
    let signed = anchor.head.as_deref().map(size_of).transpose();
    let signed = signed.map_err(StartError::Corrupt)?;
    let mut at_signed = match signed == Some(before) && before > 0 {
        true => Some(is_signed(&ledger, anchor).map_err(StartError::Corrupt)?),
        false => None,
    };
    let mut derived = (before == 0).then(Derived::default);
    let seen = |ledger: &Ledger, decided: Decided, entry: &StoredEntry| {
        as_stored(&decided, entry)?;
        if signed == Some(ledger.size()) {
            at_signed = Some(is_signed(ledger, anchor)?);
        }
        if let Some(derived) = &mut derived {
            derived.saw(&decided)?;
        }
        told(&decided, entry.leaf_hash);
        Ok(())
    };
    follow(store, &mut ledger, |_| Trust::Signatures, seen).await?;
    let organization = ledger
        .state()
        .organization()
        .ok_or(StartError::NotFounded)?;
    if organization != anchor.organization {
        let (found, expected) = (organization, anchor.organization);
        return Err(StartError::OtherOrganization { found, expected });
    }
    match (signed, at_signed) {
        (Some(found), None) if found < before => Err(StartError::Cut {
            found,
            verified: before,
        }),
        (Some(signed), None) => Err(StartError::Shorter {
            found: ledger.size(),
            signed,
        }),
        (Some(size), Some(false)) => Err(StartError::Different { size }),
        (Some(_), Some(true)) | (None, _) => Ok(Report {
            organization,
            ledger,
            derived,
        }),
    }
}

/// The newest of what was verified before must be there, and as it was.
async fn still_holds(store: &dyn Backend, ledger: &Ledger) -> Result<(), StartError> {
    let verified = ledger.size();
    let Some(last) = verified.checked_sub(1) else {
        return Ok(());
    };
    if store.entries(Index(last), 1).await?.is_empty() {
        let found = store.head().await?.size;
        return Err(StartError::Cut { found, verified });
    }
    let newest = verified.saturating_sub(NEWEST)..verified;
    Ok(compare(store, ledger.tiles(), newest).await?)
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

/// The size that the head says; not trusted yet.
fn size_of(head: &str) -> Result<u64, Corrupt> {
    Checkpoint::size_said(head).ok_or_else(|| not_of_this_log(Index(0), &"it is no checkpoint"))
}

/// Whether the node signed this very log: the head is opened with the key and
/// the origin that the log itself names at its size.
fn is_signed(ledger: &Ledger, anchor: &Anchor) -> Result<bool, Corrupt> {
    let last = Index(ledger.size().saturating_sub(1));
    let (Some(note), Some(checkpoint), Some(site)) =
        (&anchor.head, ledger.checkpoint(), ledger.state().site())
    else {
        return Err(not_of_this_log(last, &"the log founds no organization"));
    };
    Checkpoint::open(note, &checkpoint.origin, &site.services.log)
        .map(|signed| signed == checkpoint)
        .map_err(|error| not_of_this_log(last, &error))
}

fn not_of_this_log(index: Index, problem: &dyn std::fmt::Display) -> Corrupt {
    Corrupt {
        index,
        problem: format!("the head beside it is not of this log: {problem}"),
    }
}
