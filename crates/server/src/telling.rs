//! Who tells people, beside the server: it asks whether anybody does, and how
//! that goes.

/// What tells people of what has become so.
pub trait Telling: Send + Sync + 'static {
    /// Whether approvers get mail.
    fn mails(&self) -> bool;

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

    fn sinks(&self) -> Vec<SinkFigures> {
        Vec::new()
    }
}
