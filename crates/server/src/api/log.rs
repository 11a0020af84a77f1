//! The log: its checkpoint and proofs for anybody, its entries for auditors.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use data_encoding::BASE64;
use serde::Deserialize;
use writ_core::digest::Index;
use writ_core::log::{Plan, Tile};
use writ_core::view::{ConsistencyView, EntryView, InclusionView};
use writ_engine::ProveError;

use crate::app::App;
use crate::extract::{Path, Query};
use crate::failure::Failure;
use crate::guard::{Anonymous, Auditor, Caller};
use crate::openapi::{Operation, Schema};

/// How many entries one answer holds at most; the store may give fewer.
const MAX_ENTRIES: usize = 1_000;

pub(super) fn about_checkpoint() -> Operation {
    Operation::new(
        "get-log-checkpoint",
        "The checkpoint of the log as it is now: a signed note",
    )
    .answers_as("text/plain; charset=utf-8", Schema::text())
}

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

pub(super) fn about_entries() -> Operation {
    Operation::new("list-log-entries", "Entries of the log, in order")
        .query(
            "from",
            "From which on; 0, if not given.",
            Schema::named("Index"),
        )
        .query("max", "How many at most.", Schema::count())
        .answers(Schema::named("Entry").list())
        .fails(&["unavailable"])
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leaf {
    index: u64,
    size: u64,
}

pub(super) fn about_inclusion() -> Operation {
    Operation::new(
        "get-inclusion-proof",
        "That a leaf is in the log of some size",
    )
    .needs("index", "Which leaf.", Schema::named("Index"))
    .needs("size", "Of which size.", Schema::count())
    .answers(Schema::named("Inclusion"))
    .fails(&["beyond-log", "unavailable"])
}

/// `GET /v1/log/proof/inclusion?index=I&size=N`: that leaf I is in the log of N.
pub(super) async fn inclusion(
    _: Anonymous,
    State(app): State<App>,
    Query(Leaf { index, size }): Query<Leaf>,
) -> Result<Json<InclusionView>, Failure> {
    let engine = app.engine();
    let beyond = || Failure::beyond(&app);
    let plan = Plan::inclusion(index, size).ok_or_else(beyond)?;
    let path = engine.hashes(&plan).await?.ok_or_else(beyond)?;
    let hashes = engine.tile(Tile::up_to(index)).await?.ok_or_else(beyond)?;
    let leaf_hash = *hashes.last().ok_or_else(beyond)?;
    Ok(Json(InclusionView {
        index: Index(index),
        size,
        leaf_hash,
        path,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    from: u64,
    to: u64,
}

pub(super) fn about_consistency() -> Operation {
    Operation::new(
        "get-consistency-proof",
        "That one log is the beginning of another",
    )
    .needs("from", "The size of the one.", Schema::count())
    .needs("to", "The size of the other.", Schema::count())
    .answers(Schema::named("Consistency"))
    .fails(&["beyond-log", "unavailable"])
}

/// `GET /v1/log/proof/consistency?from=M&to=N`: that the log of N begins with
/// the log of M.
pub(super) async fn consistency(
    _: Anonymous,
    State(app): State<App>,
    Query(Sizes { from, to }): Query<Sizes>,
) -> Result<Json<ConsistencyView>, Failure> {
    let plan = Plan::consistency(from, to).ok_or_else(|| Failure::BadQuery {
        problem: "`from` must be at least 1 and at most `to`".to_owned(),
    })?;
    let path = app.engine().hashes(&plan).await?;
    let path = path.ok_or_else(|| Failure::beyond(&app))?;
    Ok(Json(ConsistencyView { from, to, path }))
}

pub(super) fn about_proof() -> Operation {
    Operation::new("get-entry-proof", "The writ file about an accepted entry")
        .path("index", "Where it stands.", Schema::named("Index"))
        .answers_as("text/plain; charset=utf-8", Schema::text())
        .fails(&[
            "beyond-log",
            "nothing-to-prove",
            "overloaded",
            "unavailable",
        ])
}

/// `GET /v1/log/entries/{index}/proof`: the writ file about an accepted entry.
pub(super) async fn proof(
    _: Caller<Auditor>,
    State(app): State<App>,
    Path(index): Path<u64>,
) -> Result<impl IntoResponse, Failure> {
    let _room = app.may_hold().ok_or(Failure::Overloaded)?;
    let (bytes, _) = app.engine().prove(Index(index)).await?;
    Ok(writ_file(&format!("entry-{index}"), bytes))
}

/// A writ file, to be kept.
pub(super) fn writ_file(name: &str, bytes: Vec<u8>) -> impl IntoResponse + use<> {
    let file = format!("attachment; filename=\"{name}.writ\"");
    let kind = "text/plain; charset=utf-8".to_owned();
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_DISPOSITION, file),
        ],
        bytes,
    )
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Beyond { size } => Self::BeyondLog { size },
            ProveError::Refused => Self::NothingToProve,
            ProveError::Store(error) => error.into(),
        }
    }
}
