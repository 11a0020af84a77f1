//! The rows: listings, prefixes, rebuilding.

use std::slice::from_ref;
use std::sync::Arc;

use writ_core::digest::{Digest, Index};

use super::make::{batch, digest, everything, of_rows, owned, row};
use crate::{Backend, Listed, Listing, Rebuild, Row, StoreError, WholeRow, empty_head};

fn listed(row: &Row) -> Listed {
    Listed {
        id: row.id,
        created: row.created,
        at: row.at,
        view: row.view.clone(),
    }
}

async fn put(store: &impl Backend, rows: &[Row]) {
    let head = store.head().await.unwrap();
    store.append(of_rows(head, rows.to_vec())).await.unwrap();
}

/// Every page of a listing, one after the other.
async fn pages(store: &impl Backend, mut query: Listing) -> Vec<Listed> {
    let mut found: Vec<Listed> = Vec::new();
    loop {
        let page = store.list(&query).await.unwrap();
        assert!(page.len() <= query.limit);
        let Some(last) = page.last() else {
            return found;
        };
        query.before = Some((last.created, last.id));
        found.extend(page);
    }
}

pub(super) async fn a_listing_runs_from_the_newest_to_the_oldest(store: &impl Backend) {
    // Three of each entry, so that ids matter too.
    let mut rows: Vec<Row> = (0..30)
        .map(|n| {
            row(
                "request",
                &format!("row {n}"),
                n / 3,
                &[("a", "x"), ("b", "y")],
            )
        })
        .collect();
    put(store, &rows).await;
    put(store, &[row("policy", "of another noun", 4, &[("a", "x")])]).await;
    rows.sort_by_key(|row| std::cmp::Reverse((row.created, row.id)));
    let want: Vec<_> = rows.iter().map(listed).collect();
    let shapes = [
        (None, owned(&[])),
        (None, owned(&[("b", "y")])),
        (Some(owned(&[("a", "x")])), owned(&[])),
        (
            Some(owned(&[("a", "x"), ("b", "y"), ("a", "z"), ("a", "x")])),
            owned(&[("a", "x")]),
        ),
    ];
    for (visible, with) in shapes {
        let shape = Listing {
            visible,
            with,
            ..everything("request")
        };
        assert_eq!(store.list(&shape).await.unwrap(), want, "{shape:?}");
        for limit in [1, 2, 3, 7, 30, 31] {
            let query = Listing {
                limit,
                ..shape.clone()
            };
            assert_eq!(pages(store, query).await, want, "{shape:?} by {limit}");
        }
        let none = Listing { limit: 0, ..shape };
        assert_eq!(store.list(&none).await, Ok(Vec::new()));
    }
    let between = Listing {
        before: Some((Index(5), Digest::from_bytes([0; 32]))),
        ..everything("request")
    };
    assert_eq!(
        store.list(&between).await.unwrap(),
        want[15..],
        "a place need not be taken"
    );
}

pub(super) async fn a_row_keeps_its_place_and_changes_its_facets(store: &impl Backend) {
    let old = row(
        "request",
        "it",
        1,
        &[("state", "Pending"), ("by", "alice"), ("by", "alice")],
    );
    let later = row(
        "request",
        "later",
        2,
        &[("state", "Pending"), ("by", "bob")],
    );
    put(store, &[old.clone(), later.clone()]).await;
    let new = row(
        "request",
        "it",
        9,
        &[("state", "Live"), ("by", "alice"), ("run", "1")],
    );
    put(store, from_ref(&new)).await;
    let kept = Listed {
        created: Index(1),
        ..listed(&new)
    };
    assert_eq!(
        store.row("request", digest("it")).await,
        Ok(Some(kept.clone()))
    );
    assert_eq!(store.row("policy", digest("it")).await, Ok(None));
    let all = store.list(&everything("request")).await.unwrap();
    assert_eq!(all, [listed(&later), kept.clone()]);
    let by = async |facet| {
        let with = owned(&[facet]);
        let query = Listing {
            with,
            ..everything("request")
        };
        store.list(&query).await.unwrap()
    };
    assert_eq!(by(("state", "Pending")).await, [listed(&later)]);
    assert_eq!(by(("state", "Live")).await, from_ref(&kept));
    assert_eq!(by(("by", "alice")).await, from_ref(&kept));
    assert_eq!(by(("run", "1")).await, from_ref(&kept));
    // Twice in one batch: the later one counts, the place is still the first.
    let again = [
        row("request", "it", 10, &[("state", "Ended")]),
        row("request", "it", 11, &[]),
        row("request", "new", 12, &[("state", "Ended")]),
        row("request", "new", 13, &[("state", "Gone")]),
    ];
    put(store, &again).await;
    assert_eq!(by(("state", "Ended")).await, []);
    assert_eq!(by(("by", "alice")).await, []);
    let new = Listed {
        created: Index(12),
        ..listed(&again[3])
    };
    assert_eq!(by(("state", "Gone")).await, from_ref(&new));
    let it = Listed {
        created: Index(1),
        ..listed(&again[1])
    };
    let all = store.list(&everything("request")).await.unwrap();
    assert_eq!(all, [new, listed(&later), it]);
}

type Facets = &'static [(&'static str, &'static str)];

pub(super) async fn any_of_what_is_visible_and_all_of_the_filters(store: &impl Backend) {
    let facets: [&[(&str, &str)]; 5] = [
        &[("sees", "alice"), ("state", "Live"), ("task", r"Host\It's")],
        &[("sees", "bob"), ("sees", "alice"), ("state", "Live")],
        &[("sees", "carol"), ("state", "Live"), ("task", r"Host\It's")],
        &[("state", "alice"), ("task", "[\"\u{fc}\",\"\u{1f600}\"]")],
        &[],
    ];
    let rows: Vec<Row> = (0..)
        .zip(facets)
        .map(|(n, facets)| row("run", &n.to_string(), n, facets))
        .collect();
    put(store, &rows).await;
    let table: [(Option<Facets>, Facets, &[usize]); 11] = [
        (None, &[], &[4, 3, 2, 1, 0]),
        (Some(&[]), &[], &[]),
        (Some(&[]), &[("state", "Live")], &[]),
        (Some(&[("sees", "alice")]), &[], &[1, 0]),
        (Some(&[("sees", "alice"), ("sees", "bob")]), &[], &[1, 0]),
        (
            Some(&[("sees", "bob"), ("sees", "carol"), ("sees", "dan")]),
            &[],
            &[2, 1],
        ),
        (
            Some(&[("sees", "alice"), ("sees", "carol")]),
            &[("task", r"Host\It's")],
            &[2, 0],
        ),
        (
            Some(&[("sees", "carol")]),
            &[("state", "Live"), ("sees", "alice")],
            &[],
        ),
        (None, &[("state", "Live"), ("task", r"Host\It's")], &[2, 0]),
        (None, &[("task", "[\"\u{fc}\",\"\u{1f600}\"]")], &[3]),
        (None, &[("sees", "ALICE")], &[]),
    ];
    for (visible, with, want) in table {
        let query = Listing {
            visible: visible.map(owned),
            with: owned(with),
            ..everything("run")
        };
        let want: Vec<_> = want.iter().map(|n| listed(&rows[*n])).collect();
        assert_eq!(store.list(&query).await.unwrap(), want, "{query:?}");
    }
}

pub(super) async fn pages_neither_lose_nor_repeat<B: Backend>(store: B) {
    let make = |n: u64, at: u64| {
        let name = format!("row {n}");
        Row {
            created: Index(n / 4),
            ..row("request", &name, at, &[("by", "alice")])
        }
    };
    let old: Vec<Row> = (0..200).map(|n| make(n, n)).collect();
    put(&store, &old).await;
    let store = Arc::new(store);
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for n in 0..60 {
                let mut next = batch(store.head().await.unwrap(), 1);
                // A new row, and a change to an old one.
                next.rows = vec![make(200 + n, 200 + n), make(n * 3, 300 + n)];
                store.append(next).await.unwrap();
            }
        }
    });
    let mut looks = 0;
    while looks == 0 || !writer.is_finished() {
        looks += 1;
        let by = Some(owned(&[("by", "alice")]));
        for visible in [None, by] {
            let query = Listing {
                visible,
                limit: 7,
                ..everything("request")
            };
            let found = pages(&*store, query).await;
            let keys: Vec<_> = found.iter().map(|row| (row.created, row.id)).collect();
            assert!(keys.is_sorted_by(|a, b| a > b), "in order, and none twice");
            let old_ones = keys.iter().filter(|(created, _)| created.0 < 50).count();
            assert_eq!(old_ones, 200, "none lost");
        }
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert_eq!(store.list(&everything("request")).await.unwrap().len(), 260);
}

pub(super) async fn ids_are_found_by_any_prefix(store: &impl Backend) {
    let with_id = |first: [u8; 3]| {
        let mut id = [0x11; 32];
        id[..3].copy_from_slice(&first);
        Row {
            id: Digest::from_bytes(id),
            ..row("request", "x", 1, &[])
        }
    };
    let rows = [
        [0xab, 0xcd, 0x00],
        [0xab, 0xcd, 0xff],
        [0xab, 0xce, 0x00],
        [0xff, 0xff, 0xff],
    ];
    let rows = rows.map(with_id);
    put(store, &rows).await;
    put(
        store,
        &[Row {
            noun: "policy",
            ..with_id([0xab, 0xcd, 0x77])
        }],
    )
    .await;
    let found = async |prefix: &str, limit| {
        let found = store.by_prefix("request", prefix, limit).await.unwrap();
        found.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(found("", 9).await, ids);
    assert_eq!(found("a", 9).await, ids[..3]);
    assert_eq!(found("ABCD", 9).await, ids[..2]);
    assert_eq!(found("abcdf", 9).await, ids[1..2]);
    assert_eq!(found("ab", 2).await, ids[..2]);
    assert_eq!(found("ab", 0).await, []);
    assert_eq!(found("f", 9).await, ids[3..]);
    assert_eq!(found(&ids[2].to_string(), 9).await, ids[2..3]);
    assert_eq!(found(&format!("{}0", ids[2]), 9).await, []);
    for nothing in ["0", "abcde", "xyz", "ab cd", "%", "ä"] {
        assert_eq!(found(nothing, 9).await, [], "{nothing}");
    }
    assert_eq!(store.by_prefix("run", "", 9).await, Ok(Vec::new()));
}

pub(super) async fn all_rows_are_read_with_their_facets(store: &impl Backend) {
    let names: Vec<String> = (0..7).map(|n| n.to_string()).collect();
    let mut rows: Vec<Row> = (0..)
        .zip(&names)
        .map(|(n, name)| row("run", name, n, &[("by", name), ("status", "live")]))
        .collect();
    put(store, &rows).await;
    put(store, &[row("request", "0", 7, &[])]).await;
    rows.sort_by_key(|row| row.id);
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = store.rows("run", after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.row.id);
        read.extend(page);
    }
    let whole = |row: &Row| {
        let facets = row.facets.iter();
        WholeRow {
            row: listed(row),
            facets: facets
                .map(|(kind, value)| ((*kind).to_owned(), value.clone()))
                .collect(),
        }
    };
    assert_eq!(read, rows.iter().map(whole).collect::<Vec<_>>());
    let requests = store.rows("request", None, 9).await.unwrap();
    assert_eq!((requests.len(), &requests[0].facets), (1, &Vec::new()));
    assert_eq!(store.rows("policy", None, 9).await, Ok(Vec::new()));
}

pub(super) async fn a_rebuild_is_done_when_it_says_so(store: &impl Backend) {
    let mut first = batch(empty_head(), 2);
    first.rows = vec![row("request", "old", 0, &[("a", "x")])];
    first.blobs = vec![(digest("blob"), b"blob".to_vec())];
    store.append(first.clone()).await.unwrap();
    let some = |names: &[&str]| {
        let rows = names
            .iter()
            .map(|name| row("request", name, 1, &[("a", "x")]));
        Rebuild::Rows(rows.collect())
    };
    let with = owned(&[("a", "x")]);
    let query = Listing {
        with,
        ..everything("request")
    };
    let count = async || store.list(&query).await.unwrap().len();

    store.rebuild(Rebuild::Begin).await.unwrap();
    assert_eq!((store.projector().await, count().await), (Ok(None), 0));
    assert_eq!(store.list(&everything("request")).await, Ok(Vec::new()));
    store.rebuild(some(&["a", "b"])).await.unwrap();
    // Whoever did this is gone: the next one sees no version and begins anew.
    assert_eq!((store.projector().await, count().await), (Ok(None), 2));
    store.rebuild(Rebuild::Begin).await.unwrap();
    assert_eq!(count().await, 0);
    store.rebuild(some(&["a"])).await.unwrap();
    store.rebuild(some(&["b", "c"])).await.unwrap();
    store.rebuild(Rebuild::End { projector: 7 }).await.unwrap();
    assert_eq!((store.projector().await, count().await), (Ok(Some(7)), 3));

    for step in [some(&["d"]), Rebuild::End { projector: 8 }] {
        let refused = store.rebuild(step).await;
        assert!(
            matches!(refused, Err(StoreError::Corrupt(_))),
            "{refused:?}"
        );
    }
    assert_eq!((store.projector().await, count().await), (Ok(Some(7)), 3));
    store.append(batch(first.after, 1)).await.unwrap();
    assert_eq!(
        store.projector().await,
        Ok(Some(7)),
        "an append leaves the version"
    );

    store.rebuild(Rebuild::Begin).await.unwrap();
    store.rebuild(Rebuild::End { projector: 8 }).await.unwrap();
    assert_eq!((store.projector().await, count().await), (Ok(Some(8)), 0));
    assert_eq!(store.head().await.unwrap().size, 3, "the log is untouched");
    assert_eq!(store.entries(Index(0), 2).await.unwrap(), first.entries);
    assert_eq!(store.blob(digest("blob")).await, Ok(Some(b"blob".to_vec())));
}
