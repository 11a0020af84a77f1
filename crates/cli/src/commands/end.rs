//! `writ cancel`, `writ deny`, `writ revoke`: end a request, whatever it is now.

use writ_client::{Client, Ending, Listing};
use writ_core::record::Status;
use writ_core::view::RequestView;

use super::show::to_decide;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Colour, complain, local, print, print_json};
use crate::parse::line;

/// How many live grants are looked through for others of the same task.
const MAX_LIVE: usize = 1_000;

/// Cancel your own request
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CancelArgs {
    /// Which: its id, or the first digits of it
    #[arg(value_parser = super::id_prefix)]
    id: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Deny a request
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DenyArgs {
    /// Which: its id, or the first digits of it
    #[arg(value_parser = super::id_prefix)]
    id: String,
    /// Why: the requester reads it
    #[arg(long, value_name = "TEXT", value_parser = line)]
    comment: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// End a live grant, or a request, at once
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// Which: its id, or the first digits of it
    #[arg(value_parser = super::id_prefix)]
    id: String,
    /// Why; needed unless it is your own
    #[arg(long, value_name = "TEXT", value_parser = line)]
    comment: Option<String>,
    /// Kill runs in flight, which else go on to their end
    #[arg(long)]
    kill: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn cancel(args: CancelArgs, context: &Context) -> Result<Exit, Failure> {
    end("Cancel", &args.id, Ending::default(), args.yes, context).await
}

pub(crate) async fn deny(args: DenyArgs, context: &Context) -> Result<Exit, Failure> {
    let ending = Ending {
        comment: Some(args.comment),
        kill: false,
    };
    end("Deny", &args.id, ending, args.yes, context).await
}

pub(crate) async fn revoke(args: RevokeArgs, context: &Context) -> Result<Exit, Failure> {
    let ending = Ending {
        comment: args.comment,
        kill: args.kill,
    };
    end("Revoke", &args.id, ending, args.yes, context).await
}

async fn end(
    verb: &str,
    id: &str,
    ending: Ending,
    yes: bool,
    context: &Context,
) -> Result<Exit, Failure> {
    let client = context.client()?;
    let view = to_decide(&client, id, context, yes).await?;
    context.confirm(&format!("{verb} {} of {}?", view.task, view.by), yes)?;
    let facts = client.end(view.id, ending).await?;
    match context.is_json() {
        true => print_json(&client.show(&view.id.to_string()).await?),
        false => print(&facts.join("\n")),
    }
    if view.status == Status::Live {
        others(&client, &view).await?;
    }
    Ok(Exit::Done)
}

/// Says what else lets the same person run the same task: grants never merge,
/// and whoever takes one away may mean all.
async fn others(client: &Client, ended: &RequestView) -> Result<(), Failure> {
    let listing = Listing {
        with: vec![
            ("scope", "all".to_owned()),
            ("status", Status::Live.name().to_owned()),
            ("by", ended.by.to_string()),
            ("task", ended.task.to_string()),
        ],
        most: MAX_LIVE,
    };
    let live = client.requests(&listing).await?;
    for view in live.iter().filter(|view| view.id != ended.id) {
        let until = view.grant.as_ref().map(|grant| local(grant.until));
        complain(
            Colour::Yellow,
            "note",
            &format!(
                "{} holds another grant for {} until {}; to end it, too: writ revoke {}",
                view.by,
                view.task,
                until.unwrap_or_default(),
                view.id.brief()
            ),
        );
    }
    Ok(())
}
