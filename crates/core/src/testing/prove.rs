//! Writ files about the entries of a world.

use std::collections::{BTreeMap, BTreeSet};

use super::{World, key};
use crate::digest::Index;
use crate::log::{Checkpoint, Nodes, Plan, Tiles};
use crate::proof::{WritFile, needed};

impl World {
    /// What there is to know of the log's tree.
    pub fn tiles(&self) -> Tiles {
        let mut tiles = Tiles::default();
        for decided in &self.log {
            tiles.push_hash(decided.leaf_hash);
        }
        tiles
    }

    /// The checkpoint of the log as it is now, signed with its key.
    pub fn checkpoint(&self) -> String {
        let hashes: Vec<_> = self.log.iter().map(|decided| decided.leaf_hash).collect();
        let checkpoint = Checkpoint {
            origin: self.state.origin().unwrap(),
            size: self.size(),
            root: crate::log::root_of(&hashes),
        };
        checkpoint.sign(&key(self.log_label())).unwrap()
    }

    /// The label of the log's key: `log` or, after a change, `log 2`.
    pub fn log_label(&self) -> &'static str {
        let site = self.state.site().unwrap();
        let names = |label: &&str| key(label).public() == site.services.log;
        ["log", "log 2"].into_iter().find(names).unwrap()
    }

    /// The entries that some accepted ones reach, by what was read; genesis too.
    pub fn closure(&self, of: impl IntoIterator<Item = Index>) -> BTreeSet<Index> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![Index(0)];
        waiting.extend(of);
        while let Some(index) = waiting.pop() {
            if reached.insert(index) {
                waiting.extend(&self.log[index.0 as usize].reads);
            }
        }
        reached
    }

    /// A file about an entry that holds these, with a good proof, whatever they are.
    pub fn file_of(&self, about: Index, entries: &BTreeSet<Index>) -> WritFile {
        self.file_with(about, self.leaves_of(entries))
    }

    /// The leaves of some entries.
    pub fn leaves_of(&self, entries: &BTreeSet<Index>) -> BTreeMap<Index, Vec<u8>> {
        let leaf = |index: &Index| (*index, self.log[index.0 as usize].leaf.clone());
        entries.iter().map(leaf).collect()
    }

    fn file_with(&self, about: Index, leaves: BTreeMap<Index, Vec<u8>>) -> WritFile {
        let tiles = self.tiles();
        let indices = leaves.keys().map(|index| index.0).collect();
        let plan = Plan::shared(&indices, self.size()).unwrap();
        let mut nodes = Nodes::new(&tiles);
        for first in plan.tiles() {
            let around = tiles.around(first).unwrap();
            let tile = &self.log[around.start as usize..around.end as usize];
            let hashes = tile.iter().map(|decided| decided.leaf_hash).collect();
            nodes.add(tiles.vouch(first, hashes).unwrap());
        }
        WritFile {
            about,
            leaves,
            hashes: plan.hashes(&nodes).unwrap(),
            checkpoint: self.checkpoint(),
        }
    }

    /// The writ file about an accepted entry.
    pub fn prove(&self, about: Index) -> WritFile {
        let closure = self.closure(self.state.log_named_by().chain([about]));
        let leaves = needed(about, self.leaves_of(&closure)).unwrap();
        self.file_with(about, leaves)
    }
}
