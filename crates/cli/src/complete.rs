//! Completion: what could stand where the cursor is.
//!
//! The shell asks this program with the words typed so far (`COMPLETE=SHELL writ
//! -- …`). Commands and options are known here; ids, tasks, groups and people
//! are asked of the server, for as long as nobody notices. Without a profile, a
//! server or an answer there is nothing to offer, and nothing is said.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use clap::{Arg, Command, CommandFactory, FromArgMatches};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use writ_client::{Client, Error, Listing};
use writ_core::value::plain;
use writ_core::view::{ExecutionView, RequestView};

use crate::args::{self, Cli, Global};
use crate::context::Context;
use crate::output::remark;

/// The variable by which a shell asks, and says which one it is.
pub(crate) const ASKED: &str = "COMPLETE";
/// The variable with the line up to the cursor, which bash alone tells.
pub(crate) const LINE: &str = "_WRIT_LINE";
/// How long a server may take.
const PATIENCE: Duration = Duration::from_millis(800);
/// How many ids are offered.
const MOST: usize = 100;

/// Answers a shell, if it is one that asks.
pub(crate) fn answered() -> bool {
    let Some(shell) = std::env::var_os(ASKED) else {
        return false;
    };
    let spelling = match shell == "bash" {
        true => Spelling::in_bash(&std::env::var(LINE).unwrap_or_default()),
        false => Spelling::Plain,
    };
    let words = std::env::args_os();
    let folder = std::env::current_dir().ok();
    let typing = std::env::args_os().nth(1).is_some_and(|word| word == "--");
    let answered = CompleteEnv::with_factory(|| command(spelling))
        .var(ASKED)
        .bin("writ")
        .completer("writ")
        .try_complete(words, folder.as_deref());
    // A shell shows no errors while somebody types.
    if let Err(error) = answered
        && !typing
    {
        remark(&format!("{error}; see: writ completions --help"));
    }
    true
}

/// What an argument names.
#[derive(Clone, Copy)]
enum Noun {
    Task,
    Policy,
    Person,
    Group,
    Workload,
    Profile,
    Run,
    /// Those of a scope, with a status.
    Request(&'static str, Option<&'static str>),
}

impl Noun {
    /// What an argument of a command names, as both are called.
    fn of(command: &str, argument: &str) -> Option<Self> {
        Some(match (command, argument) {
            (_, "profile") => Self::Profile,
            (_, "request") => Self::Request("mine", None),
            ("policy", "task") => Self::Policy,
            (_, "task") => Self::Task,
            ("approve" | "deny", "id") => Self::Request("to-approve", Some("pending")),
            ("cancel", "id") => Self::Request("mine", Some("pending")),
            ("revoke", "id") => Self::Request("all", Some("live")),
            ("show", "id") => Self::Request("all", None),
            ("prove" | "executions", "id") | (_, "execution") => Self::Run,
            ("person" | "key" | "system-account", "upn") => Self::Person,
            (_, "address" | "admin_group" | "requesters" | "approvers") => Self::Group,
            ("workload", "name" | "workload") => Self::Workload,
            _ => return None,
        })
    }
}

/// How a shell wants what it is offered.
#[derive(Clone, Copy)]
enum Spelling {
    /// As it is: the shell sees to the rest.
    Plain,
    /// bash takes it as if it had been typed.
    Typed,
    /// Within quotes that bash keeps, and that are to be closed.
    Quoted(char),
}

impl Spelling {
    /// By the line up to the cursor: whether a quote is open there.
    fn in_bash(line: &str) -> Self {
        let mut open = None;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (open, c) {
                (Some('\''), '\\') => {}
                (_, '\\') => drop(chars.next()),
                (Some(quote), c) if quote == c => open = None,
                (None, '\'' | '"') => open = Some(c),
                (Some(_) | None, _) => {}
            }
        }
        open.map_or(Self::Typed, Self::Quoted)
    }

    /// What was meant by what was typed.
    fn read(self, typed: &str) -> String {
        match self {
            Self::Plain => typed.to_owned(),
            Self::Typed => typed.replace(r"\\", r"\"),
            Self::Quoted(quote) => typed.trim_start_matches(quote).to_owned(),
        }
    }

    fn write(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Typed => name
                .chars()
                .flat_map(|c| {
                    let escape = "\\'\"#&;()<>$`*?[]!| ".contains(c).then_some('\\');
                    escape.into_iter().chain([c])
                })
                .collect(),
            Self::Quoted('\'') => format!("{}'", name.replace('\'', r"'\''")),
            Self::Quoted(quote) => {
                let escaped = name.replace('"', r#"\""#).replace('$', r"\$");
                format!("{}{quote}", escaped.replace('`', r"\`"))
            }
        }
    }
}

/// The command line, with what its values may be.
fn command(spelling: Spelling) -> Command {
    args::command()
        .mut_args(|arg| with_value(arg, "writ", spelling))
        .mut_subcommands(|command| {
            let name = command.get_name().to_owned();
            with_values(command, &name, spelling)
        })
}

fn with_values(command: Command, name: &str, spelling: Spelling) -> Command {
    command
        .mut_args(|arg| with_value(arg, name, spelling))
        .mut_subcommands(|inner| with_values(inner, name, spelling))
}

fn with_value(arg: Arg, command: &str, spelling: Spelling) -> Arg {
    match Noun::of(command, arg.get_id().as_str()) {
        Some(noun) => arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
            offered(noun, typed, spelling)
        })),
        None => arg,
    }
}

/// What begins as was typed.
fn offered(noun: Noun, typed: &OsStr, spelling: Spelling) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let typed = spelling.read(typed);
    let begins = |name: &str| {
        name.get(..typed.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(&typed))
    };
    known(noun)
        .into_iter()
        .filter(|(name, _)| begins(name))
        .map(|(name, about)| {
            let about = about.map(|about| plain(&about).into());
            CompletionCandidate::new(spelling.write(&name)).help(about)
        })
        .collect()
}

/// A name, and what it is.
type Known = (String, Option<String>);

/// What there is; nothing if that is not known in time.
fn known(noun: Noun) -> Vec<Known> {
    let Some(context) = context() else {
        return Vec::new();
    };
    if let Noun::Profile = noun {
        let names = context.profiles.names().into_iter();
        return names.map(|name| (name, None)).collect();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (Ok(runtime), Ok(client)) = (runtime, context.client()) else {
        return Vec::new();
    };
    let asked =
        runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(noun, &client)).await });
    runtime.shutdown_background();
    match asked {
        Ok(Ok(known)) => known,
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// Which profile and server the words typed so far, or the environment, name.
fn context() -> Option<Context> {
    let words: Vec<OsString> = std::env::args_os()
        .skip_while(|word| word != "--")
        .skip(1)
        .collect();
    let matches = Cli::command()
        .mut_subcommands(unchecked)
        .ignore_errors(true)
        .try_get_matches_from(words)
        .ok()?;
    Context::new(Global::from_arg_matches(&matches).ok()?).ok()
}

/// What is half typed may still be anything.
fn unchecked(command: Command) -> Command {
    let any = |arg: Arg| match arg.get_action().takes_values() {
        true => arg.value_parser(clap::value_parser!(OsString)),
        false => arg,
    };
    command.mut_args(any).mut_subcommands(unchecked)
}

async fn ask(noun: Noun, client: &Client) -> Result<Vec<Known>, Error> {
    Ok(match noun {
        Noun::Task => {
            let tasks = client.tasks().await?.value.into_iter();
            tasks
                .map(|task| (task.name.to_string(), task.title))
                .collect()
        }
        Noun::Policy => {
            let policies = client.policies().await?.value.into_iter();
            policies
                .map(|policy| (policy.task.to_string(), None))
                .collect()
        }
        Noun::Person => {
            let people = client.people().await?.value.into_iter();
            people
                .map(|person| (person.upn.to_string(), person.name))
                .collect()
        }
        Noun::Group => {
            let groups = client.groups().await?.value.into_iter();
            groups
                .map(|group| (group.address.to_string(), group.name))
                .collect()
        }
        Noun::Workload => {
            let workloads = client.workloads().await?.value.into_iter();
            workloads
                .map(|workload| (workload.name.to_string(), None))
                .collect()
        }
        Noun::Request(scope, status) => {
            let mut with = vec![("scope", scope.to_owned())];
            with.extend(status.map(|status| ("status", status.to_owned())));
            let requests = client.requests(&Listing { with, most: MOST }).await?;
            requests.iter().map(request).collect()
        }
        Noun::Run => {
            let with = vec![("scope", "mine".to_owned())];
            let runs = client.executions(&Listing { with, most: MOST }).await?;
            runs.iter().map(run).collect()
        }
        Noun::Profile => Vec::new(),
    })
}

fn request(view: &RequestView) -> Known {
    let about = format!("{} by {}, {}", view.task, view.by, view.status.name());
    (view.id.brief(), Some(about))
}

fn run(view: &ExecutionView) -> Known {
    let about = format!("{}, {}", view.task, view.status.name());
    (view.id.brief(), Some(about))
}
