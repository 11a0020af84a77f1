//! Mail: who gets which letter, and when.
//!
//! [`Letters`] says it, from an entry and from what time it is; [`Post`] hands them
//! to a mail server.

mod audience;
mod before;
mod changes;
mod compose;
mod held;
mod letters;
mod run;
mod sink;
mod times;

pub use held::asking;
pub use letters::{Addressed, Letters, When};
pub use sink::{Post, test_letter};
pub use times::{Times, clock};
