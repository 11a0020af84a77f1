//! Start: what a node finds, and what it makes anew.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use writ_core::digest::{Digest, Index};
use writ_core::testing::{RESTART, asking};
use writ_engine::{LocalState, StartError};
use writ_store::{Backend, Listed, Listing, Memory, Rebuild, Row, Sqlite};

use crate::switch::Switch;
use crate::world::{Place, Seeded, World, replay};

#[tokio::test]
async fn a_restarted_node_has_the_same_state_and_says_the_same_of_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("writ.db")).unwrap();
    let world = World::ready_on(Arc::new(store)).await;
    world.grant().await;
    world.outcome(world.run().await).await;
    world.request("erin", RESTART).await;
    let restarted = world.restart().await;
    assert_eq!(restarted.state(), world.state());
    assert_eq!(restarted.size(), world.size());
    assert_eq!(restarted.engine.checkpoint(), world.engine.checkpoint());
    let ledger = restarted.check_log().await;
    let head = world.place.kept.head().await.unwrap();
    assert_eq!(ledger.head(), head);
}

#[tokio::test]
async fn a_store_of_another_organization_is_refused() {
    let one = World::ready().await;
    let other = Place::founded("another", Arc::new(Memory::new())).await;
    one.engine.stop(Duration::ZERO).await;
    let refused = one
        .place
        .open_on(Arc::clone(&other.kept))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(refused, StartError::OtherOrganization { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn where_nothing_was_founded_nothing_starts() {
    let world = World::ready().await;
    world.engine.stop(Duration::ZERO).await;
    let empty = world
        .place
        .open_on(Arc::new(Memory::new()))
        .await
        .err()
        .unwrap();
    assert!(matches!(empty, StartError::NotFounded), "{empty}");
    // A state directory that was made and never founded.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let local = LocalState::create(&path, &Seeded::new("new")).unwrap();
    let kept = Arc::clone(&world.place.kept);
    let refused = world.place.open_as("node1", local, kept, 1).await;
    assert!(matches!(refused.err().unwrap(), StartError::NotFounded));
    let nowhere = LocalState::open(&folder.path().join("nowhere"))
        .err()
        .unwrap();
    assert!(nowhere.to_string().contains("writ init"), "{nowhere}");
    assert!(LocalState::create(&path, &Seeded::new("new")).is_err());
}

#[cfg(unix)]
#[test]
fn a_state_directory_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(LocalState::create(&path, &Seeded::new("new")).unwrap());
    for name in ["", "log.key", "runner.key", "sealing.key", "head", "lock"] {
        let file = path.join(name);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode | 0o040)).unwrap();
        let refused = LocalState::open(&path).err().unwrap();
        assert!(refused.to_string().contains("chmod"), "{name}: {refused}");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
    }
    assert!(LocalState::open(&path).is_ok());
}

async fn rows(store: &dyn Backend, noun: &'static str) -> Vec<Listed> {
    let query = Listing {
        noun,
        visible: None,
        with: Vec::new(),
        before: None,
        limit: 1_000,
    };
    store.list(&query).await.unwrap()
}

async fn found_by(store: &dyn Backend, kind: &'static str, value: &str) -> usize {
    let query = Listing {
        noun: "request",
        visible: None,
        with: vec![(kind, value.to_owned())],
        before: None,
        limit: 1_000,
    };
    store.list(&query).await.unwrap().len()
}

#[tokio::test]
async fn rows_of_another_projector_are_made_anew_from_the_log() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    let grant = world.grant().await;
    world.outcome(world.run().await).await;
    world.revoke(grant).await;
    world.request("erin", RESTART).await;
    world.grant().await;
    let before = (rows(&kept, "request").await, rows(&kept, "execution").await);
    let version = kept.projector().await.unwrap();
    assert!(version.is_some());

    let bogus = Row {
        noun: "request",
        id: Digest::of(b"bogus"),
        at: Index(1),
        created: Index(1),
        view: "{}".into(),
        facets: vec![("status", "live".into())],
    };
    for steps in [
        // Of an older version; begun and never ended.
        vec![
            Rebuild::Begin,
            Rebuild::Rows(vec![bogus.clone()]),
            Rebuild::End { projector: 0 },
        ],
        vec![Rebuild::Begin, Rebuild::Rows(vec![bogus])],
    ] {
        world.engine.stop(Duration::ZERO).await;
        for step in steps {
            kept.rebuild(step).await.unwrap();
        }
        let world = world.at(world.place.open().await.unwrap());
        let after = (rows(&kept, "request").await, rows(&kept, "execution").await);
        assert_eq!(after, before);
        assert_eq!(kept.projector().await.unwrap(), version);
        assert_eq!(found_by(&kept, "status", "live").await, 1);
        assert_eq!(found_by(&kept, "status", "revoked").await, 1);
        assert_eq!(found_by(&kept, "by", "erin@fabrikam.example").await, 1);
        world.engine.stop(Duration::ZERO).await;
    }
}

/// Rows carry no authority: what they say changes nothing.
#[tokio::test]
async fn rows_are_left_alone_where_the_projector_is_ours() {
    let kept = Memory::new();
    let world = World::ready_on(Arc::new(kept.clone())).await;
    world.request("alice", RESTART).await;
    let version = kept.projector().await.unwrap().unwrap();
    world.engine.stop(Duration::ZERO).await;
    kept.rebuild(Rebuild::Begin).await.unwrap();
    kept.rebuild(Rebuild::End { projector: version })
        .await
        .unwrap();
    let world = world.at(world.place.open().await.unwrap());
    assert_eq!(rows(&kept, "request").await.len(), 0);
    assert_eq!(world.state().requests().count(), 1);
    assert_eq!(world.no("alice", asking(RESTART)).await, "already-pending");
    assert_eq!(replay(&kept).await.size(), world.size());
}

#[tokio::test]
async fn a_node_goes_on_from_the_ledger_that_it_kept() {
    let world = World::ready().await;
    world.grant().await;
    world.engine.stop(Duration::ZERO).await;
    let kept = world.place.state().join("ledger");
    let good = fs::read(&kept).unwrap();
    // Whatever the file holds, the node is the same; what is no ledger of this
    // log costs only the time to read all.
    let other = World::ready().await;
    other.request("erin", RESTART).await;
    other.engine.stop(Duration::ZERO).await;
    let of_another = fs::read(other.place.state().join("ledger")).unwrap();
    let mut cut = good.clone();
    cut.truncate(good.len() / 2);
    let missing = Vec::new();
    for (bytes, reads_all) in [
        (good, false),
        (of_another, true),
        (cut, true),
        (missing, true),
    ] {
        fs::write(&kept, bytes).unwrap();
        let counted = Arc::new(Switch::to(Arc::clone(&world.place.kept)));
        let store = Arc::clone(&counted) as Arc<dyn Backend>;
        let again = world.at(world.place.open_on(store).await.unwrap());
        assert_eq!(again.state(), world.state());
        assert_eq!(again.engine.checkpoint(), world.engine.checkpoint());
        // The newest leaves are compared in any case, and not decided again.
        assert_eq!(counted.reads_of_the_first(), 1 + 1 + u64::from(reads_all));
        again.engine.stop(Duration::ZERO).await;
    }
}

#[tokio::test]
async fn entries_after_the_kept_ledger_are_read() {
    let world = World::ready().await;
    world.engine.stop(Duration::ZERO).await;
    let kept = world.place.state().join("ledger");
    let older = fs::read(&kept).unwrap();
    let world = world.restart().await;
    let request = world.grant().await;
    world.engine.stop(Duration::ZERO).await;
    fs::write(&kept, older).unwrap();
    let again = world.restart().await;
    assert_eq!(again.state(), world.state());
    assert!(again.state().requests().any(|record| record.id == request));
    again.check_log().await;
}
