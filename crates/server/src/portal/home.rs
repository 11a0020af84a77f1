//! Home: what waits for me, what I may run now, what I asked for.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::record::{RequestRecord, Status};

use super::frame::{Frame, Part};
use super::line::{Line, Use};
use super::show as answer;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    frame: Frame,
    waiting: Vec<Line<'a>>,
    grants: Vec<Line<'a>>,
    pending: Vec<Line<'a>>,
}

/// `GET /`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let now = app.engine().now();
    let line = |record: &Arc<RequestRecord>| Line::of(state, record, now);
    let is_usable = |line: &Line<'_>| matches!(line.usable(), Use::Now | Use::From(_));
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Home, "Home").await?,
        waiting: super::approvals::waiting(&caller, now),
        grants: state
            .grants_of(caller.upn())
            .map(line)
            .filter(is_usable)
            .collect(),
        pending: state.pending_of(caller.upn()).map(line).collect(),
    })
}
