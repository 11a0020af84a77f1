//! Hashes of leaves and nodes, and the frontier of a growing tree.
//!
//! A **leaf hash** and a **node hash** begin with different bytes, so that no
//! leaf can be read as a node (RFC 6962 §2.1, RFC 9162 §2.1.1). A tree whose
//! size is not a power of two is a row of **perfect subtrees**, one for each
//! bit set in its size, largest first: the **frontier** is their roots.

use crate::digest::Digest;

/// Hashes the bytes of a leaf: SHA-256 of a zero byte and the bytes.
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], leaf])
}

/// Hashes two subtrees into their parent: SHA-256 of a one byte and both hashes.
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(&[])
}

/// A tree as far as growing it needs: at most 64 hashes, cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// INVARIANT: one root for each bit set in `size`, largest subtree first.
    roots: Vec<Digest>,
}

impl Frontier {
    /// Of the roots of perfect subtrees in a row, each of `width` leaves, a power
    /// of two.
    pub(super) fn over(width: u64, roots: &[Digest]) -> Self {
        let mut frontier = Self::default();
        for root in roots {
            frontier.push_hash(*root);
        }
        frontier.size *= width;
        frontier
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; gives its leaf hash.
    pub fn push_leaf(&mut self, leaf: &[u8]) -> Digest {
        let hash = leaf_hash(leaf);
        self.push_hash(hash);
        hash
    }

    /// Appends a leaf whose leaf hash is known.
    pub fn push_hash(&mut self, leaf_hash: Digest) {
        // Like adding one to a binary number: each one at the end carries.
        let mut hash = leaf_hash;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(left, hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root of the tree as it is now.
    pub fn root(&self) -> Digest {
        let mut smallest_first = self.roots.iter().rev();
        match smallest_first.next() {
            None => empty_root(),
            Some(last) => smallest_first.fold(*last, |right, left| node_hash(*left, right)),
        }
    }
}

/// Some different leaf hashes.
#[cfg(test)]
pub(super) fn leaf_hashes(count: usize) -> Vec<Digest> {
    (0..count)
        .map(|n| leaf_hash(n.to_string().as_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;
    use crate::log::root_of;

    /// The leaves of the Certificate Transparency reference implementation, and
    /// the root after each.
    const REFERENCE: [(&str, &str); 8] = [
        (
            "",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        ),
        (
            "00",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        ),
        (
            "10",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        ),
        (
            "2021",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
        (
            "3031",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        ),
        (
            "40414243",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        ),
        (
            "5051525354555657",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        ),
        (
            "606162636465666768696a6b6c6d6e6f",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ),
    ];

    #[test]
    fn the_published_roots_come_out() {
        let mut frontier = Frontier::default();
        let mut hashes = Vec::new();
        assert_eq!(
            frontier.root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (leaf, root) in REFERENCE {
            hashes.push(frontier.push_leaf(&HEXLOWER.decode(leaf.as_bytes()).unwrap()));
            assert_eq!(frontier.root().to_string(), root);
            assert_eq!(root_of(&hashes).to_string(), root);
        }
        assert_eq!(frontier.size(), 8);
    }

    #[test]
    fn a_leaf_cannot_pose_as_a_node() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        let bytes = [left.as_bytes().as_slice(), right.as_bytes()].concat();
        assert_ne!(node_hash(left, right), leaf_hash(&bytes));
    }

    proptest! {
        #[test]
        fn a_frontier_has_the_root_of_its_leaves(
            leaves in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..300)
        ) {
            let mut frontier = Frontier::default();
            let hashes: Vec<Digest> = leaves.iter().map(|leaf| frontier.push_leaf(leaf)).collect();
            prop_assert_eq!(frontier.root(), root_of(&hashes));
            prop_assert_eq!(frontier.size(), hashes.len() as u64);
            prop_assert_eq!(frontier.roots.len(), frontier.size.count_ones() as usize);
        }
    }
}
