//! `writ cancel`, `writ deny`, `writ revoke`: end a request, whatever it is now.

use writ_client::Ending;

use super::show::to_decide;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_json};

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
    #[arg(long, value_name = "TEXT")]
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
    #[arg(long, value_name = "TEXT")]
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
    Ok(Exit::Done)
}
