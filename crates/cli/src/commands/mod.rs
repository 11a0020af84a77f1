//! The commands, one file each.

pub(crate) mod app;
pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod check_config;
pub(crate) mod completions;
pub(crate) mod control;
pub(crate) mod data;
pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod emulator;
pub(crate) mod end;
pub(crate) mod executions;
pub(crate) mod grants;
pub(crate) mod group;
pub(crate) mod init;
pub(crate) mod key;
mod listing;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod notify;
pub(crate) mod person;
pub(crate) mod policy;
pub(crate) mod preferences;
pub(crate) mod prove;
pub(crate) mod recover;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod run;
pub(crate) mod secret;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod show;
pub(crate) mod site;
mod source;
pub(crate) mod status;
pub(crate) mod system_account;
pub(crate) mod task;
pub(crate) mod task_file;
mod task_test;
pub(crate) mod verify;
pub(crate) mod workload;

use writ_client::Client;
use writ_core::names::TaskName;
use writ_core::value::{Constraints, Schemas};

use crate::args::Command;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::parse::Assignment;

/// Does what was typed.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::DemoService(args) => demo::service::main(&args),
        Command::Doctor(_) => doctor::run(context).await,
        Command::Init(args) => init::run(&args, context).await,
        Command::Serve(args) => serve::run(&args, context).await,
        Command::CheckConfig(_) => check_config::run(context).await,
        Command::Notify(args) => notify::run(args, context).await,
        Command::Recover(args) => recover::run(&args, context).await,
        Command::Login(args) => login::log_in(args, context).await,
        Command::Logout(args) => login::log_out(&args, context).await,
        Command::Whoami(_) => status::who_am_i(context).await,
        Command::Status(_) => status::run(context).await,
        Command::Request(args) => request::run(args, context).await,
        Command::Requests(args) => requests::run(&args, context).await,
        Command::Show(args) => show::run(&args, context).await,
        Command::Cancel(args) => end::cancel(args, context).await,
        Command::Approve(args) => approve::run(args, context).await,
        Command::Deny(args) => end::deny(args, context).await,
        Command::Revoke(args) => end::revoke(args, context).await,
        Command::Run(args) => run::run(args, context).await,
        Command::Shell(args) => shell::run(args, context).await,
        Command::Grants(args) => grants::run(&args, context).await,
        Command::Executions(args) => executions::run(&args, context).await,
        Command::Prove(args) => prove::run(&args, context).await,
        Command::Verify(args) => verify::run(&args, context).await,
        Command::Person(args) => person::run(args, context).await,
        Command::Key(args) => key::run(args, context).await,
        Command::Group(args) => group::run(args, context).await,
        Command::App(args) => app::run(args, context).await,
        Command::Dataset(args) => dataset::run(args, context).await,
        Command::Data(args) => data::run(args, context).await,
        Command::Workload(args) => workload::run(args, context).await,
        Command::Secret(args) => secret::run(args, context).await,
        Command::Task(args) => task::run(args, context).await,
        Command::Policy(args) => policy::run(args, context).await,
        Command::Site(args) => site::run(args, context).await,
        Command::Preferences(args) => preferences::run(args, context).await,
        Command::Enable(args) => control::enable(args, context).await,
        Command::Disable(args) => control::disable(&args, context).await,
        Command::SystemAccount(args) => system_account::run(args, context).await,
        Command::Audit(args) => audit::run(&args, context).await,
        Command::Log(args) => log::run(&args, context).await,
        Command::Emulator(args) => emulator::run(args, context).await,
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// A task under its own spelling, and what it says of its parameters. A task that does
/// not exist stays as it was typed and says nothing: the rules say it better.
async fn meant(client: &Client, typed: TaskName) -> Result<(TaskName, Schemas), Failure> {
    Ok(match client.known_task(&typed).await? {
        Some(task) => (task.name, task.parameters),
        None => (typed, Schemas::new()),
    })
}

/// What was typed about parameters, each once.
fn constraints(given: &[Assignment], schemas: &Schemas) -> Result<Constraints, Failure> {
    let mut constraints = Constraints::new();
    for assignment in given {
        let constraint = assignment
            .constraint(schemas.get(&assignment.name))
            .map_err(Failure::usage)?;
        let name = assignment.name.clone();
        if constraints.insert(name, constraint).is_some() {
            return Err(given_twice(assignment));
        }
    }
    Ok(constraints)
}

fn given_twice(assignment: &Assignment) -> Failure {
    Failure::usage(format!(
        "the parameter `{}` is given twice",
        assignment.name
    ))
}

/// The id of a request as people type it.
fn id_prefix(text: &str) -> Result<String, String> {
    prefix(text, "writ requests")
}

/// The id of a run as people type it.
fn run_prefix(text: &str) -> Result<String, String> {
    prefix(text, "writ executions")
}

/// An id as people type it: the first digits, 4 at least, with or without dashes.
fn prefix(text: &str, list: &str) -> Result<String, String> {
    let digits = text.replace('-', "").to_ascii_lowercase();
    let is_prefix =
        (4..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match is_prefix {
        true => Ok(digits),
        false => Err(format!(
            "give an id, or at least its first 4 digits; see: {list}"
        )),
    }
}
