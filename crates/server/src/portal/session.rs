//! Signing in: the session of a browser.
//!
//! It is the same signed session as everywhere. A page cannot send a header
//! when somebody follows a link, so the browser keeps it as a cookie that no
//! script reads. It lets its bearer read and nothing else, whoever makes the
//! browser send it; `SameSite=Lax` lets a link in a mail open a page.
//!
//! Whoever could plant a session in somebody's browser could show them another
//! person's pages. So one begins only by a call of a page of ours, and its
//! cookie is one that only this host can set, over TLS.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use writ_core::digest::OrganizationId;
use writ_core::names::Domain;
use writ_core::statement::MAX_SESSION;
use writ_core::time::{Seconds, Time};

use super::from_here::FromHere;
use super::{assets, show};
use crate::app::App;
use crate::extract::Query;
use crate::failure::Failure;
use crate::guard::Anonymous;
use crate::listen::Reach;
use crate::session::Bearer;

/// The cookie's name where the browser speaks TLS with us: no other host can
/// set one of this name, and nobody without TLS.
const SECURE: &str = "__Host-writ-session";
/// Its name on this very host.
const PLAIN: &str = "writ-session";

const fn cookie_name(reach: &Reach) -> &'static str {
    match reach.is_private() {
        true => SECURE,
        false => PLAIN,
    }
}

/// The session in the cookies of a call: the only one of its name.
pub(crate) fn token<'a>(headers: &'a HeaderMap, reach: &Reach) -> Option<&'a str> {
    let name = cookie_name(reach);
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(found, _)| *found == name);
    match (ours.next(), ours.next()) {
        (Some((_, token)), None) => Some(token),
        _ => None,
    }
}

/// A cookie with this value, for this long.
fn cookie(reach: &Reach, value: &str, age: Seconds) -> String {
    let Seconds(seconds) = age;
    let name = cookie_name(reach);
    let secure = match reach.is_private() {
        true => "; Secure",
        false => "",
    };
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opened {
    /// The envelope's JSON in base64url.
    token: String,
}

/// `POST /session`: keeps a session in the browser, if it counts.
pub(super) async fn begin(
    _: Anonymous,
    State(app): State<App>,
    FromHere(Opened { token }): FromHere<Opened>,
) -> Result<Response, Failure> {
    let bearer = Bearer::read(&token).ok_or(Failure::SessionOver)?;
    let published = app.engine().published();
    let now = app.engine().now();
    let who = bearer.holder(published.state(), now, app.checked())?;
    let keep = cookie(app.reach(), &token, MAX_SESSION);
    tracing::debug!(by = %who.upn, "a browser signed in");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, keep)]).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ended {}

/// `POST /session/end`: the browser forgets the session, and this node takes it no
/// more, whoever has a copy.
pub(super) async fn end(
    _: Anonymous,
    State(app): State<App>,
    headers: HeaderMap,
    FromHere(Ended {}): FromHere<Ended>,
) -> impl IntoResponse {
    if let Some(bearer) = token(&headers, app.reach()).and_then(Bearer::read) {
        let (published, now) = (app.engine().published(), app.engine().now());
        // Only one that counts is remembered: nothing else ended.
        if bearer.holder(published.state(), now, app.checked()).is_ok() {
            app.checked().end(&bearer);
        }
    }
    let forget = [
        (header::SET_COOKIE, cookie(app.reach(), "", Seconds(0))),
        (
            header::HeaderName::from_static("clear-site-data"),
            "\"cache\"".to_owned(),
        ),
    ];
    (StatusCode::NO_CONTENT, forget)
}

/// What a page needs to know before anybody is signed in.
pub(super) struct Door {
    pub(super) assets: &'static str,
    pub(super) organization: Domain,
    pub(super) id: OrganizationId,
    pub(super) rp: String,
    pub(super) origins: Vec<String>,
    pub(super) now: Time,
}

impl Door {
    fn new(app: &App) -> Result<Self, Failure> {
        let published = app.engine().published();
        let state = published.state();
        let (Some(id), Some(domain), Some(site)) =
            (state.organization(), state.domain(), state.site())
        else {
            return Err(Failure::NotReady);
        };
        Ok(Self {
            assets: &assets::VERSION,
            organization: domain.clone(),
            id,
            rp: site.rp_id.clone(),
            origins: site.origins.clone(),
            now: app.engine().now(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Onward {
    /// Where to go then. The page's script goes nowhere but to a path of ours.
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    door: Door,
    to: String,
}

/// `GET /sign-in?to=PATH`
pub(super) async fn sign_in(
    _: Anonymous,
    State(app): State<App>,
    Query(Onward { to }): Query<Onward>,
) -> Result<Response, Failure> {
    let door = Door::new(&app)?;
    let to = onward(&to).to_owned();
    show(&SignInPage { door, to })
}

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage {
    door: Door,
}

/// `GET /join#UPN/CODE`
pub(super) async fn join(_: Anonymous, State(app): State<App>) -> Result<Response, Failure> {
    let door = Door::new(&app)?;
    show(&JoinPage { door })
}

/// The path of ours that is named, or the first page.
///
/// `//host` and `/\host` are other hosts to a browser, and it drops tabs and
/// line breaks before it looks.
fn onward(to: &str) -> &str {
    let second = to.as_bytes().get(1);
    let is_path = to.starts_with('/') && !matches!(second, Some(b'/' | b'\\'));
    let is_plain = to
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    match is_path && is_plain {
        true => to,
        false => "/",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_goes_on_to_a_path_of_ours_and_nowhere_else() {
        for path in ["/", "/requests/abc?x=1", "/tasks/Host%5CSay"] {
            assert_eq!(onward(path), path);
        }
        for elsewhere in [
            "",
            "requests",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a\\b",
            "/ä",
        ] {
            assert_eq!(onward(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_session_is_the_only_cookie_of_its_name() {
        let reach = Reach::default();
        let read = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
            }
            token(&headers, &reach).map(str::to_owned)
        };
        assert_eq!(read(&["writ-session=abc"]).as_deref(), Some("abc"));
        assert_eq!(
            read(&["a=b; writ-session=abc; c=d"]).as_deref(),
            Some("abc")
        );
        for odd in [
            &[][..],
            &["writ-session=a; writ-session=b"],
            &["writ-session=a", "writ-session=b"],
            &["__Host-writ-session=a"],
            &["xwrit-session=a"],
        ] {
            assert_eq!(read(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn behind_tls_a_cookie_is_one_that_only_this_host_can_set() {
        let private = Reach {
            tls: None,
            behind_proxy: true,
        };
        let set = cookie(&private, "abc", Seconds(60));
        assert!(set.starts_with("__Host-writ-session=abc; Path=/;"), "{set}");
        assert!(set.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{set}");
        let set = cookie(&Reach::default(), "abc", Seconds(60));
        assert!(set.starts_with("writ-session=abc;"), "{set}");
        assert!(!set.contains("Secure"), "{set}");
    }
}
