//! Executions: who sees which, waiting for them, and their output.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use writ_core::digest::{Digest, ExecutionId};
use writ_core::envelope::Kind;
use writ_core::statement::{End, Signout};
use writ_core::view::{ExecutionView, Page, RunStatus};

use crate::world::{ADMIN, ALICE, AUDITOR, BOB, EVE, World, upn};

async fn listed(world: &World, who: &str, query: &str) -> Vec<ExecutionId> {
    let page: Page<ExecutionView> = world
        .get(who, &format!("/v1/executions?{query}"))
        .await
        .json();
    page.items.iter().map(|view| view.id).collect()
}

#[tokio::test]
async fn an_execution_is_for_whom_it_ran() {
    let world = World::new().await;
    let request = world.grant(ALICE).await;
    let (first, second) = (world.run(ALICE).await, world.run(ALICE).await);
    world.finish(first, b"one\n").await;
    for (who, sees) in [
        (ALICE, true),
        (AUDITOR, true),
        (ADMIN, true),
        (BOB, false),
        (EVE, false),
    ] {
        let answer = world.get(who, &format!("/v1/executions/{first}")).await;
        assert_eq!(answer.status == 200, sees, "{who}");
        let all = listed(&world, who, "scope=all").await;
        assert_eq!(all == [second, first], sees, "{who}");
    }
    assert_eq!(listed(&world, ALICE, "status=succeeded").await, [first]);
    assert_eq!(listed(&world, ALICE, "status=authorized").await, [second]);
    assert_eq!(
        listed(&world, ALICE, &format!("request={request}")).await,
        [second, first]
    );
    let other = Digest::of(b"other");
    assert!(
        listed(&world, ALICE, &format!("request={other}"))
            .await
            .is_empty()
    );
    let view: ExecutionView = world
        .get(ALICE, &format!("/v1/executions/{}", first.short()))
        .await
        .json();
    assert_eq!(
        (view.status, view.exit_code),
        (RunStatus::Succeeded, Some(0))
    );
}

#[tokio::test]
async fn waiting_ends_with_the_outcome_or_the_time() {
    let world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let path = |wait: &str| format!("/v1/executions/{run}?wait_s={wait}");
    for (wait, status) in [("0", 200), ("31", 400), ("-1", 400), ("x", 400)] {
        assert_eq!(world.get(ALICE, &path(wait)).await.status, status, "{wait}");
    }
    let view: ExecutionView = world.get(ALICE, &path("1")).await.json();
    assert_eq!(view.status, RunStatus::Authorized);

    let ends = async {
        sleep(Duration::from_millis(200)).await;
        // What concerns others does not end the wait.
        world.request_word(EVE, Some("x")).await;
        world.finish(run, b"done\n").await;
    };
    let long = path("30");
    let waits = timeout(Duration::from_secs(10), world.get(ALICE, &long));
    let (answer, ()) = tokio::join!(waits, ends);
    assert_eq!(
        answer.unwrap().json::<ExecutionView>().status,
        RunStatus::Succeeded
    );
}

#[tokio::test]
async fn waiting_ends_with_the_session_and_with_the_server() {
    let mut world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let path = format!("/v1/executions/{run}?wait_s=30");
    let signs_out = async {
        sleep(Duration::from_millis(200)).await;
        let everywhere = Signout {
            person: upn(ALICE),
            session: None,
        };
        world.say(ALICE, Kind::Signout, everywhere).await;
    };
    let waits = timeout(Duration::from_secs(10), world.get(ALICE, &path));
    let (answer, ()) = tokio::join!(waits, signs_out);
    assert_eq!(answer.unwrap().problem(401), "session-over");

    // A session opened in the millisecond of the sign-out ends with the others.
    sleep(Duration::from_millis(5)).await;
    let stop = world.stop.take().unwrap();
    let stops = async {
        sleep(Duration::from_millis(200)).await;
        stop.send(()).unwrap();
    };
    let waits = timeout(Duration::from_secs(10), world.get(ALICE, &path));
    let (answer, ()) = tokio::join!(waits, stops);
    assert_eq!(
        answer.unwrap().json::<ExecutionView>().status,
        RunStatus::Authorized
    );
}

#[tokio::test]
async fn a_killed_run_ends_unknown() {
    let world = World::new().await;
    let request = world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    world.started(run).await;
    let end = End {
        request,
        comment: Some("enough".to_owned()),
        kill: true,
    };
    let path = format!("/v1/executions/{run}?wait_s=30");
    let (answer, posted) = tokio::join!(world.get(ALICE, &path), world.say(BOB, Kind::End, end));
    assert!(posted.facts[0].contains("killed"), "{posted:?}");
    let view: ExecutionView = answer.json();
    assert_eq!(view.status, RunStatus::Unknown);
    let note = view.note.unwrap();
    assert!(note.starts_with("killed"), "{note}");
    let ending = world.shown(ALICE, request).await.ending.unwrap();
    assert!(ending.kill);
}

#[tokio::test]
async fn output_is_bytes_to_keep_for_those_who_may_read_it() {
    let world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let path = format!("/v1/executions/{run}/output");
    assert_eq!(world.get(ALICE, &path).await.problem(404), "no-output");
    let hostile = b"<script>alert(1)</script>\x1b[2J\0";
    world.finish(run, hostile).await;
    for who in [ALICE, EVE, AUDITOR, ADMIN] {
        let answer = world.get(who, &path).await;
        assert_eq!(answer.status, 200, "{who}");
        assert_eq!(answer.body, hostile);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    // An approver is no reader of output, and learns not even that there is some.
    let forbidden = world.get(BOB, &path).await;
    assert_eq!(forbidden.problem(404), "not-found");
}
