//! Enabling and disabling.

use writ_client::{Client, Enabling, Unlisted};
use writ_core::names::Upn;
use writ_core::object::SystemAccount;

use super::refused::refused;
use super::{Done, address, addresses, one};
use crate::binder::Bound;
use crate::host::Console;
use crate::values::{Object, Value, date};

pub(super) async fn enable(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let accounts = addresses(bound, "SystemAccounts")?;
    let accounts = accounts.map(|named| named.iter().map(Upn::from).collect());
    let enabling = Enabling {
        admin_group: address(bound, "AdminGroup")?,
        system_accounts: accounts,
        ask_unlisted: bound.text("Unlisted").as_deref() == Some("Ask"),
    };
    let enabled = client.enable(enabling).await.map_err(refused)?;
    match enabled.admin_group {
        Some(group) => console.err(&format!(
            "Privileged access is enabled; {group} decides where a policy names no approvers."
        )),
        None => console.err("Privileged access is enabled; each policy must name its approvers."),
    }
    for SystemAccount { upn, tasks, until } in enabled.exempt {
        let tasks = if tasks.is_some() { "some" } else { "all" };
        console.err(&format!(
            "WARNING: {upn} runs {tasks} tasks without approval until {} UTC.",
            date(until)
        ));
    }
    for upn in enabled.no_longer_exempt {
        console.err(&format!(
            "WARNING: {upn} no longer runs tasks without approval, since -SystemAccounts names all \
             that do."
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

pub(super) async fn get(client: &Client) -> Done {
    let control = client.control().await.map_err(refused)?.value;
    let control = control.unwrap_or_default();
    let account = |account: &SystemAccount| {
        let tasks = account.tasks.iter().flatten().map(ToString::to_string);
        Value::Object(
            Object::new()
                .with("UserPrincipalName", account.upn.as_str())
                .with("EndTimeUtc", account.until)
                .with("Tasks", tasks.collect::<Vec<_>>()),
        )
    };
    let accounts = control.system_accounts.iter().map(account).collect();
    Ok(one(Object::new()
        .with("Enabled", control.enabled)
        .with(
            "AdminGroup",
            control.admin_group.as_ref().map(ToString::to_string),
        )
        .with("SystemAccounts", Value::List(accounts))
        .with(
            "SystemAccountsStopped",
            control.stop_system_accounts,
        )))
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
