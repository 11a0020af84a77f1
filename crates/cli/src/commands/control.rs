//! `writ enable`, `writ disable`: whether privileged access is enabled.

use clap::ValueEnum;
use writ_client::Client;
use writ_core::names::{Address, Pattern, Upn};
use writ_core::object::{Approval, Control, MAX_EXEMPTION, Object, Policy, SystemAccount};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print};

/// Enable privileged access: people may request, approve and run
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EnableArgs {
    /// The group that decides where a policy names none [default: as it was]
    #[arg(long, value_name = "ADDRESS")]
    admin_group: Option<Address>,
    /// A service that runs all tasks without asking, for 90 days; may be repeated.
    /// More about them: writ system-account --help
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
    let client = context.client()?;
    let before = client.control().await?;
    let mut control = before.value.unwrap_or_default();
    control.enabled = true;
    control.stop_system_accounts = false;
    control.admin_group = args.admin_group.or(control.admin_group);
    if args.unlisted.is_some() && control.admin_group.is_none() {
        return Err(Failure::usage(
            "there is no default group that could be asked; name one: --admin-group ADDRESS",
        ));
    }
    let until = writ_client::now().plus(MAX_EXEMPTION);
    for upn in &args.system_account {
        let account = SystemAccount {
            upn: upn.clone(),
            tasks: None,
            until,
        };
        super::system_account::put(&mut control, account);
    }
    let group = control.admin_group.clone();
    client
        .set(Object::Control(control.into()), before.seen)
        .await?;
    match group {
        Some(group) => print(&format!(
            "Privileged access is enabled; {group} decides where a policy names no approvers."
        )),
        None => print("Privileged access is enabled; each policy must name its approvers."),
    }
    for upn in &args.system_account {
        print(&format!(
            "{upn} runs all tasks without asking until {}. Its key: writ system-account invite {upn}",
            local(until)
        ));
    }
    if let Some(Unlisted::Ask) = args.unlisted {
        ask_for_unlisted(&client).await?;
    }
    Ok(Exit::Done)
}

/// Sets the policy that covers what no other does, unless there is one.
async fn ask_for_unlisted(client: &Client) -> Result<(), Failure> {
    let everything = Pattern::parse("*").map_err(Failure::usage)?;
    let policies = client.policies().await?;
    if policies
        .value
        .iter()
        .any(|policy| policy.task == everything)
    {
        print("There is a policy on `*` already, and it stays: writ policy show '*'");
        return Ok(());
    }
    let policy = Policy::new(everything, Approval::Manual);
    client
        .set(Object::Policy(policy.into()), policies.seen)
        .await?;
    print(
        "Tasks that no other policy covers ask the default group; those of high risk stay closed. \
         See: writ policy show '*'",
    );
    Ok(())
}

pub(crate) async fn disable(args: &DisableArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let before = client.control().await?;
    let stop = args.include_system_accounts;
    let is_done = |control: &Control| !control.enabled && (control.stop_system_accounts || !stop);
    let Some(mut control) = before.value.filter(|control| !is_done(control)) else {
        print("Privileged access is not enabled.");
        return Ok(Exit::Done);
    };
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
    control.enabled = false;
    control.stop_system_accounts |= stop;
    let accounts = control.system_accounts.len();
    let stopped = control.stop_system_accounts;
    client
        .set(Object::Control(control.into()), before.seen)
        .await?;
    print(
        "Privileged access is disabled. Policies and grants are kept; enable it again: writ enable",
    );
    if accounts > 0 && !stopped {
        print("The system accounts go on; stop them too: writ disable --include-system-accounts");
    }
    Ok(Exit::Done)
}
