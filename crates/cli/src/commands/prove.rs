//! `writ prove`: a run, or any entry, as a file that anybody can check.

use std::io::{self, IsTerminal, Write};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::remark;

/// Write the proof of a run, for somebody who trusts neither server nor database
///
/// The file holds who asked, who approved, what was run and how it ended, each
/// signed, and everything that these depend on back to the founding of the
/// organization, with the proof that the log holds it: writ prove ID > run.writ
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which run: its id, or the first digits of it
    #[arg(value_parser = super::run_prefix, required_unless_present = "entry")]
    id: Option<String>,
    /// Any accepted entry of the log instead, for auditors
    #[arg(long, value_name = "INDEX", conflicts_with = "id")]
    entry: Option<u64>,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if io::stdout().is_terminal() {
        return Err(Failure::usage(
            "a proof is kept in a file: writ prove ID > run.writ",
        ));
    }
    let client = context.client()?;
    let (file, _) = match (&args.id, args.entry) {
        (Some(id), _) => client.prove_execution(id).await?,
        (None, Some(index)) => client.prove_entry(index).await?,
        (None, None) => return Err(Failure::usage("name a run, or an entry with --entry")),
    };
    let mut out = io::stdout().lock();
    out.write_all(&file)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::broken(format!("the file was not written: {error}")))?;
    remark(&format!(
        "Checked here. Anybody can, with: writ verify FILE --organization {}",
        client.account().organization
    ));
    Ok(Exit::Done)
}
