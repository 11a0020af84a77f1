//! One's own live grants, from State.

use axum::Json;
use axum::extract::State;
use writ_core::view::{RequestView, Seen};

use crate::app::App;
use crate::guard::{Anyone, Caller};

/// `GET /v1/grants`: the one ending first first.
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Json<Seen<Vec<RequestView>>> {
    let now = app.engine().now();
    let grants = caller.state().grants_of(caller.upn());
    let live = grants.filter(|record| record.grant.as_ref().is_some_and(|grant| now < grant.until));
    caller.seen(
        live.map(|record| RequestView::from(record.as_ref()))
            .collect(),
    )
}
