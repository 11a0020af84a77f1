//! Who is asking.

use axum::Json;
use writ_core::view::WhoAmI;

use crate::guard::{Caller, SignedIn};
use crate::openapi::{Operation, Schema};

pub(super) fn about() -> Operation {
    Operation::new("get-whoami", "Who is asking, and what they may do")
        .answers(Schema::named("WhoAmI"))
}

/// `GET /v1/whoami`
pub(super) async fn show(caller: Caller<SignedIn>) -> Json<WhoAmI> {
    Json(WhoAmI {
        upn: caller.upn().clone(),
        role: caller.role(),
        groups: caller.state().groups_of(caller.upn()).cloned().collect(),
        key: caller.key(),
    })
}
