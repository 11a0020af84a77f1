//! The API described, for programs.

use std::sync::LazyLock;

use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

use super::openapi;
use crate::guard::Anonymous;
use crate::openapi::{Operation, Schema};

const JSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/json");

static TEXT: LazyLock<String> = LazyLock::new(|| openapi().to_string());

pub(super) fn about() -> Operation {
    Operation::new("get-openapi", "This document").answers(Schema::object([], []))
}

/// `GET /v1/openapi.json`
pub(super) async fn show(_: Anonymous) -> impl IntoResponse {
    ([JSON], TEXT.as_str())
}
