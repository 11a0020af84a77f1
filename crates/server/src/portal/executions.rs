//! Runs: a list of them, and one with what it put out.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

use writ_core::digest::RequestId;
use writ_core::sight::{Resource, reads_everything};
use writ_core::state::State as Organization;
use writ_core::view::{ExecutionView, RequestView, RunStatus};

use super::asked::{Asked, is_asked, onward};
use super::frame::{Frame, Part};
use super::requests::may_end;
use super::{show as answer, text};
use crate::api::executions::{Filter, Scope, listed, visible};
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::IdPrefix;

/// A run, as a line of a list.
pub(super) struct Line {
    pub(super) view: Arc<ExecutionView>,
    pub(super) title: String,
    /// What it is now, in people's words.
    pub(super) word: &'static str,
    /// What its owner is called.
    pub(super) name: Option<String>,
    pub(super) given: String,
    /// How many rows, in words, where it was of a dataset.
    pub(super) rows: Option<String>,
}

impl Line {
    pub(super) fn new(state: &Organization, view: Arc<ExecutionView>) -> Self {
        Self {
            title: text::title(state, &view.task).to_owned(),
            word: text::state_of_run(&view),
            name: text::name(state, &view.by).map(str::to_owned),
            given: text::given(&view).join(", "),
            rows: view.rows.as_ref().map(text::rows),
            view,
        }
    }
}

#[derive(Template)]
#[template(path = "executions.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    lines: Vec<Line>,
    next: Option<String>,
}

/// `GET /executions?scope=&status=&task=&by=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    uri: Uri,
    Asked(mut filter): Asked<Filter>,
) -> Result<Response, Failure> {
    // Whoever sees everything begins with everything.
    if !is_asked(&uri, "scope") && reads_everything(caller.role()) {
        filter.scope = Scope::All;
    }
    let page = listed(&caller, &app, &filter).await?;
    let line = |view| Line::new(caller.state(), view);
    answer(&ListPage {
        frame: Frame::new(&caller, &app, Part::Executions, "Runs").await?,
        next: onward(&uri, page.next.as_ref()),
        lines: page.items.into_iter().map(line).collect(),
        filter,
    })
}

#[derive(Template)]
#[template(path = "execution.html")]
struct RunPage {
    frame: Frame,
    line: Line,
    parameters: Vec<String>,
    may_read_output: bool,
    /// Whether the reader may say how it ended.
    may_resolve: bool,
    /// The grant that the reader may end, and the run with it.
    to_stop: Option<RequestId>,
    /// Whether it was said that it be killed, and it has not ended yet.
    is_stopping: bool,
    is_own: bool,
}

impl RunPage {
    /// What stopping it is about, for the dialog.
    fn about(&self) -> String {
        let view = &self.line.view;
        let asked = json!({ "by": view.by, "does": "revoke", "task": view.task });
        json!({ "asked": asked }).to_string()
    }

    fn was_killed(&self) -> bool {
        text::was_killed(&self.line.view)
    }

    /// What to call what there is to say besides.
    fn note_is(&self) -> &'static str {
        match self.line.view.status {
            RunStatus::Failed => "Why it failed",
            RunStatus::Unknown => "What is known",
            RunStatus::Authorized | RunStatus::Succeeded => "Note",
        }
    }
}

/// `GET /executions/{id}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
) -> Result<Response, Failure> {
    let view = visible(&caller, &app, &id).await?;
    let state = caller.state();
    let frame = Frame::new(&caller, &app, Part::Executions, "Run").await?;
    let is_running = view.status == RunStatus::Authorized;
    let is_stopping = is_running && state.is_killed(view.id);
    let grant = view.request.and_then(|request| state.request(request));
    let grant = grant.filter(|record| may_end(&caller, &RequestView::from(record.as_ref())));
    answer(&RunPage {
        parameters: text::given(&view),
        may_read_output: caller.may_read(&Resource::output(state, &view)),
        may_resolve: frame.is_administrator()
            && view.status == RunStatus::Unknown
            && view.resolved.is_none(),
        to_stop: grant
            .filter(|_| is_running && !is_stopping)
            .map(|record| record.id),
        is_stopping,
        is_own: view.by == *caller.upn(),
        frame,
        line: Line::new(state, Arc::new(view)),
    })
}
