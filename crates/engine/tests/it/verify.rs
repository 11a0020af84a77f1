//! `log verify`: everything again, also what the store keeps beside the leaves.

use std::time::Duration;

use writ_core::digest::{Digest, Index, OrganizationId};
use writ_core::state::Decided;
use writ_core::testing::{RESTART, asking};
use writ_engine::{Anchor, Ledger, StartError, verify_log};
use writ_store::StoredEntry;

use crate::forge;
use crate::world::World;

#[tokio::test]
async fn a_log_is_verified_beside_the_node_that_serves_it() {
    let world = World::ready().await;
    world.grant().await;
    world.outcome(world.run().await).await;
    let anchor = Anchor::read(&world.place.state()).unwrap();
    let mut seen = Vec::new();
    let told = |decided: &Decided, leaf_hash| seen.push((decided.index, leaf_hash));
    let report = verify_log(&*world.place.kept, &anchor, Ledger::default(), told)
        .await
        .unwrap();
    assert_eq!(report.organization, anchor.organization);
    assert_eq!(report.ledger.head(), world.place.kept.head().await.unwrap());
    let stored = world.place.kept.leaf_hashes(Index(0), usize::MAX).await;
    let stored = stored.unwrap().into_iter();
    assert_eq!(seen, (0..).map(Index).zip(stored).collect::<Vec<_>>());
    // It may have grown since the anchor was read.
    world.request("erin", RESTART).await;
    let report = verify_log(&*world.place.kept, &anchor, Ledger::default(), |_, _| ())
        .await
        .unwrap();
    assert_eq!(report.ledger.size(), world.size());
}

/// Each column in turn: the first entry that differs is named, and how.
#[tokio::test]
async fn whatever_was_changed_is_named() {
    let world = World::ready().await;
    world.yes("alice", asking(RESTART)).await;
    world.yes("erin", asking(RESTART)).await;
    world.engine.stop(Duration::ZERO).await;
    let anchor = Anchor::read(&world.place.state()).unwrap();
    let entries = world.place.entries().await;
    let at = entries.len() - 2;
    let head = forge::head(&entries);
    type Edit = fn(&mut StoredEntry);
    let edits: [(&str, Edit); 5] = [
        ("stored hash", |entry| entry.leaf_hash = Digest::of(b"x")),
        ("another digest", |entry| entry.digest = Digest::of(b"x")),
        ("facts", |entry| entry.facts = "[]".into()),
        ("reads", |entry| entry.reads = vec![Index(1)]),
        ("says no", |entry| {
            let text = String::from_utf8(entry.leaf.clone()).unwrap();
            entry.leaf = text.replace("true", "false").into_bytes();
        }),
    ];
    for (words, edit) in edits {
        let mut changed = entries.clone();
        edit(&mut changed[at]);
        let store = forge::store(changed, head).await;
        match verify_log(&store, &anchor, Ledger::default(), |_, _| ()).await {
            Err(StartError::Corrupt(corrupt)) => {
                assert_eq!(corrupt.index.0, at as u64, "{corrupt}");
                assert!(corrupt.to_string().contains(words), "{corrupt}");
            }
            other => panic!("{words}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_log_that_is_not_the_one_that_the_node_signed_is_refused() {
    let world = World::ready().await;
    world.engine.stop(Duration::ZERO).await;
    let anchor = Anchor::read(&world.place.state()).unwrap();
    let entries = world.place.entries().await;
    let last = entries.len() - 1;
    let shorter = forge::hashed(entries[..last].to_vec()).await;
    let refused = verify_log(&shorter, &anchor, Ledger::default(), |_, _| ())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StartError::Shorter { found, signed } if found + 1 == signed),
        "{refused}"
    );
    // No signature covers which node it was; the signed root does.
    let changed = forge::replaced(&entries, last, "\"node1\"", "\"node2\"");
    let changed = forge::hashed(changed).await;
    let refused = verify_log(&changed, &anchor, Ledger::default(), |_, _| ())
        .await
        .unwrap_err();
    assert!(matches!(refused, StartError::Different { .. }), "{refused}");
    let other = Anchor {
        organization: OrganizationId(Digest::of(b"another")),
        ..anchor
    };
    let refused = verify_log(&*world.place.kept, &other, Ledger::default(), |_, _| ())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StartError::OtherOrganization { .. }),
        "{refused}"
    );
}
