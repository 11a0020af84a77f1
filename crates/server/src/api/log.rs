//! The log: its checkpoint for anybody, its entries for auditors.

use axum::Json;
use axum::extract::State;
use data_encoding::BASE64;
use serde::Deserialize;
use writ_core::digest::Index;
use writ_core::view::EntryView;

use crate::app::App;
use crate::extract::Query;
use crate::failure::Failure;
use crate::guard::{Anonymous, Auditor, Caller};

/// How many entries one answer holds at most; the store may give fewer.
const MAX_ENTRIES: usize = 1_000;

/// `GET /v1/log/checkpoint`: a signed note.
pub(super) async fn checkpoint(_: Anonymous, State(app): State<App>) -> String {
    app.engine().checkpoint()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    #[serde(default)]
    from: u64,
    max: Option<usize>,
}

/// `GET /v1/log/entries?from=N&max=M`: leaves, in order; none beyond the end.
pub(super) async fn entries(
    caller: Caller<Auditor>,
    State(app): State<App>,
    Query(range): Query<Range>,
) -> Result<Json<Vec<EntryView>>, Failure> {
    let left = caller.size().saturating_sub(range.from);
    let left = usize::try_from(left).unwrap_or(MAX_ENTRIES);
    let max = range.max.unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES).min(left);
    if max == 0 {
        return Ok(Json(Vec::new()));
    }
    let entries = app.engine().store().entries(Index(range.from), max).await?;
    let views = entries.into_iter().map(|entry| EntryView {
        index: entry.index,
        leaf: BASE64.encode(&entry.leaf),
    });
    Ok(Json(views.collect()))
}
