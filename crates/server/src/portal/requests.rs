//! Requests: a list of them, and one with all that became of it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde_json::json;
use writ_core::object::{Risk, Role, Task};
use writ_core::record::Status;
use writ_core::sight::{Resource, reads_everything};
use writ_core::value::Values;
use writ_core::view::RequestView;

use super::approvals::waiting;
use super::asked::{Asked, is_asked, onward};
use super::datasets::{Ask, Together};
use super::earlier::Earlier;
use super::executions::Line as Run;
use super::fields::{Fields, Input, Purpose};
use super::frame::{Frame, Part};
use super::line::{Line, Use};
use super::{show as answer, text};
use crate::api::executions;
use crate::api::requests::{Filter, Scope, listed, shown, untold};
use crate::api::tasks::known;
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::IdPrefix;

#[derive(Template)]
#[template(path = "requests.html")]
struct ListPage<'a> {
    frame: Frame,
    filter: Filter,
    lines: Vec<Line<'a>>,
    next: Option<String>,
}

/// `GET /requests?scope=&status=&task=&by=&after=`
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
struct RequestPage<'a> {
    frame: Frame,
    /// What an app asks for, where it is for one.
    data: Option<Ask>,
    /// All that the app asks of the reader, where it is more than this.
    together: Option<Together<'a>>,
    title: String,
    /// What its requester is called.
    name: Option<String>,
    /// Whether the reader may open the page of its requester.
    may_read_person: bool,
    risk: Option<Risk>,
    /// Whether the task is there for the reader to look at.
    is_defined: bool,
    /// Whether its policy is there now.
    has_policy: bool,
    /// What a run starts.
    starts: Vec<String>,
    limits: Vec<String>,
    granted: Vec<String>,
    is_open_ended: bool,
    waits_for: String,
    /// Why nobody heard of it who could decide it, if that is so.
    untold: Option<&'static str>,
    earlier: Earlier,
    used: u64,
    /// The runs under it, the newest first, for whoever may see them.
    runs: Option<Vec<Run>>,
    /// Whether there are more.
    is_more: bool,
    usable: Use,
    /// Whether the reader may decide it now.
    is_mine_to_decide: bool,
    is_own: bool,
    /// Whether the reader may end it.
    may_end: bool,
    /// What an approval may fix besides.
    narrowing: Fields,
    view: RequestView,
}

impl RequestPage<'_> {
    fn is_pending(&self) -> bool {
        self.view.status == Status::Pending
    }

    /// What a form tells its script of the request: a statement only names it.
    fn about(&self, does: &str) -> String {
        json!({ "asked": text::asked(&self.view, does) }).to_string()
    }

    fn is_live(&self) -> bool {
        self.view.status == Status::Live
    }

    fn is_high(&self) -> bool {
        self.risk == Some(Risk::High)
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
    let is_mine_to_decide = record.is_some_and(|record| state.awaits(record, caller.upn(), now));
    let narrowing = match is_mine_to_decide {
        true => known(state, &app, &view.task).ok(),
        false => None,
    };
    let given = Values::new();
    let narrow = |task: Arc<Task>| Fields::of(state, &app, &task, Purpose::Constraint, &[], &given);
    let together = match (is_mine_to_decide, &view.app) {
        (true, Some(_)) => {
            let mut all = Together::among(&waiting(&caller, now));
            all.retain(|one| one.is_with(&view));
            all.pop()
        }
        (_, _) => None,
    };
    let (runs, is_more) = runs(&caller, &app, &view).await?;
    let counted = runs.as_ref().map_or(0, Vec::len);
    answer(&RequestPage {
        frame: Frame::new(&caller, &app, Part::Requests, "Request").await?,
        title: text::title(state, &view.task).to_owned(),
        name: text::name(state, &view.by).map(str::to_owned),
        may_read_person: caller.may_read(&Resource::Person(view.by.clone())),
        risk: text::risk(state, &view.task),
        is_defined: state.defined(&view.task).is_some(),
        has_policy: state.policy(&view.policy).is_some(),
        starts: text::runs(state, &view.task),
        limits: text::limits(&view.parameters),
        granted: text::granted(&view),
        is_open_ended: text::is_open_ended(&view),
        waits_for: text::waits_for(&view).unwrap_or_default(),
        untold: untold(&caller, &app, &view),
        earlier: Earlier::than(&view, &caller, &app).await?,
        used: state
            .runs_of(view.id)
            .max(u64::try_from(counted).unwrap_or(0)),
        runs,
        is_more,
        usable: Use::of(state, &view, now),
        is_mine_to_decide,
        is_own: view.is_of(caller.upn()),
        data: Ask::of(state, &view),
        together,
        may_end: may_end(&caller, &view),
        narrowing: narrowing.map(narrow).unwrap_or_default(),
        view,
    })
}

/// Whether somebody may end a request, whatever it is now.
pub(super) fn may_end(caller: &Caller<Anyone>, view: &RequestView) -> bool {
    let state = caller.state();
    let mut stages = view.stages.iter();
    view.is_of(caller.upn())
        || caller.role() == Some(Role::Administrator)
        || stages.any(|stage| state.is_member(&stage.group, caller.upn()))
}

/// The runs under a request, if they are for the reader, and whether there are more.
async fn runs(
    caller: &Caller<Anyone>,
    app: &App,
    view: &RequestView,
) -> Result<(Option<Vec<Run>>, bool), Failure> {
    let by = view.holder().clone();
    if !caller.may_read(&Resource::Execution { by }) {
        return Ok((None, false));
    }
    let page = executions::listed(caller, app, &executions::Filter::under(view.id)).await?;
    let runs = page
        .items
        .into_iter()
        .map(|view| Run::new(caller.state(), view));
    Ok((Some(runs.collect()), page.next.is_some()))
}
