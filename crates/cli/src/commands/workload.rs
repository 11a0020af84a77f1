//! `writ workload`: systems that tasks belong to.

use std::collections::BTreeMap;

use writ_connect::exchange::Settings;
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
        /// Which connector reaches it: `command` runs programs on the node's host,
        /// `exchange` cmdlets of Exchange Online
        #[arg(long)]
        connector: Name,
        #[command(flatten)]
        exchange: Box<ExchangeArgs>,
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
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// How a tenant of Exchange Online is reached
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "For --connector exchange")]
pub(crate) struct ExchangeArgs {
    /// The tenant, by its id or its domain
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// The id of the app that Writ acts as
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Which cloud it is in: worldwide, gcc-high, dod or china [default: worldwide]
    #[arg(long, value_name = "NAME")]
    cloud: Option<String>,
    /// An emulator on the node's host instead of a cloud; see: writ emulator
    #[arg(long, value_name = "URL", conflicts_with = "cloud")]
    emulator: Option<String>,
    /// How the app signs with its certificate: PS256 or RS256 [default: PS256]
    #[arg(long, value_name = "ALGORITHM")]
    signing: Option<String>,
}

impl ExchangeArgs {
    const fn is_given(&self) -> bool {
        self.tenant.is_some()
            || self.client_id.is_some()
            || self.cloud.is_some()
            || self.emulator.is_some()
            || self.signing.is_some()
    }

    /// Puts what is given into the settings. The origin follows from them, since
    /// secrets are sealed for it; and tasks need not be set.
    fn put(&self, workload: &mut Workload, origin: Option<String>) -> Result<(), Failure> {
        for (name, value) in [
            ("tenant", &self.tenant),
            ("client_id", &self.client_id),
            ("cloud", &self.cloud),
            ("emulator", &self.emulator),
            ("signing", &self.signing),
        ] {
            if let Some(value) = value {
                let value = value.trim_end_matches('/').to_owned();
                workload.settings.insert(name.into(), Value::Text(value));
            }
        }
        // One takes the place of the other.
        match (&self.cloud, &self.emulator) {
            (Some(_), _) => workload.settings.remove("emulator"),
            (None, Some(_)) => workload.settings.remove("cloud"),
            (None, None) => None,
        };
        let follows = Settings::origin_of(&workload.settings).map_err(Failure::usage)?;
        workload.origin = Some(origin.unwrap_or(follows));
        workload.open_tasks = true;
        Ok(())
    }
}

const fn open_in_words(open: bool) -> &'static str {
    match open {
        true => "open: they need not be set one by one, only a policy must cover them",
        false => "",
    }
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
            exchange,
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
            match connector.key() {
                "exchange" => exchange.put(&mut workload, origin)?,
                _ if exchange.is_given() => {
                    return Err(Failure::usage(
                        "--tenant, --client-id, --cloud, --emulator and --signing are for \
                         --connector exchange",
                    ));
                }
                _ => workload.origin = origin.or(workload.origin),
            }
            let dropped = match before.is_some_and(|before| !before.has_target_of(&workload)) {
                true => std::mem::take(&mut workload.secrets),
                false => BTreeMap::new(),
            };
            let settings = setting.into_iter().map(|(n, v)| (n, Value::Text(v)));
            workload.settings.extend(settings);
            client
                .set(Object::Workload(workload.into()), workloads.seen)
                .await?;
            let next = match (connector.key(), before.is_some()) {
                ("exchange", false) => format!(
                    "writ secret set {name} client-secret, or `certificate` and `private-key`"
                ),
                ("exchange", true) => format!("writ policy set '{name}\\Get-*' --approval manual"),
                _ => "writ task set -f tasks.toml".to_owned(),
            };
            print(&format!(
                "The workload {name} is set, reached by `{connector}`. Next: {next}"
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
                ("tasks", open_in_words(workload.open_tasks).to_owned()),
            ]);
        }
        Args::Remove { name, yes } => {
            find(&name).ok_or_else(|| unknown(&name))?;
            let question = format!("Remove the workload {name}? Its secrets go with it.");
            context.confirm(&question, yes)?;
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
