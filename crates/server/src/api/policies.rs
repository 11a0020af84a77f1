//! Approval policies, for anyone who is signed in.

use std::sync::Arc;

use axum::Json;
use serde::Deserialize;
use writ_core::names::{Address, Pattern};
use writ_core::object::{Approval, Noun, Policy};
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
    approval: Option<Approval>,
    group: Option<Address>,
    #[serde(default)]
    limit: Limit,
    after: Option<Pattern>,
}

pub(super) fn about_list() -> Operation {
    Operation::new("list-policies", "The policies, in the order of their names")
        .query(
            "approval",
            "Whether somebody is asked.",
            Schema::named("ApprovalKind"),
        )
        .query(
            "group",
            "Which group is asked in one of its stages.",
            Schema::named("Address"),
        )
        .in_pages(Schema::named("Pattern"))
        .answers(Schema::named("Policy").page().seen())
}

/// `GET /v1/policies?approval=auto|manual&group=&limit=&after=`: `group` is asked
/// in one of their stages.
pub(super) async fn list(
    caller: Caller<Anyone>,
    Query(filter): Query<Filter>,
) -> Json<Seen<Page<Arc<Policy>>>> {
    let has = |policy: &&Arc<Policy>| {
        let asks = |group: &Address| policy.stages.iter().any(|stage| stage.group == *group);
        filter.group.as_ref().is_none_or(asks)
            && filter
                .approval
                .is_none_or(|approval| policy.approval == approval)
    };
    caller.seen(by_name(
        caller.state().policies().filter(has).cloned(),
        filter.limit,
        filter.after.as_ref(),
        |policy| &policy.task,
    ))
}

pub(super) fn about() -> Operation {
    Operation::new("get-policy", "One policy")
        .path(
            "pattern",
            "Its pattern; the backslash is sent as `%5C`.",
            Schema::named("Pattern"),
        )
        .answers(Schema::named("Policy").seen())
        .fails(&["unknown-object"])
}

/// `GET /v1/policies/{pattern}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    Path(pattern): Path<Pattern>,
) -> Result<Json<Seen<Arc<Policy>>>, Failure> {
    let policy = caller.state().policy(&pattern);
    let policy = policy.ok_or_else(|| unknown(Noun::Policy, pattern.as_str()))?;
    Ok(caller.seen(policy.clone()))
}
