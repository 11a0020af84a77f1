//! Earlier requests: what became of what somebody asked before, of one task.

use writ_core::record::Status;
use writ_core::view::RequestView;

use crate::api::requests::{Filter, listed};
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// How often it was asked before, as far as the reader may see it.
#[derive(Default)]
pub(super) struct Earlier {
    pub(super) approved: usize,
    pub(super) denied: usize,
    /// What nobody decided, or is not decided yet.
    pub(super) other: usize,
    /// Whether there is more than was counted.
    pub(super) is_more: bool,
}

impl Earlier {
    /// Counts what its requester asked before, of the same task.
    pub(super) async fn than(
        view: &RequestView,
        caller: &Caller<Anyone>,
        app: &App,
    ) -> Result<Self, Failure> {
        let page = listed(caller, app, &Filter::earlier(&view.by, &view.task)).await?;
        let mut earlier = Self {
            is_more: page.next.is_some(),
            ..Self::default()
        };
        let before = page
            .items
            .iter()
            .filter(|other| other.id != view.id && other.raised <= view.raised);
        for other in before {
            let count = match (other.status, other.grant.is_some()) {
                (_, true) => &mut earlier.approved,
                (Status::Denied, false) => &mut earlier.denied,
                (_, false) => &mut earlier.other,
            };
            *count += 1;
        }
        Ok(earlier)
    }

    pub(super) const fn count(&self) -> usize {
        self.approved + self.denied + self.other
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let more = if self.is_more { "at least " } else { "" };
        let parts = [
            (self.approved, "approved"),
            (self.denied, "denied"),
            (self.other, "not decided"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        match self.count() {
            0 => "none: the first of theirs for this task".to_owned(),
            count => format!("{more}{count}: {}", parts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_before_is_counted_in_words() {
        let earlier = Earlier {
            approved: 3,
            denied: 1,
            other: 0,
            is_more: false,
        };
        assert_eq!(earlier.words(), "4: 3 approved, 1 denied");
        let none = Earlier::default();
        assert_eq!(none.words(), "none: the first of theirs for this task");
    }
}
