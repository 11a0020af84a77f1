//! `writ task`: single things that can be done.

use std::path::PathBuf;

use writ_client::Listing;
use writ_core::names::{Name, TaskName};
use writ_core::object::{Object, ObjectName, Task, Workload};
use writ_core::value::Schema;
use writ_core::view::Seen;

use super::listing::{Most, narrowed};
use super::{task_file, task_test};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::node::check_template;
use crate::output::{print, print_fields, print_items, print_json, print_table};

/// Set tasks from a file; list, show and remove them
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Make or replace the tasks of a TOML file
    Set {
        /// The file
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Show what a run would start, and run nothing
    Test(task_test::Args),
    /// List tasks
    List {
        /// Only those of this workload
        #[arg(long, value_name = "NAME")]
        workload: Option<Name>,
        #[command(flatten)]
        most: Most,
    },
    /// Show one task with its parameters
    Show {
        /// Which
        task: TaskName,
    },
    /// Remove a task
    Remove {
        /// Which
        task: TaskName,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Set { file } => {
            let tasks = task_file::read(&file).map_err(Failure::usage)?;
            set(tasks, context).await
        }
        Args::Test(args) => task_test::run(args, context).await,
        Args::List { workload, most } => {
            let listing = most.listing([narrowed("workload", workload)]);
            list(&listing, context).await
        }
        Args::Show { task } => {
            let task = context.client()?.task(&task).await?.value;
            match context.is_json() {
                true => print_json(&task),
                false => print_task(&task),
            }
            Ok(Exit::Done)
        }
        Args::Remove { task, yes } => {
            let client = context.client()?;
            let seen = client.task(&task).await?.seen;
            context.confirm(&format!("Remove the task {task}? Grants for it end."), yes)?;
            client.remove(ObjectName::Task(task.clone()), seen).await?;
            print(&format!("The task {task} is removed."));
            Ok(Exit::Done)
        }
    }
}

async fn set(tasks: Vec<Task>, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let workloads = client.workloads().await?.value;
    for task in &tasks {
        check(task, &workloads)?;
    }
    let Seen { value: known, seen } = client.tasks().await?;
    for task in tasks {
        let name = task.name.clone();
        let before = known.iter().find(|known| known.name == name);
        if before == Some(&task) {
            print(&format!("The task {name} is as it was."));
            continue;
        }
        client.set(Object::Task(task.into()), seen).await?;
        match before {
            Some(_) => print(&format!("The task {name} is replaced.")),
            None => print(&format!("The task {name} is made.")),
        }
    }
    Ok(Exit::Done)
}

/// Everything that can be known of a task before it is sent, so that a file is
/// set whole or not at all.
fn check(task: &Task, workloads: &[Workload]) -> Result<(), Failure> {
    let wrong = |problem: &dyn std::fmt::Display| {
        Failure::usage(format!("nothing was set: task {}: {problem}", task.name))
    };
    let workload = task.name.workload();
    let known = workloads.iter().find(|known| known.name == workload);
    let known = known.ok_or_else(|| {
        wrong(&format!(
            "there is no workload {workload}; make it first: writ workload set {workload} \
             --connector command"
        ))
    })?;
    match known.connector.key() {
        "command" => check_template(task).map_err(|problem| wrong(&problem)),
        _ => Ok(()),
    }
}

async fn list(listing: &Listing, context: &Context) -> Result<Exit, Failure> {
    let tasks: Vec<Task> = context.client()?.objects(listing).await?.value;
    if context.is_json() {
        print_items(&tasks);
        return Ok(Exit::Done);
    }
    let row = |task: &Task| {
        let names: Vec<_> = task.parameters.keys().map(ToString::to_string).collect();
        vec![
            task.name.to_string(),
            task.title.clone().unwrap_or_default(),
            task.risk.name().to_owned(),
            names.join(", "),
        ]
    };
    print_table(
        &["task", "title", "risk", "parameters"],
        tasks.iter().map(row).collect(),
        "there are no tasks; make some: writ task set -f tasks.toml",
    );
    Ok(Exit::Done)
}

fn print_task(task: &Task) {
    let template = task.template.iter();
    let template: Vec<_> = template
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let parameters = task.parameters.iter();
    let parameters: Vec<_> = parameters
        .map(|(name, schema)| format!("{name}: {}", form(schema)))
        .collect();
    print_fields(&[
        ("task", task.name.to_string()),
        ("title", task.title.clone().unwrap_or_default()),
        ("risk", task.risk.name().to_owned()),
        ("parameters", parameters.join("\n")),
        ("template", template.join("\n")),
        ("deadline", task.deadline_s.to_string()),
        ("output kept", format!("{} bytes", task.output_cap)),
    ]);
}

fn form(schema: &Schema) -> String {
    let mut words = vec![schema.value_type.to_string()];
    words.extend(schema.required.then(|| "required".to_owned()));
    if let Some(values) = &schema.one_of {
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        words.push(format!("one of {}", values.join(", ")));
    }
    words.extend(schema.min.map(|min| format!("at least {min}")));
    words.extend(schema.max.map(|max| format!("at most {max}")));
    words.extend(schema.multiline.then(|| "line breaks allowed".to_owned()));
    words.extend(
        schema
            .leading_dash
            .then(|| "may begin with a dash".to_owned()),
    );
    words.extend(schema.title.clone());
    words.join(", ")
}
