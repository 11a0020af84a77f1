//! `writ`: single tasks instead of standing power.
//!
//! One binary is everything: the server (`serve`), its founding (`init`), and
//! what people type. `args` says what there is; each command has its file in
//! `commands`; `node` is the only place that names a store and the connectors.

mod args;
mod commands;
mod complete;
mod context;
#[cfg(test)]
mod corpus;
mod examples;
mod exit;
mod node;
mod output;
mod parse;
mod shown;
mod typed;
mod usage;
mod yaml;

use std::process::ExitCode;

use clap::FromArgMatches;

use crate::args::Cli;
use crate::context::Context;
use crate::exit::Failure;

fn main() -> ExitCode {
    // First of all, while there is one thread: this process may be the helper
    // that becomes a task's program.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "child-exec") {
        // The node was told why, through the helper's status.
        let _ = writ_connect::child::exec(words);
        return ExitCode::from(126);
    }
    if complete::answered() {
        return ExitCode::SUCCESS;
    }
    let read = args::command().try_get_matches();
    let cli = match read.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage::shown(error),
    };
    output::choose(cli.global.output);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::broken(error).report().into(),
    };
    let done = runtime.block_on(async {
        let context = Context::new(cli.global)?;
        commands::run(cli.command, &context).await
    });
    // What still waits for a terminal or a socket must not keep the process.
    runtime.shutdown_background();
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report().into(),
    }
}
