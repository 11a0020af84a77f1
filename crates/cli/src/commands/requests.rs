//! `writ requests`: one's own, those that wait for one, all that one may see.

use clap::ValueEnum;
use writ_core::names::{TaskName, Upn};
use writ_core::record::Status;
use writ_core::view::RequestView;

use super::listing::{listing, narrowed, since};
use super::show::asked;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print_items, print_table};

/// List requests, the newest first
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// Only those that are this now
    #[arg(long, alias = "state", value_enum)]
    status: Option<StatusArg>,
    /// Only those for this task
    #[arg(long)]
    task: Option<TaskName>,
    /// Only those of this person
    #[arg(long, value_name = "UPN")]
    requester: Option<Upn>,
    /// Only those raised since: 7d (ago), a date, or a date and time
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

#[derive(Clone, Debug, clap::Args)]
#[group(multiple = false)]
struct Scope {
    /// Your own [default]
    #[arg(long)]
    mine: bool,
    /// Those that wait for your approval
    #[arg(long)]
    to_approve: bool,
    /// All that you may see
    #[arg(long)]
    all: bool,
}

impl Scope {
    const fn name(&self) -> &'static str {
        match (self.to_approve, self.all) {
            (true, _) => "to-approve",
            (false, true) => "all",
            (false, false) => "mine",
        }
    }
}

/// What a request is now, as it is typed.
#[derive(Clone, Copy, Debug)]
struct StatusArg(Status);

impl ValueEnum for StatusArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [StatusArg; 8] = {
            let [a, b, c, d, e, f, g, h] = Status::ALL;
            [
                StatusArg(a),
                StatusArg(b),
                StatusArg(c),
                StatusArg(d),
                StatusArg(e),
                StatusArg(f),
                StatusArg(g),
                StatusArg(h),
            ]
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let with = [
        narrowed("scope", Some(args.scope.name())),
        narrowed("status", args.status.map(|status| status.0.name())),
        narrowed("task", args.task.as_ref()),
        narrowed("by", args.requester.as_ref()),
        since(args.since.as_deref())?,
    ];
    let listing = listing(args.limit, with);
    let requests = client.requests(&listing).await?;
    if context.is_json() {
        print_items(&requests);
        return Ok(Exit::Done);
    }
    let row = |view: &RequestView| {
        vec![
            view.id.brief(),
            view.status.name().to_owned(),
            view.task.to_string(),
            asked(view, ", "),
            view.by.to_string(),
            view.duration_s.to_string(),
            local(view.raised),
            view.reason.clone(),
        ]
    };
    print_table(
        &[
            "id",
            "status",
            "task",
            "parameters",
            "by",
            "for",
            "raised",
            "reason",
        ],
        requests.iter().map(row).collect(),
        match args.scope.name() {
            "to-approve" => "nothing waits for you",
            "all" => "there are no requests that you may see",
            _ => "you have no requests; ask for a task: writ request TASK --reason TEXT",
        },
    );
    Ok(Exit::Done)
}
