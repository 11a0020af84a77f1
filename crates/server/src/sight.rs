//! Sight: what somebody may see of requests and executions.
//!
//! Auditors and administrators see everything. Others see what has a **facet**
//! of theirs: `by` them, or a `group` that contains them, directly or through
//! others. Listings pass the same facets to the store, to find; but what is
//! shown is judged by [`may_read`], on what is shown.

use writ_core::names::{Address, Upn};
use writ_core::object::Role;
use writ_core::state::State;
use writ_core::view::{ExecutionView, RequestView};

/// A kind and a value that rows are found by.
pub(crate) type Facet = (&'static str, String);

/// What somebody may see.
#[derive(Clone, Debug)]
pub(crate) enum Sight {
    /// All there is.
    Everything,
    /// What has any of these facets.
    Any(Vec<Facet>),
}

impl Sight {
    /// What a person may see in this State.
    pub(crate) fn of(state: &State, upn: &Upn) -> Self {
        match state.person(upn).and_then(|person| person.role) {
            Some(Role::Auditor | Role::Administrator) => Self::Everything,
            None => {
                let mut facets = vec![by(upn)];
                facets.extend(groups_of(state, upn));
                Self::Any(facets)
            }
        }
    }

    /// By what the store may find it; everything, if none.
    pub(crate) fn facets(self) -> Option<Vec<Facet>> {
        match self {
            Self::Everything => None,
            Self::Any(facets) => Some(facets),
        }
    }
}

/// Whether what has these facets is in sight. The one place that says so.
pub(crate) fn may_read(sight: &Sight, facets: &[Facet]) -> bool {
    match sight {
        Sight::Everything => true,
        Sight::Any(mine) => facets.iter().any(|facet| mine.contains(facet)),
    }
}

/// The facet of what is of a person.
pub(crate) fn by(upn: &Upn) -> Facet {
    ("by", upn.to_string())
}

/// The facet of what a group is asked about.
pub(crate) fn group(address: &Address) -> Facet {
    ("group", address.to_string())
}

/// The facets of what the groups of a person are asked about.
pub(crate) fn groups_of(state: &State, upn: &Upn) -> impl Iterator<Item = Facet> {
    state.groups_of(upn).map(group)
}

/// A request is for its requester and its possible approvers.
pub(crate) fn of_request(view: &RequestView) -> Vec<Facet> {
    let asked = view.stages.iter().map(|stage| group(&stage.group));
    std::iter::once(by(&view.by)).chain(asked).collect()
}

/// An execution is for whom it ran.
pub(crate) fn of_execution(view: &ExecutionView) -> Vec<Facet> {
    vec![by(&view.by)]
}

/// Output is for whom it ran, and for the readers that the policy names which
/// governs the task now.
pub(crate) fn of_output(state: &State, view: &ExecutionView) -> Vec<Facet> {
    let readers = state
        .governing(&view.task, state.time())
        .map(|governed| governed.rule.policy.output_readers)
        .unwrap_or_default();
    let readers = readers.iter().map(group);
    std::iter::once(by(&view.by)).chain(readers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_facet_in_common_is_enough_and_needed() {
        let alice = by(&"alice@x.com".parse().unwrap());
        let bob = by(&"bob@x.com".parse().unwrap());
        let team = group(&"team@x.com".parse().unwrap());
        // A group may not be read as the person of the same name, nor a person as a group.
        let odd = group(&"alice@x.com".parse().unwrap());
        let mine = Sight::Any(vec![alice.clone(), team.clone()]);
        assert!(may_read(&mine, &[bob.clone(), team]));
        assert!(may_read(&mine, &[alice]));
        assert!(!may_read(&mine, &[bob.clone(), odd]));
        assert!(!may_read(&mine, &[]));
        assert!(!may_read(&Sight::Any(Vec::new()), &[bob]));
        assert!(may_read(&Sight::Everything, &[]));
    }
}
