//! `writ verify`: a writ file by itself, or a whole log.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;
use writ_core::digest::{Digest, OrganizationId};
use writ_core::proof::{Found, NOT_SHOWN, ProofError, Story, Whole, check};
use writ_core::state::Decided;
use writ_core::statement::TreeHead;
use writ_engine::Ledger;

use super::source::{Source, Verified};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_json};

/// The longest writ file that is read, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// Check a proof, or a whole log, trusting nothing but the organization's id
///
/// A file is checked by itself, without server, profile or network: every
/// signature, every decision, and that the log holds it all. It tells who let
/// whom do what, when and why. That nothing in between was left out, such as a
/// revocation, only the whole log shows: give it too, with --log.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that `writ prove` wrote; - is standard input
    #[arg(required_unless_present = "log")]
    file: Option<PathBuf>,
    /// Replay this whole log: a data directory, or the address of a server (with
    /// the profile of an auditor)
    #[arg(long, value_name = "URL|DIR")]
    log: Option<String>,
    /// Say what the log knows of this run: its id, or the first digits of it
    #[arg(
        long,
        value_name = "ID",
        requires = "log",
        conflicts_with = "file",
        value_parser = super::run_prefix
    )]
    execution: Option<String>,
    /// The id of the organization, all 64 digits: where trust begins
    #[arg(long, value_name = "ID")]
    organization: OrganizationId,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let story = args
        .file
        .as_deref()
        .map(|path| story(path, args.organization));
    let story = story.transpose()?;
    let log = match &args.log {
        Some(place) => {
            let whole = match (&story, &args.execution) {
                (Some(story), _) => Whole::of_story(story),
                (None, Some(id)) => Whole::of_execution(id),
                (None, None) => Whole::default(),
            };
            Some(find(whole, place, args.organization, context).await?)
        }
        None => None,
    };
    let missing = args.execution.as_ref().filter(|_| {
        log.as_ref()
            .is_some_and(|(_, found)| found.execution.is_none())
    });
    if let Some(id) = missing {
        return Err(Failure::broken(format!(
            "the log verifies, and holds no run {id}"
        )));
    }
    match context.is_json() {
        true => print_json(&shown(args.organization, story.as_ref(), log.as_ref())),
        false => tell(story.as_ref(), log.as_ref()),
    }
    Ok(Exit::Done)
}

fn story(path: &Path, organization: OrganizationId) -> Result<Story, Failure> {
    let name = path.display();
    let bytes = read(path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    check(&bytes, organization)
        .map_err(|error| Failure::broken(format!("{name} proves nothing: {error}")))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut take = |from: &mut dyn Read| from.take(MAX_FILE).read_to_end(&mut bytes);
    match path.to_str() {
        Some("-") => take(&mut std::io::stdin().lock())?,
        _ => take(&mut std::fs::File::open(path)?)?,
    };
    Ok(bytes)
}

fn shown(
    organization: OrganizationId,
    story: Option<&Story>,
    log: Option<&(Verified, Found)>,
) -> serde_json::Value {
    let log = log.map(|(verified, found)| {
        let TreeHead { size, root } = verified.ledger.head();
        json!({ "size": size, "root": root, "found": found })
    });
    let mut shown = json!({ "organization_id": organization });
    if let Some(members) = shown.as_object_mut() {
        members.extend(story.map(|story| ("file".to_owned(), json!(story))));
        members.extend(log.map(|log| ("log".to_owned(), log)));
    }
    shown
}

fn tell(story: Option<&Story>, log: Option<&(Verified, Found)>) {
    if let Some(story) = story {
        print(&format!("{story}\n"));
    }
    match log {
        None => print(NOT_SHOWN),
        Some((verified, found)) => {
            verified.print();
            if story.is_some() || found.execution.is_some() {
                print(&format!("\n{found}"));
            }
        }
    }
}

/// Replays a log, and looks in it.
async fn find(
    mut whole: Whole,
    place: &str,
    organization: OrganizationId,
    context: &Context,
) -> Result<(Verified, Found), Failure> {
    let mut odd: Result<(), ProofError> = Ok(());
    let seen = |decided: &Decided, leaf_hash: Digest| {
        if odd.is_ok() {
            odd = whole.see(decided, leaf_hash);
        }
    };
    let source = match place.contains("://") {
        true => Source::server(context.client_at(place)?, organization),
        false => Source::database(context.data_at(place)?, organization),
    };
    let verified = source.verify(Ledger::default(), seen).await?;
    odd.map_err(Failure::broken)?;
    Ok((verified, whole.end().map_err(Failure::broken)?))
}
