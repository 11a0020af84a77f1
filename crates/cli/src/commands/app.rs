//! `writ app`: programs of others, and what they may read.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use writ_client::{Client, Ending, Installed};
use writ_core::dataset::{Manifest, Wanted};
use writ_core::names::{TaskName, Upn};
use writ_core::record::Status;
use writ_core::view::{PersonView, RequestView};

use super::listing::{listing, narrowed};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{
    Colour, complain, local, print, print_fields, print_items, print_json, print_table, remark,
};

/// Install, list, show, upgrade and remove apps
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Install an app: set it up, and ask for each dataset that its manifest names
    Install(InstallArgs),
    /// Install another version, or ask again after a dataset changed; what is
    /// granted goes on until the new is
    Upgrade(InstallArgs),
    /// List all apps
    List,
    /// Show one app, what it wants and what it has
    Show {
        /// Which
        app: Upn,
    },
    /// End what an app has and asks for, and deactivate it
    Remove {
        /// Which
        app: Upn,
        /// Why
        #[arg(long, default_value = "the app is removed")]
        comment: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// A manifest, and why
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// Its manifest, a file in TOML
    manifest: PathBuf,
    /// Why it is wanted; approvers see it
    #[arg(short, long)]
    reason: Option<String>,
}

/// A manifest as people write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    app: Upn,
    name: Option<String>,
    publisher: String,
    version: String,
    service: String,
    purpose: String,
    terms: Option<String>,
    privacy: Option<String>,
    #[serde(default)]
    dataset: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: TaskName,
    columns: Vec<String>,
    scope: Vec<String>,
    #[serde(default)]
    filter: Vec<String>,
}

fn read(path: &Path) -> Result<(Upn, Option<String>, Manifest), String> {
    let bad = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
    let file: File = toml::from_str(&text).map_err(|error| bad(&error))?;
    let wanted = |entry: Entry| Wanted {
        dataset: entry.name,
        columns: entry.columns,
        scope: entry.scope,
        filter: entry.filter,
    };
    let manifest = Manifest {
        publisher: file.publisher,
        version: file.version,
        service: file.service,
        purpose: file.purpose,
        terms: file.terms,
        privacy: file.privacy,
        datasets: file.dataset.into_iter().map(wanted).collect(),
    };
    // Read again as the server will: what is wrong is said here.
    let members = manifest.members().map_err(|problem| bad(&problem))?;
    Manifest::read(&members).map_err(|problem| bad(&problem))?;
    Ok((file.app, file.name, manifest))
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Install(args) | Args::Upgrade(args) => install(&args, context).await,
        Args::List => list(context).await,
        Args::Show { app } => show(&app, context).await,
        Args::Remove { app, comment, yes } => remove(&app, &comment, yes, context).await,
    }
}

async fn install(args: &InstallArgs, context: &Context) -> Result<Exit, Failure> {
    let (upn, name, manifest) = read(&args.manifest).map_err(Failure::usage)?;
    let client = context.client()?;
    let reason = args.reason.as_deref();
    let Installed { code, asked } = client.install(&upn, name, &manifest, reason).await?;
    if context.is_json() {
        let requests: Vec<_> = asked
            .iter()
            .map(|(dataset, request)| {
                let problem = request.as_ref().err().map(ToString::to_string);
                let id = request.as_ref().ok();
                serde_json::json!({ "dataset": dataset, "request": id, "problem": problem })
            })
            .collect();
        print_json(&serde_json::json!({
            "app": upn,
            "code": code.as_ref().map(|(code, _)| code.reveal().to_string()),
            "requests": requests,
        }));
    } else {
        for (dataset, request) in &asked {
            if let Ok(id) = request {
                print(&format!(
                    "{dataset}: request {} waits for approval",
                    id.short()
                ));
            }
        }
        if let Some((code, until)) = &code {
            print(&code.reveal());
            remark(&format!(
                "\nThis code is shown only now. With it the app enrols its key, once, until {}:\n  \
                 writ login {} --as {upn}",
                local(*until),
                client.account().url
            ));
        }
    }
    let mut failed = Exit::Done;
    for (dataset, request) in asked {
        let Err(error) = request else { continue };
        let mut text = format!("{dataset}: {error}");
        if error.to_string().contains("No approval policy") {
            text = format!(
                "{dataset}: no policy covers it. An administrator makes one, then ask again:\n  \
                 writ policy set '{dataset}' --approval manual --max-duration 4320h\n  \
                 writ app upgrade {}",
                args.manifest.display()
            );
        }
        complain(Colour::Yellow, "note", &text);
        failed = Exit::Refused;
    }
    Ok(failed)
}

fn manifest_of(app: &PersonView) -> Option<Manifest> {
    app.manifest
        .as_ref()
        .and_then(|members| Manifest::read(members).ok())
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let apps = context.client()?.apps().await?.value;
    if context.is_json() {
        print_items(&apps);
        return Ok(Exit::Done);
    }
    let row = |app: &PersonView| {
        let manifest = manifest_of(app);
        let of =
            |get: fn(&Manifest) -> &String| manifest.as_ref().map(get).cloned().unwrap_or_default();
        let status = match (app.active, app.keys.is_empty()) {
            (false, _) => "removed",
            (true, true) => "no key yet",
            (true, false) => "active",
        };
        vec![
            app.upn.to_string(),
            of(|m| &m.publisher),
            of(|m| &m.version),
            of(|m| &m.service),
            status.to_owned(),
        ]
    };
    print_table(
        &["app", "publisher", "version", "service", "status"],
        apps.iter().map(row).collect(),
        "there is no app; install one: writ app install MANIFEST",
    );
    Ok(Exit::Done)
}

/// The open requests for an app that one may see.
async fn open(app: &Upn, client: &Client) -> Result<Vec<RequestView>, Failure> {
    let with = [narrowed("scope", Some("all")), narrowed("app", Some(app))];
    let mut requests = client.requests(&listing(usize::MAX, with)).await?;
    requests.retain(|view| matches!(view.status, Status::Pending | Status::Live));
    Ok(requests)
}

async fn show(upn: &Upn, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let app = client.app(upn).await?.value;
    if context.is_json() {
        print_json(&app);
        return Ok(Exit::Done);
    }
    let Some(manifest) = manifest_of(&app) else {
        return Err(Failure::usage(format!("{upn} has no manifest")));
    };
    print_fields(&[
        ("app", app.upn.to_string()),
        ("name", app.name.clone().unwrap_or_default()),
        ("publisher", manifest.publisher.clone()),
        ("version", manifest.version.clone()),
        ("service", manifest.service.clone()),
        ("purpose", manifest.purpose.clone()),
        ("terms", manifest.terms.clone().unwrap_or_default()),
        ("privacy", manifest.privacy.clone().unwrap_or_default()),
    ]);
    let requests = open(upn, &client).await?;
    let row = |wanted: &Wanted, found: Option<&RequestView>| {
        vec![
            wanted.dataset.to_string(),
            wanted.columns.join(", "),
            wanted.scope.join(", "),
            found
                .map_or("nothing open", |view| view.status.name())
                .to_owned(),
            found.map(|view| view.id.short()).unwrap_or_default(),
        ]
    };
    // What is granted goes on while something new is asked for.
    let rows = |wanted: &Wanted| {
        let of_it = |view: &&RequestView| view.task == wanted.dataset;
        let rows: Vec<_> = requests
            .iter()
            .filter(of_it)
            .map(|view| row(wanted, Some(view)))
            .collect();
        match rows.is_empty() {
            true => vec![row(wanted, None)],
            false => rows,
        }
    };
    print("");
    print_table(
        &["dataset", "columns", "scope", "status", "request"],
        manifest.datasets.iter().flat_map(rows).collect(),
        "it wants no dataset",
    );
    Ok(Exit::Done)
}

async fn remove(upn: &Upn, comment: &str, yes: bool, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    context.confirm(
        &format!("Remove {upn}? What it has and asks for ends, and its key does nothing."),
        yes,
    )?;
    for request in open(upn, &client).await? {
        let ending = Ending {
            comment: Some(comment.to_owned()),
            kill: false,
        };
        client.end(request.id, ending).await?;
    }
    client.remove_app(upn).await?;
    print(&format!("the app {upn} is removed"));
    Ok(Exit::Done)
}
