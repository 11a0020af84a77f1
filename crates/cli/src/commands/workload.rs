//! `writ workload`: systems that tasks belong to.

use std::collections::BTreeMap;

use writ_core::names::Name;
use writ_core::object::{Object, ObjectName, Workload};
use writ_core::value::Value;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_fields, print_items, print_json, print_table, remark};

/// Make, list, show and remove workloads
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Make a workload, or change how it is reached
    Set {
        /// Its name: the part of a task before the backslash
        name: Name,
        /// Which connector reaches it: `command` runs programs on the node's host
        #[arg(long)]
        connector: Name,
        /// What the connector needs to know, NAME=VALUE; may be repeated
        #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
        setting: Vec<(String, String)>,
        /// Where its secrets may go; another one, or another connector, drops them
        #[arg(long, value_name = "URL")]
        origin: Option<String>,
    },
    /// List all workloads
    List,
    /// Show one workload
    Show {
        /// Which
        name: Name,
    },
    /// Remove a workload that has no tasks
    Remove {
        /// Which
        name: Name,
    },
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let workloads = client.workloads().await?;
    let find = |name: &Name| find(&workloads.value, name);
    match args {
        Args::Set {
            name,
            connector,
            setting,
            origin,
        } => {
            let before = find(&name);
            let mut workload = before.cloned().unwrap_or(Workload {
                name: name.clone(),
                connector: connector.clone(),
                settings: BTreeMap::new(),
                origin: None,
                secrets: BTreeMap::new(),
                open_tasks: false,
            });
            workload.connector = connector.clone();
            workload.origin = origin.or(workload.origin);
            let dropped = match before.is_some_and(|before| !before.has_target_of(&workload)) {
                true => std::mem::take(&mut workload.secrets),
                false => BTreeMap::new(),
            };
            let settings = setting.into_iter().map(|(n, v)| (n, Value::Text(v)));
            workload.settings.extend(settings);
            client
                .set(Object::Workload(workload.into()), workloads.seen)
                .await?;
            print(&format!(
                "The workload {name} is set, reached by `{connector}`. Next: writ task set -f tasks.toml"
            ));
            for secret in dropped.keys() {
                remark(&format!(
                    "the secret {secret} was given for another target and is dropped; give it \
                     again: writ secret set {name} {secret}"
                ));
            }
        }
        Args::List if context.is_json() => print_items(&workloads.value),
        Args::List => {
            let row = |workload: &Workload| {
                vec![workload.name.to_string(), workload.connector.to_string()]
            };
            print_table(
                &["workload", "connector"],
                workloads.value.iter().map(row).collect(),
                "there are no workloads; make one: writ workload set Host --connector command",
            );
        }
        Args::Show { name } => {
            let workload = find(&name).ok_or_else(|| unknown(&name))?;
            if context.is_json() {
                print_json(workload);
                return Ok(Exit::Done);
            }
            let settings = workload.settings.iter();
            let settings: Vec<_> = settings
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            let secrets = workload.secrets.iter();
            let secrets: Vec<_> = secrets
                .map(|(name, said)| format!("{name}, version {}", said.version))
                .collect();
            print_fields(&[
                ("workload", workload.name.to_string()),
                ("connector", workload.connector.to_string()),
                ("origin", workload.origin.clone().unwrap_or_default()),
                ("secrets", secrets.join("\n")),
                ("settings", settings.join("\n")),
            ]);
        }
        Args::Remove { name } => {
            find(&name).ok_or_else(|| unknown(&name))?;
            client
                .remove(ObjectName::Workload(name.clone()), workloads.seen)
                .await?;
            print(&format!("The workload {name} is removed."));
        }
    }
    Ok(Exit::Done)
}

/// One of the workloads.
pub(super) fn find<'a>(workloads: &'a [Workload], name: &Name) -> Option<&'a Workload> {
    workloads.iter().find(|workload| workload.name == *name)
}

pub(super) fn unknown(name: &Name) -> Failure {
    Failure::usage(format!(
        "there is no workload {name}; see: writ workload list"
    ))
}
