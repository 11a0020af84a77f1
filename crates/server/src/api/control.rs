//! Whether privileged access is enabled.

use axum::Json;
use writ_core::object::Control;
use writ_core::view::Seen;

use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};

pub(super) fn about() -> Operation {
    Operation::new(
        "get-control",
        "Whether privileged access is enabled, and for whom",
    )
    .details("The value is null if it was never set.")
    .answers(Schema::named("Control").or_null().seen())
}

/// `GET /v1/control`: null if it was never set.
pub(super) async fn show(caller: Caller<Anyone>) -> Json<Seen<Option<Control>>> {
    let control = caller.state().control();
    caller.seen(control.map(|control| control.as_ref().clone()))
}
