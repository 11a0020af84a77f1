//! Posting statements.

use serde_json::{Value as Json, json};
use writ_core::digest::Digest;
use writ_core::envelope::{Envelope, Kind};
use writ_core::object::Object;
use writ_core::statement::{Approve, Recover, Set, TreeHead};
use writ_core::testing::key;
use writ_core::value::Constraints;
use writ_core::view::{Posted, Problem, Tried};

use crate::world::{ADMIN, ALICE, APPROVERS, BOB, EVE, World, group};

fn approval(world: &World, by: &str, request: writ_core::digest::RequestId) -> Envelope {
    let approve = Approve {
        request,
        comment: None,
        duration_s: None,
        parameters: Constraints::new(),
    };
    world.envelope(by, Kind::Approve, approve)
}

#[tokio::test]
async fn a_refusal_by_a_rule_is_recorded_and_no_problem() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let size = world.engine.published().size();
    let posted = world.approve(ALICE, request).await;
    assert!(!posted.receipt.accepted);
    assert_eq!(posted.receipt.code.as_deref(), Some("self-approval"));
    assert!(posted.detail.unwrap().contains("somebody else"));
    assert_eq!(world.engine.published().size(), size + 1);
}

/// A trial says what the rules would, and leaves no trace.
#[tokio::test]
async fn a_trial_is_answered_and_forgotten() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let size = world.engine.published().size();
    let body = |who: &str| {
        let approve = Approve {
            request,
            comment: None,
            duration_s: None,
            parameters: Constraints::new(),
        };
        let payload = writ_core::json::write(&world.payload(who, approve)).unwrap();
        json!({ "kind": "approve", "payload": String::from_utf8(payload).unwrap() })
    };
    let tried = async |session: Option<String>, body: &Json| {
        let mut call = world.client().post(world.url("/v1/trials")).json(body);
        if let Some(session) = session {
            call = call.header("authorization", session);
        }
        world.send(call).await
    };
    let session = |who: &str| Some(world.session(who));
    let no: Tried = tried(session(ALICE), &body(ALICE)).await.json();
    assert_eq!(no.code.as_deref(), Some("self-approval"));
    assert!(!no.accepted && no.detail.unwrap().contains("somebody else"));
    let yes: Tried = tried(session(BOB), &body(BOB)).await.json();
    assert!(yes.accepted && yes.code.is_none());
    // Only what one would say oneself, and only who is signed in.
    let other = tried(session(BOB), &body(ALICE)).await;
    assert_eq!(other.problem(422), "bad-form");
    assert_eq!(tried(None, &body(BOB)).await.status, 401);
    for odd in [
        json!({}),
        json!({ "kind": "approve", "payload": "{}" }),
        json!({ "kind": "bogus", "payload": body(BOB)["payload"] }),
        json!({ "kind": "approve", "payload": body(BOB)["payload"], "signatures": [] }),
    ] {
        assert_eq!(
            tried(session(BOB), &odd).await.problem(422),
            "bad-form",
            "{odd}"
        );
    }
    assert_eq!(world.engine.published().size(), size);
}

#[tokio::test]
async fn what_is_turned_away_is_a_problem_and_not_recorded() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let size = world.engine.published().size();
    let good = json!({ "envelope": approval(&world, BOB, request) });

    let mut forged = good.clone();
    let sig = forged.pointer_mut("/envelope/signatures/0/sig").unwrap();
    *sig = Json::String(data_encoding::BASE64.encode(&[1; 64]));
    assert_eq!(world.post(&forged).await.problem(401), "bad-signature");

    let stranger = json!({ "envelope": approval(&world, "x@fabrikam.com", request) });
    assert_eq!(world.post(&stranger).await.problem(401), "key-not-live");

    for body in [
        json!({}),
        json!(null),
        json!([]),
        json!(7),
        json!([[good]]),
        json!({ "envelope": good["envelope"], "more": 1 }),
        json!({ "envelope": [good["envelope"]] }),
        json!(vec![&good; 65]),
    ] {
        assert_eq!(
            world.post(&body).await.problem(422),
            "bad-form",
            "{body:.60}"
        );
    }
    for body in [&b"{"[..], b"", b"\xff", &b"[".repeat(10_000)] {
        let answer = world.post_bytes("application/json", body.to_vec()).await;
        assert_eq!(answer.problem(422), "bad-form");
    }
    let twice = good
        .to_string()
        .replacen('{', &format!("{{\"envelope\":{},", good["envelope"]), 1);
    let answer = world
        .post_bytes("application/json", twice.into_bytes())
        .await;
    assert_eq!(answer.problem(422), "bad-form");

    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = world.post_bytes(kind, good.to_string().into_bytes()).await;
        assert_eq!(answer.problem(415), "not-json");
    }
    let padded = |to: usize| {
        let text = good.to_string();
        [text.as_bytes(), &b" ".repeat(to - text.len())].concat()
    };
    let answer = world
        .post_bytes("application/json", padded(64 * 1024 + 1))
        .await;
    assert_eq!(answer.problem(413), "too-big");
    let answer = world
        .post_bytes("application/json", padded(2 * 1024 * 1024 + 1))
        .await;
    assert_eq!(answer.problem(413), "too-big");

    assert_eq!(world.engine.published().size(), size);
    let answer = world
        .post_bytes("application/json", padded(64 * 1024))
        .await;
    assert!(answer.json::<Posted>().receipt.accepted);
}

#[tokio::test]
async fn blobs_must_be_what_they_are_called() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let envelope = approval(&world, BOB, request);
    let digest = writ_core::digest::Digest::of(b"a");
    let body = json!({ "envelope": envelope, "blobs": { digest.to_string(): "Yg==" } });
    assert_eq!(world.post(&body).await.problem(422), "bad-attachment");
}

#[tokio::test]
async fn a_list_is_taken_in_order_and_answered_one_by_one() {
    let world = World::new().await;
    let request = world.request(ALICE).await;
    let stranger = approval(&world, "x@fabrikam.com", request);
    let good = approval(&world, BOB, request);
    let body = json!([{ "envelope": stranger }, { "envelope": good }]);
    let answers: Vec<Json> = world.post(&body).await.json();
    let turned_away: Problem = serde_json::from_value(answers[0].clone()).unwrap();
    assert_eq!(
        (turned_away.status, turned_away.code.as_str()),
        (401, "key-not-live")
    );
    let posted: Posted = serde_json::from_value(answers[1].clone()).unwrap();
    assert!(posted.receipt.accepted);
    assert_eq!(answers.len(), 2);
}

#[tokio::test]
async fn whoever_comes_too_late_is_told_who_decided() {
    let world = World::new().await;
    world.set(group(APPROVERS, &[BOB, EVE])).await;
    let denied = world.request(ALICE).await;
    world.end(EVE, denied, "not today").await;
    let late = world.approve(BOB, denied).await;
    assert_eq!(late.receipt.code.as_deref(), Some("not-pending"));
    let detail = late.detail.unwrap();
    assert!(detail.contains(&format!("is denied by {EVE}")), "{detail}");
    assert!(detail.contains("(not today)"), "{detail}");

    let granted = world.grant(ALICE).await;
    let late = world.approve(EVE, granted).await;
    let detail = late.detail.unwrap();
    assert!(
        detail.contains("is live until") && detail.contains(BOB),
        "{detail}"
    );

    // Somebody who may not read the request learns nothing of it.
    world.set(group(APPROVERS, &[BOB])).await;
    let late = world.approve(EVE, denied).await;
    assert_eq!(late.receipt.code.as_deref(), Some("not-pending"));
    let detail = late.detail.unwrap();
    assert!(
        !detail.contains(EVE) && !detail.contains("denied"),
        "{detail}"
    );
}

#[tokio::test]
async fn what_belongs_on_the_nodes_host_is_turned_away() {
    let world = World::new().await;
    let published = world.engine.published();
    let head = |size| TreeHead {
        size,
        root: Digest::of(b"root"),
    };
    let recover = Recover {
        lost: head(published.size() + 1),
        kept: head(published.size()),
    };
    let mut site = published.state().site().unwrap().as_ref().clone();
    site.services.log = key("one that the node has not").public();
    let set = Set {
        object: Some(Object::Site(site.into())),
        remove: None,
        seen: published.size(),
    };
    for (envelope, words) in [
        (
            world.envelope(ADMIN, Kind::Recover, recover),
            "writ recover",
        ),
        (
            world.envelope(ADMIN, Kind::Set, set),
            "writ site rotate-key",
        ),
    ] {
        let answer = world.post(&json!({ "envelope": envelope })).await;
        assert_eq!(answer.problem(422), "bad-form");
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    assert_eq!(world.engine.published().size(), published.size());
}
