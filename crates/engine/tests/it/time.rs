//! Time: it passes where nobody speaks, and never goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use writ_core::digest::ExecutionId;
use writ_core::record::Status;
use writ_core::refusal::TurnedAway;
use writ_core::statement::{Body, Invoke};
use writ_core::testing::{RESTART, SAY, asking, running};
use writ_core::time::Seconds;
use writ_engine::Clock;
use writ_store::{Call, Fault, Faulty, Listing, Memory};

use crate::world::{World, read, restarting, signed};

const SECOND: Duration = Duration::from_millis(1_001);

async fn statuses(world: &World) -> Vec<String> {
    let query = Listing {
        noun: "request",
        visible: None,
        with: Vec::new(),
        before: None,
        limit: 100,
    };
    let rows = world.place.kept.list(&query).await.unwrap();
    let status = |view: &str| {
        let view: serde_json::Value = serde_json::from_str(view).unwrap();
        view["status"].as_str().unwrap().to_owned()
    };
    rows.iter().map(|row| status(&row.view)).collect()
}

#[tokio::test(start_paused = true)]
async fn when_a_deadline_passes_and_nobody_speaks_the_node_says_so_once() {
    let world = World::ready().await;
    let clock = &world.place.clock;
    world.grant().await;
    world.request("erin", RESTART).await;
    let size = world.size();
    sleep(SECOND * 3).await;
    assert_eq!(world.size(), size, "nothing is due");

    // The grant ends after four hours, the pending request after a day.
    for (wait, expected) in [
        (4 * 3_600 - 1, [Status::Pending, Status::Live]),
        (1, [Status::Pending, Status::Ended]),
        (20 * 3_600 - 1, [Status::Pending, Status::Ended]),
        (1, [Status::Expired, Status::Ended]),
    ] {
        clock.forward(Seconds(wait));
        sleep(SECOND * 3).await;
        let expected = expected.map(|status| status.name().to_owned());
        assert_eq!(statuses(&world).await, expected);
    }
    let entries = read(&world.place.entries().await);
    let ticks = &entries[usize::try_from(size).unwrap()..];
    assert_eq!(ticks.len(), 2);
    for (entry, said) in ticks {
        assert!(entry.accepted);
        assert!(matches!(&said.statement().body, Body::Tick(tick) if tick.turned_away == 0));
    }
    world.check_log().await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_was_not_recorded_is_said_again_with_its_count() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    world.grant().await;
    let full = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&full);
    let store = Faulty::new(kept, move |call| match call {
        Call::Append(_) => told.load(Ordering::SeqCst).then_some(Fault::Full),
        Call::Read(_) | Call::Rebuild(_) => None,
    });
    let world = world.restart_on(Arc::new(store)).await;
    let size = world.size();
    let stale = world.envelope("alice", asking(RESTART));
    world.place.clock.forward(Seconds(4 * 3_600));
    for _ in 0..7 {
        let refused = world.submit(stale.clone()).await.unwrap_err();
        assert!(matches!(refused, TurnedAway::OutOfTime { .. }));
    }
    sleep(SECOND * 5).await;
    assert_eq!(world.size(), size);
    full.store(false, Ordering::SeqCst);
    sleep(SECOND * 2).await;
    assert_eq!(world.size(), size + 1);
    let entries = read(&world.place.entries().await);
    let (_, said) = entries.last().unwrap();
    assert!(
        matches!(&said.statement().body, Body::Tick(tick) if tick.turned_away == 7),
        "{said:?}"
    );
}

fn say_hello() -> Invoke {
    running(SAY, &[("word", "hello")])
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_back_takes_the_log_with_it_neither_back_nor_forward() {
    let world = World::ready().await;
    let clock = &world.place.clock;
    world.grant().await;
    clock.forward(Seconds(4 * 3_600));
    let before = world.yes("alice", asking(SAY)).await.time;
    assert_eq!(world.no("alice", restarting()).await, "insufficient");

    clock.back(Seconds::HOUR);
    assert_eq!(world.engine.now(), before);
    sleep(SECOND * 3).await;
    // A statement of the wrong hour is turned away, and told which it is.
    let refused = world.say("alice", restarting()).await.unwrap_err();
    let at = clock.now();
    assert_eq!(refused, TurnedAway::OutOfTime { at, now: before });
    // One of the right hour is taken, at the time of the log; what ended has ended.
    let mut payload = world.payload("alice", restarting());
    payload.at = before;
    let posted = world.submit(signed(&payload, "alice")).await.unwrap();
    assert_eq!(posted.receipt.code.as_deref(), Some("insufficient"));
    assert_eq!(posted.receipt.time, before);
    // A run that is allowed is started and ended all the same.
    let mut payload = world.payload("alice", say_hello());
    payload.at = before;
    let posted = world.submit(signed(&payload, "alice")).await.unwrap();
    let run = ExecutionId(posted.receipt.digest);
    let outcome = world.outcome(run).await;
    assert_eq!(outcome.ended, Some(before));

    // After a restart it is no different.
    let world = world.restart().await;
    assert_eq!(world.engine.now(), before);
    assert_eq!(world.check_log().await.state().time(), before);
    world.place.clock.forward(Seconds::HOUR);
    assert_eq!(world.no("alice", restarting()).await, "insufficient");
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_a_clock_ahead_has_ended_stays_ended() {
    let world = World::ready().await;
    world.grant().await;
    world.place.clock.forward(Seconds::DAY);
    sleep(SECOND * 2).await;
    assert_eq!(statuses(&world).await, ["ended"]);
    world.place.clock.back(Seconds::DAY);
    let world = world.restart().await;
    assert_eq!(statuses(&world).await, ["ended"]);
    let mut payload = world.payload("alice", restarting());
    payload.at = world.engine.now();
    let posted = world.submit(signed(&payload, "alice")).await.unwrap();
    assert_eq!(posted.receipt.code.as_deref(), Some("insufficient"));
}
