//! What several pages say in the same words.

use serde_json::{Value as Json, json};
use writ_core::names::{TaskName, Upn};
use writ_core::object::{Approval, Risk};
use writ_core::record::Status;
use writ_core::state::State;
use writ_core::statement::Rows;
use writ_core::value::Constraints;
use writ_core::view::{ExecutionView, RequestView, RunStatus};

use super::forms::{command, pretty};

/// What people call a task; its name, if they call it nothing.
pub(super) fn title<'a>(state: &'a State, task: &'a TaskName) -> &'a str {
    let title = state.task(task).and_then(|task| task.title.as_deref());
    title.unwrap_or(task.as_str())
}

/// How much harm a task can do; a task that is not there any more, nobody knows.
pub(super) fn risk(state: &State, task: &TaskName) -> Option<Risk> {
    state.defined(task).map(|task| task.risk)
}

/// What a run of a task starts, one line each.
pub(super) fn runs(state: &State, task: &TaskName) -> Vec<String> {
    let template = state.task(task).map(|task| task.template.clone());
    let template = template.unwrap_or_default();
    if template.is_empty() {
        return vec![format!("{} of {}", task.command(), task.workload())];
    }
    match command(&template) {
        Some((program, args)) => std::iter::once(program)
            .chain(args.lines().map(|arg| format!("  {arg}")))
            .collect(),
        None => pretty(&template).lines().map(str::to_owned).collect(),
    }
}

/// What people call somebody, if anything.
pub(super) fn name<'a>(state: &'a State, upn: &Upn) -> Option<&'a str> {
    state.person(upn).and_then(|person| person.name.as_deref())
}

/// Constraints, one line each.
pub(super) fn limits(constraints: &Constraints) -> Vec<String> {
    let line = |(name, constraint)| format!("{name} {constraint}");
    constraints.iter().map(line).collect()
}

/// What a grant fixes besides what was asked for, one line each.
pub(super) fn granted(view: &RequestView) -> Vec<String> {
    let grant = view.grant.iter().flat_map(|grant| &grant.limits);
    let mut lines: Vec<String> = Vec::new();
    for line in grant.flat_map(limits) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let asked = limits(&view.parameters);
    match lines == asked {
        true => Vec::new(),
        false => lines,
    }
}

/// What a script is told of a request that a statement only names.
pub(super) fn asked(view: &RequestView, does: &str) -> Json {
    json!({
        "app": view.app.as_ref().map(|app| &app.upn), "by": view.by, "does": does,
        "duration_s": view.duration_s, "parameters": view.parameters, "runs": view.runs,
        "task": view.task,
    })
}

/// Rows, in words.
pub(super) fn rows(rows: &Rows) -> String {
    let Rows {
        asked,
        delivered,
        withheld,
    } = rows;
    format!("{delivered} of {asked} delivered, {withheld} withheld")
}

/// Whether nothing is fixed: any parameters, and any number of runs.
pub(super) fn is_open_ended(view: &RequestView) -> bool {
    view.parameters.is_empty() && view.runs.is_none()
}

/// What a run was given, one line each.
pub(super) fn given(view: &ExecutionView) -> Vec<String> {
    let given = view
        .parameters
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    let attached = view
        .attached
        .iter()
        .map(|(name, text)| format!("{name} = a text of {} bytes", text.size));
    let sealed = view.sealed.iter().map(|name| format!("{name} = (sealed)"));
    given.chain(attached).chain(sealed).collect()
}

/// What a run is now, in people's words.
pub(super) fn state_of_run(view: &ExecutionView) -> &'static str {
    match view.status {
        RunStatus::Authorized => "running",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed | RunStatus::Unknown if was_killed(view) => "killed",
        RunStatus::Failed => "failed",
        RunStatus::Unknown => "unknown",
    }
}

/// Whether it was killed, as the node says.
pub(super) fn was_killed(view: &ExecutionView) -> bool {
    let note = view.note.as_deref().unwrap_or_default();
    note.starts_with("killed") && view.status != RunStatus::Succeeded
}

/// Who is asked next, in words; nobody, where nobody decides any more.
pub(super) fn waits_for(view: &RequestView) -> Option<String> {
    let next = view.stages.iter().find(|stage| stage.given < stage.needed);
    match (view.status, view.approval, next) {
        (Status::Pending, Approval::Manual, Some(stage)) => {
            let missing = stage.needed - stage.given;
            let group = &stage.group;
            Some(match missing {
                1 => format!("an approval of {group}"),
                _ => format!("{missing} approvals of {group}"),
            })
        }
        _ => None,
    }
}

/// Whether each word that somebody searches for stands in one of these texts.
pub(super) fn found(wanted: &str, texts: &[&str]) -> bool {
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let wanted = wanted.to_lowercase();
    let mut words = wanted.split_whitespace();
    words.all(|word| texts.iter().any(|text| text.contains(word)))
}
