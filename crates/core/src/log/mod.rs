//! The arithmetic of the transparency log.
//!
//! A **log** is a list of byte strings, its **leaves**, that only ever grows.
//! A Merkle tree over them gives every size one **root**: whoever remembers a
//! size and its root sees any later change of any leaf below it. A
//! **frontier** is what must be remembered to go on growing: one hash for each
//! perfect subtree. An **inclusion proof** is the hashes on the way from a
//! leaf to the root, a **consistency proof** those that an earlier root and a
//! later one have in common; **tiles** are what little must be remembered to
//! know every leaf again, and to prove it. A **checkpoint** is size and root as
//! a **signed note**, a text that people can read and that ordinary tools can
//! check.
//!
//! INVARIANT: nothing here knows of people or statements. Leaves are bytes, a
//! log is an origin and a key. So it can be read, and checked, on its own.

mod checkpoint;
mod note;
mod path;
mod plan;
mod proof;
mod tiles;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use note::{Note, NoteError, NoteSignature, Verifier, open_note, sign_note};
pub use path::{Part, PathError, Tile, bundle};
pub use plan::{Nodes, Plan, shared_root};
pub use proof::{consistency_root, inclusion_root, prove_inclusion, root_of};
pub use tiles::{LeafTile, Tiles};
pub use tree::{Frontier, empty_root, leaf_hash, node_hash};
