//! The same envelope again: it acts once, and its answer never changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::envelope::Envelope;
use writ_core::refusal::TurnedAway;
use writ_core::testing::{RESTART, SAY, approving, asking};
use writ_core::time::Seconds;
use writ_core::view::{Posted, Receipt};
use writ_store::{Call, Fault, Faulty, Memory};

use crate::forge;
use crate::switch::Switch;
use crate::world::{World, restarting};

/// Longer than State remembers.
const LATER: Seconds = Seconds(3_600);

async fn a_hundred_times(world: &World, envelope: &Envelope) -> Receipt {
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (world, envelope) = (world.clone(), envelope.clone());
        tasks.spawn(async move { world.submit(envelope).await.unwrap().receipt });
    }
    let receipts = tasks.join_all().await;
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    receipts[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_envelope_a_hundred_times_at_once_acts_once() {
    // Room for one run only: saying the same again needs none.
    let world = World::ready().await.restart_with(1).await;
    let before = world.size();
    let request = a_hundred_times(&world, &world.envelope("alice", asking(RESTART))).await;
    assert!(request.accepted);
    let id = RequestId(request.digest);
    let own = a_hundred_times(&world, &world.envelope("alice", approving(id))).await;
    assert_eq!(own.code.as_deref(), Some("self-approval"));
    world.yes("bob", approving(id)).await;

    let refused = a_hundred_times(&world, &world.envelope("dave", restarting())).await;
    assert_eq!(refused.code.as_deref(), Some("insufficient"));
    let run = a_hundred_times(&world, &world.envelope("alice", restarting())).await;
    assert!(run.accepted);
    world.outcome(ExecutionId(run.digest)).await;
    assert_eq!(world.place.target.calls_for(run.digest), 1);
    assert_eq!(world.place.target.calls().len(), 1);
    // Request, approval twice, refused run, run, outcome.
    assert_eq!(world.size(), before + 6);
    world.check_log().await;
}

/// An accepted statement and a refused one, whose time has long passed.
async fn said_long_ago(world: &World) -> Vec<(Envelope, Receipt)> {
    let mut said = Vec::new();
    for envelope in [
        world.envelope("alice", asking(RESTART)),
        world.envelope("dave", restarting()),
    ] {
        let receipt = world.submit(envelope.clone()).await.unwrap().receipt;
        said.push((envelope, receipt));
    }
    world.place.clock.forward(LATER);
    world.yes("alice", asking(SAY)).await;
    let state = world.state();
    assert!(
        said.iter()
            .all(|(_, receipt)| state.answer(receipt.digest).is_none())
    );
    said
}

#[tokio::test]
async fn an_envelope_of_long_ago_gets_its_receipt_from_the_log() {
    let world = World::ready().await;
    let said = said_long_ago(&world).await;
    let never = world.envelope("alice", asking(RESTART));
    world.place.clock.forward(LATER);
    let restarted = world.restart().await;
    let size = restarted.size();
    for (envelope, receipt) in said {
        let posted = restarted.submit(envelope).await.unwrap();
        assert_eq!(posted.receipt, receipt);
        assert_eq!(posted.detail.is_some(), !receipt.accepted);
    }
    let refused = restarted.submit(never).await;
    assert!(
        matches!(refused, Err(TurnedAway::OutOfTime { .. })),
        "{refused:?}"
    );
    assert_eq!(restarted.size(), size);
}

/// Tiles of 256 leaves: full ones, and the last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_envelope_of_a_long_log_gets_its_receipt() {
    let world = World::ready().await;
    let mut said = Vec::new();
    while world.size() < 600 {
        let envelope = world.envelope("dave", restarting());
        let receipt = world.submit(envelope.clone()).await.unwrap().receipt;
        said.push((envelope, receipt));
    }
    world.place.clock.forward(LATER);
    for (envelope, receipt) in said {
        assert_eq!(world.submit(envelope).await.unwrap().receipt, receipt);
    }
}

/// Whoever edits the database, and its hashes with it, cannot have the node say
/// that something was said, or another answer to what was.
#[tokio::test]
async fn a_receipt_of_long_ago_is_not_taken_from_a_database_that_was_changed() {
    let world = World::ready().await;
    let switch = Arc::new(Switch::to(Arc::clone(&world.place.kept)));
    let world = world.restart_on(switch.clone()).await;
    let said = said_long_ago(&world).await;
    let never = world.envelope("alice", asking(RESTART));
    world.place.clock.forward(LATER);
    let entries = world.place.entries().await;
    let (accepted, receipt) = &said[0];
    let at = usize::try_from(receipt.index.0).unwrap();

    let as_it_was = forge::hashed(entries.clone()).await;
    let other_verdict = forge::hashed(forge::replaced(&entries, at, "true", "false")).await;
    let elsewhere = forge::hashed(forge::named(&entries, at - 1, receipt.digest)).await;
    let never_said = forge::hashed(forge::named(&entries, at, never.digest())).await;
    let beyond = forge::hashed(forge::appended(&entries, &entries[at], never.digest())).await;
    let shorter = forge::hashed(entries[..=at].to_vec()).await;
    for (name, store, envelope, answers) in [
        ("as it was", as_it_was, accepted, true),
        ("another verdict", other_verdict, accepted, false),
        ("found elsewhere", elsewhere, accepted, false),
        ("a leaf of another statement", never_said, &never, false),
        ("a leaf that was never appended", beyond, &never, false),
        ("leaves after it are gone", shorter, accepted, false),
    ] {
        switch.turn_to(Arc::new(store));
        let answer = world.submit(envelope.clone()).await;
        match answers {
            true => assert_eq!(answer.unwrap().receipt, *receipt, "{name}"),
            false => assert!(
                matches!(answer, Err(TurnedAway::OutOfTime { .. })),
                "{name}: {answer:?}"
            ),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_not_called_stale() {
    let world = World::ready().await;
    let said = said_long_ago(&world).await;
    let store = Faulty::new(Switch::to(Arc::clone(&world.place.kept)), {
        let mut first = true;
        move |call| match call {
            Call::Read("find") if std::mem::take(&mut first) => Some(Fault::Unavailable),
            Call::Append(_) | Call::Rebuild(_) | Call::Read(_) => None,
        }
    });
    let world = world.restart_on(Arc::new(store)).await;
    let (envelope, receipt) = said[0].clone();
    let refused = world.submit(envelope.clone()).await;
    assert_eq!(refused.unwrap_err(), TurnedAway::Unknown {});
    assert_eq!(world.submit(envelope).await.unwrap().receipt, receipt);
}

/// A node with room for so many runs that records nothing as long as it is told so:
/// what is sent meanwhile waits, and stands in one batch afterwards.
async fn holding(max_runs: u32) -> (World, Arc<AtomicBool>) {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    world.grant().await;
    let holds = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&holds);
    let store = Faulty::new(kept, move |call| match call {
        Call::Append(_) | Call::Read("head") if told.load(Ordering::SeqCst) => {
            Some(Fault::UnknownWritten)
        }
        Call::Append(_) | Call::Read(_) | Call::Rebuild(_) => None,
    });
    (
        world.restart_on_with(Arc::new(store), max_runs).await,
        holds,
    )
}

fn send(world: &World, envelope: Envelope) -> JoinHandle<Result<Posted, TurnedAway>> {
    let world = world.clone();
    tokio::spawn(async move { world.submit(envelope).await })
}

/// Long enough for what was sent to stand in the inbox.
async fn stand() {
    sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_run_many_times_in_one_batch_needs_room_once() {
    let (world, holds) = holding(1).await;
    holds.store(true, Ordering::SeqCst);
    let before = send(&world, world.envelope("dave", asking(RESTART)));
    stand().await;
    let envelope = world.envelope("alice", restarting());
    let copies: Vec<_> = (0..20).map(|_| send(&world, envelope.clone())).collect();
    stand().await;
    holds.store(false, Ordering::SeqCst);
    before.await.unwrap().unwrap();
    let mut receipts = Vec::new();
    for copy in copies {
        receipts.push(copy.await.unwrap().unwrap().receipt);
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    world.outcome(ExecutionId(receipts[0].digest)).await;
    assert_eq!(world.place.target.calls().len(), 1);
    world.check_log().await;
}

/// Time moves on between two copies that stand in one batch, further than State
/// remembers: the second is still known, and what came between is not lost.
#[tokio::test(start_paused = true)]
async fn a_copy_that_waited_too_long_is_known_all_the_same() {
    let (world, holds) = holding(1).await;
    let clock = &world.place.clock;
    holds.store(true, Ordering::SeqCst);
    let envelope = world.envelope("erin", asking(RESTART));
    let first = send(&world, envelope.clone());
    stand().await;
    clock.forward(LATER);
    let between = send(&world, world.envelope("dave", asking(RESTART)));
    stand().await;
    clock.back(LATER);
    let copy = send(&world, envelope);
    stand().await;
    clock.forward(LATER);
    holds.store(false, Ordering::SeqCst);
    let first = first.await.unwrap().unwrap().receipt;
    assert!(between.await.unwrap().unwrap().receipt.accepted);
    assert_eq!(copy.await.unwrap().unwrap().receipt, first);
    world.check_log().await;
}
