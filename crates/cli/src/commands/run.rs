//! `writ run`: run a task under a live grant, and show what it puts out as it
//! comes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::json;
use writ_client::Client;
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::names::{ParameterName, TaskName};
use writ_core::secret::Secret;
use writ_core::value::{Schema, Schemas, Values};
use writ_core::view::{ExecutionView, RunStatus};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Colour, Progress, complain, print, print_bytes, print_json, remark};
use crate::parse::Assignment;
use crate::shown::Shown;
use crate::typed;

/// Run a task that you hold a live grant for
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which, such as 'Host\Restart-Service'
    task: TaskName,
    /// Give a parameter: NAME=VALUE, or NAME=@FILE; may be repeated. A secret is given as
    /// NAME=@FILE or NAME=@- (standard input), or asked for
    #[arg(short = 'P', long, value_name = "NAME=VALUE")]
    param: Vec<Assignment>,
    /// Under which grant [default: the one that ends first]
    #[arg(long, value_name = "ID", value_parser = super::id_prefix)]
    request: Option<String>,
    /// Only start it, and print its id
    #[arg(long)]
    detach: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let (task, schemas) = super::meant(&client, args.task).await?;
    let (values, mut secrets) = given(&args.param, &schemas)?;
    ask_for_missing(&mut secrets, &schemas)?;
    let request: Option<RequestId> = match &args.request {
        Some(id) => Some(client.show(id).await?.id),
        None => None,
    };
    let started = client.invoke(task, values, secrets, request).await?;
    if args.detach {
        detach(started.execution, context);
        return Ok(Exit::Done);
    }
    follow(&client, started.execution, context).await
}

fn detach(id: ExecutionId, context: &Context) {
    match context.is_json() {
        true => print_json(&json!({ "id": id, "status": RunStatus::Authorized })),
        false => {
            print(&id.short());
            let id = id.brief();
            remark(&format!(
                "see what comes of it: writ executions show {id} --follow"
            ));
        }
    }
}

/// Shows what a run puts out until it is over, and ends as it did.
pub(super) async fn follow(
    client: &Client,
    id: ExecutionId,
    context: &Context,
) -> Result<Exit, Failure> {
    let view = match context.is_json() {
        true => {
            let view = client.outcome(id).await.map_err(|error| lost(id, error))?;
            print_run(&view, &client.output(&view).await?);
            view
        }
        false => {
            let (view, shown) = live(client, id).await?;
            remark_on(&view, shown);
            view
        }
    };
    Ok(match view.status {
        RunStatus::Succeeded => Exit::Done,
        RunStatus::Failed => Exit::TaskFailed,
        RunStatus::Unknown | RunStatus::Authorized => Exit::Unknown,
    })
}

/// Secret parameters, by name.
type Secrets = BTreeMap<ParameterName, Secret>;

/// What was given, sorted into values and secrets.
pub(super) fn given(given: &[Assignment], schemas: &Schemas) -> Result<(Values, Secrets), Failure> {
    let (mut values, mut secrets) = (Values::new(), Secrets::new());
    for assignment in given {
        let schema = schemas.get(&assignment.name);
        let name = assignment.name.clone();
        let is_twice = match schema.is_some_and(Schema::is_secret) {
            true => {
                let secret = assignment.secret().map_err(Failure::usage)?;
                secrets.insert(name, secret).is_some()
            }
            false => {
                let value = assignment.value(schema).map_err(Failure::usage)?;
                values.insert(name, value).is_some()
            }
        };
        if is_twice {
            return Err(super::given_twice(assignment));
        }
    }
    Ok((values, secrets))
}

/// Asks for each secret that the task requires and that was not given.
fn ask_for_missing(secrets: &mut Secrets, schemas: &Schemas) -> Result<(), Failure> {
    for (name, schema) in schemas {
        if schema.is_secret() && schema.required && !secrets.contains_key(name) {
            let otherwise =
                format!("give it as --param {name}=@FILE, or {name}=@- on standard input");
            let secret = typed::ask(&format!("The secret parameter {name}"), &otherwise)?;
            secrets.insert(name.clone(), secret);
        }
    }
    Ok(())
}

/// Shows the output until the outcome, and counts it. Whoever stops waiting does
/// not stop the run.
async fn live(client: &Client, id: ExecutionId) -> Result<(ExecutionView, u64), Failure> {
    // Until something is put out, a line says that there is something to wait for.
    let progress = RefCell::new(Some(Progress::new()));
    let (mut shown, mut count) = (Shown::to_stdout(), 0);
    let show = |bytes: &[u8]| {
        progress.borrow_mut().take();
        count += bytes.len() as u64;
        print_bytes(&shown.push(bytes));
    };
    let view = {
        let mut following = std::pin::pin!(client.follow(id, show));
        let mut second = tokio::time::interval(std::time::Duration::from_millis(500));
        loop {
            tokio::select! {
                view = &mut following => break view.map_err(|error| lost(id, error)),
                _ = second.tick() => {
                    if let Some(progress) = progress.borrow_mut().as_mut() {
                        progress.at(|since| format!(
                            "running since {} s; Ctrl-C stops waiting, not the run",
                            since.as_secs()
                        ));
                    }
                }
            }
        }
    };
    print_bytes(&shown.finish());
    Ok((view?, count))
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

/// Says beside the output what there is to say of a run that is over.
fn remark_on(view: &ExecutionView, kept: u64) {
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
