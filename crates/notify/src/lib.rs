//! Telling people: from what has become so to a mail or a call.
//!
//! Each **sink** follows the log with a cursor of its own, turns what entries
//! changed into messages, and sends them. Cursor and messages are in the outbox,
//! so nothing is left out and nothing is told twice but under the same id, also
//! after `kill -9`. Reading and sending are apart, and so are sinks: one that
//! hangs holds up no other, no request and no decision.
//!
//! What is told carries no authority. What somebody decides by a letter is taken
//! from published State, and every link only opens a page.

mod data;
pub mod letter;
pub mod mail;
mod notifier;
pub mod post;
pub mod settings;
mod sink;
pub mod webhook;

pub use letter::Letter;
pub use notifier::{Notifier, Pace};
pub use settings::Wrong;
pub use sink::{Failure, Sink};
