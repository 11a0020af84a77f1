//! Tasks, for anyone who is signed in.

use std::sync::Arc;

use axum::Json;
use writ_core::names::TaskName;
use writ_core::object::{Noun, Task};
use writ_core::view::Seen;

use super::unknown;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// `GET /v1/tasks`
pub(super) async fn list(caller: Caller<Anyone>) -> Json<Seen<Vec<Arc<Task>>>> {
    caller.seen(caller.state().tasks().cloned().collect())
}

/// `GET /v1/tasks/{name}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    Path(name): Path<TaskName>,
) -> Result<Json<Seen<Arc<Task>>>, Failure> {
    let task = caller.state().task(&name);
    let task = task.ok_or_else(|| unknown(Noun::Task, name.as_str()))?;
    Ok(caller.seen(task.clone()))
}
