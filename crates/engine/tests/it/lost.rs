//! An append whose fate is unknown: nothing is lost, nothing is there twice, and
//! whoever asked gets the right answer or is told that it is not known.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use writ_core::digest::{ExecutionId, RequestId};
use writ_core::envelope::Envelope;
use writ_core::refusal::TurnedAway;
use writ_core::testing::{RESTART, approving, asking, ending};
use writ_core::view::{Receipt, RunStatus};
use writ_store::{Backend, Call, Fault, Faulty, Memory};

use crate::world::{World, restarting};

/// How often an append is tried before its statements are turned away.
const TRIES: usize = 5;
/// How many appends the story below takes if nothing fails.
const APPENDS: usize = 6;

/// What goes wrong, from now on.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    fault: Fault,
    /// How many appends go well before, and how many fail in a row.
    after: usize,
    times: usize,
    /// How many reads fail after each of them.
    reads: usize,
}

impl Trouble {
    const NONE: Self = Self {
        fault: Fault::Full,
        after: 0,
        times: 0,
        reads: 0,
    };
}

/// A store and the trouble that it is in, which can be set.
fn faulty(kept: &Memory) -> (Arc<Faulty<Memory>>, Arc<Mutex<Trouble>>) {
    let trouble = Arc::new(Mutex::new(Trouble::NONE));
    let now = Arc::clone(&trouble);
    let mut failing_reads = 0;
    let store = Faulty::new(kept.clone(), move |call| {
        let mut trouble = now.lock().unwrap();
        match call {
            Call::Append(_) if trouble.after > 0 => trouble.after -= 1,
            Call::Append(_) if trouble.times > 0 => {
                trouble.times -= 1;
                failing_reads = trouble.reads;
                return Some(trouble.fault);
            }
            Call::Read("head" | "entries") if failing_reads > 0 => {
                failing_reads -= 1;
                return Some(Fault::Unavailable);
            }
            Call::Append(_) | Call::Read(_) | Call::Rebuild(_) => {}
        }
        None
    });
    (Arc::new(store), trouble)
}

/// What people said, what they were answered, and how often they were turned away.
#[derive(Default)]
struct Told {
    said: Vec<(Envelope, Receipt)>,
    turned_away: usize,
}

impl Told {
    /// Says it until it is recorded, as a client does: always the same envelope.
    async fn say(&mut self, world: &World, envelope: Envelope) -> Receipt {
        loop {
            match world.submit(envelope.clone()).await {
                Ok(posted) => {
                    self.said.push((envelope, posted.receipt.clone()));
                    return posted.receipt;
                }
                Err(TurnedAway::Unavailable { .. }) => self.turned_away += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// A request, its approval, a run and its outcome, its revocation, and a run that
/// is refused.
async fn story(world: &World) -> Told {
    let mut told = Told::default();
    let asked = told
        .say(world, world.envelope("alice", asking(RESTART)))
        .await;
    let id = RequestId(asked.digest);
    told.say(world, world.envelope("bob", approving(id))).await;
    let run = told.say(world, world.envelope("alice", restarting())).await;
    let outcome = world.outcome(ExecutionId(run.digest)).await;
    assert_eq!(outcome.status, RunStatus::Succeeded);
    told.say(world, world.envelope("bob", ending(id))).await;
    told.say(world, world.envelope("alice", restarting())).await;
    told
}

#[tokio::test(start_paused = true)]
async fn an_append_of_unknown_fate_is_neither_lost_nor_repeated_wherever_it_is() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    let (store, trouble) = faulty(&kept);
    let world = world.restart_on(store).await;
    let mut said = Vec::new();
    for fault in [Fault::UnknownWritten, Fault::UnknownUnwritten] {
        for after in 0..APPENDS {
            for times in [1, 2, TRIES - 1, TRIES, TRIES + 1] {
                for reads in [0, 1, 4] {
                    let case = Trouble {
                        fault,
                        after,
                        times,
                        reads,
                    };
                    *trouble.lock().unwrap() = case;
                    said.extend(check(&world, case).await);
                    *trouble.lock().unwrap() = Trouble::NONE;
                }
            }
        }
    }
    // Whoever was answered finds it again after a restart, and nothing more is said.
    let calls = world.place.target.calls().len();
    let restarted = world.restart().await;
    assert_eq!(restarted.state(), world.state());
    for (envelope, receipt) in said {
        assert_eq!(restarted.submit(envelope).await.unwrap().receipt, receipt);
    }
    assert_eq!(restarted.check_log().await.size(), world.size());
    assert_eq!(world.place.target.calls().len(), calls);
}

/// Lives through the story with one trouble in it.
async fn check(world: &World, trouble: Trouble) -> Vec<(Envelope, Receipt)> {
    let before = world.size();
    let calls = world.place.target.calls().len();
    let told = story(world).await;
    // What failed too often is given up. The fourth append is the outcome, and
    // the runner says that one again by itself.
    let gave_up = trouble.fault == Fault::UnknownUnwritten && trouble.times >= TRIES;
    let expected = usize::from(gave_up && trouble.after != 3);
    assert_eq!(told.turned_away, expected, "{trouble:?}");
    let accepted: Vec<_> = told.said.iter().map(|said| said.1.accepted).collect();
    assert_eq!(accepted, [true, true, true, true, false], "{trouble:?}");
    let calls = &world.place.target.calls()[calls..];
    assert!(calls.len() == 1 && calls[0].was_durable, "{trouble:?}");
    assert_eq!(world.size(), before + APPENDS as u64, "{trouble:?}");
    for (_, receipt) in &told.said {
        let entries = world.place.kept.entries(receipt.index, 1).await.unwrap();
        assert_eq!(entries[0].digest, receipt.digest, "{trouble:?}");
    }
    assert_eq!(world.open_runs(), 0, "{trouble:?}");
    told.said
}

/// The last try may be the one that was written.
#[tokio::test(start_paused = true)]
async fn whichever_try_was_written_its_receipt_is_the_answer() {
    for unwritten in 0..TRIES {
        let kept = Memory::new();
        let world = World::ready_on(Arc::new(kept.clone())).await;
        let before = world.size();
        let mut faults = vec![Some(Fault::UnknownUnwritten); unwritten];
        faults.push(Some(Fault::UnknownWritten));
        let store = Faulty::scripted(kept.clone(), faults);
        let world = world.restart_on(Arc::new(store)).await;
        let receipt = world.yes("alice", asking(RESTART)).await;
        assert_eq!(receipt.index.0, before, "{unwritten}");
        assert_eq!(world.check_log().await.size(), before + 1, "{unwritten}");
    }
}

/// A store that fails like this once, and then answers nothing more.
fn gone(kept: Memory, fault: Fault) -> (Faulty<Memory>, Arc<AtomicBool>) {
    let is_gone = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_gone);
    let store = Faulty::new(kept, move |call| match call {
        Call::Append(_) => {
            told.store(true, Ordering::SeqCst);
            Some(fault)
        }
        Call::Read(_) | Call::Rebuild(_) => {
            told.load(Ordering::SeqCst).then_some(Fault::Unavailable)
        }
    });
    (store, is_gone)
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_before_the_fate_is_known_says_so_and_the_next_one_knows() {
    for (fault, status, calls) in [
        (Fault::UnknownWritten, RunStatus::Unknown, 0),
        (Fault::UnknownUnwritten, RunStatus::Succeeded, 1),
    ] {
        let kept = Memory::new();
        let world = World::ready_on(Arc::new(kept.clone())).await;
        world.grant().await;
        let before = world.size();
        let (store, is_gone) = gone(kept.clone(), fault);
        let world = world.restart_on(Arc::new(store)).await;
        let envelope = world.envelope("alice", restarting());
        let asking = tokio::spawn({
            let (world, envelope) = (world.clone(), envelope.clone());
            async move { world.submit(envelope).await }
        });
        while !is_gone.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            world.size(),
            before,
            "nothing is published that is not known"
        );
        world.engine.stop(Duration::ZERO).await;
        assert_eq!(asking.await.unwrap().unwrap_err(), TurnedAway::Unknown {});

        // The next node finds it, or not; it did not run either way.
        let world = world.at(world.place.open().await.unwrap());
        assert_eq!(world.place.target.calls().len(), 0, "{fault:?}");
        let receipt = world.submit(envelope).await.unwrap().receipt;
        assert!(receipt.accepted);
        let outcome = world.outcome(ExecutionId(receipt.digest)).await;
        assert_eq!(outcome.status, status, "{fault:?}");
        assert_eq!(world.place.target.calls().len(), calls, "{fault:?}");
        assert_eq!(world.check_log().await.size(), before + 2);
    }
}

#[tokio::test(start_paused = true)]
async fn statements_that_wait_while_the_fate_is_unknown_are_answered_afterwards() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    let before = world.size();
    let (store, trouble) = faulty(&kept);
    let world = world.restart_on(store).await;
    *trouble.lock().unwrap() = Trouble {
        fault: Fault::UnknownWritten,
        after: 0,
        times: 1,
        reads: 10,
    };
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let world = world.clone();
            // Only the first of the same request is accepted.
            tokio::spawn(async move { world.say("alice", asking(RESTART)).await.unwrap() })
        })
        .collect();
    let mut indexes = BTreeSet::new();
    let mut accepted = 0;
    for task in tasks {
        let receipt = task.await.unwrap().receipt;
        accepted += usize::from(receipt.accepted);
        indexes.insert(receipt.index);
        let entries = kept.entries(receipt.index, 1).await.unwrap();
        assert_eq!(entries[0].digest, receipt.digest);
    }
    assert_eq!((indexes.len(), accepted), (20, 1));
    assert_eq!(world.check_log().await.size(), before + 20);
}
