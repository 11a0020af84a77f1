//! Whether privileged access is enabled.

use axum::Json;
use writ_core::object::Control;
use writ_core::view::Seen;

use crate::guard::{Anyone, Caller};

/// `GET /v1/control`: null if it was never set.
pub(super) async fn show(caller: Caller<Anyone>) -> Json<Seen<Option<Control>>> {
    let control = caller.state().control();
    caller.seen(control.map(|control| control.as_ref().clone()))
}
