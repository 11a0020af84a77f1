//! Who tells people, beside the server: it asks whether anybody does, and how
//! that goes.

use writ_core::record::RequestRecord;
use writ_core::state::State;
use writ_core::time::Time;

/// Why nobody is told where nobody ever is.
pub const NO_MAIL: &str = "this server sends no mail";

/// What tells people of what has become so.
pub trait Telling: Send + Sync + 'static {
    /// Whether approvers get mail.
    fn mails(&self) -> bool;

    /// Why nobody hears of a request who could decide it now, if that is so.
    fn untold(&self, state: &State, request: &RequestRecord, now: Time) -> Option<&'static str>;

    /// How each of its sinks is doing.
    fn sinks(&self) -> Vec<SinkFigures>;
}

/// How one sink is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkFigures {
    /// `mail`, or `webhook NAME`.
    pub name: String,
    /// How many messages wait.
    pub waiting: u64,
    /// How many were given up lately.
    pub given_up: u64,
    /// Whether nothing can be sent to anybody.
    pub down: bool,
}

/// Nobody is told.
#[derive(Clone, Copy, Debug)]
pub struct TellsNobody;

impl Telling for TellsNobody {
    fn mails(&self) -> bool {
        false
    }

    fn untold(&self, _: &State, _: &RequestRecord, _: Time) -> Option<&'static str> {
        Some(NO_MAIL)
    }

    fn sinks(&self) -> Vec<SinkFigures> {
        Vec::new()
    }
}
