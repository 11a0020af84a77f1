//! The log as tiles, as <https://c2sp.org/tlog-tiles> has it, below `/v1/log`.
//!
//! Hash tiles are for anybody: a nonce in each leaf keeps it from being
//! guessed. Bundles hold the leaves themselves, which name people and their
//! reasons, so they are for auditors, and no cache may keep them.

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use writ_core::log::{Part, Tile};

use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anonymous, Auditor, Caller};
use crate::openapi::{Operation, Schema};

const BYTES: (HeaderName, &str) = (header::CONTENT_TYPE, "application/octet-stream");
/// A tile never changes: of hashes already appended there is one row.
const FOR_EVER: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

pub(super) fn about_hashes() -> Operation {
    Operation::new(
        "get-log-tile",
        "Up to 256 hashes of the log's tree, 32 bytes each",
    )
    .details("As <https://c2sp.org/tlog-tiles> has it. A tile never changes.")
    .path(
        "tile",
        "`<L>/<N>` or `<L>/<N>.p/<W>`; its slashes may be sent as they are.",
        Schema::form(r"[0-9]{1,2}/(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[0-9]{1,3})?")
            .example("0/000.p/1"),
    )
    .answers_as("application/octet-stream", Schema::bytes())
    .fails(&["beyond-log", "unavailable"])
}

/// `GET /v1/log/tile/<L>/<N>[.p/<W>]`: up to 256 hashes, 32 bytes each.
pub(super) async fn hashes(
    _: Anonymous,
    State(app): State<App>,
    Path(tile): Path<Tile>,
) -> Result<impl IntoResponse, Failure> {
    let hashes = app.engine().tile(tile).await?;
    let hashes = hashes.ok_or_else(|| Failure::beyond(&app))?;
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    Ok(([BYTES, FOR_EVER], bytes))
}

pub(super) fn about_leaves() -> Operation {
    Operation::new("get-log-bundle", "Up to 256 entries of the log")
        .details("Each behind its length in 16 bits, as <https://c2sp.org/tlog-tiles> has it.")
        .path(
            "part",
            "`<N>` or `<N>.p/<W>`; its slashes may be sent as they are.",
            Schema::form(r"(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[0-9]{1,3})?").example("000.p/1"),
        )
        .answers_as("application/octet-stream", Schema::bytes())
        .fails(&["beyond-log", "overloaded", "unavailable"])
}

/// `GET /v1/log/tile/entries/<N>[.p/<W>]`: up to 256 leaves, each behind its
/// length in 16 bits.
pub(super) async fn leaves(
    _: Caller<Auditor>,
    State(app): State<App>,
    Path(part): Path<Part>,
) -> Result<impl IntoResponse, Failure> {
    let _room = app.may_hold().ok_or(Failure::Overloaded)?;
    let bytes = app.engine().bundle(part).await?;
    let bytes = bytes.ok_or_else(|| Failure::beyond(&app))?;
    Ok(([BYTES], bytes))
}
