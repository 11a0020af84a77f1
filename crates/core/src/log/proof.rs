//! Inclusion proofs: that a leaf is in a tree, shown without the other leaves.
//!
//! A **path** is the hashes of the subtrees beside the way from a leaf up to
//! the root, nearest first. With it, the leaf's hash, its index and the size of
//! the tree, anyone computes the root again; if that is the root of a
//! checkpoint, the leaf is in the log (RFC 9162 §2.1.3).

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
    use crate::log::leaf_hash;

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count)
            .map(|n| leaf_hash(n.to_string().as_bytes()))
            .collect()
    }

    #[test]
    fn the_published_path_comes_out() {
        // The first of the eight leaves of the Certificate Transparency
        // reference implementation.
        let reference: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"@ABC",
            b"PQRSTUVW",
            b"`abcdefghijklmno",
        ];
        let hashes: Vec<Digest> = reference.iter().map(|leaf| leaf_hash(leaf)).collect();
        let path: Vec<String> = prove_inclusion(&hashes, 0)
            .unwrap()
            .iter()
            .map(Digest::to_string)
            .collect();
        assert_eq!(
            path,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        );
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved() {
        for size in 0..=66 {
            let hashes = leaves(size);
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
            let hashes = leaves(size);
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
