//! The site, for anyone who is signed in: its addresses and public keys.

use std::sync::Arc;

use axum::Json;
use writ_core::object::Site;
use writ_core::view::Seen;

use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};

pub(super) fn about() -> Operation {
    Operation::new(
        "get-site",
        "The addresses and public keys of the installation",
    )
    .answers(Schema::named("Site").seen())
    .fails(&["not-ready"])
}

/// `GET /v1/site`
pub(super) async fn show(caller: Caller<Anyone>) -> Result<Json<Seen<Arc<Site>>>, Failure> {
    let site = caller.state().site().ok_or(Failure::NotReady)?;
    Ok(caller.seen(site.clone()))
}
