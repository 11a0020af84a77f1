//! The query of a page.

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::failure::Failure;

/// The query, every member of it known and there once. A form sends its empty
/// fields too; these count as absent.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        let bad = |problem: String| Failure::BadQuery { problem };
        let uri: Uri = format!("/?{}", filled(query))
            .parse()
            .map_err(|_| bad("it is no query".to_owned()))?;
        axum::extract::Query::try_from_uri(&uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| bad(rejection.body_text()))
    }
}

fn filled(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.ends_with('='));
    pairs.collect::<Vec<_>>().join("&")
}

/// Whether a query names something.
pub(super) fn is_asked(uri: &Uri, name: &str) -> bool {
    let query = filled(uri.query().unwrap_or_default());
    query
        .split('&')
        .any(|pair| pair.split_once('=').is_some_and(|(it, _)| it == name))
}

/// The same query with another cursor: the link to the next page.
pub(super) fn onward(uri: &Uri, next: Option<&String>) -> Option<String> {
    let query = filled(uri.query().unwrap_or_default());
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let cursor = next.map(|cursor| format!("after={}", cursor.replace('%', "%25")))?;
    let all: Vec<String> = others.map(str::to_owned).chain([cursor]).collect();
    Some(format!("{}?{}", uri.path(), all.join("&")))
}
