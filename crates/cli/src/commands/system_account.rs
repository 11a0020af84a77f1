//! `writ system-account`: services that run without asking, for a while.

use writ_client::{Client, Invitee};
use writ_core::names::{Pattern, Upn};
use writ_core::object::{Control, Object, PersonKind, SystemAccount};
use writ_core::time::Seconds;
use writ_core::view::Seen;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print, print_items, print_table};
use crate::parse::duration;

/// Say which services run tasks without asking, and until when
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// List them, with what they may run and until when
    List,
    /// Exempt a service from approval, or change its exemption
    Set {
        /// Which, such as backup@example.com; it need not exist yet
        upn: Upn,
        /// Only from approval of this task, or of what begins so: 'Host\Get-*';
        /// may be repeated [default: all tasks]
        #[arg(long, value_name = "PATTERN")]
        task: Vec<Pattern>,
        /// For how long; at most 90d
        #[arg(long = "for", value_name = "DURATION", default_value = "90d", value_parser = duration)]
        duration: Seconds,
    },
    /// Let an exemption last longer, from now; its tasks stay as they are
    Renew {
        /// Which
        upn: Upn,
        /// For how long; at most 90d
        #[arg(long = "for", value_name = "DURATION", default_value = "90d", value_parser = duration)]
        duration: Seconds,
    },
    /// Make its key, or a new one: prints the code of an invitation once
    Invite {
        /// Which
        upn: Upn,
        /// As people call it
        #[arg(long)]
        name: Option<String>,
    },
    /// Take the exemption away, at once
    Remove {
        /// Which
        upn: Upn,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    match args {
        Args::List => list(&client, context).await,
        Args::Set {
            upn,
            task,
            duration,
        } => {
            let tasks = (!task.is_empty()).then_some(task);
            let until = writ_client::now().plus(duration);
            change(&client, SystemAccount { upn, tasks, until }).await
        }
        Args::Renew { upn, duration } => {
            let control = control(&client).await?.value;
            let until = writ_client::now().plus(duration);
            let account = find(&control, &upn)?.clone();
            change(&client, SystemAccount { until, ..account }).await
        }
        Args::Invite { upn, name } => {
            let invitee = Invitee {
                upn: upn.clone(),
                kind: PersonKind::Service,
                name,
                mail: None,
                role: None,
            };
            let invited = client.invite(&invitee).await?;
            let site = super::person::reached_at(&client).await;
            super::person::print_invited(&upn, &invited, &site, context);
            Ok(Exit::Done)
        }
        Args::Remove { upn, yes } => {
            let Seen { seen, value } = control(&client).await?;
            find(&value, &upn)?;
            context.confirm(
                &format!("Take the exemption of {upn} away? It runs nothing more."),
                yes,
            )?;
            let mut control = value;
            control.system_accounts.retain(|known| known.upn != upn);
            client.set(Object::Control(control.into()), seen).await?;
            print(&format!(
                "{upn} is no longer exempt. Its key goes on reading; take that away too: writ person disable {upn}"
            ));
            Ok(Exit::Done)
        }
    }
}

async fn list(client: &Client, context: &Context) -> Result<Exit, Failure> {
    let control = client.control().await?.value.unwrap_or_default();
    if context.is_json() {
        print_items(&control.system_accounts);
        return Ok(Exit::Done);
    }
    let row = |account: &SystemAccount| {
        vec![
            account.upn.to_string(),
            tasks(account),
            local(account.until),
            standing(&control, account).to_owned(),
        ]
    };
    print_table(
        &["system account", "tasks", "until", "status"],
        control.system_accounts.iter().map(row).collect(),
        "no service is exempt from approval; exempt one: writ system-account set UPN",
    );
    Ok(Exit::Done)
}

/// The control, which must have been set before anybody can be exempt.
async fn control(client: &Client) -> Result<Seen<Control>, Failure> {
    let Seen { seen, value } = client.control().await?;
    match value {
        Some(value) => Ok(Seen { seen, value }),
        None => Err(Failure::usage(
            "privileged access was never enabled, so there is nothing to be exempt from; run: \
             writ enable --admin-group ADDRESS",
        )),
    }
}

fn find<'a>(control: &'a Control, upn: &Upn) -> Result<&'a SystemAccount, Failure> {
    control.system_account(upn).ok_or_else(|| {
        Failure::usage(format!(
            "{upn} is not exempt; see: writ system-account list"
        ))
    })
}

/// Adds an exemption, or puts it in the place of the one that was there.
async fn change(client: &Client, account: SystemAccount) -> Result<Exit, Failure> {
    let Seen { seen, value } = control(client).await?;
    let mut control = value;
    writ_client::exempt(&mut control, account.clone());
    client.set(Object::Control(control.into()), seen).await?;
    print(&format!(
        "{} runs {} without asking until {}. Its key: writ system-account invite {0}",
        account.upn,
        tasks(&account),
        local(account.until)
    ));
    Ok(Exit::Done)
}

fn tasks(account: &SystemAccount) -> String {
    match &account.tasks {
        Some(tasks) => {
            let tasks: Vec<_> = tasks.iter().map(Pattern::as_str).collect();
            tasks.join(", ")
        }
        None => "all tasks".to_owned(),
    }
}

/// What an exemption is worth now.
pub(super) fn standing(control: &Control, account: &SystemAccount) -> &'static str {
    if account.until <= writ_client::now() {
        "ended"
    } else if control.stops_system_accounts() {
        "stopped"
    } else {
        "exempt"
    }
}
