//! `writ audit search`: records of the log, the newest first, page by page.

use serde_json::json;
use writ_client::audit::{Record, Wanted};
use writ_core::names::Pattern;
use writ_core::time::Time;

use super::format::Format;
use super::when;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print_bytes, print_json, print_table, remark};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// From when, included: 7d (ago), a date, or a date and time
    #[arg(long, value_name = "WHEN", value_parser = when)]
    from: Option<Time>,
    /// Until when, excluded
    #[arg(long, value_name = "WHEN", value_parser = when)]
    to: Option<Time>,
    /// Only this operation, such as New-ElevatedAccessRequest; * stands for anything
    #[arg(long, value_name = "NAME")]
    operation: Vec<String>,
    /// Only what this person said; * stands for anything
    #[arg(long, value_name = "UPN")]
    user: Vec<String>,
    /// Only what is about this task, or tasks such as Exchange\Get-*
    #[arg(long, value_name = "TASK")]
    task: Option<Pattern>,
    /// Only records that hold this text
    #[arg(long)]
    text: Option<String>,
    /// Go on before this index, where the page before ended
    #[arg(long, value_name = "INDEX")]
    before: Option<u64>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Print the records in a form that readers of audit logs know
    #[arg(long, value_enum)]
    format: Option<Format>,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from >= to
    {
        return Err(super::empty(from, to));
    }
    let client = context.client()?;
    let mut search = client.audit(args.wanted()).await?;
    if let Some(format) = args.format {
        print_bytes(format.head().as_bytes());
    }
    let (mut page, mut count, mut last) = (Vec::new(), 0, None);
    while count < args.limit {
        let Some(record) = search.next().await? else {
            // There is nothing to go on with.
            last = None;
            break;
        };
        (count, last) = (count + 1, Some(record.index));
        match args.format {
            Some(format) => print_bytes(format.row(&record).as_bytes()),
            None => page.push(record),
        }
    }
    if args.format.is_none() && context.is_json() {
        let items: Vec<_> = page.iter().map(|record| &record.data).collect();
        print_json(&json!({ "items": items, "before": last }));
        return Ok(Exit::Done);
    }
    if args.format.is_none() {
        print_table(
            &["index", "time", "user", "operation", "object", "result"],
            page.iter().map(row).collect(),
            "the log has no such entries",
        );
    }
    if let Some(last) = last.filter(|last| *last > 0) {
        remark(&format!(
            "There may be more: go on with the same and --before {last}"
        ));
    }
    Ok(Exit::Done)
}

impl Args {
    fn wanted(&self) -> Wanted {
        let Self {
            from,
            to,
            operation,
            user,
            task,
            text,
            before,
            ..
        } = self.clone();
        Wanted {
            from,
            to,
            operations: operation,
            users: user,
            task,
            text,
            before,
        }
    }
}

fn row(record: &Record) -> Vec<String> {
    let data = &record.data;
    vec![
        record.index.to_string(),
        local(record.time),
        data.user_id.clone(),
        data.operation.clone(),
        data.object_id.clone().unwrap_or_default(),
        data.result_status.to_owned(),
    ]
}
