//! Calls that only a page of ours makes.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use writ_core::json;

use crate::app::App;
use crate::failure::Failure;

/// The longest body, in bytes: a session is well below.
const MAX_BODY: usize = 8 * 1024;

/// The JSON that a page of this very origin posts.
///
/// A browser says from which origin a script posts, and no script can change
/// that. Who is no browser may say anything, and gains a cookie of their own.
#[derive(Debug)]
pub(super) struct FromHere<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for FromHere<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        if !is_from_here(request.headers()) {
            return Err(Failure::NotFromHere);
        }
        let body = to_bytes(request.into_body(), MAX_BODY).await;
        let body = body.map_err(|_| Failure::TooBig { most: MAX_BODY })?;
        json::read_loosely(&body).map(Self).map_err(|error| {
            let problem = error.to_string();
            Failure::BadQuery { problem }
        })
    }
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let only = |name| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    };
    let (Some(origin), Some(host)) = (only(header::ORIGIN), only(header::HOST)) else {
        return false;
    };
    let of = |scheme| origin.strip_prefix(scheme);
    of("https://").or_else(|| of("http://")) == Some(host)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_call_from_another_origin_or_from_none_is_not_from_here() {
        let from = |origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.append(header::HOST, HeaderValue::from_static("writ.example:8420"));
            for origin in origins {
                headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            is_from_here(&headers)
        };
        assert!(from(&["https://writ.example:8420"]));
        assert!(from(&["http://writ.example:8420"]));
        for elsewhere in [
            &[][..],
            &["null"],
            &["https://writ.example"],
            &["https://writ.example:8421"],
            &["https://evil.example"],
            &["https://writ.example:8420.evil.example"],
            &["ftp://writ.example:8420"],
            &["https://writ.example:8420", "https://writ.example:8420"],
        ] {
            assert!(!from(elsewhere), "{elsewhere:?}");
        }
    }
}
