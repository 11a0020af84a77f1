//! `writ preferences`: what one chose for oneself.

use clap::ValueEnum;
use writ_core::object::{Object, Preferences};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print, print_fields, print_json};
use crate::parse::instant;

/// Show and set how mail reaches you
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Show yours
    Show,
    /// Set yours; what is not named stays as it is
    Set(SetArgs),
}

#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct SetArgs {
    /// One mail a day instead of one each
    #[arg(long, value_enum)]
    digest: Option<Switch>,
    /// Hours without mail, such as 22:00-07:00, or `never`
    #[arg(long, value_name = "FROM-TO")]
    quiet: Option<String>,
    /// When you are back, such as +14d or 2026-12-01 08:00, or `now`
    #[arg(long, value_name = "TIME")]
    away_until: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let seen = client.preferences().await?;
    let mine = match args {
        Args::Show => seen.value,
        Args::Set(args) => {
            let changed = changed(seen.value, args)?;
            let object = Object::Preferences(changed.clone().into());
            client.set(object, seen.seen).await?;
            changed
        }
    };
    match context.is_json() {
        true => print_json(&mine),
        false => print_preferences(&mine),
    }
    Ok(Exit::Done)
}

fn changed(before: Preferences, args: SetArgs) -> Result<Preferences, Failure> {
    let away_until = match args.away_until.as_deref() {
        None => before.away_until,
        Some("now") => None,
        Some(text) => Some(instant(text, writ_client::now()).map_err(Failure::usage)?),
    };
    let quiet = match args.quiet {
        None => before.quiet,
        Some(text) if text == "never" => None,
        some => some,
    };
    Ok(Preferences {
        digest: match args.digest {
            None => before.digest,
            Some(Switch::On) => true,
            Some(Switch::Off) => false,
        },
        quiet,
        away_until,
    })
}

fn print_preferences(mine: &Preferences) {
    let mail = match mine.digest {
        true => "one a day",
        false => "one each",
    };
    if *mine == Preferences::default() {
        print("You have chosen nothing; the defaults are:");
    }
    print_fields(&[
        ("mail", mail.to_owned()),
        (
            "quiet",
            mine.quiet.clone().unwrap_or_else(|| "never".to_owned()),
        ),
        ("away until", mine.away_until.map(local).unwrap_or_default()),
    ]);
}
