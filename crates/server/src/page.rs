//! Pages: of rows, the newest first, and of objects, in the order of their names.
//!
//! A listing goes on where its last page ended (`after`), not at a number: what
//! comes or goes meanwhile neither repeats an item nor hides one.

use std::sync::Arc;

use serde::Deserialize;
use writ_core::digest::{Digest, Index};
use writ_core::time::Time;
use writ_core::view::Page;
use writ_store::Listing;

use crate::app::App;
use crate::cursor::Cursor;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::Shown;
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

    /// As long as one may be.
    pub(crate) const fn most() -> Self {
        Self(Self::MOST)
    }
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
    /// Nothing that was made before.
    pub(crate) since: Option<Time>,
    /// From where on.
    pub(crate) after: Option<Cursor>,
    /// How many.
    pub(crate) limit: Limit,
}

/// The next page of what `admit` lets through.
pub(crate) async fn page<V: Shown>(
    caller: &Caller<Anyone>,
    app: &App,
    wanted: Wanted,
    admit: impl Fn(&V) -> bool,
) -> Result<Page<Arc<V>>, Failure> {
    let store = app.engine().store().as_ref();
    let lists = V::lists(app);
    let Limit(most) = wanted.limit;
    let mut query = Listing {
        noun: V::NOUN,
        visible: wanted.visible,
        with: wanted.with,
        before: wanted.after.map(|cursor| (Index(cursor.place), cursor.id)),
        limit: most + 1,
    };
    let mut items = Vec::new();
    for _ in 0..MAX_LOOKS {
        let list = lists
            .read(caller.state(), caller.size(), store, &query)
            .await?;
        for item in list.iter() {
            let view = item.view.as_ref();
            // What comes after it was made before it.
            if wanted.since.is_some_and(|since| is_older(view, since)) {
                return Ok(ended(items, None));
            }
            if items.len() == most {
                return Ok(ended(items, query.before));
            }
            items.extend(view.filter(|view| admit(view)).cloned());
            query.before = Some(item.place);
        }
        if list.len() < query.limit {
            query.before = None;
            break;
        }
    }
    Ok(ended(items, query.before))
}

fn is_older<V: Shown>(view: Option<&Arc<V>>, since: Time) -> bool {
    view.is_some_and(|view| view.made() < since)
}

fn ended<V>(items: Vec<V>, last: Option<(Index, Digest)>) -> Page<V> {
    let cursor = |(Index(place), id)| Cursor { place, id };
    let next = last.map(|last| cursor(last).to_string());
    Page { items, next }
}

/// The next page of objects in the order of their names, `after` the last of the
/// page before.
pub(crate) fn by_name<T, K: Ord + ToString>(
    all: impl Iterator<Item = T>,
    limit: Limit,
    after: Option<&K>,
    name: impl Fn(&T) -> &K,
) -> Page<T> {
    let is_after = |item: &T| after.is_none_or(|last| name(item) > last);
    page_of(all, limit, is_after, |item| name(item).to_string())
}

/// The next page of something sorted that is all in State: of those that
/// `is_after` the page before. Each item says what names it.
pub(crate) fn page_of<T>(
    all: impl Iterator<Item = T>,
    limit: Limit,
    is_after: impl Fn(&T) -> bool,
    name: impl Fn(&T) -> String,
) -> Page<T> {
    let Limit(most) = limit;
    let mut rest = all.skip_while(|item| !is_after(item));
    let items: Vec<T> = rest.by_ref().take(most).collect();
    let more = rest.next();
    let next = more.and(items.last()).map(name);
    Page { items, next }
}
