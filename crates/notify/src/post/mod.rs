//! Mail: who gets which letter, and when.
//!
//! [`Letters`] says it, from an entry and from what time it is; the sink addresses
//! them and hands them to the transport.

mod audience;
mod changes;
mod compose;
mod letters;
mod times;

pub use letters::{Addressed, Letters, When};
pub use times::{Times, clock};
