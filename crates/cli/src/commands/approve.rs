//! `writ approve`: say yes to requests, or to less than they ask for.

use writ_client::{Client, Narrowing};
use writ_core::names::Upn;
use writ_core::time::Seconds;
use writ_core::view::RequestView;

use super::listing::{listing, narrowed};
use super::show::{print_request, to_decide};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{is_interactive, print, print_items, print_json};
use crate::parse::{Assignment, duration, line};

/// Approve a request, or less than it asks for
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which: its id, or the first digits of it; may be several
    #[arg(value_parser = super::id_prefix, required_unless_present = "app")]
    id: Vec<String>,
    /// All that wait for you and are for this app
    #[arg(long, conflicts_with = "id")]
    app: Option<Upn>,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = line)]
    comment: Option<String>,
    /// For a shorter time
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<Seconds>,
    /// Only with such parameters: NAME=VALUE, or NAME= and one_of:A,B, glob:A*,
    /// range:1..9, subset_of:A,B, superset_of:A,B; may be repeated
    #[arg(short = 'P', long, value_name = "NAME=RULE")]
    param: Vec<Assignment>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let requests = meant(&args, &client, context).await?;
    let question = match &*requests {
        [one] => {
            let length = args.duration.unwrap_or(one.duration_s);
            format!("Approve {} for {}, for {length}?", one.task, one.holder())
        }
        several => format!("Approve all {}?", several.len()),
    };
    context.confirm(&question, args.yes)?;
    // What is wrong with one says nothing of the others.
    let (mut approved, mut failed) = (Vec::new(), Vec::new());
    for view in &requests {
        match approve(view, &args, &client, context).await {
            Ok(after) => approved.push(after),
            Err(failure) => failed.push((view, failure)),
        }
    }
    match (&*approved, context.is_json()) {
        ([one], true) if requests.len() == 1 => print_json(one),
        (several, true) => print_items(&several),
        (_, false) => {}
    }
    let is_one = requests.len() == 1;
    let mut ended = Exit::Done;
    for (view, failure) in failed {
        if is_one {
            return Err(failure);
        }
        ended = failure.of(view.id.short()).report();
    }
    Ok(ended)
}

/// The requests that are to be approved, shown first if a person decides.
async fn meant(
    args: &Args,
    client: &Client,
    context: &Context,
) -> Result<Vec<RequestView>, Failure> {
    let Some(app) = &args.app else {
        let mut requests = Vec::new();
        for id in &args.id {
            requests.push(to_decide(client, id, context, args.yes).await?);
        }
        return Ok(requests);
    };
    let with = [
        narrowed("scope", Some("to-approve")),
        narrowed("app", Some(app)),
    ];
    let requests = client.requests(&listing(usize::MAX, with)).await?;
    if requests.is_empty() {
        return Err(Failure::usage(format!(
            "nothing for {app} waits for you; see: writ app show {app}"
        )));
    }
    if !args.yes && !context.is_json() && is_interactive() {
        for view in &requests {
            print_request(view);
            print("");
        }
    }
    Ok(requests)
}

async fn approve(
    view: &RequestView,
    args: &Args,
    client: &Client,
    context: &Context,
) -> Result<RequestView, Failure> {
    let (_, schemas) = super::meant(client, view.task.clone()).await?;
    let narrowing = Narrowing {
        comment: args.comment.clone(),
        duration: args.duration,
        parameters: super::constraints(&args.param, &schemas)?,
    };
    let facts = client.approve(view.id, narrowing).await?;
    if !context.is_json() {
        print(&facts.join("\n"));
    }
    Ok(client.show(&view.id.to_string()).await?)
}
