//! `writ completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Exit;
use crate::output::print_bytes;

/// Print completions for a shell: writ completions bash > /etc/bash_completion.d/writ
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "writ", &mut script);
    print_bytes(&script);
    Exit::Done
}
