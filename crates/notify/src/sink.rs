//! What a sink is.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use writ_core::Published;
use writ_core::recorded::Recorded;
use writ_core::time::Time;
use writ_store::{Held, Message, Pending};

/// Where news goes to: mail, or one webhook.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Its name in the outbox: `mail`, or `webhook NAME`.
    fn name(&self) -> &str;

    /// What is to be sent because of an entry. The same entry gives the same
    /// messages under the same ids.
    fn tell(&self, entry: &Recorded, published: &Published, now: Time) -> Vec<Message>;

    /// What is to be sent because time has come for it. It is asked now and then,
    /// and may answer what it answered before, under the same ids.
    fn remind(&self, published: &Published, now: Time) -> Vec<Message> {
        let _ = (published, now);
        Vec::new()
    }

    /// Whose messages that are held back an entry gives another time: the recipients.
    fn moved(&self, entry: &Recorded, published: &Published) -> Vec<String> {
        let _ = (entry, published);
        Vec::new()
    }

    /// When messages that are held back for a recipient are due now, by their number.
    fn due(
        &self,
        recipient: &str,
        held: &[Held],
        published: &Published,
        now: Time,
    ) -> Vec<(i64, Time)> {
        let _ = (recipient, held, published, now);
        Vec::new()
    }

    /// Sends messages to one recipient: one, or several that may go together.
    async fn send(&self, messages: &[Pending]) -> Result<(), Failure>;
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It will never be: nothing more is tried.
    Never(String),
    /// It may be later, after this long if that was said.
    Later(String, Option<Duration>),
    /// Nothing can be sent to anybody now.
    Down(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never(why) | Self::Later(why, _) | Self::Down(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Failure {}
