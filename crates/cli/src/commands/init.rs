//! `writ init`: an organization, its data directory, its first administrator.

use serde_json::json;
use writ_client::{Account, Code, RecoverySeed, check_url, computer_name, new_key};
use writ_core::digest::OrganizationId;
use writ_core::names::{Domain, Upn};
use writ_core::statement::FirstAdministrator;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::node::{DataDirectory, Founding};
use crate::output::{print, print_json};
use crate::parse::line;

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
    #[arg(long, value_name = "NAME", value_parser = line)]
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
    recovery: Code,
}

/// Founds, and says what comes next.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let profile = context.named_profile().unwrap_or(args.admin.as_str());
    if context.profiles.find(profile)?.is_some() {
        return Err(Failure::usage(format!(
            "there is a profile `{profile}` already; name another one: writ --profile NAME init …"
        )));
    }
    let data = context.data()?;
    let founded = found(args, &data, context, profile).await?;
    match context.is_json() {
        true => print_json(&json!({
            "organization_id": founded.organization,
            "data_dir": data.path(),
            "profile": founded.profile,
            "recovery_code": founded.recovery.reveal().as_str(),
        })),
        false => print(&told(args, &data, &founded)),
    }
    Ok(Exit::Done)
}

async fn found(
    args: &Args,
    data: &DataDirectory,
    context: &Context,
    profile: &str,
) -> Result<Founded, Failure> {
    let (key, paper) = (new_key(), RecoverySeed::draw());
    let url = check_url(&args.url)?;
    let founding = Founding {
        organization: args.organization.clone(),
        admin: FirstAdministrator {
            upn: args.admin.clone(),
            name: args.name.clone(),
            mail: args.mail.clone(),
        },
        url: &url,
        key: &key,
        label: computer_name(),
        recovery: paper.key().public(),
    };
    let organization = data.found(founding).await?;
    let account = Account {
        url,
        organization,
        upn: args.admin.clone(),
    };
    // An organization whose only key is lost is of no use: it goes with the key.
    if let Err(error) = context.profiles.keep(profile, &account, &key) {
        data.take_away();
        return Err(error.into());
    }
    Ok(Founded {
        organization,
        profile: profile.to_owned(),
        recovery: Code::recovery(&paper, organization),
    })
}

fn told(args: &Args, data: &DataDirectory, founded: &Founded) -> String {
    let domain = args.organization.as_str();
    format!(
        "The organization {domain} is founded.

  organization id  {id}
  data directory   {data}
  profile          {profile}
  recovery code    {recovery}

Write the recovery code down on paper: it is shown only now, and it is the way
back in if this computer's key is lost (writ login URL --as UPN --recovery).

Next:

  writ serve{listen}
  writ person invite approver@{domain}
  writ group set approvers@{domain} --add approver@{domain}
  writ enable --admin-group approvers@{domain}
  writ workload set Host --connector command

Back up writ.toml and writ.db regularly (stop the node first: it then leaves
everything in writ.db), and state/ once, kept elsewhere: whoever holds both
holds everything.",
        id = founded.organization,
        listen = listening(&args.url),
        data = data.path().display(),
        profile = founded.profile,
        recovery = founded.recovery.reveal().as_str(),
    )
}

/// The option by which a node of this host serves its URL, where it is not the
/// address that it listens on anyway.
fn listening(url: &str) -> String {
    let port = url
        .strip_prefix("http://localhost:")
        .or_else(|| url.strip_prefix("http://127.0.0.1:"))
        .map(|port| port.trim_end_matches('/'));
    match port {
        None | Some("8420") => String::new(),
        Some(port) => format!(" --listen 127.0.0.1:{port}"),
    }
}
