//! Runs: started once, after their entry is on disk, and each with one outcome.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use writ_connect::Ended;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::names::ParameterName;
use writ_core::object::{Person, Task};
use writ_core::refusal::TurnedAway;
use writ_core::statement::{Attachment, Invoke};
use writ_core::testing::{RESTART, control, person, running, task};
use writ_core::time::Seconds;
use writ_core::value::Value;
use writ_core::view::{ExecutionView, RunStatus};
use writ_store::{Call, Fault, Faulty, Memory};

use crate::switch::Switch;
use crate::target::Act;
use crate::world::{World, restarting};

const DONE: Ended = Ended::Succeeded { exit: Some(0) };

fn note(view: &ExecutionView) -> &str {
    view.note.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn the_connector_is_called_after_the_run_is_in_the_log_and_with_what_was_signed() {
    let world = World::ready().await;
    let grant = world.grant().await;
    let run = world.run().await;
    assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    let calls = world.place.target.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].was_durable);
    let job = &calls[0].job;
    assert_eq!((job.execution, job.request), (run, Some(grant)));
    assert_eq!(job.parameters, restarting().parameters);
    assert_eq!(job.task.name.to_string(), RESTART);
}

#[tokio::test]
async fn how_it_ended_is_in_the_log_as_the_connector_said_it() {
    let world = World::ready().await;
    world.grant().await;
    let failed = Ended::Failed {
        exit: Some(3),
        note: "it said no".into(),
    };
    let lost = Ended::Unknown {
        note: "the line was cut".into(),
    };
    let hidden = Ended::Failed {
        exit: None,
        note: "\u{202e}odd\u{7}".into(),
    };
    for (ended, status, exit, words) in [
        (DONE, RunStatus::Succeeded, Some(0), ""),
        (failed, RunStatus::Failed, Some(3), "it said no"),
        (lost, RunStatus::Unknown, None, "the line was cut"),
        (hidden, RunStatus::Failed, None, "\u{fffd}odd\u{fffd}"),
    ] {
        world.place.target.will(Act::End(ended));
        let view = world.outcome(world.run().await).await;
        assert_eq!((view.status, view.exit_code), (status, exit));
        assert_eq!(note(&view), words);
    }
}

#[tokio::test]
async fn output_is_kept_up_to_the_cap_under_a_salted_digest() {
    let world = World::ready().await;
    let small = Task {
        output_cap: 10,
        ..task(RESTART, "/usr/bin/systemctl", &["unit"])
    };
    world.set(small).await;
    world.grant().await;
    let mut digests = BTreeSet::new();
    for (printed, kept) in [
        (&b"0123456789"[..], &b"0123456789"[..]),
        (b"0123456789", b"0123456789"),
        (b"0123456789abc", b"0123456789"),
    ] {
        world.place.target.will(Act::Print(printed.to_vec()));
        let view = world.outcome(world.run().await).await;
        let output = view.output.unwrap();
        assert_eq!(output.size, printed.len() as u64);
        assert!(
            digests.insert(output.digest),
            "short outputs give themselves away"
        );
        let blob = world.place.kept.blob(output.digest).await.unwrap().unwrap();
        assert_eq!(Digest::of(&blob), output.digest);
        assert_eq!(&blob[16..], kept);
    }
    world.place.target.will(Act::Print(Vec::new()));
    assert_eq!(world.outcome(world.run().await).await.output, None);
}

#[tokio::test]
async fn a_connector_that_breaks_leaves_an_outcome_of_unknown() {
    let world = World::ready().await.restart_with(1).await;
    world.grant().await;
    world.place.target.will(Act::Panic);
    let view = world.outcome(world.run().await).await;
    assert_eq!(view.status, RunStatus::Unknown);
    assert_eq!(note(&view), "the connector broke off: on purpose");
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_never_ends_is_given_up_after_the_deadline() {
    let world = World::ready().await;
    world.grant().await;
    world.place.target.will(Act::Hang);
    let begun = tokio::time::Instant::now();
    let run = world.run().await;
    let view = world.outcome(run).await;
    assert_eq!(view.status, RunStatus::Unknown);
    assert!(note(&view).contains("deadline"), "{view:?}");
    // The task's own deadline, and a grace.
    assert!(begun.elapsed() > Duration::from_secs(300));
    assert_eq!(world.place.target.calls_for(run.0), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connector_is_given_up_after_the_deadline_by_the_time_asleep_too() {
    let world = World::ready().await;
    world.grant().await;
    world.place.target.will(Act::Hang);
    let begun = tokio::time::Instant::now();
    let run = world.run().await;
    while world.place.target.calls_for(run.0) == 0 {
        tokio::task::yield_now().await;
    }
    world.place.clock.suspend(Seconds(2 * 3_600));
    let view = world.outcome(run).await;
    assert_eq!(view.status, RunStatus::Unknown);
    assert!(note(&view).contains("deadline"), "{view:?}");
    // By the timer alone it would have gone on for all of its deadline.
    assert!(begun.elapsed() < Duration::from_secs(300));
}

/// A long text beside the statement is read from the store before the start,
/// which gives what is revoked meanwhile its chance.
#[tokio::test(start_paused = true)]
async fn what_is_taken_away_between_the_run_and_its_start_is_not_started() {
    for case in ["revoked", "time is up", "disabled", "deactivated"] {
        let world = World::ready().await;
        let grant = world.grant().await;
        let switch = Arc::new(Switch::to(Arc::clone(&world.place.kept)));
        let world = world.restart_on(switch.clone()).await;
        switch.give_blobs(false);
        let text = "web";
        let envelope = world.envelope("alice", beside(text));
        let run = world.submit_with(envelope, &[text]).await.unwrap().receipt;
        assert!(run.accepted, "{case}");
        match case {
            "revoked" => drop(world.revoke(grant).await),
            "time is up" => world.place.clock.forward(Seconds(4 * 3_600)),
            "disabled" => drop(world.set(control(false, Some("approvers"))).await),
            _ => {
                let gone = Person {
                    active: false,
                    ..person("alice")
                };
                world.set(gone).await;
            }
        }
        switch.give_blobs(true);
        let view = world.outcome(ExecutionId(run.digest)).await;
        assert_eq!(view.status, RunStatus::Failed, "{case}: {view:?}");
        assert!(note(&view).starts_with("not started: "), "{case}: {view:?}");
        assert_eq!(world.place.target.calls().len(), 0, "{case}");
        world.check_log().await;
    }
}

/// A run of [`RESTART`] whose unit comes beside the statement.
fn beside(text: &str) -> Invoke {
    let attachment = Attachment {
        digest: Digest::of(text.as_bytes()),
        size: text.len() as u64,
    };
    let unit = ParameterName::parse("unit").unwrap();
    Invoke {
        attached: [(unit, attachment)].into(),
        ..running(RESTART, &[])
    }
}

#[tokio::test]
async fn a_text_beside_the_statement_reaches_the_connector() {
    let world = World::ready().await;
    world.grant().await;
    let text = "a unit whose name is longer than its statement";
    let envelope = world.envelope("alice", beside(text));
    let run = world.submit_with(envelope, &[text]).await.unwrap().receipt;
    let view = world.outcome(ExecutionId(run.digest)).await;
    assert_eq!(view.status, RunStatus::Succeeded);
    let given = &world.place.target.calls()[0].job.parameters;
    let unit = given.get(&ParameterName::parse("unit").unwrap());
    assert_eq!(unit, Some(&Value::Text(text.into())));
}

#[tokio::test]
async fn a_text_that_is_gone_from_the_store_is_not_run_without() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    world.grant().await;
    let store = Faulty::new(kept, |call| match call {
        Call::Read("blob") => Some(Fault::Unavailable),
        Call::Append(_) | Call::Rebuild(_) | Call::Read(_) => None,
    });
    let world = world.restart_on(Arc::new(store)).await;
    let envelope = world.envelope("alice", beside("web"));
    let run = world.submit_with(envelope, &["web"]).await.unwrap().receipt;
    let view = world.outcome(ExecutionId(run.digest)).await;
    assert_eq!(view.status, RunStatus::Failed);
    assert!(note(&view).starts_with("not started: "), "{view:?}");
    assert_eq!(world.place.target.calls().len(), 0);
}

#[tokio::test]
async fn at_the_limit_of_runs_in_flight_the_next_is_not_even_recorded() {
    let world = World::ready().await.restart_with(2).await;
    world.grant().await;
    world.place.target.will(Act::Wait);
    let (one, two) = (world.run().await, world.run().await);
    world.place.target.called(2).await;
    let size = world.size();
    let envelope = world.envelope("alice", restarting());
    for _ in 0..3 {
        let busy = world.submit(envelope.clone()).await.unwrap_err();
        assert_eq!(busy, TurnedAway::Busy {});
    }
    assert_eq!(world.size(), size);
    // Refused runs hold no room; nothing else needs any.
    world.grant_to("erin").await;
    world.place.target.release(DONE);
    for run in [one, two] {
        assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    }
    // The slot is free a moment after the outcome is in the log.
    let run = loop {
        match world.submit(envelope.clone()).await {
            Err(TurnedAway::Busy {}) => tokio::task::yield_now().await,
            other => break other.unwrap().receipt,
        }
    };
    world.outcome(ExecutionId(run.digest)).await;
    for _ in 0..5 {
        assert_eq!(world.no("dave", restarting()).await, "insufficient");
    }
    assert_eq!(world.place.target.calls().len(), 3);
    world.check_log().await;
}
