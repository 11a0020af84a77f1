//! Listings equal those of a filter over a vector.

use std::cmp::Reverse;

use proptest::collection::vec;
use proptest::prelude::*;
use writ_core::digest::{Digest, Index};
use writ_store::conformance::make;
use writ_store::{Backend, Listed, Listing, Memory, Row, Sqlite};

/// Awkward on purpose: quotes, what looks like JSON, nothing, more than a byte.
const VALUES: [&str; 7] = ["", "a", "A", "it's", r#"\"]"#, "ü😀", "a\nb"];
const NOUNS: [&str; 2] = ["request", "run"];

type Facets = Vec<(&'static str, String)>;

fn facets(most: usize) -> impl Strategy<Value = Facets> {
    let facet = (
        prop::sample::select(vec!["k", "l"]),
        prop::sample::select(VALUES.to_vec()).prop_map(str::to_owned),
    );
    vec(facet, 0..=most)
}

fn noun() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NOUNS.to_vec())
}

prop_compose! {
    fn rows()(noun in noun(), id in 0..24_u8, at in 0..9_u64, facets in facets(4)) -> Row {
        Row {
            noun,
            id: Digest::from_bytes([id; 32]),
            at: Index(at + 1),
            created: Index(at),
            view: format!("{id} {facets:?}"),
            facets,
        }
    }
}

prop_compose! {
    fn listings()(
        noun in noun(),
        visible in prop::option::of(facets(4)),
        with in facets(2),
        before in prop::option::of((0..10_u64, any::<u8>())),
        limit in 0..12_usize,
    ) -> Listing {
        let before = before.map(|(index, id)| (Index(index), Digest::from_bytes([id % 26; 32])));
        Listing { noun, visible, with, before, limit }
    }
}

/// What the contract says, in its plainest words.
fn naive(batches: &[Vec<Row>], query: &Listing) -> Vec<Listed> {
    let mut rows: Vec<Row> = Vec::new();
    for new in batches.iter().flatten() {
        let same = |row: &&mut Row| (row.noun, row.id) == (new.noun, new.id);
        match rows.iter_mut().find(same) {
            Some(old) => {
                *old = Row {
                    created: old.created,
                    ..new.clone()
                }
            }
            None => rows.push(new.clone()),
        }
    }
    rows.sort_by_key(|row| Reverse((row.created, row.id)));
    rows.into_iter()
        .filter(|row| row.noun == query.noun)
        .filter(|row| match &query.visible {
            None => true,
            Some(any) => any.iter().any(|facet| row.facets.contains(facet)),
        })
        .filter(|row| query.with.iter().all(|facet| row.facets.contains(facet)))
        .filter(|row| query.before.is_none_or(|key| (row.created, row.id) < key))
        .take(query.limit)
        .map(
            |Row {
                 id,
                 created,
                 at,
                 view,
                 ..
             }| Listed {
                id,
                created,
                at,
                view,
            },
        )
        .collect()
}

async fn agrees(
    store: &impl Backend,
    batches: &[Vec<Row>],
    queries: &[Listing],
) -> Result<(), TestCaseError> {
    for rows in batches {
        let head = store.head().await.unwrap();
        store
            .append(make::of_rows(head, rows.clone()))
            .await
            .unwrap();
    }
    for query in queries {
        let found = store.list(query).await.unwrap();
        prop_assert_eq!(found, naive(batches, query), "{:?}", query);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn listings_are_those_of_a_filter(
        batches in vec(vec(rows(), 0..25), 1..4),
        queries in vec(listings(), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            agrees(&Memory::new(), &batches, &queries).await?;
            let folder = tempfile::tempdir().unwrap();
            let store = Sqlite::open(&folder.path().join("store")).unwrap();
            agrees(&store, &batches, &queries).await
        })?;
    }
}
