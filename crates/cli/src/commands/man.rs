//! `writ man`: the manual, as pages for `man`.

use std::fs;
use std::path::PathBuf;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::output::print;

/// Write man pages, one for each command: writ man --dir /usr/local/share/man
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Where `man` looks for manuals; `man1` in it is made if it is not there
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let dir = args.dir.join("man1");
    let bad = |error| Failure::usage(format!("{}: {error}", dir.display()));
    fs::create_dir_all(&dir).map_err(bad)?;
    let command = args::command().disable_help_flag(true);
    clap_mangen::generate_to(command, &dir).map_err(bad)?;
    print(&format!(
        "Written. Read them with: man -M '{}' writ",
        args.dir.display()
    ));
    Ok(Exit::Done)
}
