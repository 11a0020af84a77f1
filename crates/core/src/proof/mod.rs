//! The writ file: what one run can be proved by, to somebody who trusts neither
//! the server nor its database.
//!
//! A rule reads State only through [`Reading`](crate::reading::Reading), which
//! notes the entry of everything that it returns. So whatever was accepted is
//! accepted again by whoever knows the entries that its decision read, and those
//! that theirs did, back to genesis: its **closure**. A **writ file** is the
//! closure of one entry, with the hashes that lead from these leaves to the root
//! of one checkpoint. To **check** it is to decide its entries again, with every
//! signature, and to compute that root. What comes out is a **story**: who let
//! whom do what, when and why.
//!
//! Trust begins at the organization's id, which is the leaf hash of entry 0:
//! every other key is named by an entry. A file shows that something happened
//! and was allowed. That nothing between was left out, such as a revocation,
//! only the [`Whole`] log shows.

mod check;
mod error;
mod file;
mod story;
mod whole;

pub use check::{check, needed};
pub use error::ProofError;
pub use file::WritFile;
pub use story::{NOT_SHOWN, Signed, Story};
pub use whole::{Ended, Found, Whole};
