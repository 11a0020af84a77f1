//! `writ secret`: what the tasks of a workload may use, and nobody may see.

use serde_json::json;
use writ_client::Client;
use writ_core::names::Name;
use writ_core::object::{Object, Workload};

use super::workload::{find, unknown};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_items, print_table};
use crate::typed;

/// Give, list and remove the secrets of workloads
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Give a workload a secret, or a new value of it; asks for it without echo
    Set {
        /// Of which workload
        workload: Name,
        /// What it is called: a task's template has {secret:NAME} for it
        name: Name,
        /// Read it from a file, or from standard input if it is `-`; of a single line, the line
        /// break at its end is left out
        #[arg(long, value_name = "FILE")]
        file: Option<String>,
    },
    /// List the secrets of a workload: never their values
    List {
        /// Of which workload
        workload: Name,
    },
    /// Remove a secret; tasks that use it cannot run any more
    Remove {
        /// Of which workload
        workload: Name,
        /// Which
        name: Name,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    match args {
        Args::Set {
            workload,
            name,
            file,
        } => set(&client, &workload, &name, file.as_deref()).await?,
        Args::List { workload } => list(&client, &workload, context).await?,
        Args::Remove {
            workload,
            name,
            yes,
        } => {
            let question = format!("Remove the secret {name} of {workload}?");
            context.confirm(&question, yes)?;
            remove(&client, &workload, &name).await?;
        }
    }
    Ok(Exit::Done)
}

/// A workload, and the log size that it was looked at.
async fn workload_of(client: &Client, name: &Name) -> Result<(Workload, u64), Failure> {
    let workloads = client.workloads().await?;
    let workload = find(&workloads.value, name).ok_or_else(|| unknown(name))?;
    Ok((workload.clone(), workloads.seen))
}

async fn set(client: &Client, of: &Name, name: &Name, file: Option<&str>) -> Result<(), Failure> {
    let (workload, seen) = workload_of(client, of).await?;
    let value = match file {
        Some(path) => typed::from_file(path).map_err(Failure::usage)?,
        None => typed::ask(
            &format!("The secret {name} of {of}"),
            "give it with --file FILE, or on standard input with --file -",
        )?,
    };
    let set = client.set_secret(workload, seen, name, &value);
    let version = set.await?;
    print(&format!(
        "The secret {name} of {of} is set, as version {version}. A task's template has it as \
         {{secret:{name}}}: the path of a file that only its program can read."
    ));
    Ok(())
}

async fn list(client: &Client, of: &Name, context: &Context) -> Result<(), Failure> {
    let (workload, _) = workload_of(client, of).await?;
    if context.is_json() {
        let secrets = workload.secrets.iter();
        let items: Vec<_> = secrets
            .map(|(name, said)| json!({"name": name, "version": said.version, "digest": said.digest}))
            .collect();
        print_items(&items);
        return Ok(());
    }
    let row = |(name, said): (&Name, &writ_core::object::SecretVersion)| {
        vec![name.to_string(), said.version.to_string()]
    };
    print_table(
        &["secret", "version"],
        workload.secrets.iter().map(row).collect(),
        &format!("{of} has no secrets; give it one: writ secret set {of} NAME"),
    );
    Ok(())
}

async fn remove(client: &Client, of: &Name, name: &Name) -> Result<(), Failure> {
    let (mut workload, seen) = workload_of(client, of).await?;
    if workload.secrets.remove(name).is_none() {
        return Err(Failure::usage(format!(
            "{of} has no secret {name}; see: writ secret list {of}"
        )));
    }
    client.set(Object::Workload(workload.into()), seen).await?;
    print(&format!("The secret {name} of {of} is removed."));
    Ok(())
}
