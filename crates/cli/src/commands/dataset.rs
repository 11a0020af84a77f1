//! `writ dataset`: what apps may read.
//!
//! ```toml
//! [[dataset]]
//! name = "Data\\Messages"
//! title = "Messages of all mailboxes"
//! source = "mail"                 # one of [data.sources] in writ.toml
//! relation = "public.messages"    # or: file = "messages.csv"
//! subject = { column = "owner", as = "upn" }
//! key = "id"
//! [[dataset.columns]]
//! name = "id"
//! type = "integer"
//! sensitivity = "low"
//! ```

use std::path::PathBuf;

use serde::Deserialize;
use writ_core::dataset::{CONNECTOR, Column, Dataset, SubjectColumn, is_data, parameters};
use writ_core::names::{Name, TaskName};
use writ_core::object::{Object, Risk, Task, Workload};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_items, print_table};

/// Make, change and list datasets
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Make or change the datasets in a file, and the workload that they belong to
    Set {
        /// The file, in TOML
        #[arg(short, long)]
        file: PathBuf,
    },
    /// List all datasets
    List,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dataset: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: TaskName,
    title: Option<String>,
    #[serde(default)]
    risk: Risk,
    deadline: Option<String>,
    source: Name,
    relation: Option<String>,
    file: Option<String>,
    subject: SubjectColumn,
    key: Option<String>,
    columns: Vec<Column>,
}

impl Entry {
    fn into_task(self) -> Result<Task, String> {
        let dataset = Dataset {
            source: self.source,
            relation: self.relation,
            file: self.file,
            subject: self.subject,
            key: self.key,
            columns: self.columns,
        };
        let template = dataset.template()?;
        Dataset::read(&template)?;
        let mut task = Task::new(self.name, template);
        task.title = self.title;
        task.risk = self.risk;
        task.parameters = parameters();
        if let Some(deadline) = self.deadline {
            task.deadline_s = crate::parse::duration(&deadline)?;
        }
        Ok(task)
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Set { file } => set(file, context).await,
        Args::List => list(context).await,
    }
}

async fn set(path: PathBuf, context: &Context) -> Result<Exit, Failure> {
    let bad =
        |problem: &dyn std::fmt::Display| Failure::usage(format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| bad(&error))?;
    let file: File = toml::from_str(&text).map_err(|error| bad(&error))?;
    let mut tasks = Vec::new();
    for entry in file.dataset {
        let name = entry.name.clone();
        let task = entry.into_task();
        tasks.push(task.map_err(|problem| bad(&format!("dataset {name}: {problem}")))?);
    }
    let client = context.client()?;
    for task in tasks {
        let workloads = client.workloads().await?;
        let name = task.name.workload();
        match workloads
            .value
            .iter()
            .find(|workload| workload.name == name)
        {
            Some(workload) if is_data(workload) => {}
            Some(_) => {
                return Err(Failure::usage(format!(
                    "the workload {name} has another connector than `{CONNECTOR}`; choose another \
                     name for {}",
                    task.name
                )));
            }
            None => {
                let workload = Workload {
                    name: name.clone(),
                    connector: Name::parse(CONNECTOR).map_err(Failure::usage)?,
                    settings: std::collections::BTreeMap::new(),
                    origin: None,
                    secrets: std::collections::BTreeMap::new(),
                    open_tasks: false,
                };
                let workload = Object::Workload(workload.into());
                client.set(workload, workloads.seen).await?;
            }
        }
        let name = task.name.clone();
        client
            .set(Object::Task(task.into()), workloads.seen)
            .await?;
        print(&format!("the dataset is set: {name}"));
    }
    Ok(Exit::Done)
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let workloads = client.workloads().await?.value;
    let is_dataset = |task: &Task| {
        let name = task.name.workload();
        workloads
            .iter()
            .any(|workload| workload.name == name && is_data(workload))
    };
    let mut tasks = client.tasks().await?.value;
    tasks.retain(is_dataset);
    if context.is_json() {
        print_items(&tasks);
        return Ok(Exit::Done);
    }
    let row = |task: &Task| {
        let dataset = Dataset::read(&task.template).ok();
        let columns = dataset.map(|dataset| {
            let column = |column: &Column| {
                let (name, kind) = (&column.name, column.column_type.name());
                format!("{name} ({kind}, {})", column.sensitivity.name())
            };
            let columns: Vec<_> = dataset.columns.iter().map(column).collect();
            columns.join(", ")
        });
        vec![
            task.name.to_string(),
            task.title.clone().unwrap_or_default(),
            columns.unwrap_or_default(),
        ]
    };
    print_table(
        &["dataset", "title", "columns"],
        tasks.iter().map(row).collect(),
        "there is no dataset; make one: writ dataset set -f FILE",
    );
    Ok(Exit::Done)
}
