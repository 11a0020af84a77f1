//! Requests: one's own, those that wait for one's approval, all that one may see.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use writ_core::digest::RequestId;
use writ_core::names::{TaskName, Upn};
use writ_core::record::Status;
use writ_core::sight::may_read;
use writ_core::state::State as Organization;
use writ_core::time::Time;
use writ_core::view::{Page, RequestView};
use writ_store::Backend;

use crate::app::App;
use crate::cursor::Cursor;
use crate::extract::{Path, Query};
use crate::failure::Failure;
use crate::guard::{Anyone, Caller, Permission, SignedIn};
use crate::openapi::{Operation, Schema};
use crate::page::{Limit, Wanted, page};
use crate::shown::{self, IdPrefix, Shown, find};
use crate::sight::{Facet, by, facets_of, groups_of, part};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    #[serde(default)]
    pub(crate) scope: Scope,
    pub(crate) status: Option<Status>,
    pub(crate) task: Option<TaskName>,
    pub(crate) by: Option<Upn>,
    pub(crate) app: Option<Upn>,
    since: Option<Time>,
    #[serde(default)]
    limit: Limit,
    after: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    #[default]
    Mine,
    ToApprove,
    All,
}

pub(super) fn about_list() -> Operation {
    Operation::new("list-requests", "Requests, the newest first")
        .query(
            "scope",
            "One's own, those that wait for one's approval, or all that one may see.",
            Schema::one_of(&["mine", "to-approve", "all"]),
        )
        .query("status", "What it is now.", Schema::named("RequestStatus"))
        .query("task", "For which task.", Schema::named("TaskName"))
        .query("by", "Who asks.", Schema::named("Upn"))
        .query("app", "For which app.", Schema::named("Upn"))
        .query("since", "Raised then or later.", Schema::named("Time"))
        .in_pages(Schema::named("Cursor"))
        .answers(Schema::named("Request").page())
        .fails(&["unavailable"])
}

/// `GET /v1/requests?scope=mine|to-approve|all&status=&task=&by=&app=&since=&limit=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<Arc<RequestView>>>, Failure> {
    listed(&caller, &app, &filter).await.map(Json)
}

/// The next page of what a filter names and the caller may see.
pub(crate) async fn listed(
    caller: &Caller<Anyone>,
    app: &App,
    filter: &Filter,
) -> Result<Page<Arc<RequestView>>, Failure> {
    let now = app.engine().now();
    let admit = |view: &RequestView| {
        let waits = || {
            let record = caller.state().request(view.id);
            record.is_some_and(|record| caller.state().awaits(record, caller.upn(), now))
        };
        caller.may_read(&view.resource())
            && filter.status.is_none_or(|status| view.status == status)
            && filter.by.as_ref().is_none_or(|by| view.by == *by)
            && filter.app.as_ref().is_none_or(|app| view.is_for(app))
            && (filter.scope != Scope::ToApprove || waits())
    };
    let wanted = filter.wanted(caller);
    page(caller, app, wanted, admit).await
}

pub(super) fn about() -> Operation {
    Operation::new("get-request", "One request")
        .path(
            "id",
            "Its id, or the first digits of it.",
            Schema::named("Id"),
        )
        .answers(Schema::named("Request"))
        .fails(&["not-found", "ambiguous", "unavailable"])
}

/// `GET /v1/requests/{id}`, by its id or the first digits of it.
pub(super) async fn show(
    caller: Caller<SignedIn>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
) -> Result<Json<RequestView>, Failure> {
    shown(&caller, &app, &id).await.map(Json)
}

pub(super) fn about_told() -> Operation {
    Operation::new("get-request-told", "Whether somebody heard of a request")
        .details("Somebody who could decide it now, by mail.")
        .path(
            "id",
            "Its id, or the first digits of it.",
            Schema::named("Id"),
        )
        .answers(Schema::object(
            [(
                "problem",
                Schema::text()
                    .or_null()
                    .about("Why nobody did, if that is so."),
            )],
            [],
        ))
        .fails(&["not-found", "ambiguous", "unavailable"])
}

/// Whether somebody heard of a request.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    problem: Option<&'static str>,
}

/// `GET /v1/requests/{id}/told`
pub(super) async fn told_of(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
) -> Result<Json<Told>, Failure> {
    let view = shown(&caller, &app, &id).await?;
    Ok(Json(Told {
        problem: untold(&caller, &app, &view),
    }))
}

/// Why nobody heard of a request that waits, if that is so.
pub(crate) fn untold(
    caller: &Caller<Anyone>,
    app: &App,
    view: &RequestView,
) -> Option<&'static str> {
    let request = caller.state().request(view.id)?;
    let is_pending = request.status == Status::Pending;
    let now = app.engine().now();
    is_pending.then(|| app.telling().untold(caller.state(), request, now))?
}

/// The one that is named, if the caller may see it.
pub(crate) async fn shown(
    caller: &Caller<impl Permission>,
    app: &App,
    id: &IdPrefix,
) -> Result<RequestView, Failure> {
    let store = app.engine().store().as_ref();
    let admit = |view: &RequestView| caller.may_read(&view.resource());
    find(caller.state(), store, id, admit).await
}

impl Filter {
    /// What somebody asked for, of one task: as many as one page has at most.
    pub(crate) fn earlier(by: &Upn, task: &TaskName) -> Self {
        Self {
            scope: Scope::All,
            status: None,
            task: Some(task.clone()),
            by: Some(by.clone()),
            app: None,
            since: None,
            limit: Limit::most(),
            after: None,
        }
    }

    /// What was asked for an app.
    pub(crate) fn for_app(app: &Upn) -> Self {
        Self {
            scope: Scope::All,
            status: None,
            task: None,
            by: None,
            app: Some(app.clone()),
            since: None,
            limit: Limit::default(),
            after: None,
        }
    }

    fn wanted(&self, caller: &Caller<Anyone>) -> Wanted {
        let (visible, own) = match self.scope {
            Scope::Mine => (None, Some(by(caller.upn()))),
            Scope::ToApprove => (
                Some(groups_of(caller.state(), caller.upn()).collect()),
                None,
            ),
            Scope::All => (facets_of(caller.state(), caller.upn()), None),
        };
        let status = match self.scope {
            Scope::ToApprove => Some(Status::Pending),
            Scope::Mine | Scope::All => self.status,
        };
        let task = self
            .task
            .as_ref()
            .map(|task| ("task", task.key().to_owned()));
        let status = status.map(|status| ("status", status.name().to_owned()));
        let whose = self.by.as_ref().map(by);
        let app = self.app.as_ref().map(part);
        let all = own.into_iter().chain(whose).chain(app);
        let all = all.chain(task).chain(status);
        let with: Vec<Facet> = all.collect();
        Wanted {
            visible,
            with,
            since: self.since,
            after: self.after,
            limit: self.limit,
        }
    }
}

/// Who decided what about a request, for somebody who came too late; nothing if
/// it is not theirs to read.
pub(super) async fn story(
    state: &Organization,
    store: &dyn Backend,
    id: RequestId,
    reader: &Upn,
) -> Result<Option<String>, Failure> {
    let view = match RequestView::of_state(state, id.0) {
        Some(open) => Some(open),
        None => match store.row(RequestView::NOUN, id.0).await? {
            Some(row) => shown::shown::<RequestView>(state, &row)?,
            None => None,
        },
    };
    let view = view.filter(|view| may_read(state, Some(reader), &view.resource()));
    Ok(view.map(|view| told(&view)))
}

fn told(view: &RequestView) -> String {
    let id = view.id.short();
    let approvers: Vec<_> = view.approvals.iter().map(|a| a.by.as_str()).collect();
    let approved = match approvers.as_slice() {
        [] => String::new(),
        names => format!("; approved by {}", names.join(", ")),
    };
    let what = match (&view.grant, view.status) {
        (Some(grant), Status::Live) => format!("is live until {}", grant.until),
        (_, status) => format!("is {}", status.name()),
    };
    let ending = view.ending.as_ref();
    let who = ending.and_then(|ending| ending.by.as_ref());
    let who = who.map(|by| format!(" by {by}")).unwrap_or_default();
    let when = ending.map(|ending| format!(" since {}", ending.at));
    let when = when.unwrap_or_default();
    let why = ending.and_then(|ending| ending.comment.as_ref());
    let why = why
        .map(|comment| format!(" ({comment})"))
        .unwrap_or_default();
    format!("the request {id} {what}{who}{when}{why}{approved}; see: writ show {id}")
}
