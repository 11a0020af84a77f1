//! Failures, for whoever reads them in a browser.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::frame::{Frame, Part};
use super::{assets, show};
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// For whoever is signed in: the way on is there.
#[derive(Template)]
#[template(path = "failed.html")]
struct FramedPage {
    frame: Frame,
    detail: String,
}

#[derive(Template)]
#[template(path = "failed-door.html")]
struct DoorPage {
    assets: &'static str,
    title: String,
    detail: String,
}

/// Makes a page of a failure where somebody navigates to it, and leads whoever
/// has no session to where they get one.
pub(crate) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_page = *request.method() == Method::GET && wants_page(request.headers());
    let path = request.uri().path_and_query().map(ToString::to_string);
    let headers = is_page.then(|| request.headers().clone());
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    let Some(headers) = headers else {
        return response;
    };
    if matches!(failure, Failure::NoSession | Failure::SessionOver) {
        let to = path.as_deref().map(encoded).unwrap_or_default();
        return Redirect::to(&format!("/sign-in?to={to}")).into_response();
    }
    let (title, detail) = in_words(&failure);
    let page = match framed(&app, &headers, title).await {
        Some(frame) => show(&FramedPage { frame, detail }),
        None => show(&DoorPage {
            assets: &assets::VERSION,
            title: title.to_owned(),
            detail,
        }),
    };
    let Ok(mut page) = page else {
        return response;
    };
    *page.status_mut() = response.status();
    page.extensions_mut()
        .extend(std::mem::take(response.extensions_mut()));
    page
}

/// The frame for whoever these headers sign in, if they do.
async fn framed(app: &App, headers: &HeaderMap, title: &str) -> Option<Frame> {
    let caller = Caller::<Anyone>::of(headers, app).ok()?;
    let frame = Frame::new(&caller, app, Part::Nowhere, title).await.ok()?;
    Some(frame.still())
}

/// What happened and what to do, for people at a page.
fn in_words(failure: &Failure) -> (&'static str, String) {
    if matches!(
        failure,
        Failure::NoSuchPath | Failure::WrongMethod | Failure::BadPath { .. }
    ) {
        let detail = "There is no such page. Look whether the link is whole.";
        return ("Not found", detail.to_owned());
    }
    if let Failure::NotFound { noun, id } = failure {
        let noun = if *noun == "execution" { "run" } else { noun };
        let detail = format!("There is no {noun} {id}, or it is not for you to read.");
        return ("Not found", detail);
    }
    if let Failure::BadQuery { problem } = failure {
        // What reads the query says so of itself, and quotes names for programs.
        let problem = problem.trim_start_matches("Failed to deserialize query string: ");
        let problem = problem.replace('`', "").trim_end_matches('.').to_owned();
        let detail = format!("What the address asks for cannot be read: {problem}.");
        return ("This cannot be shown", detail);
    }
    if let Failure::Forbidden { upn, only } = failure {
        let detail = format!("This is for {only}, and {upn} is none of them.");
        return ("Not for you", detail);
    }
    let status = failure.status();
    let title = match (status, status.is_server_error()) {
        (StatusCode::NOT_FOUND, _) => "Not found",
        (_, true) => "Not now",
        (_, false) => status.canonical_reason().unwrap_or("Not done"),
    };
    (title, sentence(&failure.to_string()))
}

/// A sentence as a page has it: it begins with a capital and ends with a stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let whole: String = first.into_iter().chain(letters).collect();
    match whole.ends_with(['.', '?', '!']) {
        true => whole,
        false => whole + ".",
    }
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
