//! `writ approve`: say yes to a request, or to less than it asks for.

use writ_client::Narrowing;
use writ_core::time::Seconds;

use super::show::to_decide;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_json};
use crate::parse::{Assignment, duration, line};

/// Approve a request, or less than it asks for
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which: its id, or the first digits of it
    #[arg(value_parser = super::id_prefix)]
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = line)]
    comment: Option<String>,
    /// For a shorter time
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<Seconds>,
    /// Only with such parameters: NAME=VALUE, or NAME= and one_of:A,B, glob:A*,
    /// range:1..9; may be repeated
    #[arg(short = 'P', long, value_name = "NAME=RULE")]
    param: Vec<Assignment>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let view = to_decide(&client, &args.id, context, args.yes).await?;
    let (_, schemas) = super::meant(&client, view.task.clone()).await?;
    let narrowing = Narrowing {
        comment: args.comment,
        duration: args.duration,
        parameters: super::constraints(&args.param, &schemas)?,
    };
    let length = args.duration.unwrap_or(view.duration_s);
    context.confirm(
        &format!("Approve {} for {}, for {length}?", view.task, view.by),
        args.yes,
    )?;
    let facts = client.approve(view.id, narrowing).await?;
    match context.is_json() {
        true => print_json(&client.show(&view.id.to_string()).await?),
        false => print(&facts.join("\n")),
    }
    Ok(Exit::Done)
}
