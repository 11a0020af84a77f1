//! The log and the blobs.

use std::sync::Arc;

use tokio::task::JoinSet;
use writ_core::digest::{Digest, Index};
use writ_core::statement::TreeHead;

use super::make::{batch, digest, entry, everything, head_after, named, row};
use crate::{Backend, Batch, MAX_READ, StoreError, empty_head};

pub(super) async fn a_new_store_is_empty(store: &impl Backend) {
    assert_eq!(store.head().await, Ok(empty_head()));
    assert_eq!(store.entries(Index(0), 10).await, Ok(Vec::new()));
    assert_eq!(store.leaf_hashes(Index(0), 10).await, Ok(Vec::new()));
    assert_eq!(store.find(digest("x")).await, Ok(None));
    assert_eq!(store.blob(digest("x")).await, Ok(None));
    assert_eq!(store.row("request", digest("x")).await, Ok(None));
    assert_eq!(store.list(&everything("request")).await, Ok(Vec::new()));
    assert_eq!(store.projector().await, Ok(None));
}

pub(super) async fn entries_come_back_byte_for_byte(store: &impl Backend) {
    let mut first = batch(empty_head(), 3);
    first.entries[1].leaf = Vec::new();
    first.entries[2].leaf = (0..60 * 1024).map(|n: u32| n.to_le_bytes()[0]).collect();
    let second = batch(first.after, 2);
    store.append(first.clone()).await.unwrap();
    store.append(second.clone()).await.unwrap();
    assert_eq!(store.head().await, Ok(second.after));
    let all = [first.entries, second.entries].concat();
    for from in 0..7 {
        for max in 0..7 {
            let want: Vec<_> = all.iter().skip(from).take(max).cloned().collect();
            let from = Index(u64::try_from(from).unwrap());
            let hashes = want.iter().map(|entry| entry.leaf_hash).collect();
            assert_eq!(store.entries(from, max).await, Ok(want), "{from} {max}");
            assert_eq!(store.leaf_hashes(from, max).await, Ok(hashes));
        }
    }
    assert_eq!(
        store.entries(Index(u64::MAX), usize::MAX).await,
        Ok(Vec::new())
    );
    assert_eq!(
        store.leaf_hashes(Index(u64::MAX), usize::MAX).await,
        Ok(Vec::new())
    );
    assert_eq!(store.entries(Index(0), usize::MAX).await.unwrap(), all);
    for entry in &all {
        assert_eq!(store.find(entry.digest).await, Ok(Some(entry.index)));
    }
}

pub(super) async fn a_read_is_bounded(store: &impl Backend) {
    let mut large = batch(empty_head(), 3);
    for (entry, size) in large
        .entries
        .iter_mut()
        .zip([MAX_READ + 1, MAX_READ / 2, MAX_READ])
    {
        entry.leaf = vec![7; size];
    }
    store.append(large).await.unwrap();
    for index in 0..3 {
        let read = store.entries(Index(index), 10).await.unwrap();
        assert_eq!(read.len(), 1, "never more than fits, never nothing");
        assert_eq!(read[0].index, Index(index));
    }
    assert_eq!(store.leaf_hashes(Index(0), 10).await.unwrap().len(), 3);
}

pub(super) async fn another_size_or_root_is_a_conflict(store: &impl Backend) {
    let first = batch(empty_head(), 2);
    store.append(first.clone()).await.unwrap();
    let head = first.after;
    let elsewhere = [
        empty_head(),
        TreeHead { size: 3, ..head },
        TreeHead { size: 1, ..head },
        TreeHead {
            root: digest("another"),
            ..head
        },
    ];
    for expect in elsewhere {
        let refused = store.append(full(named(expect, 1, "other"))).await;
        assert_eq!(refused, Err(StoreError::Conflict { size: 2 }), "{expect:?}");
        nothing_of_full(store).await;
        assert_eq!(store.head().await, Ok(head));
        assert_eq!(store.entries(Index(0), 9).await.unwrap(), first.entries);
    }
    assert_eq!(
        store.append(named(elsewhere[3], 0, "no entry")).await,
        Err(StoreError::Conflict { size: 2 }),
        "a batch of rows alone needs the head too"
    );
    store.append(full(named(head, 1, "other"))).await.unwrap();
}

/// A batch with something of everything.
fn full(batch: Batch) -> Batch {
    Batch {
        rows: vec![row("request", "full", 1, &[("state", "Full")])],
        blobs: vec![(digest("full"), b"full".to_vec())],
        ..batch
    }
}

async fn nothing_of_full(store: &impl Backend) {
    assert_eq!(store.list(&everything("request")).await, Ok(Vec::new()));
    assert_eq!(store.row("request", digest("full")).await, Ok(None));
    assert_eq!(store.blob(digest("full")).await, Ok(None));
}

pub(super) async fn a_batch_is_written_whole_or_not_at_all(store: &impl Backend) {
    let first = batch(empty_head(), 2);
    store.append(first.clone()).await.unwrap();
    // Good in all but its last entry, whose envelope is there already.
    let good = full(named(first.after, 3, "new"));
    let mut bad = good.clone();
    bad.entries[2].digest = first.entries[0].digest;
    assert!(matches!(
        store.append(bad).await,
        Err(StoreError::Corrupt(_))
    ));
    nothing_of_full(store).await;
    assert_eq!(store.head().await, Ok(first.after));
    assert_eq!(store.entries(Index(0), 9).await.unwrap(), first.entries);
    assert_eq!(store.find(good.entries[0].digest).await, Ok(None));

    store.append(good.clone()).await.unwrap();
    assert_eq!(store.head().await, Ok(good.after));
    assert_eq!(store.entries(Index(2), 9).await.unwrap(), good.entries);
    let listed = store.list(&everything("request")).await.unwrap();
    assert_eq!(listed[0].view, good.rows[0].view);
    assert_eq!(store.blob(digest("full")).await, Ok(Some(b"full".to_vec())));
}

pub(super) async fn a_batch_must_agree_with_itself(store: &impl Backend) {
    let good = full(batch(empty_head(), 2));
    let bad = |change: fn(&mut Batch)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    for bad in [
        bad(|batch| batch.after.size = 3),
        bad(|batch| batch.entries.clear()),
        bad(|batch| batch.entries[0].index = Index(1)),
        bad(|batch| batch.entries[1].index = Index(2)),
        bad(|batch| batch.entries.swap(0, 1)),
        bad(|batch| {
            batch.entries.clear();
            batch.after = TreeHead {
                size: 0,
                root: digest("moved"),
            };
        }),
    ] {
        let refused = store.append(bad).await;
        assert!(
            matches!(refused, Err(StoreError::Corrupt(_))),
            "{refused:?}"
        );
        assert_eq!(store.head().await, Ok(empty_head()));
        nothing_of_full(store).await;
    }
    store.append(good).await.unwrap();
}

pub(super) async fn an_envelope_is_there_once(store: &impl Backend) {
    let mut twice = batch(empty_head(), 2);
    twice.entries[1].digest = twice.entries[0].digest;
    assert!(matches!(
        store.append(twice).await,
        Err(StoreError::Corrupt(_))
    ));
    assert_eq!(store.head().await, Ok(empty_head()));
    // The same leaf in two entries is no contradiction.
    let mut alike = batch(empty_head(), 2);
    alike.entries[1].leaf = alike.entries[0].leaf.clone();
    alike.entries[1].leaf_hash = alike.entries[0].leaf_hash;
    store.append(alike).await.unwrap();
}

pub(super) async fn of_appends_at_once_one_wins_each_size<B: Backend>(store: B) {
    const WRITERS: u64 = 8;
    const ROUNDS: usize = 12;
    let store = Arc::new(store);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            let mut won = Vec::new();
            while won.len() < ROUNDS {
                let head = store.head().await.unwrap();
                let batch = named(head, 1 + writer % 3, &format!("writer {writer}"));
                match store.append(batch.clone()).await {
                    Ok(()) => won.push(batch),
                    Err(error) => assert!(matches!(error, StoreError::Conflict { .. }), "{error}"),
                }
            }
            won
        });
    }
    let mut won: Vec<Batch> = writers.join_all().await.into_iter().flatten().collect();
    won.sort_by_key(|batch| batch.expect.size);
    // Each batch begins exactly where another one ended, and all of them are there.
    let mut head = empty_head();
    for batch in &won {
        assert_eq!(batch.expect, head);
        head = batch.after;
    }
    assert_eq!(store.head().await, Ok(head));
    let entries = store.entries(Index(0), usize::MAX).await.unwrap();
    let appended: Vec<_> = won.into_iter().flat_map(|batch| batch.entries).collect();
    assert_eq!(entries, appended);
    assert_eq!(entries.iter().fold(empty_head(), head_after), head);
}

pub(super) async fn blobs_stay(store: &impl Backend) {
    let mut first = batch(empty_head(), 1);
    let large = vec![0xa5; 3 * 1024 * 1024];
    first.blobs = vec![
        (digest("empty"), Vec::new()),
        (digest("large"), large.clone()),
        (digest("twice"), b"first".to_vec()),
        (digest("twice"), b"second".to_vec()),
    ];
    store.append(first.clone()).await.unwrap();
    let mut second = batch(first.after, 0);
    second.blobs = vec![(digest("large"), b"other".to_vec())];
    store.append(second).await.unwrap();
    let blob = async |name: &str| store.blob(digest(name)).await.unwrap();
    assert_eq!(blob("empty").await, Some(Vec::new()));
    assert_eq!(blob("twice").await.as_deref(), Some(b"first".as_slice()));
    assert!(blob("large").await == Some(large), "what is there stays");
    assert_eq!(store.blob(Digest::from_bytes([0; 32])).await, Ok(None));
    assert_eq!(
        store.find(entry(0, "entry 0").digest).await,
        Ok(Some(Index(0)))
    );
}
