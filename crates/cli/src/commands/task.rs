//! `writ task`: single things that can be done.

use std::path::PathBuf;

use writ_client::Listing;
use writ_core::names::{Name, TaskName};
use writ_core::object::{Object, ObjectName, Risk, Task};
use writ_core::value::Schema;

use super::listing::{Most, narrowed};
use super::task_file;
use crate::context::Context;
use crate::exit::{Exit, Failure};
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
    let seen = client.tasks().await?.seen;
    for task in tasks {
        let name = task.name.clone();
        client.set(Object::Task(task.into()), seen).await?;
        print(&format!("The task {name} is set."));
    }
    Ok(Exit::Done)
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
            risk(task.risk).to_owned(),
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
        ("risk", risk(task.risk).to_owned()),
        ("parameters", parameters.join("\n")),
        ("template", template.join("\n")),
        ("deadline", task.deadline_s.to_string()),
        ("output kept", format!("{} bytes", task.output_cap)),
    ]);
}

const fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
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
