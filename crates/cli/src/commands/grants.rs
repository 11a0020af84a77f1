//! `writ grants`: what one may run now.

use writ_core::names::{TaskName, Upn};
use writ_core::view::RequestView;

use super::listing::{Most, narrowed};
use super::show::asked;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print_items, print_table};

/// List what you may run now, and until when
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose [default: yours]
    #[arg(long, value_name = "UPN")]
    person: Option<Upn>,
    /// Only those for this task
    #[arg(long)]
    task: Option<TaskName>,
    #[command(flatten)]
    most: Most,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let by = narrowed("by", args.person.as_ref());
    let task = narrowed("task", args.task.as_ref());
    let listing = args.most.listing([by, task]);
    let grants = context.client()?.grants(&listing).await?;
    if context.is_json() {
        print_items(&grants);
        return Ok(Exit::Done);
    }
    let row = |view: &RequestView| {
        let grant = view.grant.as_ref();
        vec![
            view.id.brief(),
            view.task.to_string(),
            asked(view, ", "),
            grant.map(|grant| local(grant.from)).unwrap_or_default(),
            grant.map(|grant| local(grant.until)).unwrap_or_default(),
        ]
    };
    print_table(
        &["request", "task", "parameters", "from", "until"],
        grants.iter().map(row).collect(),
        "you may run nothing now; ask for a task: writ request TASK --reason TEXT",
    );
    Ok(Exit::Done)
}
