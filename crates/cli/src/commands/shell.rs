//! `writ shell`: the management shell, for people who know PowerShell.

mod editor;
mod history;
mod terminal;

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use writ_shell::{Ended, Known, MAX_INPUT, Reason, Session, Writ, parse};

use self::editor::{Editor, Typed};
use self::terminal::Terminal;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::remark;

/// Type cmdlets, as in PowerShell: New-ElevatedAccessRequest and its like
///
/// Without arguments it asks at a prompt, or reads standard input. An input that
/// holds a fault is not run at all. What is no cmdlet is a task: New-MoveRequest
/// means Exchange\New-MoveRequest. Inside, Get-Help says more.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Run these commands, and end
    #[arg(short, long, value_name = "TEXT", conflicts_with = "file")]
    command: Option<String>,
    /// Run the commands in a file, and end; `-` is standard input
    file: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if context.is_json() {
        return Err(Failure::usage(
            "the shell shows objects by itself; for JSON, end the pipeline with: | ConvertTo-Json",
        ));
    }
    let host = Writ::new(
        context.profiles.clone(),
        context.named_profile().map(ToOwned::to_owned),
        context.named_server().map(ToOwned::to_owned),
    );
    let mut session = Session::new(host);
    let script = match (args.command, args.file) {
        (Some(text), _) => text,
        (None, Some(path)) if path != Path::new("-") => {
            let file = std::fs::File::open(&path);
            let named = |error: io::Error| Failure::usage(format!("{}: {error}", path.display()));
            whole(file.map_err(named)?).map_err(named)?
        }
        (None, None) if io::stdin().is_terminal() => return at_prompt(&mut session).await,
        (None, _) => {
            let named = |error: io::Error| Failure::usage(format!("standard input: {error}"));
            whole(io::stdin()).map_err(named)?
        }
    };
    Ok(exit(run_script(&mut session, &script).await))
}

/// All of an input, as text.
fn whole(from: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(MAX_INPUT as u64 + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// Runs a script, if all of it can be read.
async fn run_script(session: &mut Session<Writ>, text: &str) -> Ended {
    match parse(text) {
        Ok(script) => session.run(&script, &mut Terminal).await,
        Err(fault) => {
            remark(&fault.shown(text));
            Ended {
                failed: Some(Reason::Usage),
                ..Ended::default()
            }
        }
    }
}

/// How the command ends: as was said with `exit`, or as the last one that failed.
fn exit(ended: Ended) -> Exit {
    match (ended.code, ended.failed) {
        (Some(code), _) => Exit::Said(code),
        (None, None) => Exit::Done,
        (None, Some(Reason::Usage)) => Exit::Usage,
        (None, Some(Reason::Refused)) => Exit::Refused,
        (None, Some(Reason::Denied)) => Exit::Denied,
        (None, Some(Reason::Over)) => Exit::Over,
        (None, Some(Reason::Unreachable)) => Exit::Unreachable,
        (None, Some(Reason::Broken)) => Exit::Broken,
        (None, Some(Reason::TaskFailed)) => Exit::TaskFailed,
        (None, Some(Reason::Unknown)) => Exit::Unknown,
    }
}

/// Asks for commands until somebody has enough.
async fn at_prompt(session: &mut Session<Writ>) -> Result<Exit, Failure> {
    let mut editor = Editor::new();
    remark(
        "Type Get-Help to begin, exit to end. A task that is typed becomes an entry of the log, also \
         a mistyped one.",
    );
    let mut is_changed = true;
    loop {
        if is_changed {
            // Who waits too long for a server goes on without what it knows.
            let known = tokio::select! {
                known = session.host().known() => known,
                _ = tokio::signal::ctrl_c() => Known::default(),
            };
            editor.know(known);
        }
        editor.learn(|known| {
            known.variables = session.variables().map(ToOwned::to_owned).collect();
            known.properties.clone_from(session.seen());
        });
        let text = match editor.read().map_err(Failure::broken)? {
            Typed::Text(text) => text,
            Typed::Nothing => continue,
            Typed::End => return Ok(Exit::Done),
        };
        let lower = text.to_lowercase();
        is_changed = ["elevated", "connect"]
            .iter()
            .any(|word| lower.contains(word));
        session.remember(&text);
        let ended = tokio::select! {
            ended = run_script(session, &text) => ended,
            _ = tokio::signal::ctrl_c() => {
                remark("Stopped waiting. What was sent goes on: look with Get-ElevatedAccessRequest, or Get-ElevatedAccessExecution");
                continue;
            }
        };
        if ended.exit {
            return Ok(ended.code.map_or(Exit::Done, Exit::Said));
        }
    }
}
