//! Preferences: one's own, for oneself.

use axum::Json;
use writ_core::object::Preferences;
use writ_core::view::Seen;

use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};

pub(super) fn about() -> Operation {
    Operation::new("get-preferences", "What the caller chose for themselves")
        .answers(Schema::named("Preferences").seen())
}

/// `GET /v1/preferences`
pub(super) async fn show(caller: Caller<Anyone>) -> Json<Seen<Preferences>> {
    let mine = caller.state().preferences(caller.upn());
    let mine = mine.map(|mine| mine.as_ref().clone()).unwrap_or_default();
    caller.seen(mine)
}
