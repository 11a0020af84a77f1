//! A request as a line of a list, and what can be done with its grant.

use std::fmt;

use writ_core::record::Status;
use writ_core::state::State;
use writ_core::time::Time;
use writ_core::view::RequestView;

use super::text;

/// Whether a grant can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Now,
    /// It begins then.
    From(Time),
    /// There were as many runs as it was for.
    UsedUp,
    /// It is no grant yet, or none any more.
    Not(Status),
}

impl Use {
    pub(super) fn of(state: &State, view: &RequestView, now: Time) -> Self {
        match (view.status, &view.grant) {
            (Status::Live, Some(grant)) if now >= grant.until => Self::Not(Status::Ended),
            (Status::Live, Some(_)) if view.runs.is_some_and(|m| state.runs_of(view.id) >= m) => {
                Self::UsedUp
            }
            (Status::Live, Some(grant)) if now < grant.from => Self::From(grant.from),
            (Status::Live, Some(_)) => Self::Now,
            (status, _) => Self::Not(status),
        }
    }
}

/// The status of a request, in the words of people.
impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now => Status::Live.name(),
            Self::From(_) => "scheduled",
            Self::UsedUp => "used up",
            Self::Not(status) => status.name(),
        })
    }
}

pub(super) struct Line {
    pub(super) view: RequestView,
    pub(super) title: String,
    pub(super) waits_for: String,
    pub(super) is_open_ended: bool,
    pub(super) usable: Use,
}

impl Line {
    pub(super) fn new(state: &State, view: RequestView, now: Time) -> Self {
        Self {
            title: text::title(state, &view.task),
            waits_for: text::waits_for(&view),
            is_open_ended: text::is_open_ended(&view),
            usable: Use::of(state, &view, now),
            view,
        }
    }
}
