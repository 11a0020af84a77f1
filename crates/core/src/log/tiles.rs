//! Whether a leaf is in the tree, for somebody who keeps no leaves.
//!
//! A **tile** is 256 leaves in a row, as the tiles of C2SP are. Remembered are
//! the root of every full tile and the leaf hashes of the last one: 32 bytes
//! for 256 leaves. Whoever says that a leaf is in the tree shows the leaf hashes
//! of its whole tile, and those are the ones that were appended, or not.

use std::ops::Range;
use std::sync::Arc;

use crate::digest::Digest;
use crate::log::root_of;

/// How many leaves a full tile has.
const TILE: usize = 256;

/// What to remember of a growing tree to know its leaves again; cheap to copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiles {
    /// The root of each full tile. It is long and seldom grows, so copies share it.
    full: Arc<Vec<Digest>>,
    /// INVARIANT: the leaf hashes of the last tile, always less than a full one.
    last: Vec<Digest>,
}

impl Tiles {
    /// Appends a leaf.
    pub fn push_hash(&mut self, leaf_hash: Digest) {
        self.last.push(leaf_hash);
        if self.last.len() == TILE {
            Arc::make_mut(&mut self.full).push(root_of(&self.last));
            self.last.clear();
        }
    }

    /// The leaves of the tile that a leaf is in, as far as the tree goes; `None`
    /// if the leaf is beyond it.
    pub fn around(&self, index: u64) -> Option<Range<u64>> {
        let size = self.full.len() as u64 * TILE as u64 + self.last.len() as u64;
        let first = index - index % TILE as u64;
        (index < size).then(|| first..size.min(first + TILE as u64))
    }

    /// Whether these are the leaf hashes of all leaves that
    /// [`around`](Self::around) names for a leaf.
    pub fn holds(&self, index: u64, leaf_hashes: &[Digest]) -> bool {
        let tile = usize::try_from(index / TILE as u64).unwrap_or(usize::MAX);
        match self.full.get(tile) {
            Some(root) => leaf_hashes.len() == TILE && root_of(leaf_hashes) == *root,
            None => tile == self.full.len() && !self.last.is_empty() && leaf_hashes == self.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::leaf_hash;

    fn hashes(count: usize) -> Vec<Digest> {
        (0..count)
            .map(|n| leaf_hash(n.to_string().as_bytes()))
            .collect()
    }

    #[test]
    fn every_leaf_is_known_by_its_tile_and_by_no_other() {
        for size in [0, 1, 2, 255, 256, 257, 511, 512, 700] {
            let hashes = hashes(size);
            let mut tiles = Tiles::default();
            hashes.iter().for_each(|hash| tiles.push_hash(*hash));
            for index in 0..size {
                let around = tiles.around(index as u64).unwrap();
                assert!(around.contains(&(index as u64)));
                let (first, end) = (around.start as usize, around.end as usize);
                assert!(first.is_multiple_of(256) && (end - first == 256 || end == size));
                let shown = &hashes[first..end];
                assert!(tiles.holds(index as u64, shown), "{index} of {size}");
                let mut changed = shown.to_vec();
                changed[index - first] = leaf_hash(b"another");
                assert!(!tiles.holds(index as u64, &changed), "{index} of {size}");
                assert!(!tiles.holds(index as u64, &shown[1..]), "{index} of {size}");
                let elsewhere = index as u64 + 256;
                assert!(!tiles.holds(elsewhere, shown), "{index} of {size}");
            }
            assert_eq!(tiles.around(size as u64), None);
            assert!(!tiles.holds(size as u64 + 256, &[]));
        }
        assert!(!Tiles::default().holds(0, &[]));
    }

    /// A tile's root is a node: it must not pass for a leaf, nor one half of a
    /// tile's hashes for the whole.
    #[test]
    fn only_all_leaves_of_a_tile_show_it() {
        let hashes = hashes(256);
        let mut tiles = Tiles::default();
        hashes.iter().for_each(|hash| tiles.push_hash(*hash));
        assert!(tiles.holds(0, &hashes));
        assert!(!tiles.holds(0, &[root_of(&hashes)]));
        let halves = [root_of(&hashes[..128]), root_of(&hashes[128..])];
        assert!(!tiles.holds(0, &halves));
    }
}
