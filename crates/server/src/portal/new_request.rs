//! A new request: which task, and then with what, for how long and why.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use writ_core::names::{Address, TaskName, Upn};
use writ_core::object::{Approval, Risk, Task, Workload};
use writ_core::state::State as Organization;
use writ_core::time::Seconds;
use writ_core::value::Values;

use super::asked::Asked;
use super::datasets::dataset;
use super::fields::{Fields, Input, Purpose};
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
    /// As somebody types it: its workload may be left out.
    task: Option<String>,
    /// Values to fill in: the JSON of a table.
    with: Option<String>,
    #[serde(default)]
    reason: String,
}

/// A task to choose.
struct Choice {
    name: TaskName,
    title: Option<String>,
    risk: Risk,
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
    /// Tasks of these that something is known of.
    known: Vec<String>,
    /// What was typed, and why it is no task.
    typed: String,
    problem: Option<String>,
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
    fields: Fields,
    /// Whether nobody set it, and nothing is known of it: it may be a slip.
    is_strange: bool,
}

/// `GET /requests/new?task=&with=&reason=`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, Failure> {
    let Some(typed) = wish.task.as_deref().map(str::trim) else {
        return choose(&caller, &app, "", None).await;
    };
    match meant(caller.state(), &app, typed) {
        Ok(task) => form(&caller, &app, &task, &wish).await,
        Err(problem) => choose(&caller, &app, typed, Some(problem)).await,
    }
}

/// The task that somebody means who typed this; else why it is none.
fn meant(state: &Organization, app: &App, typed: &str) -> Result<TaskName, String> {
    let odd = |_| {
        format!(
            "“{typed}” is no name of a task: letters, digits, dots and dashes, such as Get-Mailbox"
        )
    };
    if typed.contains('\\') {
        let name: TaskName = typed.parse().map_err(odd)?;
        let is_there = || format!("There is no task {name}.");
        return state
            .defined(&name)
            .map(|task| task.name.clone())
            .ok_or_else(is_there);
    }
    let set = state.tasks().map(|task| task.name.clone());
    let set = set.filter(|name| name.command().eq_ignore_ascii_case(typed));
    let open: Vec<&Arc<Workload>> = state.workloads().filter(|it| it.open_tasks).collect();
    let knows = |workload: &&&Arc<Workload>| {
        let known = app.engine().known_commands(workload);
        known
            .iter()
            .any(|command| command.eq_ignore_ascii_case(typed))
    };
    let knowing: Vec<_> = open.iter().filter(knows).copied().collect();
    // Only a workload that knows the command is meant, if one does.
    let open = if knowing.is_empty() { open } else { knowing };
    let mut names: Vec<TaskName> = set.collect();
    for workload in open {
        let name: TaskName = format!("{}\\{typed}", workload.name).parse().map_err(odd)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => Err(format!("There is no task {typed}.")),
        [only] => Ok(only.clone()),
        several => {
            let several: Vec<_> = several.iter().map(ToString::to_string).collect();
            Err(format!(
                "It could be {}: type one of these.",
                several.join(" or ")
            ))
        }
    }
}

async fn choose(
    caller: &Caller<Anyone>,
    app: &App,
    typed: &str,
    problem: Option<String>,
) -> Result<Response, Failure> {
    let frame = Frame::new(caller, app, Part::Requests, "New request").await?;
    let state = caller.state();
    let now = app.engine().now();
    let choice = |task: &Task| Choice {
        is_listed: state.governing(&task.name, now).is_ok(),
        name: task.name.clone(),
        title: task.title.clone(),
        risk: task.risk,
    };
    // A policy names a task of an open workload that nobody had to set.
    let named = state.policies().filter(|policy| policy.task.is_exact());
    let named = named.filter_map(|policy| policy.task.to_string().parse::<TaskName>().ok());
    let named = named.filter(|name| state.task(name).is_none());
    let named = named.filter(|name| state.defined(name).is_some());
    let named = named.filter_map(|name| known(state, app, &name).ok());
    // Only for apps somebody asks for a dataset.
    let tasks = state.tasks().filter(|task| dataset(state, task).is_none());
    let mut choices: Vec<Choice> = tasks.map(|task| choice(task)).collect();
    choices.extend(named.map(|task| choice(&task)));
    choices.sort_by(|one, other| one.name.cmp(&other.name));
    let open: Vec<_> = state.workloads().filter(|it| it.open_tasks).collect();
    let commands = open.iter().flat_map(|workload| {
        let known = app.engine().known_commands(workload).into_iter();
        known.map(|command| format!("{}\\{command}", workload.name))
    });
    answer(&ChoicePage {
        frame,
        choices,
        known: commands.collect(),
        open: open
            .iter()
            .map(|workload| workload.name.to_string())
            .collect(),
        typed: typed.to_owned(),
        problem,
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
        _ if dataset(state, &task).is_some() => {
            let only = "Only apps read a dataset: whoever installs one asks for it.";
            (Some(only.to_owned()), None)
        }
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
        fields: Fields::of(
            state,
            app,
            &task,
            Purpose::Constraint,
            limits.as_slice(),
            &given,
        ),
        is_strange: state.task(&task.name).is_none() && task.parameters.is_empty(),
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
