//! Workloads: the systems that tasks belong to.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::names::{Name, TaskName};
use writ_core::object::{Noun, Workload};
use writ_core::sight::Resource;

use super::forms::{nothing, pretty, rest, was};
use super::frame::{Frame, Part};
use super::show as answer;
use crate::api::unknown;
use crate::api::workloads::view;
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

struct Line {
    workload: Workload,
    tasks: usize,
}

/// What the form of a workload begins with.
struct WorkloadForm {
    name: String,
    connector: String,
    origin: String,
    open_tasks: bool,
    settings: String,
    rest: String,
    /// What its script is told of it.
    about: String,
}

impl WorkloadForm {
    fn new(workload: &Workload) -> Self {
        let asked = ["name", "connector", "origin", "open_tasks", "settings"];
        Self {
            name: workload.name.to_string(),
            connector: workload.connector.to_string(),
            origin: workload.origin.clone().unwrap_or_default(),
            open_tasks: workload.open_tasks,
            settings: match workload.settings.is_empty() {
                true => String::new(),
                false => pretty(&workload.settings),
            },
            rest: rest(workload, &asked),
            about: was(Noun::Workload, workload),
        }
    }

    fn blank() -> Self {
        Self {
            name: String::new(),
            connector: "command".to_owned(),
            origin: String::new(),
            open_tasks: false,
            settings: String::new(),
            rest: nothing(),
            about: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "workloads.html")]
struct ListPage {
    frame: Frame,
    lines: Vec<Line>,
    form: WorkloadForm,
}

/// `GET /workloads`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let tasks = |name: &Name| {
        state
            .tasks()
            .filter(|task| task.name.workload() == *name)
            .count()
    };
    let lines = state.workloads().map(|workload| Line {
        tasks: tasks(&workload.name),
        workload: view(&caller, workload),
    });
    answer(&ListPage {
        frame: Frame::new(&caller, &app, Part::Tasks, "Workloads").await?,
        lines: lines.collect(),
        form: WorkloadForm::blank(),
    })
}

#[derive(Template)]
#[template(path = "workload.html")]
struct WorkloadPage {
    frame: Frame,
    may_read_settings: bool,
    settings: Vec<(String, String)>,
    tasks: Vec<TaskName>,
    form: WorkloadForm,
    workload: Workload,
}

/// `GET /workloads/{name}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(name): Path<Name>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let workload = state
        .workload(&name)
        .ok_or_else(|| unknown(Noun::Workload, name.as_str()))?;
    let workload = view(&caller, workload);
    let tasks = state
        .tasks()
        .filter(|task| task.name.workload() == workload.name);
    let settings = workload.settings.iter();
    answer(&WorkloadPage {
        frame: Frame::new(&caller, &app, Part::Tasks, workload.name.as_str()).await?,
        may_read_settings: caller.may_read(&Resource::Settings),
        settings: settings
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
        tasks: tasks.map(|task| task.name.clone()).collect(),
        form: WorkloadForm::new(&workload),
        workload,
    })
}
