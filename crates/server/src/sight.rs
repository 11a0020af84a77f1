//! Facets: how the store finds what somebody may see.
//!
//! Rows have **facets**: whom they are `by`, who else has a `part` in them, and
//! which `group` is asked. A
//! listing of somebody who does not read everything asks for theirs only. That
//! is a way to find, and decides nothing: what is shown is judged by
//! [`writ_core::sight::may_read`], on what is shown.

use writ_core::names::{Address, Upn};
use writ_core::sight::reads_everything;
use writ_core::state::State;

/// A kind and a value that rows are found by.
pub(crate) type Facet = (&'static str, String);

/// Where to look for what a person may see; everywhere, if none.
pub(crate) fn facets_of(state: &State, upn: &Upn) -> Option<Vec<Facet>> {
    let role = state.person(upn).and_then(|person| person.role);
    let facets = || {
        [by(upn), part(upn)]
            .into_iter()
            .chain(groups_of(state, upn))
            .collect()
    };
    (!reads_everything(role)).then(facets)
}

/// The facet of what is of a person.
pub(crate) fn by(upn: &Upn) -> Facet {
    ("by", upn.to_string())
}

/// The facet of what an app, or whoever installed it, has a part in.
pub(crate) fn part(upn: &Upn) -> Facet {
    ("part", upn.to_string())
}

/// The facets of what the groups of a person are asked about.
pub(crate) fn groups_of(state: &State, upn: &Upn) -> impl Iterator<Item = Facet> {
    let facet = |group: &Address| ("group", group.to_string());
    state.groups_of(upn).map(facet)
}
