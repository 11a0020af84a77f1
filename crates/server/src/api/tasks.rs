//! Tasks, for anyone who is signed in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use writ_core::names::{Name, TaskName};
use writ_core::object::{Noun, Risk, Task};
use writ_core::state::State as Organization;
use writ_core::view::{Page, Seen};

use super::unknown;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};
use crate::page::{Limit, by_name};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    workload: Option<Name>,
    risk: Option<Risk>,
    #[serde(default)]
    limit: Limit,
    after: Option<TaskName>,
}

pub(super) fn about_list() -> Operation {
    Operation::new("list-tasks", "The tasks, in the order of their names")
        .query(
            "workload",
            "To which workload it belongs.",
            Schema::named("Name"),
        )
        .query("risk", "Its risk.", Schema::named("Risk"))
        .in_pages(Schema::named("TaskName"))
        .answers(Schema::named("Task").page().seen())
}

/// `GET /v1/tasks?workload=&risk=low|medium|high&limit=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    Query(filter): Query<Filter>,
) -> Json<Seen<Page<Arc<Task>>>> {
    let has = |task: &&Arc<Task>| {
        let workload = filter.workload.as_ref();
        workload.is_none_or(|workload| task.name.workload() == *workload)
            && filter.risk.is_none_or(|risk| task.risk == risk)
    };
    caller.seen(by_name(
        caller.state().tasks().filter(has).cloned(),
        filter.limit,
        filter.after.as_ref(),
        |task| &task.name,
    ))
}

pub(super) fn about() -> Operation {
    Operation::new("get-task", "One task")
        .path(
            "name",
            "Its name; the backslash is sent as `%5C`.",
            Schema::named("TaskName"),
        )
        .answers(Schema::named("Task").seen())
        .fails(&["unknown-object"])
}

/// `GET /v1/tasks/{name}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(name): Path<TaskName>,
) -> Result<Json<Seen<Arc<Task>>>, Failure> {
    let task = known(caller.state(), &app, &name)?;
    Ok(caller.seen(task))
}

/// The task of a name, if there is one.
///
/// Of an open task that nobody set, the spelling and the parameters are what its
/// connector knows: advice for whoever asks.
pub(crate) fn known(
    state: &Organization,
    app: &App,
    name: &TaskName,
) -> Result<Arc<Task>, Failure> {
    let task = state.defined(name);
    let mut task = task.ok_or_else(|| unknown(Noun::Task, name.as_str()))?;
    if state.task(name).is_none() {
        let task = Arc::make_mut(&mut task);
        let (spelled, hint) = app.engine().hint(name);
        task.name = spelled;
        task.parameters = hint.map(|hint| hint.parameters).unwrap_or_default();
    }
    Ok(task)
}
