//! Enabling and disabling.

use writ_client::{Client, Enabling, Unlisted};
use writ_core::names::Upn;

use super::refused::refused;
use super::{Done, address, addresses};
use crate::binder::Bound;
use crate::host::Console;
use crate::values::date;

pub(super) async fn enable(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let accounts = addresses(bound, "SystemAccounts")?.unwrap_or_default();
    let system_accounts: Vec<Upn> = accounts.iter().map(Upn::from).collect();
    let enabling = Enabling {
        admin_group: address(bound, "AdminGroup")?,
        system_accounts: system_accounts.clone(),
        ask_unlisted: bound.text("Unlisted").as_deref() == Some("Ask"),
    };
    let enabled = client.enable(enabling).await.map_err(refused)?;
    match enabled.admin_group {
        Some(group) => console.err(&format!(
            "Privileged access is enabled; {group} decides where a policy names no approvers."
        )),
        None => console.err("Privileged access is enabled; each policy must name its approvers."),
    }
    for upn in system_accounts {
        console.err(&format!(
            "WARNING: {upn} runs all tasks without approval until {} UTC.",
            date(enabled.exempt_until)
        ));
    }
    match enabled.unlisted {
        Unlisted::AsBefore => {}
        Unlisted::Asked => console.err(
            "Tasks that no other policy covers ask the default group; those of high risk stay \
             closed.",
        ),
        Unlisted::Covered => console.err("There is a policy on * already, and it stays."),
    }
    Ok(Vec::new())
}

pub(super) async fn disable(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let disabled = client.disable(bound.switch("IncludeSystemAccounts")).await;
    let Some(disabled) = disabled.map_err(refused)? else {
        console.err("Privileged access is not enabled.");
        return Ok(Vec::new());
    };
    console.err(
        "Privileged access is disabled: nobody can request, approve or run anything. Policies, \
         groups and grants are kept, and no task is opened by it. Enable it again with \
         Enable-ElevatedAccessControl -AdminGroup GROUP.",
    );
    if disabled.accounts_go_on {
        console.err(
            "WARNING: The system accounts go on; stop them too with \
             Disable-ElevatedAccessControl -IncludeSystemAccounts.",
        );
    }
    Ok(Vec::new())
}
