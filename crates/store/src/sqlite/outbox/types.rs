//! What is kept, as others see it.

use writ_core::digest::RequestId;
use writ_core::time::Time;

/// Something to tell one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is named by: the same news to the same recipient has the same.
    pub id: String,
    /// Whom it is for, as the sink reaches them.
    pub recipient: String,
    /// The request that it asks somebody to decide: it is of no use any more once
    /// that is decided.
    pub request: Option<RequestId>,
    /// What is sent, in the sink's own form.
    pub body: Vec<u8>,
    /// From when on it may be sent.
    pub due: Time,
    /// Whether it may be sent in one with others of the recipient.
    pub together: bool,
}

/// A message that is to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its place in the outbox.
    pub number: i64,
    /// See [`Message::id`].
    pub id: String,
    /// See [`Message::recipient`].
    pub recipient: String,
    /// See [`Message::body`].
    pub body: Vec<u8>,
    /// See [`Message::together`].
    pub together: bool,
    /// When it was put here.
    pub made: Time,
    /// How often it was tried in vain.
    pub tries: u32,
}

/// A message that is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its place in the outbox.
    pub number: i64,
    /// See [`Message::id`].
    pub id: String,
    /// See [`Message::request`].
    pub request: Option<RequestId>,
}

/// How a sink is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The next entry that it reads; none, if it never began.
    pub next: Option<u64>,
    /// How many messages wait.
    pub waiting: u64,
    /// When the oldest of them was put here.
    pub oldest: Option<Time>,
    /// How many were told, as far as it is remembered.
    pub told: u64,
    /// How many were given up, as far as it is remembered.
    pub given_up: u64,
    /// What went wrong last.
    pub problem: Option<String>,
    /// Since when nothing can be told to anybody, if so.
    pub down: Option<Time>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the outbox.
    pub number: i64,
    /// Which sink has it.
    pub sink: String,
    /// See [`Message::id`].
    pub id: String,
    /// See [`Message::recipient`].
    pub recipient: String,
    /// When it was put here.
    pub made: Time,
    /// From when on it may be sent.
    pub due: Time,
    /// How often it was tried in vain.
    pub tries: u32,
    /// What went wrong last.
    pub problem: Option<String>,
    /// What it is now.
    pub fate: Fate,
}

/// What a message is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is to be sent.
    Waiting,
    /// The recipient's side took it.
    Told {
        /// When.
        at: Time,
    },
    /// Nothing more is tried.
    GivenUp {
        /// When.
        at: Time,
    },
}
