//! Approvals: what waits for my decision, the oldest first.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::record::Status;
use writ_core::time::Time;
use writ_core::view::RequestView;

use super::frame::{Frame, Part};
use super::home::Line;
use super::show;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

#[derive(Template)]
#[template(path = "approvals.html")]
struct Page {
    frame: Frame,
    waiting: Vec<Line>,
}

/// What waits for somebody's decision, the oldest first.
pub(super) fn waiting(caller: &Caller<Anyone>, now: Time) -> Vec<Line> {
    let state = caller.state();
    let mut waiting: Vec<Line> = state
        .requests()
        .filter(|record| state.awaits(record, caller.upn(), now))
        .map(|record| Line::new(state, RequestView::from(record.as_ref())))
        .collect();
    waiting.sort_by_key(|line| (line.view.raised, line.view.id));
    waiting
}

/// `GET /approvals`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let now = app.engine().now();
    show(&Page {
        frame: Frame::new(&caller, &app, Part::Approvals, "Approvals").await?,
        waiting: waiting(&caller, now),
    })
}
