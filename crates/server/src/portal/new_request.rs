//! A new request: which task, and then with what, for how long and why.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use writ_core::names::{Address, TaskName, Upn};
use writ_core::object::{Approval, Task};
use writ_core::time::Seconds;
use writ_core::value::Values;

use super::asked::Asked;
use super::fields::{Field, Input, Purpose, fields};
use super::frame::{Frame, Part};
use super::show as answer;
use crate::api::tasks::known;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// How long a grant lasts, if nobody says.
const USUAL: Seconds = Seconds(4 * 3600);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    task: Option<TaskName>,
    /// Values to fill in: the JSON of a table.
    with: Option<String>,
    #[serde(default)]
    reason: String,
}

/// A task to choose.
struct Choice {
    task: Arc<Task>,
    /// Whether it can be requested at all.
    is_listed: bool,
}

#[derive(Template)]
#[template(path = "new-request.html")]
struct ChoicePage {
    frame: Frame,
    choices: Vec<Choice>,
    /// Workloads whose tasks need not be set one by one.
    open: Vec<String>,
}

/// Who is asked in one step.
struct Stage {
    group: Address,
    approvals: u32,
    able: Vec<Upn>,
    unable: Vec<String>,
}

#[derive(Template)]
#[template(path = "request-form.html")]
struct FormPage {
    frame: Frame,
    task: Arc<Task>,
    title: String,
    /// Why it cannot be requested, if so.
    refusal: Option<String>,
    is_auto: bool,
    stages: Vec<Stage>,
    most: Seconds,
    most_runs: Option<u64>,
    /// What is missing for anybody to approve it.
    unreachable: Option<String>,
    usual: Seconds,
    reason: String,
    fields: Vec<Field>,
}

/// `GET /requests/new?task=&with=&reason=`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, Failure> {
    match &wish.task {
        None => choose(&caller, &app).await,
        Some(task) => form(&caller, &app, task, &wish).await,
    }
}

async fn choose(caller: &Caller<Anyone>, app: &App) -> Result<Response, Failure> {
    let state = caller.state();
    let now = app.engine().now();
    let choice = |task: &Arc<Task>| Choice {
        is_listed: state.governing(&task.name, now).is_ok(),
        task: task.clone(),
    };
    let open = state.workloads().filter(|workload| workload.open_tasks);
    answer(&ChoicePage {
        frame: Frame::new(caller, app, Part::Requests, "New request").await?,
        choices: state.tasks().map(choice).collect(),
        open: open.map(|workload| workload.name.to_string()).collect(),
    })
}

async fn form(
    caller: &Caller<Anyone>,
    app: &App,
    name: &TaskName,
    wish: &Wish,
) -> Result<Response, Failure> {
    let state = caller.state();
    let governed = state.governing(name, app.engine().now());
    let task = known(state, app, name)?;
    let given: Values = match &wish.with {
        Some(text) => serde_json::from_str(text).map_err(|error| Failure::BadQuery {
            problem: format!("`with` is not a table of values: {error}"),
        })?,
        None => Values::new(),
    };
    let (refusal, rule) = match governed {
        Ok(governed) => (None, Some(governed.rule)),
        Err(refusal) => (Some(refusal.to_string()), None),
    };
    let policy = rule.as_ref().map(|rule| &rule.policy);
    let most = policy.map_or(USUAL, |policy| policy.max_duration_s);
    let stages = rule.iter().flat_map(|rule| {
        let passkey = rule.policy.passkey;
        let asked = move |stage| asked(caller, stage, passkey);
        rule.stages.iter().map(asked)
    });
    let stages: Vec<Stage> = stages.collect();
    let reachable = rule
        .as_ref()
        .map(|rule| state.reachable(Some(caller.upn()), rule));
    let limits = policy.map(|policy| policy.parameters.clone());
    let title = task.title.clone().unwrap_or_else(|| task.name.to_string());
    answer(&FormPage {
        frame: Frame::new(caller, app, Part::Requests, "New request").await?,
        title,
        is_auto: policy.is_some_and(|policy| policy.approval == Approval::Auto),
        refusal,
        stages,
        most,
        most_runs: policy.and_then(|policy| policy.max_runs),
        unreachable: reachable
            .and_then(Result::err)
            .map(|missing| missing.problem),
        usual: Seconds(most.0.min(USUAL.0)),
        reason: wish.reason.clone(),
        fields: fields(&task, Purpose::Constraint, limits.as_slice(), &given),
        task,
    })
}

fn asked(caller: &Caller<Anyone>, stage: &writ_core::object::Stage, passkey: bool) -> Stage {
    let members = caller.state().deciders(&stage.group, passkey);
    let others = members.iter().filter(|(upn, _)| *upn != caller.upn());
    let (able, unable): (Vec<_>, Vec<_>) = others.partition(|(_, why)| why.is_none());
    let why = |(upn, why): (&Upn, &Option<_>)| match why {
        Some(why) => format!("{upn} {why}"),
        None => upn.to_string(),
    };
    Stage {
        group: stage.group.clone(),
        approvals: stage.approvals.get(),
        able: able.into_iter().map(|(upn, _)| upn.clone()).collect(),
        unable: unable.into_iter().map(why).collect(),
    }
}
