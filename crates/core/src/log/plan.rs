//! Plans: which subtrees a proof is made of, before anybody looks for hashes.
//!
//! Every hash of a proof is the root of some run of leaves. A **plan** names
//! these runs, in the order of the proof; **nodes** give their roots, from the
//! [`Tiles`] of the tree and at most a few tiles of leaves beside. So a proof
//! costs as much as the tree is high, whatever its size.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::digest::Digest;
use crate::log::{LeafTile, Tiles, node_hash, root_of};

/// How many times a tile halves.
const HEIGHT: u32 = 8;

/// Which subtrees a proof is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The size of the tree that it is about.
    size: u64,
    /// The leaves below each hash.
    runs: Vec<Range<u64>>,
}

impl Plan {
    /// The proof that a leaf is in the tree of a size, nearest first (RFC 9162
    /// §2.1.3.1). `None` if it is beyond.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        let (mut start, mut end) = (0, size);
        let mut beside = Vec::new();
        if index >= size {
            return None;
        }
        while end - start > 1 {
            let middle = middle(&(start..end));
            if index < middle {
                beside.push(middle..end);
                end = middle;
            } else {
                beside.push(start..middle);
                start = middle;
            }
        }
        beside.reverse();
        Some(Self { size, runs: beside })
    }

    /// The proof that the tree of one size is the beginning of that of another
    /// (RFC 9162 §2.1.4.1); empty if they are one. `None` if there is no leaf in
    /// the first, or more than in the second.
    pub fn consistency(from: u64, to: u64) -> Option<Self> {
        let (mut start, mut end) = (0, to);
        let mut beside = Vec::new();
        if from == 0 || from > to {
            return None;
        }
        while from < end {
            let middle = middle(&(start..end));
            if from <= middle {
                beside.push(middle..end);
                end = middle;
            } else {
                beside.push(start..middle);
                start = middle;
            }
        }
        // The root of the first tree itself is known to whoever asks.
        if start > 0 {
            beside.push(start..end);
        }
        beside.reverse();
        Some(Self {
            size: to,
            runs: beside,
        })
    }

    /// The proof that several leaves are in the tree of a size, shared: every
    /// largest subtree that has none of them, from left to right. `None` if one
    /// is beyond, or none is named.
    pub fn shared(indices: &BTreeSet<u64>, size: u64) -> Option<Self> {
        let mut beside = Vec::new();
        if indices.last().is_none_or(|last| *last >= size) {
            return None;
        }
        let mut waiting: Vec<_> = std::iter::once(0..size).collect();
        while let Some(run) = waiting.pop() {
            if indices.range(run.clone()).next().is_none() {
                beside.push(run);
            } else if run.end - run.start > 1 {
                let middle = middle(&run);
                waiting.extend([middle..run.end, run.start..middle]);
            }
        }
        Some(Self { size, runs: beside })
    }

    /// The tiles of leaves that are needed, each by the index of its first leaf.
    pub fn tiles(&self) -> BTreeSet<u64> {
        let small = |run: &Range<u64>| {
            let last = perfect(run.clone()).last()?;
            (last.height < HEIGHT).then_some(last.first >> HEIGHT << HEIGHT)
        };
        self.runs.iter().filter_map(small).collect()
    }

    /// The hashes; `None` if the nodes do not have them all, or their tree is
    /// smaller than the one that the proof is about.
    pub fn hashes(&self, nodes: &Nodes<'_>) -> Option<Vec<Digest>> {
        if self.size > nodes.tiles.size() {
            return None;
        }
        self.runs
            .iter()
            .map(|run| nodes.root(run.clone()))
            .collect()
    }
}

/// The root that a shared proof leads to, from the hashes of its leaves by
/// their indices. `None` if no proof of that length belongs to them.
///
/// Every hash is used, once: so there is one proof for these leaves in a tree.
pub fn shared_root(leaves: &BTreeMap<u64, Digest>, size: u64, proof: &[Digest]) -> Option<Digest> {
    let (last, _) = leaves.last_key_value()?;
    if *last >= size {
        return None;
    }
    let mut proof = proof.iter();
    let root = root_over(0..size, leaves, &mut proof)?;
    proof.next().is_none().then_some(root)
}

/// No deeper than the tree is high: 64 levels.
fn root_over(
    run: Range<u64>,
    leaves: &BTreeMap<u64, Digest>,
    proof: &mut std::slice::Iter<'_, Digest>,
) -> Option<Digest> {
    if leaves.range(run.clone()).next().is_none() {
        return proof.next().copied();
    }
    if run.end - run.start == 1 {
        return leaves.get(&run.start).copied();
    }
    let middle = middle(&run);
    let left = root_over(run.start..middle, leaves, proof)?;
    let right = root_over(middle..run.end, leaves, proof)?;
    Some(node_hash(left, right))
}

/// Where the root of a run of at least 2 leaves parts it: the left side is the
/// largest perfect tree that leaves something to the right.
const fn middle(run: &Range<u64>) -> u64 {
    run.start + (1 << (run.end - run.start - 1).ilog2())
}

/// A subtree with `2^height` leaves.
struct Perfect {
    first: u64,
    height: u32,
}

/// The perfect subtrees that a run consists of, largest first.
fn perfect(run: Range<u64>) -> impl Iterator<Item = Perfect> {
    let mut first = run.start;
    std::iter::from_fn(move || {
        let height = (run.end - first).checked_ilog2()?;
        let subtree = Perfect { first, height };
        first += 1 << height;
        Some(subtree)
    })
}

/// Where the hashes of a tree are looked up.
#[derive(Debug)]
pub struct Nodes<'a> {
    tiles: &'a Tiles,
    leaves: BTreeMap<u64, LeafTile>,
}

impl<'a> Nodes<'a> {
    /// The nodes of a tree above its tiles of leaves, and those of the last one.
    pub fn new(tiles: &'a Tiles) -> Self {
        let mut nodes = Self {
            tiles,
            leaves: BTreeMap::new(),
        };
        nodes.leaves.extend(tiles.last().map(|t| (t.first(), t)));
        nodes
    }

    /// Those of a tile of leaves too.
    pub fn add(&mut self, tile: LeafTile) {
        self.leaves.insert(tile.first(), tile);
    }

    fn root(&self, run: Range<u64>) -> Option<Digest> {
        let roots = perfect(run).map(|subtree| self.perfect_root(&subtree));
        let roots: Vec<Digest> = roots.collect::<Option<_>>()?;
        let (last, larger) = roots.split_last()?;
        let up = |right, left: &Digest| node_hash(*left, right);
        Some(larger.iter().rev().fold(*last, up))
    }

    fn perfect_root(&self, subtree: &Perfect) -> Option<Digest> {
        let Perfect { first, height } = *subtree;
        let level = height / HEIGHT;
        let first = first >> (level * HEIGHT);
        let width = 1_u64 << (height % HEIGHT);
        let hashes = match level {
            0 => {
                let tile = self.leaves.get(&(first >> HEIGHT << HEIGHT))?;
                let from = usize::try_from(first - tile.first()).ok()?;
                let width = usize::try_from(width).ok()?;
                tile.hashes().get(from..from + width)?
            }
            _ => {
                let level = u8::try_from(level).ok()?;
                self.tiles.level(level, first..first + width)?
            }
        };
        Some(root_of(hashes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::tree::leaf_hashes;
    use crate::log::{consistency_root, inclusion_root, leaf_hash, prove_inclusion};

    /// A tree of some size, asked as the engine asks: only the tiles of leaves
    /// that the plan names are there.
    struct Tree {
        hashes: Vec<Digest>,
        tiles: Tiles,
    }

    impl Tree {
        fn new(size: usize) -> Self {
            let hashes = leaf_hashes(size);
            let mut tiles = Tiles::default();
            hashes.iter().for_each(|hash| tiles.push_hash(*hash));
            Self { hashes, tiles }
        }

        fn fill(&self, plan: &Plan) -> Vec<Digest> {
            let mut nodes = Nodes::new(&self.tiles);
            for first in plan.tiles() {
                let around = self.tiles.around(first).unwrap();
                let shown = &self.hashes[around.start as usize..around.end as usize];
                nodes.add(self.tiles.vouch(first, shown.to_vec()).unwrap());
            }
            plan.hashes(&nodes).unwrap()
        }

        fn root(&self, size: u64) -> Digest {
            root_of(&self.hashes[..size as usize])
        }
    }

    /// As RFC 9162 §2.1.4.1 defines it, from all leaves.
    fn naive_consistency(hashes: &[Digest], from: usize, is_known: bool) -> Vec<Digest> {
        if from == hashes.len() {
            return if is_known {
                Vec::new()
            } else {
                vec![root_of(hashes)]
            };
        }
        let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
        let (mut proof, beside) = match from <= left.len() {
            true => (naive_consistency(left, from, is_known), right),
            false => (naive_consistency(right, from - left.len(), false), left),
        };
        proof.push(root_of(beside));
        proof
    }

    #[test]
    fn every_small_proof_is_the_naive_one() {
        let tree = Tree::new(70);
        for size in 0..=70 {
            let below = &tree.hashes[..size as usize];
            for index in 0..size {
                let plan = Plan::inclusion(index, size).unwrap();
                let naive = prove_inclusion(below, index as usize);
                assert_eq!(Some(tree.fill(&plan)), naive, "{index} {size}");
            }
            assert_eq!(Plan::inclusion(size, size), None);
            for from in 1..=size {
                let plan = Plan::consistency(from, size).unwrap();
                let naive = naive_consistency(below, from as usize, true);
                assert_eq!(tree.fill(&plan), naive, "{from} {size}");
            }
            assert_eq!(Plan::consistency(0, size), None);
            assert_eq!(Plan::consistency(size + 1, size), None);
        }
        // What is beyond the tree cannot be proved, however little it takes.
        let nodes = Nodes::new(&tree.tiles);
        for plan in [
            Plan::consistency(71, 71),
            Plan::consistency(64, 71),
            Plan::inclusion(0, 71),
        ] {
            assert_eq!(plan.unwrap().hashes(&nodes), None);
        }
    }

    #[test]
    fn the_largest_trees_have_plans() {
        let all = u64::MAX;
        assert_eq!(Plan::inclusion(0, all).unwrap().runs.len(), 64);
        assert_eq!(Plan::inclusion(all - 1, all).unwrap().runs.len(), 63);
        assert_eq!(Plan::consistency(1, all).unwrap().runs.len(), 64);
        assert!(Plan::consistency(all - 1, all).is_some());
        let both = BTreeSet::from([0, all - 1]);
        assert!(Plan::shared(&both, all).unwrap().runs.len() < 128);
        let leaves = BTreeMap::from([(0, leaf_hash(b"")), (all - 1, leaf_hash(b""))]);
        assert_eq!(shared_root(&leaves, all, &[]), None);
        let hash = leaf_hash(b"beside");
        assert!(shared_root(&leaves, all, &[hash; 125]).is_some());
        assert_eq!(shared_root(&leaves, all, &[hash; 126]), None);
    }

    #[test]
    fn a_tree_of_several_levels_is_proved_from_few_tiles() {
        let tree = Tree::new(66_200);
        for size in [
            66_200, 66_048, 65_792, 65_537, 65_536, 65_535, 513, 256, 255,
        ] {
            let root = tree.root(size);
            for index in [0, 1, 254, 255, 256, 65_535, 65_536, 66_000, size - 1] {
                if index < size {
                    let plan = Plan::inclusion(index, size).unwrap();
                    assert!(plan.tiles().len() <= 2, "{index} {size}");
                    let path = tree.fill(&plan);
                    let hash = tree.hashes[index as usize];
                    assert_eq!(inclusion_root(hash, index, size, &path), Some(root));
                }
            }
            for from in [1, 255, 256, 257, 512, 65_535, 65_536, 66_000] {
                if from <= size {
                    let plan = Plan::consistency(from, size).unwrap();
                    assert!(plan.tiles().len() <= 2, "{from} {size}");
                    let path = tree.fill(&plan);
                    let shown = consistency_root(from, size, tree.root(from), &path);
                    assert_eq!(shown, Some(root), "{from} {size}");
                }
            }
        }
    }

    proptest! {
        /// A shared proof leads from its leaves to the root, and from nothing
        /// else: no hash of it can be left out, added or changed.
        #[test]
        fn a_shared_proof_proves_its_leaves(
            size in 1_usize..600,
            chosen in proptest::collection::btree_set(any::<u16>(), 1..12),
            place: u16,
        ) {
            let tree = Tree::new(size);
            let indices: BTreeSet<u64> =
                chosen.iter().map(|n| u64::from(*n) % size as u64).collect();
            let plan = Plan::shared(&indices, size as u64).unwrap();
            let proof = tree.fill(&plan);
            let leaves: BTreeMap<u64, Digest> =
                indices.iter().map(|i| (*i, tree.hashes[*i as usize])).collect();
            let root = Some(root_of(&tree.hashes));
            let show = |leaves: &_, size, proof: &[_]| shared_root(leaves, size, proof);
            prop_assert_eq!(show(&leaves, size as u64, &proof), root);
            let longer = [proof.clone(), vec![leaf_hash(b"")]].concat();
            prop_assert_eq!(show(&leaves, size as u64, &longer), None);

            let place = usize::from(place);
            if !proof.is_empty() {
                prop_assert_eq!(show(&leaves, size as u64, &proof[1..]), None);
                let mut changed = proof.clone();
                changed[place % proof.len()] = leaf_hash(b"another");
                prop_assert_ne!(show(&leaves, size as u64, &changed), root);
            }
            let one = *indices.iter().nth(place % indices.len()).unwrap();
            let mut changed = leaves.clone();
            changed.insert(one, leaf_hash(b"another"));
            prop_assert_ne!(show(&changed, size as u64, &proof), root);
            changed.remove(&one);
            prop_assert_ne!(show(&changed, size as u64, &proof), root);
            let one_leaf = Plan::shared(&BTreeSet::from([one]), size as u64).unwrap();
            let single = BTreeMap::from([(one, tree.hashes[one as usize])]);
            prop_assert_eq!(show(&single, size as u64, &tree.fill(&one_leaf)), root);
        }
    }

    #[test]
    fn a_shared_proof_of_nothing_or_beyond_is_none() {
        assert_eq!(Plan::shared(&BTreeSet::new(), 5), None);
        assert_eq!(Plan::shared(&BTreeSet::from([0, 5]), 5), None);
        assert_eq!(shared_root(&BTreeMap::new(), 1, &[leaf_hash(b"")]), None);
        let beyond = BTreeMap::from([(5, leaf_hash(b""))]);
        assert_eq!(shared_root(&beyond, 5, &[]), None);
        // A whole tree needs no hash beside.
        let all = leaf_hashes(5);
        let leaves = (0..).zip(all.iter().copied()).collect();
        assert_eq!(shared_root(&leaves, 5, &[]), Some(root_of(&all)));
    }
}
