//! What was run, and what became of it.

use writ_client::{Client, Listing};
use writ_core::names::TaskName;
use writ_core::view::{ExecutionView, RunStatus};

use super::refused::refused;
use super::requests::most;
use super::{Done, id, objects, one, usage};
use crate::binder::Bound;
use crate::values::{Object, Value};

pub(super) async fn get(client: &Client, bound: &Bound) -> Done {
    if let Some(identity) = bound.text("Identity") {
        let view = client.execution(&id(&identity)?).await.map_err(refused)?;
        if bound.switch("Output") {
            let output = client.output(&view).await.map_err(refused)?;
            return Ok(super::runs::objects(&String::from_utf8_lossy(&output)));
        }
        return Ok(one(execution(&view)));
    }
    if bound.switch("Output") {
        return Err(usage("-Output needs to know of which run: -Identity ID"));
    }
    let scope = if bound.switch("All") { "all" } else { "mine" };
    let mut with = vec![("scope", scope.to_owned())];
    if let Some(task) = bound.text("Task") {
        let task = TaskName::parse(&task).map_err(|error| usage(error.to_string()))?;
        with.push(("task", task.to_string()));
    }
    let most = most(bound);
    let views = client.executions(&Listing { with, most }).await;
    let views = views.map_err(refused)?;
    Ok(views
        .iter()
        .map(|view| Value::Object(execution(view)))
        .collect())
}

const fn status(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Authorized => "Running",
        RunStatus::Succeeded => "Succeeded",
        RunStatus::Failed => "Failed",
        RunStatus::Unknown => "Unknown",
    }
}

fn execution(view: &ExecutionView) -> Object {
    let mut parameters = Object::new();
    for (name, value) in &view.parameters {
        parameters.set(name.as_str(), objects::from_core(value));
    }
    for (name, attachment) in &view.attached {
        parameters.set(name.as_str(), format!("{} bytes", attachment.size));
    }
    for name in &view.sealed {
        parameters.set(name.as_str(), "********");
    }
    Object::new()
        .with("ExecutedTask", view.task.as_str())
        .with("ExecutionStatus", status(view.status))
        .with("Identity", view.id.short())
        .with("RequestId", view.request.map(|request| request.short()))
        .with("ExecutedBy", view.by.as_str())
        .with("Parameters", Value::Table(parameters))
        .with("StartTimeUtc", view.authorized)
        .with("EndTimeUtc", view.ended)
        .with("ExitCode", view.exit_code)
        .with("Note", view.note.clone())
        .with("IsExempt", view.exempt)
}
