//! Telling people what the log says.
//!
//! A **sink** carries messages: mail is one, each webhook another. It reads the
//! log behind everybody else, from its **cursor** on, and puts what it has to tell
//! into its **outbox**, a file of the node's own. A message leaves the outbox when
//! it was taken, or when nothing more can be done; so each is told at least once,
//! to each recipient in the order of the log, and a second time only under the
//! same id. Nobody who asks, decides or runs ever waits for a sink.
//!
//! Nothing here has authority: a message says where to look. Whoever loses the
//! outbox loses messages that were not sent yet, and nothing else.

mod outbox;

pub use outbox::{Message, Outbox, OutboxError, Pending, Standing};
