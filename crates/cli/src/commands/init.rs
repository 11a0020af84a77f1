//! `writ init`: an organization, its data directory, its first administrator.

use std::process::ExitCode;

use serde_json::json;
use writ_client::code::RecoveryCode;
use writ_client::entropy::{SystemEntropy, new_key};
use writ_client::profile::{Account, Profiles};
use writ_client::{Error, computer_name};
use writ_core::digest::OrganizationId;
use writ_core::names::{Domain, Upn};
use writ_core::statement::FirstAdministrator;

use crate::node::{DataDirectory, Founding};

/// Found an organization: its data directory, its keys, its first administrator
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The domain that names the organization, such as fabrikam.onmicrosoft.com
    #[arg(long, value_name = "DOMAIN")]
    organization: Domain,
    /// Its first administrator, such as admin@fabrikam.onmicrosoft.com
    #[arg(long, value_name = "UPN")]
    admin: Upn,
    /// As people call the first administrator
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where mail for the first administrator goes [default: the UPN]
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    /// The URL that people will reach the server by
    #[arg(long, default_value = "http://localhost:8420")]
    url: String,
}

/// What founding left behind.
struct Founded {
    organization: OrganizationId,
    profile: String,
    recovery: RecoveryCode,
}

/// Founds, and says what comes next.
pub(crate) async fn run(
    args: &Args,
    data: &DataDirectory,
    profiles: &Profiles,
    profile: Option<&str>,
    as_json: bool,
) -> Result<ExitCode, Error> {
    let profile = profile.unwrap_or(args.admin.as_str());
    if profiles.find(profile)?.is_some() {
        return Err(Error::Usage(format!(
            "there is a profile `{profile}` already; name another one: writ --profile NAME init …"
        )));
    }
    let founded = found(args, data, profiles, profile).await?;
    match as_json {
        true => print_json(data, &founded),
        false => print_text(args, data, &founded),
    }
    Ok(ExitCode::SUCCESS)
}

async fn found(
    args: &Args,
    data: &DataDirectory,
    profiles: &Profiles,
    profile: &str,
) -> Result<Founded, Error> {
    let (key, paper) = (new_key(&SystemEntropy), new_key(&SystemEntropy));
    let url = args.url.trim_end_matches('/');
    let founding = Founding {
        organization: args.organization.clone(),
        admin: FirstAdministrator {
            upn: args.admin.clone(),
            name: args.name.clone(),
            mail: args.mail.clone(),
        },
        url,
        key: &key,
        label: computer_name(),
        recovery: paper.public(),
    };
    let organization = data
        .found(founding)
        .await
        .map_err(|error| Error::Usage(error.to_string()))?;
    let account = Account {
        url: url.to_owned(),
        organization,
        upn: args.admin.clone(),
    };
    // An organization whose only key is lost is of no use: it goes with the key.
    let kept = profiles
        .stage(profile, &account, &key)
        .and_then(|staged| profiles.adopt(staged))
        .and_then(|kept| profiles.make_current(kept.name()));
    if let Err(error) = kept {
        data.take_away();
        return Err(error);
    }
    Ok(Founded {
        organization,
        profile: profile.to_owned(),
        recovery: RecoveryCode::of(&paper),
    })
}

fn print_json(data: &DataDirectory, founded: &Founded) {
    let shown = json!({
        "organization_id": founded.organization,
        "data_dir": data.path(),
        "profile": founded.profile,
        "recovery_code": founded.recovery.reveal().as_str(),
    });
    println!("{shown:#}");
}

fn print_text(args: &Args, data: &DataDirectory, founded: &Founded) {
    let domain = args.organization.as_str();
    println!("The organization {domain} is founded.\n");
    println!("  organization id  {}", founded.organization);
    println!("  data directory   {}", data.path().display());
    println!("  profile          {}", founded.profile);
    println!("  recovery code    {}\n", founded.recovery.reveal().as_str());
    println!("Write the recovery code down on paper: it is shown only now, and it is the");
    println!("way back in if this computer's key is lost (writ login URL --as UPN --recovery).\n");
    println!("Next:\n");
    for line in [
        "writ serve".to_owned(),
        format!("writ person invite approver@{domain}"),
        format!("writ group set approvers@{domain} --add approver@{domain}"),
        format!("writ enable --admin-group approvers@{domain}"),
        "writ workload set Host --connector command".to_owned(),
    ] {
        println!("  {line}");
    }
    println!("\nBack up writ.toml and writ.db regularly, and state/ once, kept elsewhere:");
    println!("whoever holds both holds everything.");
}
