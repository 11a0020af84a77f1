//! `writ audit`: what happened, searched; and all of a period, in files for an
//! auditor.

mod export;
mod format;
mod population;
mod search;
mod verify;

use std::path::PathBuf;

use writ_core::digest::OrganizationId;
use writ_core::time::Time;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::parse;

use self::format::Format;
use self::population::Period;

/// The whole log up to the checkpoint, one leaf a line.
const LEAVES: &str = "leaves";
/// The signed checkpoint over the leaves.
const CHECKPOINT: &str = "checkpoint";

/// Search what happened, export a period, and check such an export
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Search the log, the newest first
    ///
    /// For auditors and administrators. Each entry is a record in the common schema
    /// of the Office 365 Management Activity API, with -o json or --format; the
    /// members are in docs/audit.md. It shows what the server gives: for a proof that
    /// nothing was left out, use writ audit export --prove.
    #[command(after_help = "Example:\n  \
        writ audit search --from 7d --operation 'Approve-*'\n  \
        writ audit search --task 'Exchange\\New-MoveRequest' --format csv --limit 5000 > moves.csv")]
    Search(search::Args),
    /// Write all that happened in a period into a new folder
    ///
    /// The log is verified first, all of it: what is written comes from entries
    /// with good signatures, and none of the period is left out.
    ///
    /// entries.jsonl has every entry of the period, executions.csv every run that
    /// was authorised in it, requests.csv every request that changed in it or was
    /// used in it; summary.json has the period and the counts. What became of a
    /// run or a request is told as far as the log goes. Times in the files are in UTC;
    /// a date that you give begins at midnight where you are.
    #[command(after_help = "Example:\n  \
        writ audit export --from 2026-07-01 --to 2026-10-01 --prove --out third-quarter\n  \
        writ audit verify third-quarter --organization ID")]
    Export {
        /// From when, included: a date, or a date and time, such as 2026-07-01
        #[arg(long, value_name = "WHEN", value_parser = when)]
        from: Time,
        /// Until when, excluded; now, if not given
        #[arg(long, value_name = "WHEN", value_parser = when)]
        to: Option<Time>,
        /// Add the log itself, so that anybody can check that nothing was left out
        /// or changed, with: writ audit verify
        #[arg(long)]
        prove: bool,
        /// Add the entries in a form that readers of audit logs know, as
        /// office365.jsonl or office365.csv; may be given for both
        #[arg(long, value_enum)]
        format: Vec<Format>,
        /// The folder to make
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Check an export that was written with --prove, trusting nothing but the
    /// organization's id
    ///
    /// Replays the log in it, with all signatures and all decisions, makes the
    /// files again and compares them byte for byte. Needs no server and no profile.
    Verify {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The id of the organization, all 64 digits: where trust begins
        #[arg(long, value_name = "ID")]
        organization: OrganizationId,
    },
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match args {
        Args::Search(args) => search::run(args, context).await,
        Args::Export {
            from,
            to,
            prove,
            format,
            out,
        } => {
            let to = to.unwrap_or_else(writ_client::now);
            if *from >= to {
                return Err(empty(*from, to));
            }
            let period = Period { from: *from, to };
            export::run(period, *prove, format, out, context).await
        }
        Args::Verify {
            folder,
            organization,
        } => verify::run(folder, *organization, context),
    }
}

fn when(text: &str) -> Result<Time, String> {
    parse::past(text, writ_client::now())
}

fn empty(from: Time, to: Time) -> Failure {
    Failure::usage(format!(
        "the period is empty: it begins at {from} and ends at {to}"
    ))
}
