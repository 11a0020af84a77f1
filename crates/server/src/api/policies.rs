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

/// `GET /v1/policies/{pattern}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    Path(pattern): Path<Pattern>,
) -> Result<Json<Seen<Arc<Policy>>>, Failure> {
    let policy = caller.state().policy(&pattern);
    let policy = policy.ok_or_else(|| unknown(Noun::Policy, pattern.as_str()))?;
    Ok(caller.seen(policy.clone()))
}
