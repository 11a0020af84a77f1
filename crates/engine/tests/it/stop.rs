//! Stopping a node, and what a node finds that was not stopped.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use writ_connect::Ended;
use writ_core::refusal::TurnedAway;
use writ_core::testing::{RESTART, asking};
use writ_core::view::RunStatus;
use writ_engine::LocalState;

use crate::target::Act;
use crate::world::{World, restarting};

const DONE: Ended = Ended::Succeeded { exit: None };

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_runs_and_takes_nothing_but_their_outcomes() {
    let world = World::ready().await;
    world.grant().await;
    let known = world.envelope("dave", restarting());
    let receipt = world.submit(known.clone()).await.unwrap().receipt;
    world.place.target.will(Act::Wait);
    let run = world.run().await;
    world.place.target.called(1).await;
    let stopping = tokio::spawn({
        let engine = world.engine.clone();
        async move { engine.stop(Duration::MAX).await }
    });
    let size = world.size();
    while world.say("alice", asking(RESTART)).await.is_ok() {}
    let refused = world.say("alice", restarting()).await.unwrap_err();
    assert_eq!(refused, TurnedAway::Stopping {});
    assert_eq!(world.submit(known).await.unwrap().receipt, receipt);
    assert!(!stopping.is_finished());
    let said = world.size() - size;

    world.place.target.release(DONE);
    stopping.await.unwrap();
    assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    assert_eq!(world.check_log().await.size(), size + said + 1);
    let refused = world.say("alice", asking(RESTART)).await.unwrap_err();
    assert_eq!(refused, TurnedAway::Stopping {});
}

#[tokio::test(start_paused = true)]
async fn a_run_that_outlasts_the_patience_ends_unknown_at_the_next_start() {
    let world = World::ready().await;
    world.grant().await;
    world.place.target.will(Act::Wait);
    let run = world.run().await;
    world.place.target.called(1).await;
    world.engine.stop(Duration::from_secs(5)).await;
    assert_eq!(world.open_runs(), 1);

    let world = world.at(world.place.open().await.unwrap());
    assert_eq!(world.open_runs(), 0, "it is ended before the node is there");
    let view = world.outcome(run).await;
    assert_eq!(view.status, RunStatus::Unknown);
    assert!(view.note.unwrap().contains("restarted"));
    assert_eq!(world.place.target.calls_for(run.0), 1);
    // What is over is not ended again.
    let size = world.size();
    assert_eq!(world.restart().await.size(), size);
}

#[tokio::test(start_paused = true)]
async fn a_lost_run_ends_as_the_target_remembers_it() {
    let world = World::ready().await;
    world.grant().await;
    world.place.target.will(Act::Wait);
    let run = world.run().await;
    world.place.target.called(1).await;
    world.place.target.will_remember(DONE);
    let world = world.restart().await;
    assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    assert_eq!(world.place.target.calls_for(run.0), 1);
}

/// A stopped node has let go of its directory; a running one has not.
#[tokio::test]
async fn a_state_directory_has_one_node_at_a_time() {
    let mut world = World::ready().await;
    for _ in 0..20 {
        let second = LocalState::open(&world.place.state()).err().unwrap();
        assert!(
            second.to_string().contains("another writ process"),
            "{second}"
        );
        world = world.restart().await;
    }
}

/// Whatever stood at the door when it closed: it is turned away, or it is run
/// and has its outcome.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_stops_in_peace_leaves_no_run_open() {
    let mut world = World::ready().await;
    world.grant().await;
    let mut accepted = 0;
    for _ in 0..50 {
        let mut asking = JoinSet::new();
        for _ in 0..8 {
            let (world, envelope) = (world.clone(), world.envelope("alice", restarting()));
            asking.spawn(async move { world.submit(envelope).await });
        }
        world.engine.stop(Duration::MAX).await;
        assert_eq!(world.open_runs(), 0);
        let answers = asking.join_all().await;
        accepted += answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(world.place.target.calls().len(), accepted);
        let next = world.at(world.place.open().await.unwrap());
        assert_eq!(next.state(), world.state());
        world = next;
    }
}

/// The process ends in the middle: nothing is told to anybody.
#[test]
fn what_a_killed_node_left_open_ends_unknown_and_is_not_run_again() {
    let (runtime, next) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let (world, run) = runtime.block_on(async {
        let world = World::ready().await;
        world.grant().await;
        world.place.target.will(Act::Hang);
        let run = world.run().await;
        world.place.target.called(1).await;
        (world, run)
    });
    let size = world.size();
    runtime.shutdown_timeout(Duration::from_secs(60));
    next.block_on(async {
        let world = world.at(world.place.open().await.unwrap());
        assert_eq!(world.outcome(run).await.status, RunStatus::Unknown);
        assert_eq!(world.place.target.calls().len(), 1);
        assert_eq!(world.check_log().await.size(), size + 1);
        world.place.target.will(Act::End(DONE));
        let run = world.run().await;
        assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    });
}
