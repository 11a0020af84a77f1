//! Checking: every entry decided again, from those before it in the file alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::digest::{Index, OrganizationId};
use crate::entry::Entry;
use crate::log::{Checkpoint, shared_root};
use crate::proof::file::line_of;
use crate::proof::{ProofError, Story, WritFile};
use crate::state::{Decided, State};
use crate::statement::Unverified;

/// Checks a writ file of an organization, and tells what it shows.
pub fn check(file: &[u8], organization: OrganizationId) -> Result<Story, ProofError> {
    let file = WritFile::parse(file)?;
    let absent = || ProofError::Form {
        line: 1,
        problem: format!("entry {} is not in the file", file.about),
    };
    if !file.leaves.contains_key(&file.about) {
        return Err(absent());
    }
    let (state, decided) = decide(&file.leaves, Signatures::Check, Some(organization))?;
    let needed = reached(&state, &decided, file.about);
    if let Some((place, extra)) = (0..)
        .zip(&decided)
        .find(|(_, decided)| !needed.contains(&decided.index))
    {
        let index = extra.index;
        return Err(ProofError::NotNeeded { place, index });
    }
    let checkpoint = checkpoint(&file, &state)?;
    let leaves = decided.iter().map(|d| (d.index.0, d.leaf_hash)).collect();
    let root = shared_root(&leaves, checkpoint.size, &file.hashes);
    if root != Some(checkpoint.root) {
        return Err(ProofError::NotInLog {
            entries: decided.len(),
            hashes: file.hashes.len(),
        });
    }
    Story::of(&state, &decided, file.about, checkpoint).ok_or_else(absent)
}

/// Of some leaves of a log that reach back to genesis, those that a writ file
/// about one of them holds.
///
/// Takes the signatures as they are: a [`check`] of the file comes after.
pub fn needed(
    about: Index,
    mut leaves: BTreeMap<Index, Vec<u8>>,
) -> Result<BTreeMap<Index, Vec<u8>>, ProofError> {
    loop {
        let (state, decided) = decide(&leaves, Signatures::Trust, None)?;
        let needed = reached(&state, &decided, about);
        if leaves.keys().all(|index| needed.contains(index)) {
            return Ok(leaves);
        }
        // From fewer leaves a rule may read others of them.
        leaves.retain(|index, _| needed.contains(index));
    }
}

/// The entry in question, genesis, the entries that name the log and its key,
/// all that their decisions read, and theirs.
fn reached(state: &State, decided: &[Decided], about: Index) -> BTreeSet<Index> {
    let mut reached = BTreeSet::from([Index(0), about]);
    reached.extend(state.log_named_by());
    for decided in decided.iter().rev() {
        if reached.contains(&decided.index) {
            reached.extend(&decided.reads);
        }
    }
    reached
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signatures {
    Check,
    Trust,
}

fn decide(
    leaves: &BTreeMap<Index, Vec<u8>>,
    signatures: Signatures,
    organization: Option<OrganizationId>,
) -> Result<(State, Vec<Decided>), ProofError> {
    let mut state = State::default();
    let mut decided = Vec::with_capacity(leaves.len());
    for (place, (index, leaf)) in leaves.iter().enumerate() {
        let next = step(&state, *index, leaf, signatures);
        let (next, said) = next.map_err(|problem| ProofError::Entry {
            place,
            index: *index,
            problem,
        })?;
        state = next;
        let found = state.organization();
        if let (Some(expected), Some(found)) = (organization, found)
            && (found != expected)
        {
            return Err(ProofError::OtherOrganization { found, expected });
        }
        decided.push(said);
    }
    Ok((state, decided))
}

/// Decides a leaf again: it must be accepted, and be the leaf that comes out.
fn step(
    state: &State,
    index: Index,
    leaf: &[u8],
    signatures: Signatures,
) -> Result<(State, Decided), String> {
    let entry = Entry::parse(leaf).map_err(|error| error.to_string())?;
    if !entry.accepted {
        return Err("it was refused, so nothing follows from it".into());
    }
    if entry.time < state.time() {
        return Err("its time lies before that of the entry above".into());
    }
    if (index == Index(0)) != state.organization().is_none() {
        return Err("entry 0 founds the organization, and stands first".into());
    }
    let said = Unverified::read(Arc::clone(&entry.envelope)).map_err(|error| error.to_string())?;
    let said = match signatures {
        Signatures::Trust => said.trust_the_root(),
        Signatures::Check => {
            let key = state.key_for(&said, entry.time).ok_or(
                "no entry above enrols the key that it names for its author, or one ends that key",
            )?;
            said.verify(&key).map_err(|error| error.to_string())?
        }
    };
    let (next, decided) = state.apply(index, entry.time, &entry.node, &said);
    match &decided.refusal {
        Some(refusal) => Err(format!("the rules refuse it: {refusal}")),
        None if decided.leaf != leaf => Err("it was accepted, so it has no code".into()),
        None => Ok((next, decided)),
    }
}

/// The checkpoint of the file: of this log, by the log's key and nobody else.
fn checkpoint(file: &WritFile, state: &State) -> Result<Checkpoint, ProofError> {
    let (Some(origin), Some(site)) = (state.origin(), state.site()) else {
        return Err(ProofError::Form {
            line: 2,
            problem: "there is no entry".into(),
        });
    };
    let checkpoint = Checkpoint::open(&file.checkpoint, &origin, &site.services.log)
        .map_err(ProofError::Checkpoint)?;
    // Three lines, an empty one, and one signature.
    match file.checkpoint.lines().nth(5) {
        None => Ok(checkpoint),
        Some(_) => Err(ProofError::Form {
            line: line_of(file.leaves.len()) + file.hashes.len() + 2 + 5,
            problem: "one signature is enough: the log's, and no other is checked".into(),
        }),
    }
}
