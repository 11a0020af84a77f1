//! Groups, for anyone who is signed in.

use std::sync::Arc;

use axum::Json;
use serde::Deserialize;
use writ_core::names::{Address, Upn};
use writ_core::object::{Group, Noun};
use writ_core::view::{Page, Seen};

use super::unknown;
use crate::extract::{Path, Query};
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};
use crate::page::{Limit, by_name};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    member: Option<Upn>,
    #[serde(default)]
    limit: Limit,
    after: Option<Address>,
}

pub(super) fn about_list() -> Operation {
    Operation::new("list-groups", "The groups, in the order of their names")
        .query(
            "member",
            "Who is in it, directly or through others.",
            Schema::named("Upn"),
        )
        .in_pages(Schema::named("Address"))
        .answers(Schema::named("Group").page().seen())
}

/// `GET /v1/groups?member=&limit=&after=`: `member` directly or through others.
pub(super) async fn list(
    caller: Caller<Anyone>,
    Query(filter): Query<Filter>,
) -> Json<Seen<Page<Arc<Group>>>> {
    let state = caller.state();
    let has = |group: &&Arc<Group>| {
        let member = filter.member.as_ref();
        member.is_none_or(|member| state.is_member(&group.address, member))
    };
    caller.seen(by_name(
        state.groups().filter(has).cloned(),
        filter.limit,
        filter.after.as_ref(),
        |group| &group.address,
    ))
}

pub(super) fn about() -> Operation {
    Operation::new("get-group", "One group")
        .path("address", "Its address.", Schema::named("Address"))
        .answers(Schema::named("Group").seen())
        .fails(&["unknown-object"])
}

/// `GET /v1/groups/{address}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    Path(address): Path<Address>,
) -> Result<Json<Seen<Arc<Group>>>, Failure> {
    let group = caller.state().group(&address);
    let group = group.ok_or_else(|| unknown(Noun::Group, address.as_str()))?;
    Ok(caller.seen(group.clone()))
}
