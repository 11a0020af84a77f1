//! Approval policies, for anyone who is signed in.

use std::sync::Arc;

use axum::Json;
use writ_core::names::Pattern;
use writ_core::object::{Noun, Policy};
use writ_core::view::Seen;

use super::unknown;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// `GET /v1/policies`
pub(super) async fn list(caller: Caller<Anyone>) -> Json<Seen<Vec<Arc<Policy>>>> {
    caller.seen(caller.state().policies().cloned().collect())
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
