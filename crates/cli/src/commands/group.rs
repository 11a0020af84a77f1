//! `writ group`: people and groups, named by a mail address.

use std::collections::BTreeSet;

use clap::ValueEnum;
use writ_core::names::{Address, Upn};
use writ_core::object::{Group, MailTo, Object, ObjectName, Remind};

use super::listing::{Most, narrowed};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_fields, print_items, print_json, print_table};
use crate::parse::{duration, line};

/// Make, change, list, show and remove groups
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Make a group, or change who is in it
    Set(SetArgs),
    /// List groups
    List(ListArgs),
    /// Show one group
    Show {
        /// Which
        address: Address,
    },
    /// Remove a group
    Remove {
        /// Which
        address: Address,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only those that contain this person, directly or through others
    #[arg(long, value_name = "UPN")]
    member: Option<Upn>,
    #[command(flatten)]
    most: Most,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// Its address, such as approvers@example.com
    address: Address,
    /// Put a person or a group into it; may be repeated
    #[arg(long, value_name = "UPN|GROUP", num_args = 1..)]
    add: Vec<Address>,
    /// Take a person or a group out of it; may be repeated
    #[arg(long, value_name = "UPN|GROUP", num_args = 1..)]
    remove: Vec<Address>,
    /// As people call it
    #[arg(long, value_parser = line)]
    name: Option<String>,
    /// Where its mail goes: to each member, or to its own address
    #[arg(long, value_enum, value_name = "WHERE")]
    mail_to: Option<To>,
    /// Remind it of what waits: after how long, and then how often, such as 2h,1d
    #[arg(long, value_name = "AFTER,EVERY", value_parser = reminding, conflicts_with = "no_remind")]
    remind: Option<Remind>,
    /// Remind it no more
    #[arg(long)]
    no_remind: bool,
    /// Which group to tell, too, when this one is slow; it gets no power by it
    #[arg(long, value_name = "GROUP", conflicts_with = "no_escalate")]
    escalate_to: Option<Address>,
    /// Tell no other group
    #[arg(long)]
    no_escalate: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    /// Each member
    Members,
    /// The group's own address
    Address,
}

/// `2h,1d`.
fn reminding(text: &str) -> Result<Remind, String> {
    let (after, every) = text
        .split_once(',')
        .ok_or("after how long, and then how often: 2h,1d")?;
    Ok(Remind {
        after_s: duration(after.trim())?,
        every_s: duration(every.trim())?,
    })
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Set(args) => set(args, context).await,
        Args::List(args) => list(&args, context).await,
        Args::Show { address } => {
            let group = context.client()?.group(&address).await?.value;
            match context.is_json() {
                true => print_json(&group),
                false => print_fields(&[
                    ("group", group.address.to_string()),
                    ("name", group.name.clone().unwrap_or_default()),
                    ("members", members(&group.members, "\n")),
                    ("mail to", mail_to(&group)),
                    ("reminded", reminded(&group)),
                    (
                        "escalates",
                        group
                            .escalate_to
                            .map(|group| format!("to {group}"))
                            .unwrap_or_default(),
                    ),
                ]),
            }
            Ok(Exit::Done)
        }
        Args::Remove { address, yes } => {
            let client = context.client()?;
            let seen = client.group(&address).await?.seen;
            context.confirm(
                &format!("Remove {address}? Policies that name it then have nobody there."),
                yes,
            )?;
            client
                .remove(ObjectName::Group(address.clone()), seen)
                .await?;
            print(&format!("The group {address} is removed."));
            Ok(Exit::Done)
        }
    }
}

async fn set(args: SetArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let groups = client.groups().await?;
    let known: BTreeSet<Address> = groups.value.iter().map(|it| it.address.clone()).collect();
    let found = groups
        .value
        .into_iter()
        .find(|group| group.address == args.address);
    let mut group = found.unwrap_or(Group {
        address: args.address,
        name: None,
        members: BTreeSet::new(),
        mail_to: MailTo::default(),
        remind: None,
        escalate_to: None,
    });
    for member in &args.remove {
        if !group.members.remove(member) {
            return Err(Failure::usage(format!(
                "{member} is not in {0}; see: writ group show {0}",
                group.address
            )));
        }
    }
    group.members.extend(args.add);
    group.name = args.name.or(group.name);
    group.mail_to = match args.mail_to {
        Some(To::Members) => MailTo::Members,
        Some(To::Address) => MailTo::Address,
        None => group.mail_to,
    };
    group.remind = match args.no_remind {
        true => None,
        false => args.remind.or(group.remind),
    };
    if let Some(further) = &args.escalate_to {
        if *further == group.address {
            return Err(Failure::usage(format!(
                "{further} cannot be told that it is slow itself; name another group, or none: \
                 writ group set {further} --no-escalate"
            )));
        }
        if !known.contains(further) {
            return Err(Failure::usage(format!(
                "there is no group {further}; make it first: writ group set {further} --add UPN"
            )));
        }
    }
    group.escalate_to = match args.no_escalate {
        true => None,
        false => args.escalate_to.or(group.escalate_to),
    };
    let said = match group.members.len() {
        0 => format!("The group {} is set, and empty.", group.address),
        _ => format!(
            "The group {} is set: {}",
            group.address,
            members(&group.members, ", ")
        ),
    };
    client.set(Object::Group(group.into()), groups.seen).await?;
    print(&said);
    Ok(Exit::Done)
}

/// Where its mail goes, if not to each member.
fn mail_to(group: &Group) -> String {
    match group.mail_to {
        MailTo::Members => String::new(),
        MailTo::Address => "its own address".into(),
    }
}

fn reminded(group: &Group) -> String {
    let words = |remind: Remind| format!("after {}, then every {}", remind.after_s, remind.every_s);
    group.remind.map(words).unwrap_or_default()
}

async fn list(args: &ListArgs, context: &Context) -> Result<Exit, Failure> {
    let listing = args
        .most
        .listing([narrowed("member", args.member.as_ref())]);
    let groups: Vec<Group> = context.client()?.objects(&listing).await?.value;
    if context.is_json() {
        print_items(&groups);
        return Ok(Exit::Done);
    }
    let row = |group: &Group| {
        vec![
            group.address.to_string(),
            group.name.clone().unwrap_or_default(),
            members(&group.members, ", "),
        ]
    };
    print_table(
        &["group", "name", "members"],
        groups.iter().map(row).collect(),
        "there are no groups; make one: writ group set ADDRESS --add UPN",
    );
    Ok(Exit::Done)
}

fn members(members: &BTreeSet<Address>, between: &str) -> String {
    let names: Vec<_> = members.iter().map(Address::as_str).collect();
    names.join(between)
}
