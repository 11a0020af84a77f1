//! Pages: listings of requests and executions, the newest first.

use axum::Json;
use serde::Deserialize;
use writ_core::state::State;
use writ_core::view::Page;
use writ_store::{Backend, Listing};

use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::shown::{Shown, shown};
use crate::sight::Facet;

/// How many times the store is asked for one page. Then the page goes out as
/// short as it is, with the cursor to go on from.
const MAX_LOOKS: usize = 8;

/// How long a page may be.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "usize")]
pub(crate) struct Limit(usize);

impl Limit {
    const MOST: usize = 200;
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<usize> for Limit {
    type Error = String;
    fn try_from(limit: usize) -> Result<Self, String> {
        match (1..=Self::MOST).contains(&limit) {
            true => Ok(Self(limit)),
            false => Err(format!("`limit` must be from 1 to {}", Self::MOST)),
        }
    }
}

/// Which rows to go through.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Any of these; all, if none.
    pub(crate) visible: Option<Vec<Facet>>,
    /// And all of these.
    pub(crate) with: Vec<Facet>,
    /// From where on.
    pub(crate) before: Option<Cursor>,
    /// How many.
    pub(crate) limit: Limit,
}

/// The next page of what `admit` lets through.
pub(crate) async fn page<V: Shown>(
    state: &State,
    store: &dyn Backend,
    wanted: Wanted,
    admit: impl Fn(&V) -> bool,
) -> Result<Json<Page<V>>, Failure> {
    let Limit(most) = wanted.limit;
    let mut query = Listing {
        noun: V::NOUN,
        visible: wanted.visible,
        with: wanted.with,
        before: wanted.before.map(|cursor| (cursor.created, cursor.id)),
        limit: most + 1,
    };
    let mut items = Vec::new();
    for _ in 0..MAX_LOOKS {
        let rows = store.list(&query).await?;
        for row in &rows {
            if items.len() == most {
                return Ok(Json(ended(items, query.before)));
            }
            items.extend(shown::<V>(state, row)?.filter(&admit));
            query.before = Some((row.created, row.id));
        }
        if rows.len() < query.limit {
            query.before = None;
            break;
        }
    }
    Ok(Json(ended(items, query.before)))
}

fn ended<V>(
    items: Vec<V>,
    last: Option<(writ_core::digest::Index, writ_core::digest::Digest)>,
) -> Page<V> {
    let next = last.map(|(created, id)| Cursor { created, id }.to_string());
    Page { items, next }
}
