//! What every answer has in common.
//!
//! No cache may keep it unless its handler says so, no browser may guess its type, frame it or run
//! anything in it, and no other origin is named as one that may read it. Each
//! has an id, which stands in the log beside the cause where something went
//! wrong; whatever a caller sent stands in no log line.

use std::any::Any;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::failure::{Cause, Failure};

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// A year of nothing but TLS, for browsers that were here once.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a call and finishes the answer.
pub(crate) async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = app.next_request_id();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(Cause(cause)) = response.extensions_mut().remove() {
        log(&id, &method, route.as_ref(), response.status(), &cause);
    }
    app.answer(response.status());
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if app.reach().tls.is_some() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn log(id: &str, method: &Method, route: Option<&MatchedPath>, status: StatusCode, cause: &str) {
    let route = route.map_or("-", MatchedPath::as_str);
    let status = status.as_u16();
    tracing::error!(request.id = id, %method, route, status, ?cause, "call failed");
}

/// The answer where a handler panicked; the panic itself is on standard error.
pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    let cause = format!("a handler panicked: {}", text.unwrap_or("no message"));
    Failure::Internal { cause }.into_response()
}
