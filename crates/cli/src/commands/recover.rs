//! `writ recover`: go on after a restore that lost the end of the log.

use serde_json::json;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{local, print, print_json};

/// Go on after the database was restored from an older backup
///
/// On the node's own host, with the node stopped, as an administrator. What was
/// said since the backup is lost, revocations too. Live grants and pending
/// requests end, sessions end, and the log gets another name in its checkpoints.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not ask; needed where there is no terminal
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let data = context.data()?;
    let Some(recovering) = data.recovering().await? else {
        print("An administrator has signed for it already. Start the node: writ serve");
        return Ok(Exit::Done);
    };
    let profile = context.profile_of(recovering.organization())?;
    let recover = recovering.statement();
    let lost = recover.lost.size - recover.kept.size;
    context.insist(
        &format!(
            "The last {lost} entries of the log are lost: the database ends at {}. Go on without \
             what they said, revocations too? Live grants and pending requests end.",
            local(recovering.until())
        ),
        args.yes,
    )?;
    let envelope = profile.recover(recover)?;
    let recovery = data.recover(recovering, envelope).await?;
    if context.is_json() {
        print_json(&json!({
            "epoch": recovery.epoch,
            "kept": recovery.kept,
            "lost": recovery.lost,
        }));
        return Ok(Exit::Done);
    }
    print(&format!(
        "The log goes on from {} entries; {lost} are lost. Live grants, pending requests \
         and sessions have ended: everybody logs in again.\n\nWhat the lost entries had taken away is back. Look through it first:\n\n  \
         writ serve\n  writ person list\n  writ group list\n  writ policy list\n  writ \
         system-account list",
        recovery.kept.size
    ));
    Ok(Exit::Done)
}
