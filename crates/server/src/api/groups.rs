//! Groups, for anyone who is signed in.

use std::sync::Arc;

use axum::Json;
use writ_core::names::Address;
use writ_core::object::{Group, Noun};
use writ_core::view::Seen;

use super::unknown;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// `GET /v1/groups`
pub(super) async fn list(caller: Caller<Anyone>) -> Json<Seen<Vec<Arc<Group>>>> {
    caller.seen(caller.state().groups().cloned().collect())
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
