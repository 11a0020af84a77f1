//! What to remember of a tree to know its leaves again, and to prove them.
//!
//! A **tile** is 256 hashes in a row, as the tiles of C2SP are: at **level** 0
//! of leaves, at every other level the roots of the full tiles below.
//! Remembered is every level but 0, and of that the last tile: 32 bytes for 256
//! leaves. Whoever says that a leaf is in the tree shows the leaf hashes of its
//! whole tile, and those are the ones that were appended, or not.

use std::ops::Range;
use std::sync::Arc;

use crate::digest::Digest;
use crate::log::{Frontier, Tile, root_of};

/// How many hashes a full tile has.
const TILE: usize = 256;

/// What to remember of a growing tree to know its leaves again; cheap to copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiles {
    /// The hashes of the levels from 1 on. They are long and seldom grow, so
    /// copies share them. INVARIANT: one level more for each full tile of the
    /// last one.
    levels: Vec<Arc<Vec<Digest>>>,
    /// INVARIANT: the leaf hashes of the last tile, always less than a full one.
    last: Vec<Digest>,
}

/// The leaf hashes of one tile, as they were appended. Cannot be made without
/// the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafTile {
    first: u64,
    hashes: Vec<Digest>,
}

impl LeafTile {
    /// The index of its first leaf.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The hashes, in order.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }
}

impl Tiles {
    /// Of the roots of the full tiles of leaves, and the leaf hashes of the last;
    /// `None` if that is full itself.
    pub fn of(full: &[Digest], last: Vec<Digest>) -> Option<Self> {
        let mut tiles = Self::default();
        for root in full {
            tiles.push_root(*root);
        }
        tiles.last = last;
        (tiles.last.len() < TILE).then_some(tiles)
    }

    /// The roots of the full tiles of leaves, and the leaf hashes of the last:
    /// what they can be made [`of`](Self::of) again.
    pub fn parts(&self) -> (&[Digest], &[Digest]) {
        let full = self
            .levels
            .first()
            .map_or(&[][..], |level| level.as_slice());
        (full, &self.last)
    }

    /// The same tree, as far as growing it needs.
    pub fn frontier(&self) -> Frontier {
        let (full, last) = self.parts();
        let mut frontier = Frontier::over(TILE as u64, full);
        for leaf_hash in last {
            frontier.push_hash(*leaf_hash);
        }
        frontier
    }

    /// Appends a leaf.
    pub fn push_hash(&mut self, leaf_hash: Digest) {
        self.last.push(leaf_hash);
        if self.last.len() == TILE {
            let root = root_of(&self.last);
            self.last.clear();
            self.push_root(root);
        }
    }

    /// Appends the root of a tile that became full, and of those above.
    fn push_root(&mut self, mut root: Digest) {
        for level in 0_usize.. {
            if self.levels.len() == level {
                self.levels.push(Arc::default());
            }
            let Some(hashes) = self.levels.get_mut(level).map(Arc::make_mut) else {
                return;
            };
            hashes.push(root);
            if !hashes.len().is_multiple_of(TILE) {
                return;
            }
            root = root_of(hashes.get(hashes.len() - TILE..).unwrap_or_default());
        }
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.full() * TILE as u64 + self.last.len() as u64
    }

    /// How many full tiles of leaves there are.
    fn full(&self) -> u64 {
        self.levels.first().map_or(0, |level| level.len() as u64)
    }

    /// The leaves of the tile that a leaf is in, as far as the tree goes; `None`
    /// if the leaf is beyond it.
    pub fn around(&self, index: u64) -> Option<Range<u64>> {
        let size = self.size();
        let first = index - index % TILE as u64;
        (index < size).then(|| first..size.min(first.saturating_add(TILE as u64)))
    }

    /// Whether these are the leaf hashes of all leaves that
    /// [`around`](Self::around) names for a leaf.
    pub fn holds(&self, index: u64, leaf_hashes: &[Digest]) -> bool {
        let tile = index / TILE as u64;
        match self.level(1, tile..tile.saturating_add(1)) {
            Some([root]) => leaf_hashes.len() == TILE && root_of(leaf_hashes) == *root,
            Some(_) | None => {
                tile == self.full() && !self.last.is_empty() && leaf_hashes == self.last
            }
        }
    }

    /// Takes what somebody says are the leaf hashes of the tile that a leaf is
    /// in; `None` if they are not.
    pub fn vouch(&self, index: u64, leaf_hashes: Vec<Digest>) -> Option<LeafTile> {
        self.holds(index, &leaf_hashes).then(|| LeafTile {
            first: index - index % TILE as u64,
            hashes: leaf_hashes,
        })
    }

    /// The last tile of leaves, where it is not full; it needs nobody else.
    pub fn last(&self) -> Option<LeafTile> {
        (!self.last.is_empty()).then(|| LeafTile {
            first: self.full() * TILE as u64,
            hashes: self.last.clone(),
        })
    }

    /// The hashes of a tile from level 1 on; `None` if the tree does not have
    /// all of them, and at level 0.
    pub fn hashes(&self, tile: Tile) -> Option<&[Digest]> {
        let first = tile.part.first()?;
        let end = first.checked_add(u64::from(tile.part.width))?;
        self.level(tile.level, first..end)
    }

    /// Some hashes of a level from 1 on.
    pub(super) fn level(&self, level: u8, range: Range<u64>) -> Option<&[Digest]> {
        let hashes = self.levels.get(usize::from(level).checked_sub(1)?)?;
        let (start, end) = (range.start.try_into().ok()?, range.end.try_into().ok()?);
        hashes.get::<Range<usize>>(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tree::leaf_hashes;
    use crate::log::{Part, leaf_hash};

    fn tiles(hashes: &[Digest]) -> Tiles {
        let mut tiles = Tiles::default();
        hashes.iter().for_each(|hash| tiles.push_hash(*hash));
        tiles
    }

    #[test]
    fn every_leaf_is_known_by_its_tile_and_by_no_other() {
        for size in [0, 1, 2, 255, 256, 257, 511, 512, 700] {
            let hashes = leaf_hashes(size);
            let tiles = tiles(&hashes);
            assert_eq!(tiles.size(), size as u64);
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
        assert!(!Tiles::default().holds(u64::MAX, &[]));
        assert_eq!(Tiles::default().around(u64::MAX), None);
    }

    /// A tile's root is a node: it must not pass for a leaf, nor one half of a
    /// tile's hashes for the whole.
    #[test]
    fn only_all_leaves_of_a_tile_show_it() {
        let hashes = leaf_hashes(256);
        let tiles = tiles(&hashes);
        assert!(tiles.holds(0, &hashes));
        assert!(!tiles.holds(0, &[root_of(&hashes)]));
        let halves = [root_of(&hashes[..128]), root_of(&hashes[128..])];
        assert!(!tiles.holds(0, &halves));
    }

    #[test]
    fn tiles_are_made_of_their_parts() {
        for size in [0, 1, 255, 256, 257, 700, 66_000] {
            let hashes = leaf_hashes(size);
            let tiles = tiles(&hashes);
            let (full, last) = tiles.parts();
            assert_eq!(Tiles::of(full, last.to_vec()), Some(tiles.clone()));
            let mut frontier = Frontier::default();
            hashes.iter().for_each(|hash| frontier.push_hash(*hash));
            assert_eq!(tiles.frontier(), frontier, "{size}");
        }
        assert_eq!(Tiles::of(&[], leaf_hashes(256)), None);
    }

    #[test]
    fn a_tile_of_leaves_is_taken_or_known() {
        let hashes = leaf_hashes(300);
        let tiles = tiles(&hashes);
        let full = tiles.vouch(7, hashes[..256].to_vec()).unwrap();
        assert_eq!((full.first(), full.hashes()), (0, &hashes[..256]));
        assert_eq!(tiles.vouch(7, hashes[1..257].to_vec()), None);
        let last = tiles.last().unwrap();
        assert_eq!((last.first(), last.hashes()), (256, &hashes[256..]));
        assert_eq!(tiles.vouch(256, hashes[256..].to_vec()), Some(last));
    }

    /// Each hash of a level is the root of a full tile below, as C2SP has it.
    #[test]
    fn a_level_holds_the_roots_of_the_level_below() {
        let hashes = leaf_hashes(66_000);
        let tiles = tiles(&hashes);
        let get = |level, index, width| {
            let part = Part { index, width };
            tiles.hashes(Tile { level, part }).map(<[_]>::to_vec)
        };
        let roots: Vec<_> = hashes.chunks_exact(256).map(root_of).collect();
        assert_eq!(get(1, 0, 256), Some(roots[..256].to_vec()));
        assert_eq!(get(1, 0, 3), Some(roots[..3].to_vec()));
        assert_eq!(get(1, 1, 1), Some(roots[256..257].to_vec()));
        assert_eq!(get(2, 0, 1), Some(vec![root_of(&hashes[..65_536])]));
        for (level, index, width) in [
            (0, 0, 256),
            (1, 1, 2),
            (1, 1, 256),
            (2, 0, 2),
            (2, 1, 1),
            (3, 0, 1),
            (63, 0, 1),
            (1, u64::MAX, 1),
            (1, u64::MAX / 256, 256),
        ] {
            assert_eq!(get(level, index, width), None, "{level} {index} {width}");
        }
    }
}
