//! The door: what is turned away, in which order, and what has room when others
//! have none.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use writ_core::digest::{Digest, ExecutionId, OrganizationId};
use writ_core::envelope::{Envelope, MAX_ENVELOPE, PayloadType};
use writ_core::key::Hex;
use writ_core::names::{Name, ParameterName};
use writ_core::object::{Object, Workload};
use writ_core::refusal::TurnedAway;
use writ_core::statement::{Attachment, Body, Invoke, RevokeKey, RunResult, Session, Tick, sign};
use writ_core::testing::{
    RESTART, asking, ending, genesis, group, key, manual, outcome, running, task, upn, workload,
};
use writ_core::time::Seconds;
use writ_engine::Clock;
use writ_store::{Call, Fault, Faulty, Memory};

use crate::world::{World, read, restarting, signed};

/// Everything that is turned away: what it is called, and what is sent.
fn bad_envelopes(world: &World) -> Vec<(&'static str, Envelope)> {
    let good = || world.envelope("alice", asking(RESTART));
    let edited = |edit: &dyn Fn(&mut Envelope)| {
        let mut envelope = good();
        edit(&mut envelope);
        envelope
    };
    let as_of = |seconds: i64| {
        let mut payload = world.payload("alice", asking(RESTART));
        payload.at.0 += seconds * 1_000;
        signed(&payload, "alice")
    };
    let mut elsewhere = world.payload("alice", asking(RESTART));
    elsewhere.instance = Some(OrganizationId(Digest::of(b"another organization")));
    let mut nowhere = world.payload("alice", asking(RESTART));
    nowhere.instance = None;
    let mut short = world.payload("alice", asking(RESTART));
    short.nonce = Hex(vec![1; 15]);
    let mut second = world.payload("admin", genesis());
    second.instance = None;
    let nothing = ExecutionId(Digest::of(b"nothing"));
    let tick = Tick { turned_away: 0 };
    let until = world.place.clock.now();
    let session = world.payload("alice", Session { until });
    let session = sign(PayloadType::Session, &session, &key("alice")).unwrap();
    let spaced = edited(&|envelope| envelope.payload.insert(1, b' '));
    vec![
        ("too-big", edited(&|e| e.payload = vec![b'1'; MAX_ENVELOPE])),
        (
            "too-big",
            edited(&|e| e.signature.sig = vec![1; MAX_ENVELOPE]),
        ),
        ("bad-form", edited(&|e| e.payload.clear())),
        ("bad-form", spaced),
        ("bad-form", signed(&nowhere, "alice")),
        ("bad-form", signed(&short, "alice")),
        ("bad-form", session),
        ("wrong-instance", signed(&elsewhere, "alice")),
        ("wrong-instance", signed(&second, "admin")),
        ("stale", as_of(-301)),
        ("stale", as_of(301)),
        (
            "key-not-live",
            signed(&world.payload("alice", asking(RESTART)), "bob"),
        ),
        ("key-not-live", world.envelope("nobody", asking(RESTART))),
        // What only a node may say, with a key that is not its own.
        ("key-not-live", world.envelope("node", tick.clone())),
        (
            "key-not-live",
            world.envelope("node", outcome(nothing, RunResult::Succeeded)),
        ),
        ("bad-form", world.envelope("alice", tick)),
        ("bad-form", world.envelope("node", asking(RESTART))),
        ("bad-signature", edited(&|e| e.signature.sig[0] ^= 1)),
        ("bad-signature", edited(&|e| e.signature.sig.clear())),
        (
            "bad-signature",
            edited(&|e| e.payload = world.envelope("alice", asking(RESTART)).payload),
        ),
        ("quorum", world.envelope("alice", asking(r"Host\Quorum"))),
        (
            "bad-template",
            world.envelope("admin", world.setting(odd_task())),
        ),
        (
            "bad-template",
            world.envelope("admin", world.setting(odd_workload())),
        ),
    ]
}

/// A task that the connector does not understand.
fn odd_task() -> Object {
    let mut odd = task(r"Host\Odd", "/bin/true", &[]);
    odd.template.clear();
    odd.into()
}

/// A workload of a connector that the node does not have.
fn odd_workload() -> Workload {
    Workload {
        connector: Name::parse("telepathy").unwrap(),
        ..workload("Mind")
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_turned_away_leaves_no_entry_moves_no_time_and_is_counted() {
    let world = World::ready().await;
    // Five would have to approve, and two could.
    world.set(task(r"Host\Quorum", "/bin/true", &[])).await;
    world.set(manual(r"Host\Quorum", &[("approvers", 5)])).await;
    world.grant().await;
    world.place.clock.forward(Seconds(60));
    let (state, size) = (world.state(), world.size());
    let bad = bad_envelopes(&world);
    for (code, envelope) in &bad {
        let refused = world.submit(envelope.clone()).await.unwrap_err();
        assert_eq!(refused.code(), *code, "{refused}");
    }
    assert_eq!((world.state(), world.size()), (state, size));

    // The next tick says how many they were; it is of the hour when the grant ends.
    world.place.clock.forward(Seconds(4 * 3_600));
    sleep(Duration::from_secs(3)).await;
    let entries = read(&world.place.entries().await);
    assert_eq!(entries.len() as u64, size + 1);
    let (_, said) = entries.last().unwrap();
    let count = bad.len() as u64;
    assert!(
        matches!(&said.statement().body, Body::Tick(tick) if tick.turned_away == count),
        "{said:?}"
    );
}

/// The cheapest check first: each of these has every later fault as well.
#[tokio::test]
async fn the_checks_come_in_their_order() {
    let world = World::ready().await;
    let known = world.envelope("alice", asking(RESTART));
    world.submit(known.clone()).await.unwrap();
    let mut payload = world.payload("alice", running(RESTART, &[]));
    payload.body.attached = attached(b"missing");
    let codes = |envelope: &Envelope| {
        let (world, envelope) = (world.clone(), envelope.clone());
        async move { world.submit(envelope).await.unwrap_err().code() }
    };
    // From the last check to the first, one fault is added at a time.
    let mut envelope = signed(&payload, "alice");
    assert_eq!(codes(&envelope).await, "bad-attachment");
    envelope.signature.sig[0] ^= 1;
    assert_eq!(codes(&envelope).await, "bad-signature");
    envelope.signature.keyid = key("bob").public().id();
    assert_eq!(codes(&envelope).await, "key-not-live");
    payload.at = payload.at.minus(Seconds::HOUR);
    envelope.payload = signed(&payload, "alice").payload;
    assert_eq!(codes(&envelope).await, "stale");
    payload.instance = Some(OrganizationId(Digest::of(b"another")));
    envelope.payload = signed(&payload, "alice").payload;
    assert_eq!(codes(&envelope).await, "wrong-instance");
    envelope.payload.insert(1, b' ');
    assert_eq!(codes(&envelope).await, "bad-form");
    envelope.payload.extend([b' '; MAX_ENVELOPE]);
    assert_eq!(codes(&envelope).await, "too-big");

    // What is known is answered whatever else is wrong with it now.
    let mut again = known;
    again.signature.sig[0] ^= 1;
    assert!(world.submit(again).await.is_ok());
}

#[tokio::test]
async fn a_statement_may_be_five_minutes_off_and_not_more_and_is_told_both_times() {
    let world = World::ready().await;
    let now = world.place.clock.now();
    for seconds in [-300, 300] {
        let mut payload = world.payload("dave", restarting());
        payload.at.0 += seconds * 1_000;
        let posted = world.submit(signed(&payload, "dave")).await.unwrap();
        assert_eq!(posted.receipt.code.as_deref(), Some("insufficient"));
        payload.at.0 += seconds.signum();
        let refused = world.submit(signed(&payload, "dave")).await.unwrap_err();
        assert_eq!(
            refused,
            TurnedAway::OutOfTime {
                at: payload.at,
                now
            }
        );
        let sentence = refused.to_string();
        assert!(sentence.contains(&payload.at.to_string()), "{sentence}");
        assert!(sentence.contains(&now.to_string()), "{sentence}");
    }
}

fn attached(text: &[u8]) -> BTreeMap<ParameterName, Attachment> {
    let attachment = Attachment {
        digest: Digest::of(text),
        size: text.len() as u64,
    };
    [(ParameterName::parse("unit").unwrap(), attachment)].into()
}

#[tokio::test]
async fn what_travels_beside_is_what_the_statement_names_and_nothing_else() {
    let world = World::ready().await;
    world.grant().await;
    let size = world.size();
    let named = Invoke {
        attached: attached(b"web"),
        ..running(RESTART, &[])
    };
    let mut longer = named.clone();
    longer.attached.values_mut().for_each(|text| text.size += 1);
    let lines = Invoke {
        attached: attached(b"two\nlines"),
        ..running(RESTART, &[])
    };
    let cases: [(&str, Invoke, &[&str]); 6] = [
        ("does not come with", named.clone(), &[]),
        ("does not come with", named.clone(), &["wob"]),
        ("does not name", named.clone(), &["web", "wob"]),
        ("does not name", restarting(), &["web"]),
        ("another size", longer, &["web"]),
        ("parameter `unit`", lines, &["two\nlines"]),
    ];
    for (words, invoke, beside) in cases {
        let envelope = world.envelope("alice", invoke);
        let refused = world.submit_with(envelope, beside).await.unwrap_err();
        assert_eq!(refused.code(), "bad-attachment");
        assert!(refused.to_string().contains(words), "{refused}");
    }
    let other = world.envelope("alice", asking(RESTART));
    let refused = world.submit_with(other, &["web"]).await.unwrap_err();
    assert_eq!(refused.code(), "bad-attachment");
    assert_eq!(world.size(), size);
    let envelope = world.envelope("alice", named);
    assert!(world.submit_with(envelope, &["web"]).await.is_ok());
}

/// The text of a refused statement is nobody's: it is not kept.
#[tokio::test]
async fn texts_are_kept_only_where_the_run_is_authorised() {
    let world = World::ready().await;
    let named = |text: &str| Invoke {
        attached: attached(text.as_bytes()),
        ..running(RESTART, &[])
    };
    let envelope = world.envelope("dave", named("refused"));
    let posted = world.submit_with(envelope, &["refused"]).await.unwrap();
    assert!(!posted.receipt.accepted);
    world.grant().await;
    let envelope = world.envelope("alice", named("accepted"));
    let posted = world.submit_with(envelope, &["accepted"]).await.unwrap();
    assert!(posted.receipt.accepted);
    for (text, is_kept) in [("refused", false), ("accepted", true)] {
        let blob = world
            .place
            .kept
            .blob(Digest::of(text.as_bytes()))
            .await
            .unwrap();
        assert_eq!(blob.is_some(), is_kept, "{text}");
    }
}

/// 1,024 ordinary statements may wait; what takes away has room after that.
#[tokio::test(start_paused = true)]
async fn an_overloaded_node_still_takes_what_takes_away() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    let grant = world.grant().await;
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let is_lost = Arc::new(AtomicBool::new(true));
    let (told, written) = (Arc::clone(&is_lost), Arc::clone(&sizes));
    let store = Faulty::new(kept, move |call| {
        if let Call::Append(batch) = call {
            written.lock().unwrap().push(batch.entries.len());
        }
        let is_lost = told.load(Ordering::SeqCst);
        match call {
            Call::Append(_) => is_lost.then_some(Fault::UnknownUnwritten),
            Call::Read("head") => is_lost.then_some(Fault::Unavailable),
            Call::Read(_) | Call::Rebuild(_) => None,
        }
    });
    // Starting reads the head.
    is_lost.store(false, Ordering::SeqCst);
    let world = world.restart_on(Arc::new(store)).await;
    is_lost.store(true, Ordering::SeqCst);

    // The first is in the sequencer's hands; the others wait behind it.
    let mut waiting = JoinSet::new();
    let send = |waiting: &mut JoinSet<_>, envelope: Envelope| {
        let world = world.clone();
        waiting.spawn(async move { world.submit(envelope).await });
    };
    send(&mut waiting, world.envelope("dave", asking(RESTART)));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(sizes.lock().unwrap().len(), 1);
    for _ in 0..1_024 {
        send(&mut waiting, world.envelope("dave", asking(RESTART)));
    }
    sleep(Duration::from_secs(1)).await;
    let refused = world.say("alice", asking(RESTART)).await.unwrap_err();
    assert_eq!(refused, TurnedAway::Overloaded {});
    let refused = world
        .say("admin", world.setting(group("new", &[])))
        .await
        .unwrap_err();
    assert_eq!(refused, TurnedAway::Overloaded {});
    send(&mut waiting, world.envelope("bob", ending(grant)));
    let revoke = RevokeKey {
        person: upn("erin"),
        key: key("erin").public().id(),
    };
    send(&mut waiting, world.envelope("admin", revoke.clone()));
    sleep(Duration::from_secs(1)).await;
    // And there is an end to that as well.
    for _ in 2..256 {
        send(&mut waiting, world.envelope("admin", revoke.clone()));
    }
    sleep(Duration::from_secs(1)).await;
    let refused = world.say("admin", revoke).await.unwrap_err();
    assert_eq!(refused, TurnedAway::Overloaded {});

    is_lost.store(false, Ordering::SeqCst);
    let before = world.size();
    let answers = waiting.join_all().await;
    assert_eq!(answers.len(), 1 + 1_280);
    let accepted = answers
        .iter()
        .filter(|posted| posted.as_ref().unwrap().receipt.accepted);
    // The first request, the end, the first revocation.
    assert_eq!(accepted.count(), 3);
    assert_eq!(world.check_log().await.size(), before + 1_281);
    assert_eq!(
        world.state().credentials(&upn("erin")).unwrap().keys.len(),
        0
    );
    // What waited went in few transactions of at most 512.
    assert_eq!(*sizes.lock().unwrap(), [1, 1, 512, 512, 256]);
    world.yes("alice", asking(RESTART)).await;
}
