//! `writ run`: run a task under a live grant, and show what it put out.

use std::io::IsTerminal;

use serde_json::json;
use writ_client::Client;
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::names::TaskName;
use writ_core::value::{Schemas, Values};
use writ_core::view::{ExecutionView, RunStatus};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Colour, Progress, complain, harmless, print_bytes, print_json};
use crate::parse::Assignment;

/// Run a task that you hold a live grant for
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which, such as 'Host\Restart-Service'
    task: TaskName,
    /// Give a parameter: NAME=VALUE, or NAME=@FILE; may be repeated
    #[arg(short = 'P', long, value_name = "NAME=VALUE")]
    param: Vec<Assignment>,
    /// Under which grant [default: the one that ends first]
    #[arg(long, value_name = "ID", value_parser = super::id_prefix)]
    request: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let schemas = super::schemas(&client, &args.task, &args.param).await?;
    let values = values(&args.param, &schemas)?;
    let request: Option<RequestId> = match &args.request {
        Some(id) => Some(client.show(id).await?.id),
        None => None,
    };
    let started = client.invoke(args.task, values, request).await?;
    let view = outcome(&client, started.execution, context).await?;
    let output = client.output(&view).await?;
    match context.is_json() {
        true => print_run(&view, &output),
        false => show(&view, output),
    }
    Ok(match view.status {
        RunStatus::Succeeded => Exit::Done,
        RunStatus::Failed => Exit::TaskFailed,
        RunStatus::Unknown | RunStatus::Authorized => Exit::Unknown,
    })
}

pub(super) fn values(given: &[Assignment], schemas: &Schemas) -> Result<Values, Failure> {
    let mut values = Values::new();
    for assignment in given {
        let schema = schemas.get(&assignment.name);
        let value = assignment.value(schema).map_err(Failure::usage)?;
        if values.insert(assignment.name.clone(), value).is_some() {
            return Err(super::given_twice(assignment));
        }
    }
    Ok(values)
}

/// Waits for the outcome. Whoever stops waiting does not stop the run.
async fn outcome(
    client: &Client,
    id: ExecutionId,
    context: &Context,
) -> Result<ExecutionView, Failure> {
    let mut progress = Progress::new();
    let mut waiting = std::pin::pin!(client.outcome(id));
    let mut second = tokio::time::interval(std::time::Duration::from_millis(500));
    loop {
        tokio::select! {
            view = &mut waiting => return view.map_err(|error| lost(id, error)),
            _ = second.tick(), if !context.is_json() => progress.at(|since| {
                format!("running since {} s; Ctrl-C stops waiting, not the run", since.as_secs())
            }),
        }
    }
}

/// The run is authorised and goes on; only its outcome was not seen. Whoever
/// repeats the command would run the task twice, so this is no mere silence.
fn lost(id: ExecutionId, error: writ_client::Error) -> Failure {
    let id = id.brief();
    Failure::unknown(format!(
        "the run was authorised, and its outcome was not seen: {error}. Do not repeat it; \
         see what became of it: writ executions show {id}"
    ))
}

fn show(view: &ExecutionView, output: Vec<u8>) {
    let kept = output.len() as u64;
    print_bytes(&as_shown(output));
    if is_truncated(view, kept) {
        complain(
            Colour::Yellow,
            "note",
            &format!("only the first {kept} bytes of the output were kept"),
        );
    }
    let id = view.id.brief();
    let note = view.note.as_deref().unwrap_or("no more is known");
    match view.status {
        RunStatus::Succeeded => {
            if let Some(note) = &view.note {
                complain(Colour::Yellow, "note", note);
            }
        }
        RunStatus::Failed => complain(
            Colour::Red,
            "failed",
            &format!("{note}; see: writ executions show {id}"),
        ),
        RunStatus::Unknown | RunStatus::Authorized => complain(
            Colour::Red,
            "unknown",
            &format!(
                "{note}. It is not run again by itself: look at the target first, then decide; \
                 see: writ executions show {id}"
            ),
        ),
    }
}

/// What a program put out: as it is for programs, harmless for a terminal.
pub(super) fn as_shown(output: Vec<u8>) -> Vec<u8> {
    match std::io::stdout().is_terminal() {
        true => harmless(&output).into_bytes(),
        false => output,
    }
}

fn is_truncated(view: &ExecutionView, kept: u64) -> bool {
    view.output.is_some_and(|output| output.size > kept)
}

/// The run as one object. Output that is not text comes as base64, too.
fn print_run(view: &ExecutionView, output: &[u8]) {
    let mut run = json!({
        "id": view.id,
        "exempt": view.exempt,
        "status": view.status,
        "exit_code": view.exit_code,
        "output": String::from_utf8_lossy(output),
        "truncated": is_truncated(view, output.len() as u64),
    });
    if let Some(members) = run.as_object_mut() {
        if std::str::from_utf8(output).is_err() {
            let base64 = data_encoding::BASE64.encode(output);
            members.insert("output_base64".into(), json!(base64));
        }
        if let Some(request) = view.request {
            members.insert("request".into(), json!(request));
        }
        if let Some(note) = &view.note {
            members.insert("note".into(), json!(note));
        }
    }
    print_json(&run);
}
