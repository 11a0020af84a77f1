//! Failures, for whoever reads them in a browser.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::{assets, show};
use crate::failure::Failure;

#[derive(Template)]
#[template(path = "failed.html")]
struct FailedPage {
    assets: &'static str,
    title: String,
    detail: String,
}

/// Makes a page of a failure where somebody navigates to it, and leads whoever
/// has no session to where they get one.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let is_page = *request.method() == Method::GET && wants_page(request.headers());
    let path = request.uri().path_and_query().map(ToString::to_string);
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    if !is_page {
        return response;
    }
    if matches!(failure, Failure::NoSession | Failure::SessionOver) {
        let to = path.as_deref().map(encoded).unwrap_or_default();
        return Redirect::to(&format!("/sign-in?to={to}")).into_response();
    }
    let problem = failure.problem();
    let page = FailedPage {
        assets: &assets::VERSION,
        title: problem.title,
        detail: problem.detail,
    };
    let Ok(mut page) = show(&page) else {
        return response;
    };
    *page.status_mut() = response.status();
    page.extensions_mut()
        .extend(std::mem::take(response.extensions_mut()));
    page
}

/// A path and query as the value of a query.
fn encoded(path: &str) -> String {
    path.replace('%', "%25")
        .replace('&', "%26")
        .replace('+', "%2B")
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let mut kinds = accepted.filter_map(|value| value.to_str().ok());
    kinds.any(|kinds| kinds.contains("text/html"))
}
