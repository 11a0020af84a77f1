//! Requests: a list of them, and one with all that became of it.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::json;
use writ_core::object::Role;
use writ_core::record::Status;
use writ_core::view::RequestView;

use super::asked::{Asked, onward};
use super::fields::{Field, Input, Purpose, fields};
use super::frame::{Frame, Part};
use super::line::{Line, Use};
use super::{show as answer, text};
use crate::api::requests::{Filter, Scope, listed, shown};
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::IdPrefix;

#[derive(Template)]
#[template(path = "requests.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    lines: Vec<Line>,
    next: Option<String>,
}

/// `GET /requests?scope=&status=&task=&by=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    uri: Uri,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let page = listed(&caller, &app, &filter).await?;
    let now = app.engine().now();
    let line = |view| Line::new(caller.state(), view, now);
    answer(&ListPage {
        frame: Frame::new(&caller, &app, Part::Requests, "Requests").await?,
        next: onward(&uri, page.next.as_ref()),
        lines: page.items.into_iter().map(line).collect(),
        filter,
    })
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    frame: Frame,
    title: String,
    limits: Vec<String>,
    granted: Vec<String>,
    is_open_ended: bool,
    waits_for: String,
    runs: u64,
    usable: Use,
    /// Whether the reader may decide it now.
    is_mine_to_decide: bool,
    is_own: bool,
    /// Whether the reader may end it.
    may_end: bool,
    /// What an approval may fix besides.
    narrowing: Vec<Field>,
    view: RequestView,
}

impl RequestPage {
    fn is_pending(&self) -> bool {
        self.view.status == Status::Pending
    }

    /// What a form tells its script of the request: a statement only names it.
    fn about(&self, does: &str) -> String {
        let view = &self.view;
        let (by, task, runs) = (&view.by, &view.task, view.runs);
        let (parameters, duration) = (&view.parameters, view.duration_s);
        let asked = json!({
            "by": by, "does": does, "duration_s": duration, "parameters": parameters,
            "runs": runs, "task": task,
        });
        json!({ "asked": asked }).to_string()
    }

    fn is_live(&self) -> bool {
        self.view.status == Status::Live
    }
}

/// `GET /requests/{id}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
) -> Result<Response, Failure> {
    let view = shown(&caller, &app, &id).await?;
    let state = caller.state();
    let now = app.engine().now();
    let record = state.request(view.id);
    let is_own = view.by == *caller.upn();
    let asked = || {
        view.stages
            .iter()
            .any(|stage| state.is_member(&stage.group, caller.upn()))
    };
    let is_mine_to_decide = record.is_some_and(|record| state.awaits(record, caller.upn(), now));
    let task = state.defined(&view.task);
    let narrowing = match (&task, is_mine_to_decide) {
        (Some(task), true) => fields(task, Purpose::Constraint, &[], &Default::default()),
        _ => Vec::new(),
    };
    let granted = view.grant.iter().flat_map(|grant| &grant.limits);
    answer(&RequestPage {
        frame: Frame::new(&caller, &app, Part::Requests, "Request").await?,
        title: text::title(state, &view.task),
        limits: text::limits(&view.parameters),
        granted: granted.flat_map(text::limits).collect(),
        is_open_ended: text::is_open_ended(&view),
        waits_for: text::waits_for(&view),
        runs: state.runs_of(view.id),
        usable: Use::of(state, &view, now),
        is_mine_to_decide,
        is_own,
        may_end: is_own || asked() || caller.role() == Some(Role::Administrator),
        narrowing,
        view,
    })
}
