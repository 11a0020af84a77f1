//! `writ request`: ask for one task, with a reason, for some time.

use writ_client::Asking;
use writ_core::names::TaskName;
use writ_core::record::Status;
use writ_core::time::Seconds;
use writ_core::view::RequestView;

use super::show::{decided, print_request, say_untold, wait, waits_for};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print, print_json};
use crate::parse::{Assignment, duration, instant, line};

/// Ask for a task, with a reason, for some hours
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which, such as 'Host\Restart-Service'
    task: TaskName,
    /// Why: whoever approves reads it
    #[arg(long, value_name = "TEXT", value_parser = line)]
    reason: String,
    /// The ticket it is for, as whoever approves will look it up
    #[arg(long, value_name = "TEXT", value_parser = line)]
    ticket: Option<String>,
    /// For how long, such as 4h [default: 4h, or what the policy grants]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<Seconds>,
    /// Fix a parameter: NAME=VALUE, NAME=@FILE, or NAME= and one_of:A,B, glob:A*,
    /// range:1..9; may be repeated
    #[arg(short = 'P', long, value_name = "NAME=VALUE")]
    param: Vec<Assignment>,
    /// From when, such as 2026-12-01T08:00:00Z, 08:00 or +2h [default: from the approval]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// How often [default: any number of times]
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Wait until it is decided; go on waiting later with `writ show ID --wait`
    #[arg(long)]
    wait: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let start = args.start.as_deref();
    let start = start
        .map(|text| instant(text, writ_client::now()))
        .transpose();
    let start = start.map_err(Failure::usage)?;
    let client = context.client()?;
    let (task, schemas) = super::meant(&client, args.task).await?;
    let asking = Asking {
        parameters: super::constraints(&args.param, &schemas)?,
        task,
        reason: args.reason,
        ticket: args.ticket,
        duration: args.duration,
        start,
        runs: args.runs,
    };
    let (id, _) = client.request(asking).await?;
    let mut view = client.show(&id.to_string()).await?;
    say_untold(&client, &view).await;
    if args.wait {
        view = wait(&client, view, context).await?;
    }
    if context.is_json() {
        print_json(&view);
    } else if args.wait {
        print_request(&view);
    } else {
        raised(&view);
    }
    Ok(match args.wait {
        true => decided(view.status),
        false => Exit::Done,
    })
}

fn raised(view: &RequestView) {
    let short = view.id.short();
    if view.status != Status::Pending {
        return print_request(view);
    }
    print(&format!("Requested: {short}"));
    print(&format!(
        "It waits for {} until {}.",
        waits_for(view),
        local(view.expires)
    ));
    print(&format!("  writ show {short}"));
}
