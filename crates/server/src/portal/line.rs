//! A request as a line of a list, and what can be done with its grant.

use std::sync::Arc;

use writ_core::dataset::Sensitivity;
use writ_core::object::Risk;
use writ_core::record::{RequestRecord, Status};
use writ_core::state::State;
use writ_core::time::Time;
use writ_core::view::RequestView;

use super::datasets::{Ask, Share};
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

    /// The status of a request, in the words of people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Now => Status::Live.name(),
            Self::From(_) => "scheduled",
            Self::UsedUp => "used up",
            Self::Not(status) => status.name(),
        }
    }
}

/// Asks State for what its list shows, and for nothing else.
#[derive(Clone)]
pub(super) struct Line<'a> {
    state: &'a State,
    now: Time,
    pub(super) view: Arc<RequestView>,
}

impl<'a> Line<'a> {
    pub(super) const fn new(state: &'a State, view: Arc<RequestView>, now: Time) -> Self {
        Self { state, now, view }
    }

    /// The line of what is open.
    pub(super) fn of(state: &'a State, record: &RequestRecord, now: Time) -> Self {
        Self::new(state, Arc::new(record.into()), now)
    }

    pub(super) fn title(&self) -> &str {
        text::title(self.state, &self.view.task)
    }

    pub(super) fn waits_for(&self) -> Option<String> {
        text::waits_for(&self.view)
    }

    pub(super) fn is_open_ended(&self) -> bool {
        text::is_open_ended(&self.view)
    }

    pub(super) fn usable(&self) -> Use {
        Use::of(self.state, &self.view, self.now)
    }

    pub(super) fn risk(&self) -> Option<Risk> {
        text::risk(self.state, &self.view.task)
    }

    /// What its requester is called.
    pub(super) fn name(&self) -> Option<&str> {
        text::name(self.state, &self.view.by)
    }

    /// What the app is called that it is for, if it is for one.
    pub(super) fn app(&self) -> Option<String> {
        let app = self.view.app.as_ref()?;
        Some(app.name.clone().unwrap_or_else(|| app.upn.to_string()))
    }

    /// How much an app asks for.
    pub(super) fn share(&self) -> Share {
        let share = Share::of(std::slice::from_ref(&self.view.parameters));
        share.unwrap_or_default()
    }

    /// What of a dataset to think of before somebody gets it.
    pub(super) fn notes(&self) -> String {
        let ask = Ask::of(self.state, &self.view);
        let Some(ask) = ask else { return String::new() };
        let high = ask.columns.iter();
        let high = high.filter(|column| column.sensitivity == Some(Sensitivity::High));
        let high: Vec<&str> = high.map(|column| column.name.as_str()).collect();
        let notes = [
            (high, "high sensitivity"),
            (ask.free_text(), "free text"),
            (ask.mentioning(), "mentions people"),
        ];
        let notes = notes.iter().filter(|(names, _)| !names.is_empty());
        let notes = notes.map(|(names, note)| format!("{note}: {}", names.join(", ")));
        notes.collect::<Vec<_>>().join(" · ")
    }

    pub(super) fn limits(&self) -> Vec<String> {
        text::limits(&self.view.parameters)
    }
}
