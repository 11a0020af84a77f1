//! `writ person`: who acts.

use clap::ValueEnum;
use writ_client::{Client, Invited, Invitee, Listing};
use writ_core::names::{Address, Upn};
use writ_core::object::{PersonKind, Role};
use writ_core::view::PersonView;

use super::listing::{Most, narrowed};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{
    Colour, complain, local, print, print_fields, print_items, print_json, print_table, remark,
};
use crate::parse::line;

/// Invite, list, show and disable people
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Invite somebody to join, or to replace lost keys; prints the code once
    Invite(InviteArgs),
    /// List people
    List {
        /// Only those in this group, directly or through others
        #[arg(long, value_name = "ADDRESS")]
        group: Option<Address>,
        #[command(flatten)]
        most: Most,
    },
    /// Show one person with their keys
    Show {
        /// Who
        upn: Upn,
    },
    /// Take all power from somebody at once
    Disable {
        /// Who
        upn: Upn,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InviteArgs {
    /// Who, such as alice@example.com
    upn: Upn,
    /// As people call them
    #[arg(long, value_parser = line)]
    name: Option<String>,
    /// Where their mail goes [default: the UPN]
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    /// What they may do beyond their own requests [default: as it was]
    #[arg(long, value_enum)]
    role: Option<RoleArg>,
}

/// A role, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArg {
    /// Sets objects and reads everything
    Administrator,
    /// Reads everything
    Auditor,
    /// Sets up apps and asks for them
    Installer,
    /// Nothing beyond their own requests
    None,
}

impl From<RoleArg> for Option<Role> {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Administrator => Some(Role::Administrator),
            RoleArg::Auditor => Some(Role::Auditor),
            RoleArg::Installer => Some(Role::Installer),
            RoleArg::None => None,
        }
    }
}

pub(crate) fn role_name(role: Role) -> String {
    match role {
        Role::Administrator => "administrator".to_owned(),
        Role::Auditor => "auditor".to_owned(),
        Role::Installer => "installer".to_owned(),
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Invite(args) => invite(args, context).await,
        Args::List { group, most } => {
            let listing = most.listing([narrowed("group", group)]);
            list(&listing, context).await
        }
        Args::Show { upn } => show(&upn, context).await,
        Args::Disable { upn, yes } => disable(&upn, yes, context).await,
    }
}

async fn invite(args: InviteArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let invitee = Invitee {
        upn: args.upn.clone(),
        kind: PersonKind::Human,
        name: args.name,
        mail: args.mail,
        role: args.role.map(Into::into),
    };
    let invited = client.invite(&invitee).await?;
    let site = reached_at(&client).await;
    print_invited(&args.upn, &invited, &site, context);
    if !context.is_json() {
        let link = join_link(&args.upn, &invited, &site);
        remark(&format!("or opens, in a browser:\n  {link}"));
    }
    Ok(Exit::Done)
}

/// The code of an invitation, once, and what to do with it.
pub(super) fn print_invited(upn: &Upn, invited: &Invited, site: &str, context: &Context) {
    let code = invited.code.reveal();
    if context.is_json() {
        return print_json(&serde_json::json!({
            "upn": upn,
            "code": code.as_str(),
            "until": invited.until,
            "replaces_keys": invited.replaces_keys,
        }));
    }
    print(&code);
    remark(&format!(
        "\nThis code is shown only now. Give it to {upn} by a way that you trust; it works once, \
         until {}:\n  writ login {site} --as {upn}",
        local(invited.until)
    ));
    if invited.replaces_keys {
        complain(
            Colour::Yellow,
            "note",
            &format!("{upn} has keys; they end when this code is used"),
        );
    }
}

/// What joins in a browser. The code stands behind the `#`, which no browser sends.
fn join_link(upn: &Upn, invited: &Invited, site: &str) -> String {
    let code = invited.code.reveal();
    let upn = upn.as_str().replace('%', "%25").replace('#', "%23");
    format!("{site}/join#{upn}/{}", code.as_str())
}

/// Where others reach the site: as this profile does, or as the site says where it
/// does not name that.
pub(super) async fn reached_at(client: &Client) -> String {
    let own = client.account().url.clone();
    match client.site().await {
        Ok(site) if !site.value.origins.contains(&own) => {
            site.value.origins.first().cloned().unwrap_or(own)
        }
        Ok(_) | Err(_) => own,
    }
}

async fn list(listing: &Listing, context: &Context) -> Result<Exit, Failure> {
    let people: Vec<PersonView> = context.client()?.objects(listing).await?.value;
    if context.is_json() {
        print_items(&people);
        return Ok(Exit::Done);
    }
    let row = |person: &PersonView| {
        vec![
            person.upn.to_string(),
            person.name.clone().unwrap_or_default(),
            person.kind.name().to_owned(),
            person.role.map(role_name).unwrap_or_default(),
            person.keys.len().to_string(),
            standing(person),
        ]
    };
    print_table(
        &["who", "name", "kind", "role", "keys", "status"],
        people.iter().map(row).collect(),
        "there is nobody",
    );
    Ok(Exit::Done)
}

fn standing(person: &PersonView) -> String {
    match (person.active, person.invited_until) {
        (false, _) => "disabled".to_owned(),
        (true, Some(until)) => format!("invited until {}", local(until)),
        (true, None) if person.keys.is_empty() => "no key; invite again".to_owned(),
        (true, None) => "active".to_owned(),
    }
}

async fn show(upn: &Upn, context: &Context) -> Result<Exit, Failure> {
    let person = context.client()?.person(upn).await?.value;
    if context.is_json() {
        print_json(&person);
        return Ok(Exit::Done);
    }
    print_fields(&[
        ("who", person.upn.to_string()),
        ("name", person.name.clone().unwrap_or_default()),
        ("kind", person.kind.name().to_owned()),
        ("mail", person.mail.clone().unwrap_or_default()),
        ("role", person.role.map(role_name).unwrap_or_default()),
        ("status", standing(&person)),
    ]);
    print("");
    super::key::print_keys(&person);
    Ok(Exit::Done)
}

async fn disable(upn: &Upn, yes: bool, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    context.confirm(
        &format!("Disable {upn}? Their requests and grants end, and their keys do nothing."),
        yes,
    )?;
    client.disable_person(upn).await?;
    print(&format!(
        "{upn} is disabled; a new invitation brings them back: writ person invite {upn}"
    ));
    Ok(Exit::Done)
}
