//! Tasks: a list of them, one with all that is known of it, and its form.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use writ_core::dataset::{Dataset, Naming};
use writ_core::names::{Name, TaskName};
use writ_core::object::{Approval, Noun, Policy, Risk, Task};
use writ_core::time::Seconds;
use writ_core::value::{Schema, Value};

use super::asked::{Asked, onward};
use super::datasets::{Column, dataset};
use super::forms::{ParameterRow, command, in_rows, nothing, pretty, rest, was};
use super::frame::{Frame, Part};
use super::show as answer;
use super::simulate::{Stage, stages};
use super::text::found;
use crate::api::tasks::known;
use crate::api::unknown;
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::page::{Limit, by_name};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    #[serde(default)]
    q: String,
    workload: Option<Name>,
    risk: Option<Risk>,
    /// Whether a policy governs it.
    policy: Option<bool>,
    #[serde(default)]
    limit: Limit,
    after: Option<TaskName>,
}

impl Filter {
    fn has_workload(&self, name: &Name) -> bool {
        self.workload.as_ref() == Some(name)
    }

    fn has_risk(&self, risk: &Risk) -> bool {
        self.risk == Some(*risk)
    }
}

struct Line {
    task: Arc<Task>,
    policy: Option<Policy>,
}

#[derive(Template)]
#[template(path = "tasks.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    lines: Vec<Line>,
    workloads: Vec<Name>,
    next: Option<String>,
}

impl ListPage {
    const RISKS: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];
}

/// `GET /tasks?q=&workload=&risk=&policy=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    uri: Uri,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let now = app.engine().now();
    let line = |task: &Arc<Task>| Line {
        task: task.clone(),
        policy: state
            .governing(&task.name, now)
            .ok()
            .map(|it| it.rule.policy),
    };
    let has = |line: &Line| {
        let task = &line.task;
        let title = task.title.as_deref().unwrap_or_default();
        let workload = filter.workload.as_ref();
        workload.is_none_or(|workload| task.name.workload() == *workload)
            && filter.risk.is_none_or(|risk| task.risk == risk)
            && filter
                .policy
                .is_none_or(|wanted| line.policy.is_some() == wanted)
            && found(&filter.q, &[title, task.name.as_str()])
    };
    let page = by_name(
        state.tasks().map(line).filter(has),
        filter.limit,
        filter.after.as_ref(),
        |line| &line.task.name,
    );
    answer(&ListPage {
        frame: Frame::new(&caller, &app, Part::Tasks, "Tasks").await?,
        next: onward(&uri, page.next.as_ref()),
        lines: page.items,
        workloads: state
            .workloads()
            .map(|workload| workload.name.clone())
            .collect(),
        filter,
    })
}

/// A parameter, as people read it.
struct Parameter {
    name: String,
    title: String,
    kind: String,
    required: bool,
    limits: String,
}

impl Parameter {
    fn new(name: &str, schema: &Schema) -> Self {
        let choices = schema.one_of.iter().map(|values| {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            format!("one of {}", values.join(", "))
        });
        let bound = |word: &'static str, bound: Option<i64>| bound.map(|it| format!("{word} {it}"));
        let flags = [
            (schema.multiline, "may have several lines"),
            (schema.leading_dash, "may begin with a dash"),
        ];
        let flags = flags
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, text)| text.to_owned());
        let length = Schema::of(schema.value_type).max_length != schema.max_length;
        let length = length.then(|| format!("at most {} bytes", schema.max_length));
        let limits = choices
            .chain(bound("at least", schema.min))
            .chain(bound("at most", schema.max))
            .chain(length)
            .chain(flags);
        Self {
            name: name.to_owned(),
            title: schema.title.clone().unwrap_or_default(),
            kind: schema.value_type.to_string(),
            required: schema.required,
            limits: limits.collect::<Vec<_>>().join("; "),
        }
    }
}

/// What the form of a task begins with.
struct TaskForm {
    workload: Name,
    connector: String,
    /// The name, where it stands already.
    name: Option<TaskName>,
    title: String,
    risk: Risk,
    deadline: Seconds,
    output_cap: u64,
    open: bool,
    /// Program and arguments, where the template is that of a program.
    command: Option<(String, String)>,
    template: String,
    /// The parameters; as JSON where rows cannot say them.
    rows: Option<Vec<ParameterRow>>,
    parameters: String,
    blank: ParameterRow,
    rest: String,
    /// What its script is told of it.
    about: String,
}

impl TaskForm {
    const KINDS: [&str; 6] = ["string", "integer", "boolean", "list", "table", "secret"];
    const RISKS: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];

    fn is_risk(&self, risk: &Risk) -> bool {
        self.risk == *risk
    }

    fn new(task: &Task, connector: &str, is_set: bool) -> Self {
        let is_program = connector == "command";
        let asked = [
            "name",
            "title",
            "risk",
            "deadline_s",
            "output_cap",
            "open",
            "template",
            "parameters",
        ];
        let is_empty = task.template.is_empty();
        Self {
            workload: task.name.workload(),
            connector: connector.to_owned(),
            name: is_set.then(|| task.name.clone()),
            title: task.title.clone().unwrap_or_default(),
            risk: task.risk,
            deadline: task.deadline_s,
            output_cap: task.output_cap,
            open: task.open,
            command: match is_program && is_empty {
                true => Some(Default::default()),
                false => command(&task.template).filter(|_| is_program),
            },
            template: pretty(&task.template),
            rows: in_rows(&task.parameters).then(|| ParameterRow::all(&task.parameters)),
            parameters: pretty(&task.parameters),
            blank: ParameterRow {
                kind: "string".to_owned(),
                max_length: Schema::of(writ_core::value::ValueType::String)
                    .max_length
                    .to_string(),
                ..Default::default()
            },
            rest: match is_set {
                true => rest(task, &asked),
                false => nothing(),
            },
            about: match is_set {
                true => was(Noun::Task, task),
                false => String::new(),
            },
        }
    }
}

#[derive(Template)]
#[template(path = "task.html")]
struct TaskPage {
    frame: Frame,
    /// What the task is, where it is a dataset.
    dataset: Option<Dataset>,
    columns: Vec<Column>,
    task: Arc<Task>,
    /// Whether somebody set it; else its workload takes any.
    is_set: bool,
    connector: String,
    parameters: Vec<Parameter>,
    template: Option<(String, Vec<String>)>,
    json: String,
    refusal: Option<String>,
    policy: Option<Policy>,
    stages: Vec<Stage>,
    form: TaskForm,
}

/// `GET /tasks/{name}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(name): Path<TaskName>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let task = known(state, &app, &name)?;
    let is_set = state.task(&name).is_some();
    let governed = state.governing(&name, app.engine().now());
    let connector = state
        .workload(&name.workload())
        .map(|workload| workload.connector.to_string());
    let connector = connector.unwrap_or_default();
    let parameters = task.parameters.iter();
    let dataset = dataset(state, &task);
    answer(&TaskPage {
        frame: Frame::new(
            &caller,
            &app,
            Part::Tasks,
            task.title.as_deref().unwrap_or(task.name.as_str()),
        )
        .await?,
        columns: dataset.as_ref().map(Column::all).unwrap_or_default(),
        dataset,
        parameters: parameters
            .map(|(name, schema)| Parameter::new(name.as_str(), schema))
            .collect(),
        template: command(&task.template)
            .map(|(program, args)| (program, args.lines().map(str::to_owned).collect())),
        json: pretty(&task.template),
        refusal: governed.as_ref().err().map(ToString::to_string),
        stages: governed
            .as_ref()
            .map(|it| stages(&caller, caller.upn(), &it.rule))
            .unwrap_or_default(),
        policy: governed.ok().map(|it| it.rule.policy),
        form: TaskForm::new(&task, &connector, is_set),
        connector,
        is_set,
        task,
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    workload: Option<Name>,
}

#[derive(Template)]
#[template(path = "task-new.html")]
struct NewPage {
    frame: Frame,
    workloads: Vec<Name>,
    form: Option<TaskForm>,
}

/// `GET /tasks/new?workload=`
pub(super) async fn new(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Asked(Where { workload }): Asked<Where>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let form = match &workload {
        None => None,
        Some(name) => {
            let workload = state.workload(name);
            let workload = workload.ok_or_else(|| unknown(Noun::Workload, name.as_str()))?;
            let blank = format!("{}\\New", workload.name).parse();
            let blank: TaskName = blank.map_err(|_| unknown(Noun::Workload, name.as_str()))?;
            let blank = Task::new(blank, Default::default());
            Some(TaskForm::new(&blank, workload.connector.as_str(), false))
        }
    };
    answer(&NewPage {
        frame: Frame::new(&caller, &app, Part::Tasks, "A new task").await?,
        workloads: state
            .workloads()
            .map(|workload| workload.name.clone())
            .collect(),
        form,
    })
}
