//! Where entries are kept: the contract, and what keeps it.
//!
//! A **backend** holds one **log** (the entries, and the **head**: their number
//! and Merkle root), the **rows** that listings are made of, and **blobs** such
//! as the output of runs. Only the log has authority, and not because the store
//! says so: whoever reads it hashes every leaf and compares the root with a head
//! that was signed elsewhere. Rows, facets and the answer of `find` are hints:
//! a store that lies can break the service, never grant access.
//!
//! # The contract
//!
//! **One write.** [`Backend::append`] is the only write of authority. It names
//! the head it builds on, by size *and* root; if the log is not exactly there,
//! it is a conflict and nothing is written. Of any number of appends that name
//! the same head, from however many processes, one wins.
//!
//! **All or nothing, durable on return.** Head, entries, rows and blobs of a
//! batch are written together or not at all. `Ok` means that they outlive the
//! loss of power. No reader ever sees half a batch, and a read that begins
//! after an append returned sees all of it.
//!
//! **What may run at once.** Everything. Appends wait for each other inside; a
//! read waits for no write. A listing is one consistent look; two pages of it
//! are two looks, and neither loses nor repeats a row that was there all along,
//! because the order of rows never changes.
//!
//! **Who retries.** The caller. The store waits a few seconds for a lock that
//! another process holds and tries nothing twice.
//!
//! **What each error promises** is with each variant of [`StoreError`]. The one
//! that matters is `Unknown`: the batch may be there or not. Ask
//! [`Backend::head`] until it answers. Its answer is final: it comes after every
//! append that was begun before, and what it does not count will not appear
//! later, not even after a crash. An append whose future was dropped before it
//! was done is in the same position.
//!
//! **Rows.** A **row** is the finished JSON of one object, request or run, named
//! by noun and id. Writing it again replaces view and **facets** (the pairs of
//! kind and value that listings select by), but never its place in the order:
//! that is the entry that made it first. Rows are never removed one by one.
//!
//! **Rebuilding rows.** Rows are made by a **projector**, which has a version.
//! When the version that the store notes is not the caller's, rows are made anew
//! from the log by [`Backend::rebuild`]: `Begin` forgets the version and every
//! row, `Rows` adds some, any number of times, `End` notes the version. Each
//! step is durable by itself; together they are not one transaction. So a crash
//! half-way leaves rows without a version, and whoever starts next begins anew.
//! Nothing else should write meanwhile, and listings show what is there so far.
//!
//! **Blobs** are named by a digest that the caller knows how to check; the store
//! does not. The first bytes under a name stay.
//!
//! A backend shares no code with another beyond the types here; that they agree
//! is what the conformance suite is for (feature `testing`).

mod backend;
mod error;
mod memory;
mod points;
mod sqlite;

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
mod faulty;

pub use backend::{
    Backend, Batch, Listed, Listing, MAX_READ, NewEntry, Rebuild, Row, StoredEntry, WholeRow,
    empty_head,
};
pub use error::StoreError;
#[cfg(feature = "testing")]
pub use faulty::{Call, Fault, Faulty};
pub use memory::Memory;
pub use points::{Point, point};
pub use sqlite::{Delivery, Fate, Held, Message, Outbox, Pending, Sqlite, Standing};
