//! A store that refuses: nothing is acknowledged, nothing has changed, and the
//! next statement goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use writ_connect::Ended;
use writ_core::digest::ExecutionId;
use writ_core::refusal::TurnedAway;
use writ_core::testing::{RESTART, asking};
use writ_core::time::Seconds;
use writ_core::view::RunStatus;
use writ_store::{Call, Fault, Faulty, Memory};

use crate::target::Act;
use crate::world::{World, replay, restarting};

/// A store that fails like this while it is told to.
async fn failing(world: &World, kept: &Memory, fault: Fault) -> (World, Arc<AtomicBool>) {
    let fails = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&fails);
    let store = Faulty::new(kept.clone(), move |call| match call {
        Call::Append(_) => told.load(Ordering::SeqCst).then_some(fault),
        Call::Read(_) | Call::Rebuild(_) => None,
    });
    (world.restart_on(Arc::new(store)).await, fails)
}

#[tokio::test]
async fn a_refused_append_changes_nothing_and_heals_by_itself() {
    for (fault, words) in [
        (Fault::Full, "disk is full"),
        (Fault::Unavailable, "cannot be used"),
    ] {
        let kept = Memory::new();
        let world = World::ready_on(Arc::new(kept.clone())).await;
        world.grant().await;
        let (world, fails) = failing(&world, &kept, fault).await;
        let (state, size) = (world.state(), world.size());
        let checkpoint = world.engine.checkpoint();

        fails.store(true, Ordering::SeqCst);
        let envelope = world.envelope("alice", asking(RESTART));
        for _ in 0..3 {
            let refused = world.submit(envelope.clone()).await.unwrap_err();
            assert_eq!(refused.code(), "unavailable");
            assert!(refused.to_string().contains(words), "{refused}");
            let run = world.say("alice", restarting()).await.unwrap_err();
            assert_eq!(run.code(), "unavailable");
        }
        assert_eq!((world.state(), world.size()), (state, size));
        assert_eq!(world.engine.checkpoint(), checkpoint);
        assert_eq!(replay(&kept).await.size(), size);
        assert_eq!(world.place.target.calls().len(), 0);

        fails.store(false, Ordering::SeqCst);
        assert!(world.submit(envelope).await.unwrap().receipt.accepted);
        let run = world.run().await;
        assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
        assert_eq!(world.check_log().await.size(), size + 3);
    }
}

/// The slots of runs that were not recorded are free again.
#[tokio::test]
async fn runs_that_were_not_recorded_leave_their_room() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    world.grant().await;
    let (world, fails) = failing(&world, &kept, Fault::Full).await;
    fails.store(true, Ordering::SeqCst);
    for _ in 0..200 {
        let refused = world.say("alice", restarting()).await.unwrap_err();
        assert_eq!(refused.code(), "unavailable");
    }
    fails.store(false, Ordering::SeqCst);
    world.run().await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_said_again_until_it_is_recorded() {
    for fault in [Fault::Full, Fault::Unavailable, Fault::UnknownUnwritten] {
        let kept = Memory::new();
        let world = World::ready_on(Arc::new(kept.clone())).await;
        world.grant().await;
        let (world, fails) = failing(&world, &kept, fault).await;
        world.place.target.will(Act::Wait);
        let run = world.run().await;
        world.place.target.called(1).await;
        let size = world.size();
        fails.store(true, Ordering::SeqCst);
        world
            .place
            .target
            .release(Ended::Succeeded { exit: Some(0) });
        // Long enough for the statement to grow too old; another takes its place.
        for _ in 0..20 {
            sleep(Duration::from_secs(60)).await;
            world.place.clock.forward(Seconds(60));
        }
        assert_eq!((world.open_runs(), world.size()), (1, size), "{fault:?}");
        fails.store(false, Ordering::SeqCst);
        assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
        assert_eq!(world.place.target.calls_for(run.0), 1);
        assert_eq!(world.check_log().await.size(), size + 1);
    }
}

/// What waited until it was too old is turned away and not recorded, and the
/// runner says its outcome anew.
#[tokio::test(start_paused = true)]
async fn what_grew_too_old_while_it_waited_is_not_recorded() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    world.grant().await;
    let lost = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&lost);
    let store = Faulty::new(kept, move |call| match call {
        Call::Append(_) | Call::Read("head") if told.load(Ordering::SeqCst) => {
            Some(Fault::UnknownUnwritten)
        }
        Call::Append(_) | Call::Read(_) | Call::Rebuild(_) => None,
    });
    let world = world.restart_on(Arc::new(store)).await;
    world.place.target.will(Act::Wait);
    let run = world.run().await;
    world.place.target.called(1).await;
    let size = world.size();
    lost.store(true, Ordering::SeqCst);
    world
        .place
        .target
        .release(Ended::Succeeded { exit: Some(0) });
    let envelope = world.envelope("alice", asking(RESTART));
    let waiting = tokio::spawn({
        let world = world.clone();
        async move { world.submit(envelope).await }
    });
    sleep(Duration::from_secs(1)).await;
    world.place.clock.forward(Seconds::HOUR);
    lost.store(false, Ordering::SeqCst);
    let refused = waiting.await.unwrap().unwrap_err();
    assert!(matches!(refused, TurnedAway::OutOfTime { .. }), "{refused}");
    assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    assert_eq!(world.check_log().await.size(), size + 1);
}

/// Readers are served also where nothing can be written; what is open ends as
/// soon as it can.
#[tokio::test(start_paused = true)]
async fn a_node_starts_on_a_full_disk() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    world.grant().await;
    world.place.target.will(Act::Hang);
    let run: ExecutionId = world.run().await;
    world.place.target.called(1).await;
    let full = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&full);
    let store = Faulty::new(kept, move |call| match call {
        Call::Append(_) => told.load(Ordering::SeqCst).then_some(Fault::Full),
        Call::Read(_) | Call::Rebuild(_) => None,
    });
    let world = world.restart_on(Arc::new(store)).await;
    assert_eq!(world.open_runs(), 1);
    let refused = world.say("alice", asking(RESTART)).await.unwrap_err();
    assert!(matches!(refused, TurnedAway::Unavailable { .. }));
    full.store(false, Ordering::SeqCst);
    assert_eq!(world.outcome(run).await.status, RunStatus::Unknown);
    world.check_log().await;
}
