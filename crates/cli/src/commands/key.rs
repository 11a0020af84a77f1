//! `writ key`: the keys of a person.

use writ_core::digest::KeyId;
use writ_core::names::Upn;
use writ_core::view::PersonView;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print, print_items, print_table};

/// List, add and revoke keys
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// List the keys of a person
    List {
        /// Whose [default: yours]
        upn: Option<Upn>,
    },
    /// Add the key of another device of yours: on that one, run writ login --pair
    Add {
        /// What the other device shows
        text: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Take a key away, at once and for ever
    Revoke {
        /// Which: its id, or the first digits of it
        key: String,
        /// Whose [default: yours]
        #[arg(long, value_name = "UPN")]
        person: Option<Upn>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    match args {
        Args::List { upn } => {
            let person = client.person(upn.as_ref().unwrap_or(client.upn())).await?;
            match context.is_json() {
                true => print_items(&person.value.keys),
                false => print_keys(&person.value),
            }
        }
        Args::Add { text, yes } => {
            let paired = client.read_pairing(&text)?;
            let (key, label) = (paired.key.short(), &paired.label);
            context.confirm(
                &format!(
                    "Add the key {key} of the device `{label}`? It must be the one that you see \
                     there: it can do whatever you can."
                ),
                yes,
            )?;
            print(&client.add_key(&paired).await?.join("\n"));
        }
        Args::Revoke { key, person, yes } => {
            let upn = person.as_ref().unwrap_or(client.upn());
            let person = client.person(upn).await?.value;
            let (id, label) = find(&person, &key)?;
            let here = match id == client.key().public().id() {
                true => " It is the key of this profile.",
                false => "",
            };
            context.confirm(
                &format!("Revoke the key `{label}` of {upn}?{here} It never works again."),
                yes,
            )?;
            client.revoke_key(upn, id).await?;
            print(&format!("The key `{label}` of {upn} is revoked."));
        }
    }
    Ok(Exit::Done)
}

fn find(person: &PersonView, typed: &str) -> Result<(KeyId, String), Failure> {
    let digits = super::id_prefix(typed).map_err(|_| {
        Failure::usage("name the key by its id, or at least its first 4 digits; see: writ key list")
    })?;
    let mut found = person
        .keys
        .iter()
        .filter(|key| key.id.to_string().starts_with(&digits));
    match (found.next(), found.next()) {
        (Some(key), None) => Ok((key.id, key.label.clone())),
        (None, _) => Err(Failure::usage(format!(
            "{} has no key {typed}; see: writ key list {0}",
            person.upn
        ))),
        (Some(_), Some(_)) => Err(Failure::usage(format!(
            "several keys begin with {typed}; give more digits"
        ))),
    }
}

pub(super) fn print_keys(person: &PersonView) {
    let rows = person.keys.iter().map(|key| {
        let kind = if key.passkey { "passkey" } else { "key file" };
        vec![
            key.id.short(),
            key.label.clone(),
            kind.to_owned(),
            local(key.since),
        ]
    });
    print_table(
        &["key", "label", "kind", "since"],
        rows.collect(),
        &format!("{} has no keys", person.upn),
    );
}
