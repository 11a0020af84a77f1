//! `writ status`, `writ whoami`: how the installation is doing, and who one is.

use writ_core::object::Control;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Colour, complain, local, print_fields, print_json};

/// Show how the installation is doing
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StatusArgs {}

/// Show who you are to the server, and your groups
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WhoamiArgs {}

pub(crate) async fn run(context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let status = client.status().await?;
    if context.is_json() {
        print_json(&status);
        return Ok(Exit::Done);
    }
    let control = status.control.as_ref();
    let enabled = match control {
        None => "never enabled; run: writ enable --admin-group ADDRESS",
        Some(control) if control.enabled => "enabled",
        Some(_) => "disabled; run: writ enable",
    };
    let group = control.and_then(|control| control.admin_group.as_ref());
    if let Some(recovered) = &status.recovered {
        complain(
            Colour::Yellow,
            "recovered",
            &format!(
                "at {} {} went on from a restored database: {} entries after the first {} are \
                 lost, with all that they had taken away; this is epoch {} of the log",
                local(recovered.at),
                recovered.by,
                recovered.lost - recovered.kept,
                recovered.kept,
                recovered.epoch
            ),
        );
    }
    print_fields(&[
        ("organization", status.organization.to_string()),
        ("organization id", status.organization_id.to_string()),
        ("privileged access", enabled.to_owned()),
        (
            "default approvers",
            group.map(ToString::to_string).unwrap_or_default(),
        ),
        ("system accounts", accounts(control)),
        ("log", format!("{} entries", status.log_size)),
        ("log's key", status.verifier_key.clone()),
        ("last entry", local(status.log_time)),
        ("server", client.account().url.clone()),
        ("server's clock", local(status.time)),
        ("node", status.node.to_string()),
        (
            "version",
            format!("{}, rules {}", status.version, status.rules),
        ),
    ]);
    Ok(Exit::Done)
}

/// The system accounts, each with what its exemption is worth now.
fn accounts(control: Option<&Control>) -> String {
    let lines = control.into_iter().flat_map(|control| {
        control.system_accounts.iter().map(|account| {
            let standing = super::system_account::standing(control, account);
            let until = local(account.until);
            match standing {
                "ended" => format!("{}: ended {until}", account.upn),
                _ => format!("{}: {standing}, until {until}", account.upn),
            }
        })
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(crate) async fn who_am_i(context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let who = client.who_am_i().await?;
    if context.is_json() {
        print_json(&who);
        return Ok(Exit::Done);
    }
    let groups: Vec<_> = who.groups.iter().map(ToString::to_string).collect();
    print_fields(&[
        ("who", who.upn.to_string()),
        (
            "role",
            who.role.map(super::person::role_name).unwrap_or_default(),
        ),
        ("groups", groups.join(", ")),
        ("key", who.key.short()),
        ("server", client.account().url.clone()),
        ("organization id", client.account().organization.to_string()),
        ("profile", context.profile()?.name().to_owned()),
    ]);
    Ok(Exit::Done)
}
