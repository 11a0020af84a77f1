//! `writ task test`: what a run would start, without running anything.
//!
//! Values are judged by the task's schema and put into its template by the same
//! code that a run goes through. Who may run it is another question, which only
//! the rules answer.

use std::path::{Path, PathBuf};

use serde_json::json;
use writ_core::names::{ParameterName, TaskName};
use writ_core::object::{Task, Workload};
use writ_core::value::{Schema, check_required};

use super::run::given;
use super::task_file;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::node::{Started, would_start};
use crate::output::{print_fields, print_json, remark};
use crate::parse::Assignment;

/// Show what a run would start, and run nothing
///
/// Checks the parameters as a run would. On the node's host it also looks whether
/// writ.toml lists the program, and whether its SHA-256 is what the task is pinned to.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which [default: the only one of the file]
    #[arg(required_unless_present = "file")]
    task: Option<TaskName>,
    /// Give a parameter: NAME=VALUE, or NAME=@FILE; may be repeated
    #[arg(short = 'P', long, value_name = "NAME=VALUE")]
    param: Vec<Assignment>,
    /// Take the task from a TOML file, which may not be set yet; needs no server
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let task = match (&args.file, &args.task) {
        (Some(file), name) => from_file(file, name.as_ref())?,
        (None, Some(name)) => from_server(name, context).await?,
        (None, None) => return Err(Failure::usage("name a task, or a file with --file")),
    };
    let (values, secrets) = given(&args.param, &task.parameters)?;
    // A run asks for the secrets that it lacks.
    let is_secret = |name: &ParameterName| {
        let schema = task.parameters.get(name);
        schema.is_some_and(Schema::is_secret)
    };
    let has = |name: &ParameterName| values.contains_key(name) || is_secret(name);
    let fits = task
        .admits_all(&values)
        .and_then(|()| check_required(&task.parameters, has));
    fits.map_err(|problem| {
        Failure::usage(format!(
            "{problem}; nothing would run. See what it takes: writ task show '{}'",
            task.name
        ))
    })?;
    let started = would_start(&task, &values, secrets.keys()).map_err(Failure::usage)?;
    let listed = listed(&task, context)?;
    let may_run = !matches!(listed, Some(Err(_)));
    show(&task, &started, listed, context);
    Ok(if may_run { Exit::Done } else { Exit::Refused })
}

fn from_file(file: &Path, name: Option<&TaskName>) -> Result<Task, Failure> {
    let mut tasks = task_file::read(file).map_err(Failure::usage)?;
    let file = file.display();
    match name {
        Some(name) => {
            let task = tasks.into_iter().find(|task| task.name == *name);
            task.ok_or_else(|| Failure::usage(format!("{file}: there is no task {name} in it")))
        }
        None if tasks.len() > 1 => Err(Failure::usage(format!(
            "{file}: there are {} tasks in it; name one: writ task test TASK -f {file}",
            tasks.len()
        ))),
        None => tasks
            .pop()
            .ok_or_else(|| Failure::usage(format!("{file}: there is no task in it"))),
    }
}

async fn from_server(name: &TaskName, context: &Context) -> Result<Task, Failure> {
    let client = context.client()?;
    let task = client.task(name).await?.value;
    let workloads = client.workloads().await?.value;
    let is_its = |workload: &&Workload| workload.name == task.name.workload();
    match workloads.iter().find(is_its) {
        Some(workload) if workload.connector.key() != "command" => Err(Failure::usage(format!(
            "{name} goes through the connector `{}`, and only what `command` would start can be \
             shown",
            workload.connector
        ))),
        Some(_) | None => Ok(task),
    }
}

/// Whether the node of this host may run the program; none elsewhere.
fn listed(task: &Task, context: &Context) -> Result<Option<Result<(), String>>, Failure> {
    let data = context.data()?;
    match data.organization() {
        Some(_) => Ok(Some(data.check_task(&data.config()?, task)?)),
        None => Ok(None),
    }
}

fn show(task: &Task, started: &Started, listed: Option<Result<(), String>>, context: &Context) {
    // What lies on another host is not what a node would run.
    let found = started.found.filter(|_| listed.is_some());
    let listed = listed.map(|listed| listed.err());
    if context.is_json() {
        return print_json(&json!({
            "task": task.name,
            "program": started.program,
            "arguments": started.arguments,
            "sha256": found,
            "deadline_s": task.deadline_s,
            "problem": listed.flatten(),
        }));
    }
    let arguments = started
        .arguments
        .iter()
        .map(|argument| format!("{argument:?}"));
    print_fields(&[
        ("task", task.name.to_string()),
        ("program", started.program.clone()),
        ("arguments", arguments.collect::<Vec<_>>().join("\n")),
        (
            "sha256 here",
            found.map(|found| found.to_string()).unwrap_or_default(),
        ),
        ("deadline", task.deadline_s.to_string()),
    ]);
    match listed {
        Some(Some(problem)) => remark(&format!("This node would not run it: {problem}")),
        Some(None) => remark("Nothing was run. This node may run this program."),
        None => remark("Nothing was run. Whether a node may run it, its writ.toml says."),
    }
}
