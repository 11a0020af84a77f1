//! `writ executions`: what was run, and how it ended.

use clap::ValueEnum;
use writ_core::digest::RequestId;
use writ_core::names::{TaskName, Upn};
use writ_core::statement::{Rows, RunResult};
use writ_core::view::{ExecutionView, RunStatus};

use super::listing::{listing, narrowed, since};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{
    local, print, print_bytes, print_fields, print_items, print_json, print_table, remark,
};
use crate::parse::line;
use crate::shown::Shown;

/// List what was run, the newest first; show one execution; resolve an unknown one
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    one: Option<One>,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum One {
    /// Show one execution
    Show {
        /// Which: its id, or the first digits of it
        #[arg(value_parser = super::run_prefix)]
        id: String,
        /// Print what it put out, and nothing else
        #[arg(long)]
        print_output: bool,
        /// Print what it puts out as it comes, from its beginning until it is
        /// over, and end as `writ run` does
        #[arg(long, conflicts_with = "print_output")]
        follow: bool,
    },
    /// Say what became of an execution that ended unknown, once you have looked
    Resolve {
        /// Which: its id, or the first digits of it
        #[arg(value_parser = super::run_prefix)]
        id: String,
        /// What became of it
        #[arg(long, value_enum)]
        result: ResultArg,
        /// How you know: others read it
        #[arg(long, value_name = "TEXT", value_parser = line)]
        note: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ResultArg {
    /// It had its effect
    Succeeded,
    /// It had not
    Failed,
}

#[derive(Clone, Debug, clap::Args)]
struct Filter {
    /// Your own [default]
    #[arg(long, conflicts_with = "all")]
    mine: bool,
    /// All that you may see
    #[arg(long)]
    all: bool,
    /// Only those under this request
    #[arg(long, value_name = "ID", value_parser = super::id_prefix)]
    request: Option<String>,
    /// Only those that ended so
    #[arg(long, alias = "state", value_enum)]
    status: Option<StatusArg>,
    /// Only those of this task
    #[arg(long)]
    task: Option<TaskName>,
    /// Only those of this person
    #[arg(long, value_name = "UPN")]
    person: Option<Upn>,
    /// Only those authorised since: 7d (ago), a date, or a date and time
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusArg {
    /// Not ended yet
    Authorized,
    /// The target said it was done
    Succeeded,
    /// Not started, or the target said it failed
    Failed,
    /// Sight of it was lost
    Unknown,
}

impl StatusArg {
    const fn name(self) -> &'static str {
        match self {
            Self::Authorized => RunStatus::Authorized.name(),
            Self::Succeeded => RunStatus::Succeeded.name(),
            Self::Failed => RunStatus::Failed.name(),
            Self::Unknown => RunStatus::Unknown.name(),
        }
    }
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.one {
        Some(One::Show {
            id, follow: true, ..
        }) => follow(id, context).await,
        Some(One::Show {
            id, print_output, ..
        }) => show(id, *print_output, context).await,
        Some(One::Resolve { id, result, note }) => resolve(id, *result, note, context).await,
        None => list(&args.filter, context).await,
    }
}

async fn show(id: &str, print_output: bool, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let view = client.execution(id).await?;
    if print_output {
        let mut shown = Shown::to_stdout();
        print_bytes(&shown.push(&client.output(&view).await?));
        print_bytes(&shown.finish());
        if view.status == RunStatus::Authorized {
            remark(&format!(
                "It has not ended, and its output is kept when it has; to see it now: writ \
                 executions show {} --follow",
                view.id.brief()
            ));
        }
    } else if context.is_json() {
        print_json(&view);
    } else {
        print_execution(&view);
    }
    Ok(Exit::Done)
}

async fn follow(id: &str, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let id = client.execution(id).await?.id;
    super::run::follow(&client, id, context).await
}

async fn resolve(
    id: &str,
    result: ResultArg,
    note: &str,
    context: &Context,
) -> Result<Exit, Failure> {
    let client = context.client()?;
    let view = client.execution(id).await?;
    let result = match result {
        ResultArg::Succeeded => RunResult::Succeeded,
        ResultArg::Failed => RunResult::Failed,
    };
    let facts = client.resolve(view.id, result, note.to_owned()).await?;
    match context.is_json() {
        true => print_json(&client.execution(&view.id.to_string()).await?),
        false => print(&facts.join("\n")),
    }
    Ok(Exit::Done)
}

async fn list(filter: &Filter, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let scope = if filter.all { "all" } else { "mine" };
    let request = match &filter.request {
        Some(id) => Some(client.show(id).await?.id),
        None => None,
    };
    let with = [
        narrowed("scope", Some(scope)),
        narrowed("request", request),
        narrowed("status", filter.status.map(StatusArg::name)),
        narrowed("task", filter.task.as_ref()),
        narrowed("by", filter.person.as_ref()),
        since(filter.since.as_deref())?,
    ];
    let executions = client.executions(&listing(filter.limit, with)).await?;
    if context.is_json() {
        print_items(&executions);
        return Ok(Exit::Done);
    }
    let row = |view: &ExecutionView| {
        let exit = view.exit_code.map(|code| code.to_string());
        vec![
            view.id.brief(),
            view.status.name().to_owned(),
            exit.unwrap_or_default(),
            view.task.to_string(),
            given(view, ", "),
            view.by.to_string(),
            local(view.authorized),
            under(view, |id| id.brief()),
        ]
    };
    print_table(
        &[
            "id",
            "status",
            "exit",
            "task",
            "parameters",
            "by",
            "at",
            "request",
        ],
        executions.iter().map(row).collect(),
        match filter.all {
            true => "nothing was run that you may see",
            false => "you have run nothing; see everybody's with --all",
        },
    );
    Ok(Exit::Done)
}

fn print_execution(view: &ExecutionView) {
    let output = view.output.as_ref();
    print_fields(&[
        ("execution", view.id.short()),
        ("status", view.status.name().to_owned()),
        (
            "exit code",
            view.exit_code
                .map(|code| code.to_string())
                .unwrap_or_default(),
        ),
        ("note", view.note.clone().unwrap_or_default()),
        ("rows", view.rows.map(rows).unwrap_or_default()),
        ("resolved", resolved(view)),
        ("task", view.task.to_string()),
        ("parameters", given(view, "\n")),
        ("by", view.by.to_string()),
        ("request", under(view, RequestId::short)),
        ("node", view.node.to_string()),
        ("authorized", local(view.authorized)),
        ("ended", view.ended.map(local).unwrap_or_default()),
        (
            "output",
            output
                .map(|output| {
                    format!(
                        "{} bytes; see: writ executions show {} --print-output",
                        output.size,
                        view.id.brief()
                    )
                })
                .unwrap_or_default(),
        ),
    ]);
}

fn rows(rows: Rows) -> String {
    let Rows {
        asked,
        delivered,
        withheld,
    } = rows;
    format!("{asked} asked for, {delivered} delivered, {withheld} withheld")
}

/// Who found out what became of it, or how somebody can say so.
fn resolved(view: &ExecutionView) -> String {
    match &view.resolved {
        Some(found) => format!("by {} at {}: {}", found.by, local(found.at), found.note),
        None if view.status == RunStatus::Unknown => format!(
            "not yet; an administrator looks at the target, then: writ executions resolve {} --result …",
            view.id.brief()
        ),
        None => String::new(),
    }
}

/// The grant that a run was under, or that it needed none.
fn under(view: &ExecutionView, spelled: impl Fn(&RequestId) -> String) -> String {
    match &view.request {
        Some(id) => spelled(id),
        None => "exempt".to_owned(),
    }
}

/// What a run was given, long texts by their size.
fn given(view: &ExecutionView, between: &str) -> String {
    let values = view
        .parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let texts = view
        .attached
        .iter()
        .map(|(name, text)| format!("{name}=({} bytes)", text.size));
    let secrets = view.sealed.iter().map(|name| format!("{name}=(secret)"));
    values
        .chain(texts)
        .chain(secrets)
        .collect::<Vec<_>>()
        .join(between)
}
