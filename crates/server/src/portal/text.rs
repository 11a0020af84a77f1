//! What several pages say in the same words.

use writ_core::object::Approval;
use writ_core::record::Status;
use writ_core::state::State;
use writ_core::value::Constraints;
use writ_core::view::RequestView;

/// What people call a task; its name, if they call it nothing.
pub(super) fn title(state: &State, task: &writ_core::names::TaskName) -> String {
    let task_of = state.task(task);
    let title = task_of.and_then(|task| task.title.clone());
    title.unwrap_or_else(|| task.to_string())
}

/// Constraints, one line each.
pub(super) fn limits(constraints: &Constraints) -> Vec<String> {
    let line = |(name, constraint)| format!("{name} {constraint}");
    constraints.iter().map(line).collect()
}

/// Whether nothing is fixed: any parameters, and any number of runs.
pub(super) fn is_open_ended(view: &RequestView) -> bool {
    view.parameters.is_empty() && view.runs.is_none()
}

/// Who is asked next, in words.
pub(super) fn waits_for(view: &RequestView) -> String {
    let next = view.stages.iter().find(|stage| stage.given < stage.needed);
    match (view.status, view.approval, next) {
        (Status::Pending, Approval::Manual, Some(stage)) => {
            let missing = stage.needed - stage.given;
            let group = &stage.group;
            match missing {
                1 => format!("an approval of {group}"),
                _ => format!("{missing} approvals of {group}"),
            }
        }
        _ => String::new(),
    }
}
