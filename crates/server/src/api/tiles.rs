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

const BYTES: (HeaderName, &str) = (header::CONTENT_TYPE, "application/octet-stream");
/// A tile never changes: of hashes already appended there is one row.
const FOR_EVER: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

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
