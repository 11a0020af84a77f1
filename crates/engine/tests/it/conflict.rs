//! Somebody else appends to the same log: the node reads on and decides again,
//! or stops where what it finds cannot be.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use writ_core::digest::{Digest, ExecutionId, Index};
use writ_core::refusal::TurnedAway;
use writ_core::statement::TreeHead;
use writ_core::testing::{RESTART, approving, asking, ending};
use writ_core::view::RunStatus;
use writ_engine::LocalState;
use writ_store::{Backend, Batch, Memory, StoredEntry};

use crate::forge;
use crate::switch::Switch;
use crate::world::{World, replay, restarting};

/// A state directory with the same keys.
fn copied(from: &Path, to: &Path) -> LocalState {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let copy = to.join(file.file_name());
        fs::copy(file.path(), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    }
    LocalState::open(to).unwrap()
}

#[tokio::test]
async fn two_nodes_on_one_log_take_turns() {
    let one = World::ready().await;
    let folder = tempfile::tempdir().unwrap();
    let local = copied(&one.place.state(), &folder.path().join("state"));
    let kept = Arc::clone(&one.place.kept);
    let engine = one.place.open_as("node2", local, kept, 8).await.unwrap();
    let two = one.at(engine);
    let before = one.size();

    // Each knows nothing of what the other appended until it appends itself.
    let request = one.request("alice", RESTART).await;
    two.yes("dave", asking(RESTART)).await;
    one.yes("erin", asking(RESTART)).await;
    two.yes("bob", approving(request)).await;
    one.yes("bob", ending(request)).await;
    assert_eq!(two.no("alice", restarting()).await, "insufficient");
    let again = one.request("alice", RESTART).await;
    two.yes("bob", approving(again)).await;
    // The node that was asked runs it, once.
    let run = ExecutionId(one.yes("alice", restarting()).await.digest);
    assert_eq!(one.outcome(run).await.status, RunStatus::Succeeded);
    assert_eq!(one.outcome(run).await.node.as_str(), "node1");
    assert_eq!(one.place.target.calls().len(), 1);
    two.yes("carol", asking(RESTART)).await;
    assert_eq!(replay(&*one.place.kept).await.size(), before + 11);
    assert_eq!(two.check_log().await.size(), before + 11);
}

/// Appends what nobody said.
async fn scribble(kept: &dyn Backend, leaf: &[u8]) {
    let head = kept.head().await.unwrap();
    let entry = StoredEntry {
        index: Index(head.size),
        digest: Digest::of(b"nobody"),
        leaf: leaf.to_vec(),
        leaf_hash: Digest::of(b"nothing"),
        facts: "[]".into(),
        reads: Vec::new(),
    };
    let after = TreeHead {
        size: head.size + 1,
        root: Digest::of(b"no root"),
    };
    let batch = Batch {
        expect: head,
        after,
        entries: vec![entry],
        rows: Vec::new(),
        blobs: Vec::new(),
    };
    kept.append(batch).await.unwrap();
}

#[tokio::test]
async fn a_log_that_cannot_be_followed_stops_the_node() {
    for name in [
        "nonsense",
        "said before",
        "other head",
        "shorter",
        "changed",
        "missing",
    ] {
        let world = World::ready().await;
        let switch = Arc::new(Switch::to(Arc::clone(&world.place.kept)));
        let world = world.restart_on(switch.clone()).await;
        let (size, state) = (world.size(), world.state());
        let entries = world.place.entries().await;
        let last = entries.len() - 1;
        match name {
            "nonsense" => scribble(&*world.place.kept, b"nonsense").await,
            "said before" => scribble(&*world.place.kept, &entries[last].leaf).await,
            "shorter" => {
                let shorter = forge::hashed(entries[..last].to_vec()).await;
                switch.turn_to(Arc::new(shorter));
            }
            "changed" => {
                let changed = forge::replaced(&entries, last, "\"node1\"", "\"node2\"");
                switch.turn_to(Arc::new(forge::hashed(changed).await));
            }
            "missing" => {
                scribble(&*world.place.kept, b"").await;
                switch.corrupt();
            }
            _ => {
                let other = TreeHead {
                    size,
                    root: Digest::of(b"no root"),
                };
                switch.turn_to(Arc::new(forge::store(entries, other).await));
            }
        }
        let refused = world.say("alice", asking(RESTART)).await;
        assert_eq!(refused.unwrap_err(), TurnedAway::Unknown {}, "{name}");
        world.engine.ended().await;
        let refused = world.say("alice", asking(RESTART)).await;
        assert_eq!(refused.unwrap_err(), TurnedAway::Stopping {}, "{name}");
        assert_eq!((world.size(), world.state()), (size, state), "{name}");
        world.engine.stop(Duration::MAX).await;
    }
}

#[tokio::test]
async fn a_batch_that_the_store_cannot_hold_is_turned_away_and_the_next_goes_on() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    let switch = Arc::new(Switch::to(Arc::clone(&world.place.kept)));
    let world = world.restart_on(switch.clone()).await;
    // The digest of what will be said is taken by another entry already.
    let envelope = world.envelope("alice", asking(RESTART));
    let entries = world.place.entries().await;
    let last = entries.len() - 1;
    let taken = forge::named(&entries, last, envelope.digest());
    let head = kept.head().await.unwrap();
    switch.turn_to(Arc::new(forge::store(taken, head).await));
    let refused = world.submit(envelope.clone()).await.unwrap_err();
    assert_eq!(refused.code(), "unavailable");
    switch.turn_to(Arc::clone(&world.place.kept));
    assert!(world.submit(envelope).await.unwrap().receipt.accepted);
    world.check_log().await;
}
