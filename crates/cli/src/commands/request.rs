//! `writ request`: ask for one task, with a reason, for some time.

use std::time::Duration;

use tokio::time::sleep;
use writ_client::{Asking, Client};
use writ_core::names::TaskName;
use writ_core::record::Status;
use writ_core::time::Seconds;
use writ_core::view::RequestView;

use super::show::print_request;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Progress, local, print, print_json};
use crate::parse::{Assignment, duration, instant};

/// How often to look whether a request was decided.
const LOOK: Duration = Duration::from_secs(1);

/// Ask for a task, with a reason, for some hours
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which, such as 'Host\Restart-Service'
    task: TaskName,
    /// Why: whoever approves reads it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The ticket it is for, as whoever approves will look it up
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
    /// For how long, such as 4h [default: 4h, or what the policy grants]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<Seconds>,
    /// Fix a parameter: NAME=VALUE, NAME=@FILE, or NAME= and one_of:A,B, glob:A*,
    /// range:1..9; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<Assignment>,
    /// From when, such as 2026-12-01T08:00:00Z, 08:00 or +2h [default: from the approval]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// How often [default: any number of times]
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Wait until it is decided
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
    let schemas = super::schemas(&client, &args.task, &args.param).await?;
    let asking = Asking {
        parameters: super::constraints(&args.param, &schemas)?,
        task: args.task,
        reason: args.reason,
        ticket: args.ticket,
        duration: args.duration,
        start,
        runs: args.runs,
    };
    let (id, _) = client.request(asking).await?;
    let mut view = client.show(&id.to_string()).await?;
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
    Ok(match view.status {
        _ if !args.wait => Exit::Done,
        Status::Pending | Status::Live => Exit::Done,
        Status::Denied => Exit::Denied,
        Status::Ended
        | Status::Revoked
        | Status::Expired
        | Status::Canceled
        | Status::Superseded => Exit::Over,
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

/// Who must approve next.
fn waits_for(view: &RequestView) -> String {
    let next = view.stages.iter().find(|stage| stage.given < stage.needed);
    match next {
        Some(stage) if stage.needed > 1 => format!(
            "{} approvals of {}",
            stage.needed - stage.given,
            stage.group
        ),
        Some(stage) => format!("an approval of {}", stage.group),
        None => "approval".to_owned(),
    }
}

async fn wait(
    client: &Client,
    mut view: RequestView,
    context: &Context,
) -> Result<RequestView, Failure> {
    let mut progress = Progress::new();
    while view.status == Status::Pending {
        if !context.is_json() {
            progress.at(|since| {
                format!(
                    "waiting {} s for {}; Ctrl-C stops waiting, and the request stays",
                    since.as_secs(),
                    waits_for(&view)
                )
            });
        }
        sleep(LOOK).await;
        view = client.show(&view.id.to_string()).await?;
    }
    Ok(view)
}
