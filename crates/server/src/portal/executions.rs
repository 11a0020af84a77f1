//! Runs: a list of them, and one with what it put out.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use writ_core::sight::Resource;
use writ_core::view::{ExecutionView, RunStatus};

use super::asked::{Asked, onward};
use super::frame::{Frame, Part};
use super::{show as answer, text};
use crate::api::executions::{Filter, Scope, listed, visible};
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::IdPrefix;

struct Line {
    view: ExecutionView,
    title: String,
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
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let page = listed(&caller, &app, &filter).await?;
    let line = |view: ExecutionView| Line {
        title: text::title(caller.state(), &view.task),
        view,
    };
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
    title: String,
    parameters: Vec<String>,
    may_read_output: bool,
    /// Whether the reader may say how it ended.
    may_resolve: bool,
    view: ExecutionView,
}

/// `GET /executions/{id}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
) -> Result<Response, Failure> {
    let view = visible(&caller, &app, &id).await?;
    let state = caller.state();
    let given = view
        .parameters
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    let attached = view
        .attached
        .iter()
        .map(|(name, text)| format!("{name} = a text of {} bytes", text.size));
    let sealed = view.sealed.iter().map(|name| format!("{name} = (sealed)"));
    let frame = Frame::new(&caller, &app, Part::Executions, "Run").await?;
    answer(&RunPage {
        title: text::title(state, &view.task),
        parameters: given.chain(attached).chain(sealed).collect(),
        may_read_output: caller.may_read(&Resource::output(state, &view)),
        may_resolve: frame.is_administrator()
            && view.status == RunStatus::Unknown
            && view.resolved.is_none(),
        frame,
        view,
    })
}
