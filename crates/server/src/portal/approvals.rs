//! Approvals: what waits for my decision, the oldest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::record::RequestRecord;
use writ_core::time::Time;

use super::datasets::Together;
use super::frame::{Frame, Part};
use super::line::Line;
use super::show;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

#[derive(Template)]
#[template(path = "approvals.html")]
struct Page<'a> {
    frame: Frame,
    waiting: Vec<Line<'a>>,
    /// What belongs together of it.
    together: Vec<Together<'a>>,
}

/// How many requests one page shows.
const MOST: usize = 100;

/// What waits for somebody's decision, the oldest first, as far as a page goes.
pub(super) fn waiting(caller: &Caller<Anyone>, now: Time) -> Vec<Line<'_>> {
    let state = caller.state();
    let mut waiting: Vec<_> = state.awaiting(caller.upn(), now).collect();
    waiting.sort_by_key(|record| (record.raised, record.id));
    let line = |record: &Arc<RequestRecord>| Line::of(state, record, now);
    waiting.into_iter().take(MOST).map(line).collect()
}

/// `GET /approvals`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let now = app.engine().now();
    let waiting = waiting(&caller, now);
    show(&Page {
        frame: Frame::new(&caller, &app, Part::Approvals, "Approvals").await?,
        together: Together::among(&waiting),
        waiting,
    })
}
