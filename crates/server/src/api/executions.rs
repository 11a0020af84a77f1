//! Executions: one's own, and all that one may see.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokio::time::sleep;
use writ_core::digest::{ExecutionId, Index, RequestId};
use writ_core::names::{TaskName, Upn};
use writ_core::time::Time;
use writ_core::view::{ExecutionView, Page, RunStatus};

use crate::api::log::writ_file;
use crate::app::App;
use crate::cursor::Cursor;
use crate::extract::{Path, Query};
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};
use crate::page::{Limit, Wanted, page};
use crate::shown::{IdPrefix, Shown, find};
use crate::sight::{Facet, by, facets_of};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    #[serde(default)]
    pub(crate) scope: Scope,
    pub(crate) request: Option<RequestId>,
    pub(crate) status: Option<RunStatus>,
    pub(crate) task: Option<TaskName>,
    pub(crate) by: Option<Upn>,
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
    All,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    #[serde(default)]
    wait_s: Patience,
}

/// How long a reader waits for an outcome, in seconds.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "u64")]
struct Patience(u64);

impl TryFrom<u64> for Patience {
    type Error = &'static str;
    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        match seconds {
            0..=30 => Ok(Self(seconds)),
            _ => Err("`wait_s` must be from 0 to 30"),
        }
    }
}

pub(super) fn about_list() -> Operation {
    Operation::new("list-executions", "Runs, the newest first")
        .query(
            "scope",
            "One's own, or all that one may see.",
            Schema::one_of(&["mine", "all"]),
        )
        .query("request", "Under which grant.", Schema::named("Digest"))
        .query("status", "What it is now.", Schema::named("RunStatus"))
        .query("task", "Of which task.", Schema::named("TaskName"))
        .query("by", "On whose behalf.", Schema::named("Upn"))
        .query("since", "Authorised then or later.", Schema::named("Time"))
        .in_pages(Schema::named("Cursor"))
        .answers(Schema::named("Execution").page())
        .fails(&["unavailable"])
}

/// `GET /v1/executions?scope=mine|all&request=&status=&task=&by=&since=&limit=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<Arc<ExecutionView>>>, Failure> {
    listed(&caller, &app, &filter).await.map(Json)
}

/// The next page of what a filter names and the caller may see.
pub(crate) async fn listed(
    caller: &Caller<Anyone>,
    app: &App,
    filter: &Filter,
) -> Result<Page<Arc<ExecutionView>>, Failure> {
    let admit = |view: &ExecutionView| {
        caller.may_read(&view.resource())
            && filter.status.is_none_or(|status| view.status == status)
            && filter
                .request
                .is_none_or(|request| view.request == Some(request))
            && filter.by.as_ref().is_none_or(|by| view.by == *by)
    };
    let wanted = filter.wanted(caller);
    page(caller, app, wanted, admit).await
}

pub(super) fn about() -> Operation {
    Operation::new("get-execution", "One run")
        .path(
            "id",
            "Its id, or the first digits of it.",
            Schema::named("Id"),
        )
        .query(
            "wait_s",
            "How many seconds to wait for its outcome; 0, if not given.",
            Schema::integer(0, 30),
        )
        .answers(Schema::named("Execution"))
        .fails(&["not-found", "ambiguous", "unavailable"])
}

/// `GET /v1/executions/{id}?wait_s=0..30`: waits for its outcome, if asked to.
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
    Query(wait): Query<Wait>,
) -> Result<Json<ExecutionView>, Failure> {
    let view = visible(&caller, &app, &id).await?;
    if view.is_over() || wait.wait_s.0 == 0 {
        return Ok(Json(view));
    }
    let caller = wait_for_outcome(caller, &app, view.id, wait.wait_s).await?;
    let id = IdPrefix::of(view.id.0);
    visible(&caller, &app, &id).await.map(Json)
}

pub(super) fn about_proof() -> Operation {
    Operation::new("get-execution-proof", "The writ file about one run")
        .details("How it ended, or while it goes on, that it was authorised.")
        .path(
            "id",
            "Its id, or the first digits of it.",
            Schema::named("Id"),
        )
        .answers_as("text/plain; charset=utf-8", Schema::text())
        .fails(&[
            "not-found",
            "ambiguous",
            "beyond-log",
            "nothing-to-prove",
            "overloaded",
            "unavailable",
        ])
}

/// `GET /v1/executions/{id}/proof`: the writ file about how it ended, or while it
/// goes on, about its authorisation.
pub(super) async fn proof(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(id): Path<IdPrefix>,
) -> Result<impl IntoResponse, Failure> {
    let view = visible(&caller, &app, &id).await?;
    let _room = app.may_hold().ok_or(Failure::Overloaded)?;
    let odd = || Failure::Internal {
        cause: format!("the store names another entry for execution {}", view.id),
    };
    let index = newest_entry(&app, &view).await?.ok_or_else(odd)?;
    let (bytes, story) = app.engine().prove(index).await?;
    match story.execution.is_some_and(|run| run.id == view.id) {
        true => Ok(writ_file(&format!("execution-{}", view.id.short()), bytes)),
        false => Err(odd()),
    }
}

/// The entry that made an execution what it is, as the store says.
async fn newest_entry(app: &App, view: &ExecutionView) -> Result<Option<Index>, Failure> {
    let store = app.engine().store();
    match view.is_over() {
        true => Ok(store
            .row(ExecutionView::NOUN, view.id.0)
            .await?
            .map(|row| row.at)),
        false => Ok(store.find(view.id.0).await?),
    }
}

impl Filter {
    /// The runs under one grant.
    pub(crate) fn under(request: RequestId) -> Self {
        Self {
            scope: Scope::All,
            request: Some(request),
            status: None,
            task: None,
            by: None,
            since: None,
            limit: Limit::default(),
            after: None,
        }
    }

    /// What ran for somebody.
    pub(crate) fn of(upn: &Upn) -> Self {
        Self {
            scope: Scope::All,
            request: None,
            status: None,
            task: None,
            by: Some(upn.clone()),
            since: None,
            limit: Limit::default(),
            after: None,
        }
    }

    fn wanted(&self, caller: &Caller<Anyone>) -> Wanted {
        let (visible, own) = match self.scope {
            Scope::Mine => (None, Some(by(caller.upn()))),
            Scope::All => (facets_of(caller.state(), caller.upn()), None),
        };
        let request = self.request.map(|request| ("request", request.to_string()));
        let status = self
            .status
            .map(|status| ("status", status.name().to_owned()));
        let task = self.task.as_ref().map(|t| ("task", t.key().to_owned()));
        let whose = self.by.as_ref().map(by);
        let all = request.into_iter().chain(own).chain(whose);
        let with: Vec<Facet> = all.chain(task).chain(status).collect();
        Wanted {
            visible,
            with,
            since: self.since,
            after: self.after,
            limit: self.limit,
        }
    }
}

pub(crate) async fn visible(
    caller: &Caller<Anyone>,
    app: &App,
    id: &IdPrefix,
) -> Result<ExecutionView, Failure> {
    let store = app.engine().store().as_ref();
    find(caller.state(), store, id, |view: &ExecutionView| {
        caller.may_read(&view.resource())
    })
    .await
}

/// Returns when the execution has an outcome, the wait is over, the server
/// stops, or too many wait already; fails as soon as the session does not count.
async fn wait_for_outcome(
    mut caller: Caller<Anyone>,
    app: &App,
    id: ExecutionId,
    wait: Patience,
) -> Result<Caller<Anyone>, Failure> {
    let Some(_place) = app.may_wait() else {
        return Ok(caller);
    };
    let (mut published, mut stopping) = (app.engine().watch(), app.stopping());
    let mut over = pin!(sleep(Duration::from_secs(wait.0)));
    loop {
        let now = published.borrow_and_update().clone();
        caller = caller.in_state(now, app)?;
        let open = caller.state().execution(id);
        if open.is_none_or(|record| record.outcome.is_some()) {
            return Ok(caller);
        }
        let goes_on = tokio::select! {
            changed = published.changed() => changed.is_ok(),
            _ = stopping.wait_for(|stopping| *stopping) => false,
            () = &mut over => false,
        };
        if !goes_on {
            return Ok(caller);
        }
    }
}
