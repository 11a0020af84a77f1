//! Proofs: what a tree shows to somebody who knows its root only.
//!
//! A **path** is the hashes of the subtrees beside the way from a leaf up to
//! the root, nearest first. With it, the leaf's hash, its index and the size of
//! the tree, anyone computes the root again; if that is the root of a
//! checkpoint, the leaf is in the log (RFC 9162 §2.1.3). With the path of a
//! **consistency proof** and the root of an earlier size, anyone computes the
//! root of a later one: what was in the log then is in it still (§2.1.4).

use crate::digest::Digest;
use crate::log::{empty_root, node_hash};

/// Computes the root that a path leads to (RFC 9162 §2.1.3.2).
///
/// `None` if no path of that length belongs to that index and size. The caller
/// compares the root with the one it trusts for `size`.
pub fn inclusion_root(leaf_hash: Digest, index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    // The position of our subtree, and of the last one, in the row of its height.
    let mut position = index;
    let mut last = size.checked_sub(1).filter(|last| index <= *last)?;
    let mut hash = leaf_hash;
    for beside in path {
        if last == 0 {
            return None;
        }
        if position % 2 == 1 {
            hash = node_hash(*beside, hash);
        } else if position == last {
            // The last of a row has nothing on its right and rises as it is,
            // until it is somebody's right.
            let rise = position.trailing_zeros();
            position >>= rise;
            last >>= rise;
            hash = node_hash(*beside, hash);
        } else {
            hash = node_hash(hash, *beside);
        }
        position >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Computes the root of the tree of `to` leaves from that of its first `from`
/// (RFC 9162 §2.1.4.2).
///
/// `None` if the path does not lead to `from_root` too. The caller compares the
/// root with the one it trusts for `to`.
pub fn consistency_root(from: u64, to: u64, from_root: Digest, path: &[Digest]) -> Option<Digest> {
    if from == to {
        return (path.is_empty() && to > 0).then_some(from_root);
    }
    let (mut position, mut last) = (from.checked_sub(1)?, to.checked_sub(1)?);
    if position > last {
        return None;
    }
    // Both ways up begin at the largest subtree that ends where the first tree
    // does. If it is that tree, the path does not repeat it.
    let rise = position.trailing_ones();
    position >>= rise;
    last >>= rise;
    let (start, path) = match from.is_power_of_two() {
        true => (from_root, path),
        false => path.split_first().map(|(start, path)| (*start, path))?,
    };
    let (mut first_root, mut root) = (start, start);
    for beside in path {
        if last == 0 {
            return None;
        }
        if position % 2 == 1 || position == last {
            first_root = node_hash(*beside, first_root);
            root = node_hash(*beside, root);
            if position % 2 == 0 {
                let rise = position.trailing_zeros();
                position >>= rise;
                last >>= rise;
            }
        } else {
            root = node_hash(root, *beside);
        }
        position >>= 1;
        last >>= 1;
    }
    (last == 0 && first_root == from_root).then_some(root)
}

/// Computes the root of a tree from all its leaf hashes, as RFC 9162 §2.1.1
/// defines it. Time grows with the number of leaves.
pub fn root_of(leaf_hashes: &[Digest]) -> Digest {
    match leaf_hashes {
        [] => empty_root(),
        [leaf] => *leaf,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            node_hash(root_of(left), root_of(right))
        }
    }
}

/// Computes the path of one leaf from all leaf hashes, as RFC 9162 §2.1.3.1
/// defines it. Time grows with the number of leaves. `None` if `index` is
/// beyond them.
pub fn prove_inclusion(leaf_hashes: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if leaf_hashes.len() <= 1 {
        return (index < leaf_hashes.len()).then(Vec::new);
    }
    let middle = split(leaf_hashes.len());
    let (left, right) = leaf_hashes.split_at(middle);
    let (mut path, beside) = if index < middle {
        (prove_inclusion(left, index)?, right)
    } else {
        (prove_inclusion(right, index - middle)?, left)
    };
    path.push(root_of(beside));
    Some(path)
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::tree::leaf_hashes;
    use crate::log::{Nodes, Plan, Tiles, leaf_hash};

    /// The leaves of the Certificate Transparency reference implementation.
    fn reference() -> Vec<Digest> {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"@ABC",
            b"PQRSTUVW",
            b"`abcdefghijklmno",
        ];
        leaves.map(leaf_hash).to_vec()
    }

    fn texts(path: &[Digest]) -> Vec<String> {
        path.iter().map(Digest::to_string).collect()
    }

    // Nodes of that tree, by the leaves below.
    const LEAF_0: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    const LEAF_1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    const LEAF_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    const TO_1: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
    const FROM_2_TO_3: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    const TO_3: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
    const FROM_4_TO_5: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
    const FROM_6_TO_7: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    const FROM_4: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";

    #[test]
    fn the_published_paths_come_out() {
        let hashes = reference();
        for (index, size, path) in [
            (0, 1, &[][..]),
            (0, 8, &[LEAF_1, FROM_2_TO_3, FROM_4]),
            (5, 8, &[LEAF_4, FROM_6_TO_7, TO_3]),
            (2, 3, &[TO_1]),
            (1, 5, &[LEAF_0, FROM_2_TO_3, LEAF_4]),
        ] {
            let shown = prove_inclusion(&hashes[..size], index).unwrap();
            assert_eq!(texts(&shown), path, "{index} of {size}");
        }
    }

    #[test]
    fn the_published_consistency_proofs_hold() {
        let hashes = reference();
        for (from, to, path) in [
            (1, 1, &[][..]),
            (1, 8, &[LEAF_1, FROM_2_TO_3, FROM_4]),
            (6, 8, &[FROM_4_TO_5, FROM_6_TO_7, TO_3]),
            (2, 5, &[FROM_2_TO_3, LEAF_4]),
        ] {
            let path: Vec<Digest> = path.iter().map(|text| text.parse().unwrap()).collect();
            let (first, root) = (root_of(&hashes[..from]), root_of(&hashes[..to]));
            let shown = consistency_root(from as u64, to as u64, first, &path);
            assert_eq!(shown, Some(root), "{from} to {to}");
            let other = root_of(&hashes[..3]);
            let shown = consistency_root(from as u64, to as u64, other, &path);
            assert_ne!(shown, Some(root), "{from} to {to}");
        }
    }

    /// No path but the right one leads from an earlier root to the later one.
    #[test]
    fn every_altered_consistency_proof_fails() {
        let hashes = leaf_hashes(40);
        let tiles = {
            let mut tiles = Tiles::default();
            hashes.iter().for_each(|hash| tiles.push_hash(*hash));
            tiles
        };
        let nodes = Nodes::new(&tiles);
        for to in 1..=40 {
            let root = Some(root_of(&hashes[..to]));
            for from in 1..=to {
                let first = root_of(&hashes[..from]);
                let plan = Plan::consistency(from as u64, to as u64).unwrap();
                let path = plan.hashes(&nodes).unwrap();
                let show =
                    |first, path: &[Digest]| consistency_root(from as u64, to as u64, first, path);
                assert_eq!(show(first, &path), root, "{from} to {to}");
                let longer = [path.clone(), vec![first]].concat();
                assert_eq!(show(first, &longer), None, "{from} to {to}");
                for place in 0..path.len() {
                    let mut altered = path.clone();
                    altered[place] = leaf_hash(b"another");
                    assert_ne!(show(first, &altered), root, "{from} to {to}");
                    altered.remove(place);
                    assert_ne!(show(first, &altered), root, "{from} to {to}");
                }
                if from < to {
                    assert_ne!(show(leaf_hash(b"another"), &path), root, "{from} to {to}");
                }
            }
        }
        let hash = hashes[0];
        for (from, to) in [(0, 0), (0, 1), (2, 1), (u64::MAX, 1), (0, u64::MAX)] {
            assert_eq!(
                consistency_root(from, to, hash, &[]),
                None,
                "{from} to {to}"
            );
            assert_eq!(
                consistency_root(from, to, hash, &[hash]),
                None,
                "{from} to {to}"
            );
        }
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved() {
        for size in 0..=66 {
            let hashes = leaf_hashes(size);
            let root = root_of(&hashes);
            for (index, hash) in hashes.iter().enumerate() {
                let path = prove_inclusion(&hashes, index).unwrap();
                let shown = inclusion_root(*hash, index as u64, size as u64, &path);
                assert_eq!(shown, Some(root), "leaf {index} of {size}");
            }
            assert_eq!(prove_inclusion(&hashes, size), None);
            assert_eq!(
                inclusion_root(leaf_hash(b""), size as u64, size as u64, &[]),
                None
            );
        }
    }

    proptest! {
        /// A path proves its own leaf at its own index, and nothing longer,
        /// shorter or altered proves anything.
        #[test]
        fn a_path_proves_one_leaf_at_one_index(size in 2_usize..200, at: u16, other: u16, bit: u8) {
            let hashes = leaf_hashes(size);
            let root = Some(root_of(&hashes));
            let index = usize::from(at) % size;
            let elsewhere = usize::from(other) % size;
            let hash = hashes[index];
            let path = prove_inclusion(&hashes, index).unwrap();
            let show = |hash: Digest, index: usize, path: &[Digest]| {
                inclusion_root(hash, index as u64, size as u64, path)
            };
            prop_assert_eq!(show(hash, index, &path), root);
            if elsewhere != index {
                prop_assert_ne!(show(hash, elsewhere, &path), root);
                prop_assert_ne!(show(hashes[elsewhere], index, &path), root);
            }
            prop_assert_eq!(show(hash, index, &path[1..]), None);
            let longer = [path.clone(), vec![hash]].concat();
            prop_assert_eq!(show(hash, index, &longer), None);
            let mut altered = path.clone();
            let place = usize::from(bit) % altered.len();
            let mut bytes = *altered[place].as_bytes();
            bytes[usize::from(bit) % 32] ^= 1;
            altered[place] = Digest::from_bytes(bytes);
            prop_assert_ne!(show(hash, index, &altered), root);
        }
    }

    #[test]
    fn the_largest_sizes_do_not_overflow() {
        let hash = leaf_hash(b"");
        assert_eq!(inclusion_root(hash, u64::MAX, u64::MAX, &[hash]), None);
        assert!(inclusion_root(hash, 0, u64::MAX, &[hash; 64]).is_some());
        assert_eq!(inclusion_root(hash, 0, 0, &[]), None);
    }
}
