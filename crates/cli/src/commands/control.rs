//! `writ enable`, `writ disable`: whether privileged access is enabled.

use writ_core::names::Address;
use writ_core::object::{Control, Object};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::print;

/// Enable privileged access: people may request, approve and run
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EnableArgs {
    /// The group that decides where a policy names none [default: as it was]
    #[arg(long, value_name = "ADDRESS")]
    admin_group: Option<Address>,
}

/// Disable privileged access: nothing can be requested, approved or run
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DisableArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn enable(args: EnableArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let before = client.control().await?;
    let control = before.value.unwrap_or(Control {
        enabled: false,
        admin_group: None,
        system_accounts: Vec::new(),
        stop_system_accounts: false,
    });
    let control = Control {
        enabled: true,
        admin_group: args.admin_group.or(control.admin_group),
        ..control
    };
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
    Ok(Exit::Done)
}

pub(crate) async fn disable(args: &DisableArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let before = client.control().await?;
    let Some(control) = before.value.filter(|control| control.enabled) else {
        print("Privileged access is not enabled.");
        return Ok(Exit::Done);
    };
    context.confirm(
        "Disable privileged access? Nobody can request, approve or run anything until it is enabled again.",
        args.yes,
    )?;
    let control = Control {
        enabled: false,
        ..control
    };
    client
        .set(Object::Control(control.into()), before.seen)
        .await?;
    print(
        "Privileged access is disabled. Policies and grants are kept; enable it again: writ enable",
    );
    Ok(Exit::Done)
}
