//! The log as others see it: tiles, bundles, proofs, writ files.
//!
//! The store says what the leaves were, and the tree in memory whether it is
//! true: what does not lead to the root that this node signs is never served.

use std::collections::BTreeMap;
use std::fmt;

use writ_core::digest::{Digest, Index, OrganizationId};
use writ_core::entry::Entry;
use writ_core::log::{Checkpoint, LeafTile, Nodes, Part, Plan, Tile, Tiles, bundle, leaf_hash};
use writ_core::proof::{Story, WritFile, check, needed};
use writ_core::state::State;
use writ_store::{StoreError, StoredEntry};

use crate::Engine;

/// Why there is no writ file about an entry.
#[derive(Debug)]
pub enum ProveError {
    /// The log does not have it, or not yet.
    Beyond {
        /// How many entries it has.
        size: u64,
    },
    /// It was refused, so nothing has become of it.
    Refused,
    /// The store does not answer, or holds nonsense.
    Store(StoreError),
}

impl From<StoreError> for ProveError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Engine {
    /// The size of the log that tiles and proofs are made of.
    pub fn log_size(&self) -> u64 {
        self.0.tiles.borrow().size()
    }

    /// The hashes of a tile; none if the log does not have them all.
    pub async fn tile(&self, tile: Tile) -> Result<Option<Vec<Digest>>, StoreError> {
        let tiles = self.tiles();
        match tile.level {
            0 => self.leaf_hashes(&tiles, tile.part).await,
            _ => Ok(tiles.hashes(tile).map(<[_]>::to_vec)),
        }
    }

    /// The bytes of a bundle of leaves; none if the log does not have them all.
    pub async fn bundle(&self, part: Part) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(entries) = self.part(part).await? else {
            return Ok(None);
        };
        let bytes = bundle(entries.iter().map(|entry| entry.leaf.as_slice()));
        let too_long = || StoreError::Corrupt("a leaf is longer than any leaf".into());
        bytes.ok_or_else(too_long).map(Some)
    }

    /// The entries of a bundle, each with the leaf that was appended; none if the
    /// log does not have them all.
    pub async fn part(&self, part: Part) -> Result<Option<Vec<StoredEntry>>, StoreError> {
        let tiles = self.tiles();
        let Some(hashes) = self.leaf_hashes(&tiles, part).await? else {
            return Ok(None);
        };
        let first = part.first().unwrap_or(u64::MAX);
        let mut found = Vec::new();
        let mut hashes = hashes.into_iter();
        while hashes.len() > 0 {
            let next = Index(first + found.len() as u64);
            let entries = self.store().entries(next, hashes.len()).await?;
            if entries.is_empty() {
                return Err(changed(next));
            }
            for (entry, hash) in entries.into_iter().zip(hashes.by_ref()) {
                found.push(appended(entry, hash)?);
            }
        }
        Ok(Some(found))
    }

    /// An entry with the leaf that was appended; none if the log does not have it.
    pub async fn entry_at(&self, index: Index) -> Result<Option<StoredEntry>, StoreError> {
        self.entry(&self.tiles(), index).await
    }

    async fn leaf_hashes(
        &self,
        tiles: &Tiles,
        part: Part,
    ) -> Result<Option<Vec<Digest>>, StoreError> {
        let Some(first) = part.first() else {
            return Ok(None);
        };
        let tile = self.leaf_tile(tiles, first).await?;
        let width = usize::from(part.width);
        let hashes = tile.as_ref().and_then(|tile| tile.hashes().get(..width));
        Ok(hashes.map(<[_]>::to_vec))
    }

    /// The hashes of a proof; `None` where the log does not reach so far.
    pub async fn hashes(&self, plan: &Plan) -> Result<Option<Vec<Digest>>, StoreError> {
        let tiles = self.tiles();
        self.fill(&tiles, plan).await
    }

    /// The writ file about an entry, and what it shows. Before it is given out it
    /// is checked as anybody would.
    pub async fn prove(&self, index: Index) -> Result<(Vec<u8>, Story), ProveError> {
        // In this order each is of a log at least as long as the one before.
        let (published, checkpoint, tiles) = (self.published(), self.checkpoint(), self.tiles());
        let (organization, size) = signed(published.state(), &checkpoint)?;
        let beyond = || ProveError::Beyond { size };
        let last = self.entry(&tiles, index).await?;
        let last = last.filter(|_| index.0 < size).ok_or_else(beyond)?;
        let entry = Entry::parse(&last.leaf).map_err(|error| odd(&error))?;
        if !entry.accepted {
            return Err(ProveError::Refused);
        }
        let also = published.state().log_named_by();
        let leaves = self.closure(last, also).await?;
        let leaves = needed(index, leaves).map_err(|error| odd(&error))?;
        let indices = leaves.keys().map(|index| index.0).collect();
        let plan = Plan::shared(&indices, size).ok_or_else(beyond)?;
        let hashes = self.fill(&tiles, &plan).await?.ok_or_else(beyond)?;
        let file = WritFile {
            about: index,
            leaves,
            hashes,
            checkpoint,
        };
        let checked = tokio::task::spawn_blocking(move || {
            let bytes = file.to_bytes();
            check(&bytes, organization).map(|story| (bytes, story))
        });
        let checked = checked.await.map_err(|error| odd(&error))?;
        checked.map_err(|error| odd(&error).into())
    }

    fn tiles(&self) -> Tiles {
        self.0.tiles.borrow().clone()
    }

    /// The leaves that an entry's decision read, those of some more and of
    /// genesis, and all that theirs did: as far as the store says what was read.
    async fn closure(
        &self,
        last: StoredEntry,
        also: impl Iterator<Item = Index>,
    ) -> Result<BTreeMap<Index, Vec<u8>>, ProveError> {
        let mut waiting = last.reads;
        waiting.push(Index(0));
        waiting.extend(also);
        let mut leaves = BTreeMap::from([(last.index, last.leaf)]);
        while let Some(next) = waiting.pop() {
            if leaves.contains_key(&next) {
                continue;
            }
            let entry = self.store().entries(next, 1).await?.pop();
            let entry = entry.ok_or_else(|| changed(next))?;
            waiting.extend(entry.reads);
            leaves.insert(next, entry.leaf);
        }
        Ok(leaves)
    }

    /// An entry, if the log has it; its leaf as it was appended.
    async fn entry(&self, tiles: &Tiles, index: Index) -> Result<Option<StoredEntry>, StoreError> {
        let Some(tile) = self.leaf_tile(tiles, index.0).await? else {
            return Ok(None);
        };
        let entry = self.store().entries(index, 1).await?.pop();
        let at = usize::try_from(index.0 - tile.first()).ok();
        let hash = at.and_then(|at| tile.hashes().get(at));
        let (entry, hash) = entry.zip(hash).ok_or_else(|| changed(index))?;
        appended(entry, *hash).map(Some)
    }

    async fn fill(&self, tiles: &Tiles, plan: &Plan) -> Result<Option<Vec<Digest>>, StoreError> {
        let mut nodes = Nodes::new(tiles);
        for first in plan.tiles() {
            match self.leaf_tile(tiles, first).await? {
                Some(tile) => nodes.add(tile),
                None => return Ok(None),
            }
        }
        Ok(plan.hashes(&nodes))
    }

    /// The leaf hashes of the tile that a leaf is in; none if it is beyond the
    /// log. The last tile is in memory.
    async fn leaf_tile(&self, tiles: &Tiles, index: u64) -> Result<Option<LeafTile>, StoreError> {
        let Some(around) = tiles.around(index) else {
            return Ok(None);
        };
        if let Some(last) = tiles.last().filter(|last| last.first() == around.start) {
            return Ok(Some(last));
        }
        let count = usize::try_from(around.end - around.start).unwrap_or(usize::MAX);
        let first = Index(around.start);
        let hashes = self.store().leaf_hashes(first, count).await?;
        match tiles.vouch(index, hashes) {
            Some(tile) => Ok(Some(tile)),
            None => Err(StoreError::Corrupt(format!(
                "the leaf hashes from {first} on are not those of the log"
            ))),
        }
    }
}

/// The organization, and the size that our own checkpoint says.
fn signed(state: &State, checkpoint: &str) -> Result<(OrganizationId, u64), ProveError> {
    let organization = state.organization().zip(state.verifier());
    let (organization, verifier) = organization.ok_or(ProveError::Beyond { size: 0 })?;
    let opened = Checkpoint::open(checkpoint, verifier.name(), verifier.key());
    Ok((organization, opened.map_err(|error| odd(&error))?.size))
}

/// The entry, if its leaf is the one that was appended.
fn appended(entry: StoredEntry, hash: Digest) -> Result<StoredEntry, StoreError> {
    match leaf_hash(&entry.leaf) == hash {
        true => Ok(entry),
        false => Err(changed(entry.index)),
    }
}

fn changed(index: Index) -> StoreError {
    StoreError::Corrupt(format!("leaf {index} is not what was appended"))
}

/// What the store says cannot be.
fn odd(problem: &dyn fmt::Display) -> StoreError {
    StoreError::Corrupt(format!(
        "it cannot be proved from what is stored: {problem}"
    ))
}
