//! `writ enable`, `writ disable`: whether privileged access is enabled.

use clap::ValueEnum;
use writ_client::{Enabling, is_disabled};
use writ_core::names::{Address, Upn};
use writ_core::object::SystemAccount;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print};

/// Enable privileged access: people may request, approve and run
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EnableArgs {
    /// The group that decides where a policy names none [default: as it was]
    #[arg(long, value_name = "ADDRESS")]
    admin_group: Option<Address>,
    /// A service that runs all tasks without asking, for 90 days; may be repeated. Those
    /// that are not named lose their exemption, unless none is named. More about them:
    /// writ system-account --help
    #[arg(long, value_name = "UPN")]
    system_account: Vec<Upn>,
    /// What becomes of tasks that no policy covers, which nobody may run else
    #[arg(long, value_enum)]
    unlisted: Option<Unlisted>,
}

/// What becomes of tasks that no policy covers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Unlisted {
    /// The default group is asked, by a policy on `*`
    Ask,
}

/// Disable privileged access: nothing can be requested, approved or run
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DisableArgs {
    /// Stop the system accounts too, which else go on
    #[arg(long)]
    include_system_accounts: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn enable(args: EnableArgs, context: &Context) -> Result<Exit, Failure> {
    let enabling = Enabling {
        admin_group: args.admin_group,
        system_accounts: Some(args.system_account).filter(|named| !named.is_empty()),
        ask_unlisted: args.unlisted.is_some(),
    };
    let enabled = context.client()?.enable(enabling).await?;
    match enabled.admin_group {
        Some(group) => print(&format!(
            "Privileged access is enabled; {group} decides where a policy names no approvers."
        )),
        None => print("Privileged access is enabled; each policy must name its approvers."),
    }
    for SystemAccount { upn, tasks, until } in &enabled.exempt {
        let tasks = if tasks.is_some() { "some" } else { "all" };
        print(&format!(
            "{upn} runs {tasks} tasks without asking until {}. Its key: writ system-account \
             invite {upn}",
            local(*until)
        ));
    }
    for upn in &enabled.no_longer_exempt {
        print(&format!("{upn} no longer runs tasks without asking."));
    }
    match enabled.unlisted {
        writ_client::Unlisted::AsBefore => {}
        writ_client::Unlisted::Asked => print(
            "Tasks that no other policy covers ask the default group; those of high risk stay \
             closed. See: writ policy show '*'",
        ),
        writ_client::Unlisted::Covered => {
            print("There is a policy on `*` already, and it stays: writ policy show '*'");
        }
    }
    Ok(Exit::Done)
}

pub(crate) async fn disable(args: &DisableArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let stop = args.include_system_accounts;
    let before = client.control().await?.value;
    let is_done = before.is_none_or(|control| is_disabled(&control, stop));
    if is_done {
        print("Privileged access is not enabled.");
        return Ok(Exit::Done);
    }
    let others = match stop {
        true => "System accounts run nothing either.",
        false => "System accounts go on.",
    };
    context.confirm(
        &format!(
            "Disable privileged access? Nobody can request, approve or run anything until it is \
             enabled again. {others}"
        ),
        args.yes,
    )?;
    let Some(disabled) = client.disable(stop).await? else {
        print("Privileged access is not enabled.");
        return Ok(Exit::Done);
    };
    print(
        "Privileged access is disabled. Policies and grants are kept; enable it again: writ enable",
    );
    if disabled.accounts_go_on {
        print("The system accounts go on; stop them too: writ disable --include-system-accounts");
    }
    Ok(Exit::Done)
}
