//! What pages load: the style, the modules, the icon. They are built in.
//!
//! Their path has a **version**, the digest of all of them, so a browser keeps
//! them for good and never mixes those of two builds.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use writ_core::digest::Digest;

use crate::extract::Path2;
use crate::failure::Failure;
use crate::guard::Anonymous;

struct Asset {
    file: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

/// One file of `assets/`.
macro_rules! asset {
    ($file:literal, $kind:ident) => {
        Asset {
            file: $file,
            kind: $kind,
            bytes: include_bytes!(concat!("../../assets/", $file)),
        }
    };
}

const STYLE: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

const ASSETS: &[Asset] = &[
    asset!("portal.css", STYLE),
    asset!("icon.svg", PICTURE),
    asset!("portal.js", MODULE),
    asset!("acts.js", MODULE),
    asset!("beside.js", MODULE),
    asset!("changes.js", MODULE),
    asset!("check.js", MODULE),
    asset!("clock.js", MODULE),
    asset!("copy.js", MODULE),
    asset!("fields.js", MODULE),
    asset!("import.js", MODULE),
    asset!("keys.js", MODULE),
    asset!("notes.js", MODULE),
    asset!("output.js", MODULE),
    asset!("pair.js", MODULE),
    asset!("people.js", MODULE),
    asset!("qr.js", MODULE),
    asset!("refusals.js", MODULE),
    asset!("rows.js", MODULE),
    asset!("says.js", MODULE),
    asset!("session.js", MODULE),
    asset!("settings.js", MODULE),
    asset!("statement.js", MODULE),
    asset!("together.js", MODULE),
];

/// For how long a browser may keep one: it never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The version of those built in.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<u8> = ASSETS
        .iter()
        .flat_map(|asset| *Digest::of(asset.bytes).as_bytes())
        .collect();
    Digest::of(&all).short()
});

/// `GET /assets/{version}/{file}`
pub(super) async fn show(
    _: Anonymous,
    Path2(version, file): Path2,
) -> Result<impl IntoResponse, Failure> {
    let asset = ASSETS.iter().find(|asset| asset.file == file);
    let asset = asset.filter(|_| version == *VERSION);
    let asset = asset.ok_or(Failure::NoSuchPath)?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, FOR_GOOD),
    ];
    Ok((headers, asset.bytes))
}
