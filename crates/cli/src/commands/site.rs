//! `writ site`: where the installation is reached, and the keys of its node.

use clap::ValueEnum;
use writ_client::check_url;
use writ_core::object::{Object, Site};
use writ_engine::ServiceKey;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_fields, print_json};

/// Show and set where the installation is reached; replace its keys
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Show its addresses and public keys
    Show,
    /// Set its addresses
    Set(SetArgs),
    /// Replace a key of the node, on its host, with the node stopped
    RotateKey {
        /// Which
        key: KeyArg,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct SetArgs {
    /// A URL that people reach it by; repeat it for all that there are
    #[arg(long, value_name = "URL", num_args = 1..)]
    origin: Vec<String>,
    /// The domain that new passkeys are bound to; older ones stay with theirs
    #[arg(long, value_name = "DOMAIN")]
    rp_id: Option<String>,
}

/// A key of the node, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KeyArg {
    /// Signs checkpoints
    Log,
    /// Signs outcomes
    Runner,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Show => {
            let site = context.client()?.site().await?.value;
            match context.is_json() {
                true => print_json(&site),
                false => print_site(&site),
            }
            Ok(Exit::Done)
        }
        Args::Set(args) => set(args, context).await,
        Args::RotateKey { key, yes } => rotate(key, yes, context).await,
    }
}

async fn set(args: SetArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let seen = client.site().await?;
    let mut site = seen.value;
    if !args.origin.is_empty() {
        let origins = args.origin.iter().map(|url| check_url(url));
        site.origins = origins.collect::<Result<_, _>>()?;
    }
    site.rp_id = args.rp_id.unwrap_or(site.rp_id);
    let said = format!(
        "The site is reached by {}; new passkeys are bound to {}.",
        site.origins.join(", "),
        site.rp_id
    );
    client.set(Object::Site(site.into()), seen.seen).await?;
    print(&said);
    Ok(Exit::Done)
}

async fn rotate(key: KeyArg, yes: bool, context: &Context) -> Result<Exit, Failure> {
    let (which, name) = match key {
        KeyArg::Log => (ServiceKey::Log, "log"),
        KeyArg::Runner => (ServiceKey::Runner, "runner"),
    };
    let data = context.data()?;
    let rotating = data.rotating(which).await?;
    let profile = context.profile_of(rotating.organization())?;
    context.confirm(
        &format!("Replace the {name} key? Back up state/ again after it."),
        yes,
    )?;
    let envelope = profile.set_site(rotating.statement())?;
    data.rotate(rotating, envelope).await?;
    print(&format!(
        "The {name} key is replaced. Back up state/ again, then start the node: writ serve"
    ));
    Ok(Exit::Done)
}

fn print_site(site: &Site) {
    print_fields(&[
        ("origins", site.origins.join("\n")),
        ("passkeys", site.rp_id.clone()),
        ("rules", site.rules.to_string()),
        ("log key", site.services.log.id().to_string()),
        ("runner key", site.services.runner.id().to_string()),
    ]);
}
