//! What handlers take out of a call, with our own words for what is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use data_encoding::BASE64;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tokio::sync::OwnedSemaphorePermit;
use writ_core::digest::Digest;
use writ_core::envelope::Envelope;
use writ_core::json;
use writ_core::refusal::TurnedAway;
use writ_core::view::Trial;
use writ_engine::Submission;

use crate::app::App;
use crate::failure::Failure;

/// The longest body, in bytes.
pub(crate) const MAX_BODY: usize = 2 * 1024 * 1024;
/// The longest body for each statement where none brings blobs, in bytes.
const MAX_BARE: usize = 64 * 1024;
/// How many statements may be posted at once.
pub(crate) const MAX_STATEMENTS: usize = 64;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The one parameter of a path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T> FromRequestParts<App> for Path<T>
where
    T: FromStr<Err: fmt::Display> + Send,
{
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let bad = |problem| Failure::BadPath { problem };
        let axum::extract::Path(text) =
            axum::extract::Path::<String>::from_request_parts(parts, app)
                .await
                .map_err(|rejection| bad(rejection.body_text()))?;
        let value = text
            .parse()
            .map_err(|error: T::Err| bad(error.to_string()))?;
        Ok(Self(value))
    }
}

/// The two parameters of a path.
#[derive(Debug)]
pub(crate) struct Path2(pub(crate) String, pub(crate) String);

impl FromRequestParts<App> for Path2 {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        axum::extract::Path::from_request_parts(parts, app)
            .await
            .map(|axum::extract::Path((one, other))| Self(one, other))
            .map_err(|rejection| Failure::BadPath {
                problem: rejection.body_text(),
            })
    }
}

/// The query, every member of it known and there once.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        axum::extract::Query::from_request_parts(parts, app)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| Failure::BadQuery {
                problem: rejection.body_text(),
            })
    }
}

/// Statements to be submitted, one or a list.
#[derive(Debug)]
pub(crate) enum Posting {
    /// One.
    One(Room, Item),
    /// Several, in the order in which they are meant.
    List(Room, Vec<Item>),
}

/// The room that a posting takes, until it is done.
#[derive(Debug)]
pub(crate) struct Room(#[expect(dead_code, reason = "held")] Option<OwnedSemaphorePermit>);

/// A statement, and what travels beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    envelope: Envelope,
    #[serde(default)]
    blobs: Blobs,
}

impl Item {
    /// What the engine takes.
    pub(crate) fn submission(self) -> Submission {
        Submission {
            envelope: self.envelope,
            attachments: self.blobs.0.into_values().collect(),
        }
    }

    /// The statement.
    pub(crate) fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

impl FromRequest<App> for Posting {
    type Rejection = Failure;
    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Failure::NotJson);
        }
        let room = room(request.headers(), app)?;
        let body = body(request, app).await?;
        let is_list = body.trim_ascii_start().starts_with(b"[");
        let posting = match is_list {
            true => Self::List(room, read(&body)?),
            false => Self::One(room, read(&body)?),
        };
        posting.check(body.len())?;
        Ok(posting)
    }
}

impl Posting {
    fn items(&self) -> &[Item] {
        match self {
            Self::One(_, item) => std::slice::from_ref(item),
            Self::List(_, items) => items,
        }
    }

    fn check(&self, size: usize) -> Result<(), Failure> {
        let items = self.items();
        if !(1..=MAX_STATEMENTS).contains(&items.len()) {
            let problem = format!("a list holds from 1 to {MAX_STATEMENTS} statements");
            return Err(TurnedAway::BadForm { problem }.into());
        }
        let is_bare = items.iter().all(|item| item.blobs.0.is_empty());
        let most = MAX_BARE * items.len();
        if is_bare && size > most {
            return Err(Failure::TooBig { most });
        }
        items.iter().try_for_each(|item| item.blobs.check())
    }
}

/// A statement that nobody signed, to be tried.
#[derive(Debug)]
pub(crate) struct Unsigned(pub(crate) Trial);

impl FromRequest<App> for Unsigned {
    type Rejection = Failure;
    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Failure::NotJson);
        }
        let _room = room(request.headers(), app)?;
        let body = body(request, app).await?;
        if body.len() > MAX_BARE {
            return Err(Failure::TooBig { most: MAX_BARE });
        }
        let trial = json::read_loosely(&body).map_err(|error| {
            let problem = format!("the body is not `{{\"kind\": …, \"payload\": …}}`: {error}");
            TurnedAway::BadForm { problem }
        })?;
        Ok(Self(trial))
    }
}

/// Other types of content need no leave of a browser to be sent from anywhere.
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Room for a body that is, or may be, large.
fn room(headers: &HeaderMap, app: &App) -> Result<Room, Failure> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    match length {
        Some(length) if length > MAX_BODY => Err(Failure::TooBig { most: MAX_BODY }),
        Some(length) if length <= MAX_BARE => Ok(Room(None)),
        Some(_) | None => match app.may_hold() {
            Some(permit) => Ok(Room(Some(permit))),
            None => Err(Failure::Overloaded),
        },
    }
}

async fn body(request: Request, app: &App) -> Result<Bytes, Failure> {
    let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, app));
    let body = body.await.map_err(|_| Failure::Slow)?;
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooBig { most: MAX_BODY },
        _ => Failure::Slow,
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    json::read_loosely(body).map_err(|error| {
        let problem = format!("the body is not `{{\"envelope\": …}}` or a list of such: {error}");
        TurnedAway::BadForm { problem }.into()
    })
}

/// What travels beside a statement, each under the digest that it should have.
#[derive(Debug, Default)]
struct Blobs(BTreeMap<Digest, Vec<u8>>);

impl Blobs {
    fn check(&self) -> Result<(), Failure> {
        let odd = self
            .0
            .iter()
            .find(|(digest, blob)| Digest::of(blob) != **digest);
        match odd {
            None => Ok(()),
            Some((digest, _)) => {
                let problem = format!("the blob {digest} has another digest than that");
                Err(TurnedAway::BadAttachment { problem }.into())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Blobs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BlobsVisitor)
    }
}

struct BlobsVisitor;

impl<'de> Visitor<'de> for BlobsVisitor {
    type Value = Blobs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("blobs in base64, by their SHA-256 digests")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Blobs, A::Error> {
        let mut blobs = BTreeMap::new();
        while let Some((digest, text)) = map.next_entry::<Digest, String>()? {
            let odd = |problem| A::Error::custom(format!("blob {digest}: {problem}"));
            let blob = BASE64.decode(text.as_bytes());
            let blob = blob.map_err(|_| odd("not padded standard base64"))?;
            if blobs.insert(digest, blob).is_some() {
                return Err(odd("given twice"));
            }
        }
        Ok(Blobs(blobs))
    }
}

#[cfg(test)]
mod tests {
    use writ_core::envelope::{Kind, PayloadType};
    use writ_core::key::SigningKey;
    use zeroize::Zeroizing;

    use super::*;

    fn envelope() -> String {
        let key = SigningKey::from_seed(Zeroizing::new([3; 32]));
        let tick = PayloadType::Statement(Kind::Tick);
        let envelope = Envelope::sign(tick, b"{}".to_vec(), &key);
        serde_json::to_string(&envelope).unwrap()
    }

    fn item(beside: &str) -> Result<Item, Failure> {
        let body = format!(r#"{{"envelope":{}{beside}}}"#, envelope());
        read(body.as_bytes())
    }

    #[test]
    fn blobs_are_what_they_are_called() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        assert!(item("").unwrap().submission().attachments.is_empty());
        let good = item(&format!(r#","blobs":{{"{a}":"YQ==","{b}":"Yg=="}}"#)).unwrap();
        let mut attachments = good.submission().attachments;
        attachments.sort();
        assert_eq!(attachments, [b"a", b"b"]);
        let other = item(&format!(r#","blobs":{{"{a}":"Yg=="}}"#)).unwrap();
        assert_eq!(other.blobs.check().unwrap_err().code(), "bad-attachment");
        for bad in [
            format!(r#","blobs":{{"{a}":"YQ"}}"#),
            format!(r#","blobs":{{"{a}":"YQ==","{a}":"YQ=="}}"#),
            format!(r#","blobs":{{"{}":"YQ=="}}"#, a.to_string().to_uppercase()),
            r#","blobs":null"#.to_owned(),
            r#","blobs":[]"#.to_owned(),
            r#","blob":{}"#.to_owned(),
            format!(r#","envelope":{}"#, envelope()),
        ] {
            let refused = item(&bad).unwrap_err();
            assert_eq!(refused.code(), "bad-form", "{bad}");
        }
    }

    #[test]
    fn only_json_is_json() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            is_json(&headers)
        };
        assert!(with("application/json") && with("Application/JSON; charset=utf-8"));
        assert!(!with("text/plain") && !with("application/x-www-form-urlencoded"));
        assert!(!with("text/plain; application/json") && !is_json(&HeaderMap::new()));
    }
}
