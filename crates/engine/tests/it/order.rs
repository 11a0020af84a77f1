//! What was acknowledged holds for whatever is sent afterwards.
//!
//! No clock and no pause is in here: a receipt is waited for, and the next
//! statement is sent.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use writ_core::testing::{RESTART, approving, ending};
use writ_store::{Backend, Memory, Sqlite};

use crate::world::{World, restarting};

/// What came of a number of trials.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Runs sent after the receipt of an approval that were authorised.
    approved: usize,
    /// Runs sent after the receipt of a revocation that were authorised.
    revoked: usize,
    /// Connector calls that were made before the run was in the log.
    early: usize,
}

/// One person after another trial of approving, running, revoking, running.
async fn trials(world: World, who: String, count: usize) -> Seen {
    let mut seen = Seen::default();
    for _ in 0..count {
        let request = world.request(&who, RESTART).await;
        world.yes("bob", approving(request)).await;
        let run = world.say(&who, restarting()).await.unwrap();
        seen.approved += usize::from(run.receipt.accepted);
        world.yes("carol", ending(request)).await;
        let run = world.say(&who, restarting()).await.unwrap();
        seen.revoked += usize::from(run.receipt.accepted);
    }
    seen
}

/// Lets many people do that at once.
async fn at_once(kept: Arc<dyn Backend>, people: usize, each: usize) -> Seen {
    let world = World::ready_on(kept).await.restart_with(10_000).await;
    let names: Vec<_> = (0..people).map(|number| format!("p{number}")).collect();
    for name in &names {
        world.join(name).await;
    }
    let mut tasks = JoinSet::new();
    for name in names {
        tasks.spawn(trials(world.clone(), name, each));
    }
    let mut all = Seen::default();
    while let Some(seen) = tasks.join_next().await {
        let seen = seen.unwrap();
        all.approved += seen.approved;
        all.revoked += seen.revoked;
    }
    world.engine.stop(Duration::MAX).await;
    let calls = world.place.target.calls();
    all.early = calls.iter().filter(|call| !call.was_durable).count();
    world.check_log().await;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_holds_for_the_next_run_and_a_revocation_too_10_000_times() {
    let seen = at_once(Arc::new(Memory::new()), 125, 80).await;
    assert_eq!(
        seen,
        Seen {
            approved: 10_000,
            ..Seen::default()
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_holds_for_the_next_run_and_a_revocation_too_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("writ.db")).unwrap();
    let seen = at_once(Arc::new(store), 50, 10).await;
    assert_eq!(
        seen,
        Seen {
            approved: 500,
            ..Seen::default()
        }
    );
}
