//! Known statements: the same envelope again gets the same receipt, for ever.
//!
//! As long as an envelope is fresh, State holds its answer. Later the log does:
//! the store says where it would be, which is a hint, and the **tiles** of the
//! tree say whether the leaf found there is the one that was appended.

use writ_core::digest::{Digest, Index};
use writ_core::entry::Entry;
use writ_core::log::leaf_hash;
use writ_core::refusal::Refusal;
use writ_core::state::Answer;
use writ_core::view::{Posted, Receipt};
use writ_store::StoreError;

use crate::Engine;

/// The receipt that the same envelope got before.
pub(crate) fn known(digest: Digest, answer: &Answer, checkpoint: String) -> Posted {
    let code = answer.code.clone();
    Posted {
        detail: code
            .as_deref()
            .map(|code| Refusal::sentence_of(code).to_owned()),
        receipt: Receipt {
            index: answer.index,
            time: answer.time,
            digest,
            accepted: answer.accepted,
            code,
        },
        facts: Vec::new(),
        checkpoint,
    }
}

impl Engine {
    /// The answer to an envelope that State has forgotten, if the log has it.
    pub(crate) async fn recall(&self, digest: Digest) -> Result<Option<Posted>, StoreError> {
        let Some(index) = self.store().find(digest).await? else {
            return Ok(None);
        };
        let leaf = self.leaf(index).await?;
        let entry = leaf.and_then(|leaf| Entry::parse(&leaf).ok());
        let Some(entry) = entry.filter(|entry| entry.envelope.digest() == digest) else {
            tracing::error!(%digest, %index, "the store names a leaf that was never appended");
            return Ok(None);
        };
        let answer = Answer {
            index,
            time: entry.time,
            accepted: entry.accepted,
            code: entry.code,
        };
        Ok(Some(known(digest, &answer, self.checkpoint())))
    }

    /// A leaf of the log as the store has it, if it is the one that was appended.
    async fn leaf(&self, index: Index) -> Result<Option<Vec<u8>>, StoreError> {
        let tiles = self.0.tiles.borrow().clone();
        let Some(around) = tiles.around(index.0) else {
            return Ok(None);
        };
        let (mut leaf, mut hashes) = (None, Vec::new());
        let mut next = around.start;
        while next < around.end {
            let left = usize::try_from(around.end - next).unwrap_or(usize::MAX);
            let entries = self.store().entries(Index(next), left).await?;
            if entries.is_empty() {
                return Ok(None);
            }
            for entry in entries {
                hashes.push(leaf_hash(&entry.leaf));
                leaf = leaf.or((next == index.0).then_some(entry.leaf));
                next += 1;
            }
        }
        Ok(leaf.filter(|_| tiles.holds(index.0, &hashes)))
    }
}
