//! Secrets: sealed on the way, kept under keys that are in no database.

use std::fs;
use std::sync::Arc;

use writ_connect::Ended;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::names::Name;
use writ_core::object::{SecretVersion, Workload};
use writ_core::refusal::TurnedAway;
use writ_core::seal::{self, Purpose};
use writ_core::secret::Secret;
use writ_core::statement::{Invoke, Request, SealedValue};
use writ_core::testing::{
    RESTART, SAY, asking, equals, manual, parameter, running, task, task_name, upn, workload,
};
use writ_core::value::{Schema, Value, ValueType};
use writ_core::view::{Posted, RunStatus};
use writ_engine::{LocalState, Submission};
use writ_store::Memory;
use zeroize::Zeroizing;

use crate::world::{World, node};

const MARKED: &[u8] = b"a marked value, never to be seen";

fn bytes(byte: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([byte; 32])
}

fn token() -> Name {
    node("token")
}

/// `Host` with a secret, sealed for the workload that is given, and its box.
fn with_secret(world: &World, host: &Workload, version: u64, value: &[u8]) -> (Workload, Vec<u8>) {
    let state = world.state();
    let name = token();
    let purpose = Purpose::Secret {
        instance: world.place.organization,
        workload: host,
        name: &name,
        version,
    };
    let to = &state.site().unwrap().services.sealing;
    let value = Secret::new(value.to_vec());
    let sealed = seal::seal(&purpose, to, &bytes(version as u8), &value).unwrap();
    let digest = Digest::of(&sealed);
    let mut host = host.clone();
    host.secrets
        .insert(name.clone(), SecretVersion { version, digest });
    (host, sealed)
}

async fn set(world: &World, host: Workload, sealed: &[u8]) -> Result<Posted, TurnedAway> {
    let envelope = world.envelope("admin", world.setting(host));
    let submission = Submission {
        envelope,
        attachments: vec![sealed.to_vec()],
    };
    world.engine.submit(submission).await
}

#[track_caller]
fn turned_away(said: Result<Posted, TurnedAway>, words: &str) {
    let why = said.unwrap_err().to_string();
    assert!(why.contains(words), "{why}");
}

/// Everything that is kept outside of the state directory.
async fn is_stored(world: &World, part: &[u8], digest: Digest) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let blob = world.place.kept.blob(digest).await.unwrap().unwrap();
    let entries = world.place.entries().await;
    holds(&blob) || entries.iter().any(|entry| holds(&entry.leaf))
}

#[tokio::test]
async fn a_secret_reaches_the_connector_and_nothing_else() {
    let world = World::ready().await;
    let (host, sealed) = with_secret(&world, &workload("Host"), 1, MARKED);
    assert!(
        set(&world, host.clone(), &sealed)
            .await
            .unwrap()
            .receipt
            .accepted
    );
    assert!(!is_stored(&world, MARKED, Digest::of(&sealed)).await);
    assert!(!is_stored(&world, &sealed, Digest::of(&sealed)).await);
    world.grant().await;
    let run = world.run().await;
    assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    let call = world.place.target.calls().pop().unwrap();
    assert_eq!(call.handed, [MARKED]);
    // An edit that leaves it as it is sends nothing, and a new value counts up.
    world.set(host.clone()).await;
    let (next, sealed) = with_secret(&world, &host, 2, b"another");
    set(&world, next, &sealed).await.unwrap();
    let world = world.restart().await;
    world.outcome(world.run().await).await;
    let call = world.place.target.calls().pop().unwrap();
    assert_eq!(call.handed, [b"another"]);
    world.check_log().await;
}

#[tokio::test]
async fn a_box_that_does_not_open_is_turned_away() {
    let world = World::ready().await;
    let host = workload("Host");
    let (said, sealed) = with_secret(&world, &host, 1, MARKED);
    let size = world.size();
    turned_away(
        set(&world, said.clone(), b"another box").await,
        "does not come with the statement",
    );
    let envelope = world.envelope("admin", world.setting(said.clone()));
    turned_away(world.submit(envelope).await, "does not come");
    // Sealed for one origin, and said of another.
    let elsewhere = Workload {
        origin: Some("https://elsewhere.example".into()),
        ..said.clone()
    };
    turned_away(set(&world, elsewhere, &sealed).await, "cannot open it");
    let (empty, sealed) = with_secret(&world, &host, 1, b"");
    turned_away(set(&world, empty, &sealed).await, "from 1 to 65536");
    assert_eq!(world.size(), size, "nothing was recorded");
}

#[tokio::test]
async fn a_database_without_its_keys_gives_no_secret() {
    let world = World::ready_on(Arc::new(Memory::new())).await;
    let (host, sealed) = with_secret(&world, &workload("Host"), 1, MARKED);
    set(&world, host, &sealed).await.unwrap();
    world.grant().await;
    world.engine.stop(std::time::Duration::ZERO).await;
    let kek = world.place.state().join("kek");
    let kept = fs::read_to_string(&kek).unwrap();
    fs::remove_file(&kek).unwrap();
    let missing = LocalState::open(&world.place.state())
        .map(drop)
        .unwrap_err();
    assert!(missing.to_string().contains("restore it"), "{missing}");
    // Another key in its place opens nothing, and breaks nothing else.
    fs::write(&kek, kept.replace(['0', '1', '2', '3'], "f")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&kek, mode).unwrap();
    let world = world.restart().await;
    let run = world.run().await;
    assert_eq!(world.outcome(run).await.status, RunStatus::Succeeded);
    let call = world.place.target.calls().pop().unwrap();
    assert!(call.handed.is_empty());
    let why = call.missing.unwrap();
    assert!(
        why.contains("state/") && why.ends_with("writ secret set Host token"),
        "{why}"
    );
}

/// Alice's run of [`SAY`] with a secret parameter, sealed by `by`, and its box.
fn with_pin(world: &World, by: &str, value: &[u8]) -> (Invoke, Vec<u8>) {
    let (by, of, name) = (upn(by), task_name(SAY), parameter("pin"));
    let purpose = Purpose::Parameter {
        instance: world.place.organization,
        by: &by,
        task: &of,
        name: &name,
    };
    let state = world.state();
    let to = &state.site().unwrap().services.sealing;
    let value = Secret::new(value.to_vec());
    let sealed = seal::seal_parameter(&purpose, to, &bytes(8), &bytes(9), &value);
    let (sealed, said) = sealed.unwrap();
    let run = Invoke {
        sealed: [(name, said)].into(),
        ..running(SAY, &[("word", "x")])
    };
    (run, sealed)
}

async fn world_with_pin() -> World {
    let world = World::ready().await;
    let mut say = task(SAY, "/bin/echo", &["word"]);
    let pin = Schema {
        max_length: 40,
        ..Schema::of(ValueType::Secret)
    };
    say.parameters.insert(parameter("pin"), pin);
    world.set(say).await;
    world.request("alice", SAY).await;
    world
}

async fn invoke(world: &World, run: Invoke, sealed: &[u8]) -> Result<Posted, TurnedAway> {
    let submission = Submission {
        envelope: world.envelope("alice", run),
        attachments: vec![sealed.to_vec()],
    };
    world.engine.submit(submission).await
}

#[tokio::test]
async fn a_secret_parameter_reaches_the_connector_and_nothing_else() {
    let world = world_with_pin().await;
    world
        .place
        .target
        .will(crate::target::Act::End(Ended::Succeeded { exit: None }));
    let (run, sealed) = with_pin(&world, "alice", MARKED);
    let posted = invoke(&world, run, &sealed).await.unwrap();
    assert!(posted.receipt.accepted, "{posted:?}");
    let view = world.outcome(ExecutionId(posted.receipt.digest)).await;
    assert_eq!(view.status, RunStatus::Succeeded, "{view:?}");
    assert_eq!(view.sealed, [parameter("pin")].into());
    assert_eq!(world.place.target.calls()[0].handed, [MARKED]);
    assert!(!is_stored(&world, MARKED, Digest::of(&sealed)).await);
    assert!(!is_stored(&world, &sealed, Digest::of(&sealed)).await);
    world.check_log().await;
}

#[tokio::test]
async fn a_parameter_that_was_not_sealed_so_is_turned_away() {
    let world = world_with_pin().await;
    // The box of somebody else, also with a statement of one's own.
    let (run, sealed) = with_pin(&world, "bob", MARKED);
    turned_away(invoke(&world, run, &sealed).await, "cannot open it");
    let (mut run, sealed) = with_pin(&world, "alice", MARKED);
    for said in run.sealed.values_mut() {
        *said = SealedValue {
            hmac: Digest::of(b"another"),
            ..*said
        };
    }
    turned_away(invoke(&world, run, &sealed).await, "changed since");
    for (value, words) in [
        (&b"two\nlines"[..], "line breaks"),
        (&[b'x'; 41], "at most 40"),
        (&[0xff], "not UTF-8"),
    ] {
        let (run, sealed) = with_pin(&world, "alice", value);
        turned_away(invoke(&world, run, &sealed).await, words);
    }
    let (dashed, sealed) = with_pin(&world, "alice", b"-dashed");
    assert!(
        invoke(&world, dashed, &sealed)
            .await
            .unwrap()
            .receipt
            .accepted
    );
}

#[tokio::test]
async fn a_secret_in_plain_text_never_enters_the_log() {
    let world = world_with_pin().await;
    let size = world.size();
    let said = Value::Text("plain".into());
    let mut run = running(SAY, &[("word", "x")]);
    run.parameters.insert(parameter("pin"), said);
    let request = Request {
        parameters: equals("pin", "plain"),
        ..asking(SAY)
    };
    let mut policy = manual(r"Host\*", &[]);
    policy.parameters = equals("pin", "plain");
    turned_away(world.say("alice", run).await, "is a secret");
    turned_away(world.say("alice", request).await, "is a secret");
    let policy = world.setting(policy);
    turned_away(world.say("admin", policy).await, "is a secret");
    assert_eq!(world.size(), size);
    // What is a secret of one task may be said of another.
    let restart = Request {
        parameters: equals("unit", "web"),
        ..asking(RESTART)
    };
    world.yes("alice", restart).await;
}
