//! The log as it is served, also while somebody edits the database: what does
//! not lead to the root that the node signs is not given out.

use std::sync::Arc;

use writ_core::digest::Index;
use writ_core::entry::Entry;
use writ_core::log::{Plan, inclusion_root, root_of};
use writ_core::proof::check;
use writ_core::testing::group;
use writ_core::time::Time;
use writ_engine::{Engine, ProveError};
use writ_store::{Memory, StoreError, StoredEntry};

use crate::forge;
use crate::switch::Switch;
use crate::world::World;

/// A node whose log has a full tile, and the store that it works on.
async fn grown() -> (World, Arc<Switch>) {
    let kept = Arc::new(Switch::to(Arc::new(Memory::new())));
    let world = World::ready_on(kept.clone()).await;
    while world.size() < 300 {
        let members: &[&str] = if world.size() % 2 == 0 { &["bob"] } else { &[] };
        world.set(group("others", members)).await;
    }
    (world, kept)
}

fn is_corrupt<T>(answer: Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Corrupt(_)))
}

async fn turn_to(kept: &Switch, entries: Vec<StoredEntry>) {
    let head = forge::head(&entries);
    kept.turn_to(Arc::new(forge::store(entries, head).await));
}

async fn proved(engine: &Engine, index: u64) -> bool {
    match engine.prove(Index(index)).await {
        Ok((file, story)) => {
            let organization = engine.published().state().organization().unwrap();
            assert_eq!(check(&file, organization), Ok(story));
            true
        }
        Err(ProveError::Store(StoreError::Corrupt(_))) => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_leaf_hash_that_was_changed_is_not_served() {
    let (world, kept) = grown().await;
    let engine = &world.engine;
    let entries = world.place.entries().await;
    let hashes: Vec<_> = entries.iter().map(|entry| entry.leaf_hash).collect();
    let full = "0/000".parse().unwrap();
    let last = "0/001.p/44".parse().unwrap();
    let above = "1/000.p/1".parse().unwrap();
    let plan = Plan::inclusion(7, 300).unwrap();
    let consistency = Plan::consistency(100, 300).unwrap();

    assert_eq!(engine.tile(full).await.unwrap().unwrap(), hashes[..256]);
    assert_eq!(
        engine.tile(above).await.unwrap().unwrap(),
        [root_of(&hashes[..256])]
    );
    for at in [0, 7, 255] {
        let mut edited = entries.clone();
        edited[at].leaf_hash = hashes[1];
        turn_to(&kept, edited).await;
        assert!(is_corrupt(engine.tile(full).await), "{at}");
        assert!(is_corrupt(engine.hashes(&plan).await), "{at}");
        assert!(is_corrupt(engine.hashes(&consistency).await), "{at}");
        assert!(
            is_corrupt(engine.bundle("000".parse().unwrap()).await),
            "{at}"
        );
        assert!(!proved(engine, 20).await, "{at}");
        // What is in memory needs no store.
        assert_eq!(engine.tile(last).await.unwrap().unwrap(), hashes[256..]);
        assert!(engine.tile(above).await.unwrap().is_some());
    }
    turn_to(&kept, entries[..200].to_vec()).await;
    assert!(is_corrupt(engine.tile(full).await));
    turn_to(&kept, entries.clone()).await;
    let path = engine.hashes(&plan).await.unwrap().unwrap();
    let root = inclusion_root(hashes[7], 7, 300, &path);
    assert_eq!(root, Some(root_of(&hashes)));
    assert!(proved(engine, 20).await);
}

#[tokio::test]
async fn a_leaf_that_was_changed_is_in_no_bundle_and_in_no_proof() {
    let (world, kept) = grown().await;
    let engine = &world.engine;
    let entries = world.place.entries().await;
    for at in [0, 7, 299] {
        turn_to(&kept, forge::replaced(&entries, at, "node", "nodE")).await;
        let part = if at < 256 { "000" } else { "001.p/44" };
        assert!(
            is_corrupt(engine.bundle(part.parse().unwrap()).await),
            "{at}"
        );
        assert!(!proved(engine, at as u64).await, "{at}");
        // The tree of hashes is as it was.
        assert!(engine.tile("0/000".parse().unwrap()).await.is_ok());
    }
}

#[tokio::test]
async fn the_past_is_made_of_the_leaves_that_were_appended() {
    let (world, kept) = grown().await;
    let engine = &world.engine;
    let entries = world.place.entries().await;
    let now = engine.past(300).await.unwrap().unwrap();
    assert_eq!(now.state(), engine.published().state());
    for size in [0, 1, 256, 299] {
        let then = engine.past(size).await.unwrap().unwrap();
        let hashes: Vec<_> = entries.iter().map(|entry| entry.leaf_hash).collect();
        let hashes = &hashes[..usize::try_from(size).unwrap()];
        assert_eq!((then.size(), then.head().root), (size, root_of(hashes)));
    }
    assert_eq!(engine.past(301).await, Ok(None));
    assert_eq!(engine.entry_at(Index(300)).await, Ok(None));
    let time = |at: usize| Entry::parse(&entries[at].leaf).unwrap().time;
    for at in [0, 1, 7, 256, 299] {
        let until = |time| async move { engine.size_at(time).await.unwrap() };
        let upto = entries
            .iter()
            .position(|entry| Entry::parse(&entry.leaf).unwrap().time > time(at));
        assert_eq!(until(time(at)).await, upto.unwrap_or(300) as u64, "{at}");
        assert!(until(Time(time(at).0 - 1)).await <= at as u64, "{at}");
    }
    turn_to(&kept, forge::replaced(&entries, 7, "node", "nodE")).await;
    assert!(is_corrupt(engine.past(8).await));
    assert!(is_corrupt(engine.entry_at(Index(7)).await));
}

#[tokio::test]
async fn what_a_decision_read_is_a_hint() {
    let (world, kept) = grown().await;
    let engine = &world.engine;
    let run = world.request("alice", writ_core::testing::RESTART).await;
    let entries = world.place.entries().await;
    let about = entries.len() - 1;
    assert_eq!(entries[about].digest, run.0);
    // More than it needs is left out again.
    let mut edited = entries.clone();
    edited[about].reads.push(Index(290));
    turn_to(&kept, edited).await;
    let (file, _) = engine.prove(Index(about as u64)).await.unwrap();
    turn_to(&kept, entries.clone()).await;
    let (honest, _) = engine.prove(Index(about as u64)).await.unwrap();
    assert_eq!(file, honest);
    // With less it is no proof, and an entry that is not there is none either.
    for reads in [Vec::new(), vec![Index(1)], vec![Index(u64::MAX)]] {
        let mut edited = entries.clone();
        edited[about].reads = reads;
        turn_to(&kept, edited).await;
        assert!(!proved(engine, about as u64).await);
    }
}

#[tokio::test]
async fn what_was_refused_and_what_is_beyond_is_not_proved() {
    let world = World::ready().await;
    let code = world
        .no("bob", writ_core::testing::asking("Host\\Never"))
        .await;
    assert_eq!(code, "unknown-task");
    let size = world.size();
    let refused = world.engine.prove(Index(size - 1)).await;
    assert!(matches!(refused, Err(ProveError::Refused)), "{refused:?}");
    for index in [size, u64::MAX] {
        let beyond = world.engine.prove(Index(index)).await;
        assert!(
            matches!(beyond, Err(ProveError::Beyond { size: found }) if found == size),
            "{beyond:?}"
        );
    }
}
