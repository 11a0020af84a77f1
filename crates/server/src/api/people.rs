//! People, for auditors and administrators, and oneself for oneself.

use std::sync::Arc;

use axum::Json;
use serde::Deserialize;
use writ_core::names::{Address, Upn};
use writ_core::object::{Noun, Person, PersonKind, Role};
use writ_core::sight::Resource;
use writ_core::state::State;
use writ_core::view::{Page, PersonView, Seen};

use super::unknown;
use crate::extract::{Path, Query};
use crate::failure::Failure;
use crate::guard::{Anyone, Auditor, Caller};
use crate::openapi::{Operation, Schema};
use crate::page::{Limit, by_name};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    kind: Option<PersonKind>,
    role: Option<Role>,
    active: Option<bool>,
    group: Option<Address>,
    #[serde(default)]
    limit: Limit,
    after: Option<Upn>,
}

pub(super) fn about_list() -> Operation {
    Operation::new("list-people", "The people, in the order of their names")
        .query("kind", "What kind of person.", Schema::named("PersonKind"))
        .query(
            "role",
            "What they may do beyond their own requests.",
            Schema::named("Role"),
        )
        .query("active", "Whether they may act.", Schema::flag())
        .query(
            "group",
            "In which group, directly or through others.",
            Schema::named("Address"),
        )
        .in_pages(Schema::named("Upn"))
        .answers(Schema::named("Person").page().seen())
}

/// `GET /v1/people?kind=&role=&active=&group=&limit=&after=`: in `group` directly
/// or through others.
pub(super) async fn list(
    caller: Caller<Auditor>,
    Query(filter): Query<Filter>,
) -> Json<Seen<Page<PersonView>>> {
    let state = caller.state();
    let has = |person: &&Arc<Person>| {
        let group = filter.group.as_ref();
        filter.kind.is_none_or(|kind| person.kind == kind)
            && filter.role.is_none_or(|role| person.role == Some(role))
            && filter.active.is_none_or(|active| person.active == active)
            && group.is_none_or(|group| state.is_member(group, &person.upn))
    };
    caller.seen(by_name(
        state.people().filter(has).map(|person| view(state, person)),
        filter.limit,
        filter.after.as_ref(),
        |person| &person.upn,
    ))
}

pub(super) fn about() -> Operation {
    Operation::new("get-person", "One person")
        .path("upn", "Their name.", Schema::named("Upn"))
        .answers(Schema::named("Person").seen())
        .fails(&["unknown-object"])
}

/// `GET /v1/people/{upn}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    Path(upn): Path<Upn>,
) -> Result<Json<Seen<PersonView>>, Failure> {
    let may_read = caller.may_read(&Resource::Person(upn.clone()));
    let person = caller.state().person(&upn).filter(|_| may_read);
    let person = person.ok_or_else(|| unknown(Noun::Person, upn.as_str()))?;
    Ok(caller.seen(view(caller.state(), person)))
}

pub(crate) fn view(state: &State, person: &Person) -> PersonView {
    PersonView::new(person, state.credentials(&person.upn).map(AsRef::as_ref))
}
