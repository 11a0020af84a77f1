//! Home: what waits for me, what I may run now, what I asked for.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::object::Risk;
use writ_core::record::Status;
use writ_core::view::RequestView;

use super::frame::{Frame, Part};
use super::{show as answer, text};
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// A request, as a line of a list.
pub(super) struct Line {
    pub(super) view: RequestView,
    pub(super) title: String,
    pub(super) waits_for: String,
    pub(super) is_open_ended: bool,
    pub(super) risk: Option<Risk>,
    /// What its requester is called.
    pub(super) name: Option<String>,
    pub(super) limits: Vec<String>,
}

impl Line {
    pub(super) fn new(state: &writ_core::state::State, view: RequestView) -> Self {
        Self {
            title: text::title(state, &view.task),
            waits_for: text::waits_for(&view),
            is_open_ended: text::is_open_ended(&view),
            risk: text::risk(state, &view.task),
            name: text::name(state, &view.by),
            limits: text::limits(&view.parameters),
            view,
        }
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page {
    frame: Frame,
    waiting: Vec<Line>,
    grants: Vec<Line>,
    pending: Vec<Line>,
}

/// `GET /`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let now = app.engine().now();
    let line = |record: &std::sync::Arc<writ_core::record::RequestRecord>| {
        Line::new(state, RequestView::from(record.as_ref()))
    };
    let is_live = |line: &Line| {
        line.view
            .grant
            .as_ref()
            .is_some_and(|grant| now < grant.until)
    };
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Home, "Home").await?,
        waiting: super::approvals::waiting(&caller, now),
        grants: state
            .grants_of(caller.upn())
            .map(line)
            .filter(is_live)
            .collect(),
        pending: state.pending_of(caller.upn()).map(line).collect(),
    })
}
