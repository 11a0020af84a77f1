//! Failures: every answer that is not what was asked for.
//!
//! A **failure** becomes a **problem** (RFC 9457): a status, a code, and a
//! sentence that says what to do. What only the operator may know is its
//! **cause**: it goes to the log, under the id of the call, and never out.

use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use writ_core::names::{Address, TaskName, Upn};
use writ_core::refusal::TurnedAway;
use writ_core::statement::Principal;
use writ_core::time::{Seconds, Time};
use writ_core::view::Problem;
use writ_store::StoreError;

use crate::app::App;

/// How long to wait before trying again, in seconds.
const RETRY_AFTER: Seconds = Seconds(2);

/// Why a call is not answered as it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no session, or more than one.
    NoSession,
    /// The session is not one, has ended, or its owner may not act any more.
    SessionOver,
    /// The caller is known and lacks the role.
    Forbidden {
        /// Who asks.
        upn: Upn,
        /// Who may.
        only: &'static str,
    },
    /// There is no such object, in the words of the rule that would say it.
    UnknownObject {
        /// The sentence.
        sentence: String,
    },
    /// There is no such thing, or not for the caller.
    NotFound {
        /// What was asked for: `request`, `execution`.
        noun: &'static str,
        /// How it was named.
        id: String,
    },
    /// Several things begin so.
    Ambiguous {
        /// What was asked for.
        noun: &'static str,
        /// How it was named.
        id: String,
        /// What it could be.
        candidates: String,
    },
    /// The execution put nothing out, or not yet.
    NoOutput,
    /// The call does not name one host, or two different ones.
    BadHost,
    /// The log does not reach so far.
    BeyondLog {
        /// How many entries it has.
        size: u64,
    },
    /// The entry was refused.
    NothingToProve,
    /// There is no such path.
    NoSuchPath,
    /// The path is not for this method.
    WrongMethod,
    /// The last part of the path is not a name or an id.
    BadPath {
        /// What is wrong.
        problem: String,
    },
    /// The query is not one of this path.
    BadQuery {
        /// What is wrong.
        problem: String,
    },
    /// The body is not said to be JSON.
    NotJson,
    /// The call is for pages of the portal, and comes from elsewhere.
    NotFromHere,
    /// The body is longer than the path takes.
    TooBig {
        /// How many bytes it may be.
        most: usize,
    },
    /// The body did not arrive in time, or not whole.
    Slow,
    /// The door turned the statement away.
    TurnedAway(TurnedAway),
    /// The caller asks for more than one may in so short a time.
    TooMany {
        /// How long to wait.
        after: Seconds,
    },
    /// The caller follows the events too many times already.
    TooManyStreams {
        /// How many times one may.
        most: u32,
    },
    /// Too much is going on.
    Overloaded,
    /// The store cannot be asked now.
    Unavailable {
        /// For the log.
        cause: String,
    },
    /// The node cannot serve yet.
    NotReady,
    /// Nobody foresaw it.
    Internal {
        /// For the log.
        cause: String,
    },
}

/// What the log is told of an answer; never sent.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

impl Failure {
    /// What the log does not have, or not yet.
    pub(crate) fn beyond(app: &App) -> Self {
        let size = app.engine().log_size();
        Self::BeyondLog { size }
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoSession | Self::SessionOver => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::UnknownObject { .. }
            | Self::NotFound { .. }
            | Self::NoOutput
            | Self::BeyondLog { .. }
            | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Ambiguous { .. } | Self::NothingToProve => StatusCode::CONFLICT,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadHost | Self::BadPath { .. } | Self::BadQuery { .. } => StatusCode::BAD_REQUEST,
            Self::NotFromHere => StatusCode::FORBIDDEN,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooBig { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TurnedAway(away) => status_of(away),
            Self::TooMany { .. } | Self::TooManyStreams { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::Unavailable { .. } | Self::NotReady => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSession => "no-session",
            Self::SessionOver => "session-over",
            Self::Forbidden { .. } => "forbidden",
            Self::UnknownObject { .. } => "unknown-object",
            Self::NotFound { .. } => "not-found",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NoOutput => "no-output",
            Self::BadHost => "bad-host",
            Self::BeyondLog { .. } => "beyond-log",
            Self::NothingToProve => "nothing-to-prove",
            Self::NoSuchPath => "no-such-path",
            Self::WrongMethod => "wrong-method",
            Self::BadPath { .. } => "bad-path",
            Self::BadQuery { .. } => "bad-query",
            Self::NotJson => "not-json",
            Self::NotFromHere => "not-from-here",
            Self::TooBig { .. } => "too-big",
            Self::Slow => "slow",
            Self::TurnedAway(away) => away.code(),
            Self::TooMany { .. } => "too-many",
            Self::TooManyStreams { .. } => "too-many-streams",
            Self::Overloaded => "overloaded",
            Self::Unavailable { .. } => "unavailable",
            Self::NotReady => "not-ready",
            Self::Internal { .. } => "internal",
        }
    }

    /// The body of the answer.
    pub fn problem(&self) -> Problem {
        let status = self.status();
        Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
            code: self.code().to_owned(),
        }
    }

    /// How long to wait before trying again, where that helps.
    fn retry_after(&self) -> Option<Seconds> {
        if let Self::TooMany { after } | Self::TurnedAway(TurnedAway::TooMany { after }) = self {
            return Some(*after);
        }
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER)
    }

    fn cause(&self) -> Option<Cause> {
        let (Self::Internal { cause } | Self::Unavailable { cause }) = self else {
            return None;
        };
        Some(Cause(cause.clone()))
    }
}

impl Failure {
    /// One of each, for whoever lists their codes and statuses.
    pub(crate) fn every() -> Vec<Self> {
        let text = String::new;
        let (noun, after, size) = ("", Seconds(7), 0);
        let ours = [
            Self::NoSession,
            Self::SessionOver,
            Self::UnknownObject { sentence: text() },
            Self::NotFound { noun, id: text() },
            Self::Ambiguous {
                noun,
                id: text(),
                candidates: text(),
            },
            Self::NoOutput,
            Self::BadHost,
            Self::BeyondLog { size },
            Self::NothingToProve,
            Self::NoSuchPath,
            Self::WrongMethod,
            Self::BadPath { problem: text() },
            Self::BadQuery { problem: text() },
            Self::NotJson,
            Self::NotFromHere,
            Self::TooBig { most: 0 },
            Self::Slow,
            Self::TooMany { after },
            Self::TooManyStreams { most: 0 },
            Self::Overloaded,
            Self::Unavailable { cause: text() },
            Self::NotReady,
            Self::Internal { cause: text() },
        ];
        let upn = Upn::parse("nobody@example.com").ok();
        let forbidden = upn.map(|upn| Self::Forbidden { upn, only: "" });
        let door = every_turned_away().into_iter().map(Self::TurnedAway);
        ours.into_iter().chain(forbidden).chain(door).collect()
    }
}

/// One of each, in the order of the catalogue.
fn every_turned_away() -> Vec<TurnedAway> {
    let problem = String::new;
    let (at, now, after) = (Time(0), Time(1), Seconds(7));
    let who = Principal::Node;
    let names = TaskName::parse(r"Host\Say").ok();
    let names = names.zip(Address::parse("nobody@example.com").ok());
    let quorum = names.map(|(task, group)| TurnedAway::Quorum {
        task,
        group,
        problem: problem(),
    });
    let before = [
        TurnedAway::TooBig { size: 2, most: 1 },
        TurnedAway::BadForm { problem: problem() },
        TurnedAway::OtherInstance {},
        TurnedAway::OutOfTime { at, now },
        TurnedAway::NoSuchKey { who },
        TurnedAway::BadSignature {},
        TurnedAway::BadAttachment { problem: problem() },
        TurnedAway::BadTemplate { problem: problem() },
    ];
    let then = [
        TurnedAway::TooMany { after },
        TurnedAway::Busy {},
        TurnedAway::Overloaded {},
        TurnedAway::Unavailable { problem: problem() },
        TurnedAway::Unknown {},
        TurnedAway::Stopping {},
    ];
    before.into_iter().chain(quorum).chain(then).collect()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => f.write_str(
                "this needs a session, as `Authorization: Writ SESSION`; \
                 sign in: writ login URL --as UPN",
            ),
            Self::SessionOver => f.write_str(
                "the session has ended or does not count here, or the clocks differ by more \
                 than 5 minutes; sign in again: writ login URL --as UPN",
            ),
            Self::Forbidden { upn, only } => write!(
                f,
                "only {only} may read this, and {upn} is not one; an administrator can change \
                 that: writ person invite {upn} --role ROLE"
            ),
            Self::UnknownObject { sentence } => f.write_str(sentence),
            Self::NotFound { noun, id } => write!(
                f,
                "there is no {noun} {id}, or it is not for you to read; see: writ {noun}s"
            ),
            Self::Ambiguous {
                noun,
                id,
                candidates,
            } => write!(
                f,
                "several {noun}s begin with {id}: {candidates}; give more digits"
            ),
            Self::NoOutput => f.write_str("this execution has put nothing out"),
            Self::BadHost => f.write_str(
                "a call names the host it is for once, in the header `Host`, and nowhere else \
                 another one",
            ),
            Self::BeyondLog { size } => {
                write!(f, "the log has {size} entries; this would be beyond them")
            }
            Self::NothingToProve => f.write_str(
                "the entry was refused, so nothing has become of it that could be proved; \
                 see: writ log show",
            ),
            Self::NoSuchPath => f.write_str(
                "there is nothing at this path; the API is below /v1, \
                 and the address of a server has no path",
            ),
            Self::WrongMethod => {
                f.write_str("this path does not take this method; the header `Allow` names those")
            }
            Self::BadPath { problem } => write!(f, "the path: {problem}"),
            Self::BadQuery { problem } => write!(f, "the query: {problem}"),
            Self::NotJson => {
                f.write_str("statements are posted as JSON; send `Content-Type: application/json`")
            }
            Self::NotFromHere => f.write_str(
                "only the portal's own pages begin and end the session of a browser; sign in \
                 at /sign-in",
            ),
            Self::TooBig { most } => write!(
                f,
                "the body is longer than {most} bytes; nothing was recorded: post fewer \
                 statements at once, or shorten their texts"
            ),
            Self::Slow => f.write_str(
                "the body did not arrive whole and in time; nothing was recorded: repeat",
            ),
            Self::TurnedAway(away) => away.fmt(f),
            Self::TooMany { after } => {
                write!(f, "that was too much at once; repeat in {after}")
            }
            Self::TooManyStreams { most } => write!(
                f,
                "you follow the events {most} times already; end one of these streams first"
            ),
            Self::Overloaded => f.write_str(
                "the server is overloaded; nothing was recorded: repeat in a few seconds",
            ),
            Self::Unavailable { .. } => f.write_str(
                "the server cannot reach its database; repeat in a few seconds, and if it stays \
                 so, tell the operator the `x-request-id` of this answer",
            ),
            Self::NotReady => f.write_str(
                "this server is not ready: its organization is not founded (writ init), \
                 or its database does not answer",
            ),
            Self::Internal { .. } => f.write_str(
                "something went wrong in the server; the operator finds the cause in its log, \
                 under the `x-request-id` of this answer",
            ),
        }
    }
}

impl std::error::Error for Failure {}

/// The status that goes with each reason of the door.
const fn status_of(away: &TurnedAway) -> StatusCode {
    match away {
        TurnedAway::TooBig { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        TurnedAway::BadForm { .. }
        | TurnedAway::BadAttachment { .. }
        | TurnedAway::BadTemplate { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        TurnedAway::OtherInstance {} | TurnedAway::OutOfTime { .. } | TurnedAway::Quorum { .. } => {
            StatusCode::CONFLICT
        }
        TurnedAway::NoSuchKey { .. } | TurnedAway::BadSignature {} => StatusCode::UNAUTHORIZED,
        TurnedAway::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        TurnedAway::Busy {}
        | TurnedAway::Overloaded {}
        | TurnedAway::Unavailable { .. }
        | TurnedAway::Unknown {}
        | TurnedAway::Stopping {} => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<TurnedAway> for Failure {
    fn from(away: TurnedAway) -> Self {
        Self::TurnedAway(away)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let cause = error.to_string();
        match error {
            StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Unknown(_) => {
                Self::Unavailable { cause }
            }
            StoreError::Conflict { .. } | StoreError::Corrupt(_) => Self::Internal { cause },
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(Seconds(after)) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        if matches!(self, Self::NoSession | Self::SessionOver) {
            let scheme = HeaderValue::from_static("Writ");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(cause) = self.cause() {
            response.extensions_mut().insert(cause);
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_answers_with_these_statuses() {
        for away in every_turned_away() {
            let failure = Failure::from(away);
            let status = match failure.code() {
                "too-big" => 413,
                "bad-form" | "bad-attachment" | "bad-template" => 422,
                "wrong-instance" | "stale" | "quorum" => 409,
                "key-not-live" | "bad-signature" => 401,
                "too-many" => 429,
                "busy" | "overloaded" | "unavailable" | "unknown-fate" | "stopping" => 503,
                other => panic!("{other}"),
            };
            assert_eq!(failure.status().as_u16(), status, "{}", failure.code());
            let response = failure.into_response();
            let retry = response.headers().get(header::RETRY_AFTER);
            let retry = retry.map(|after| after.to_str().unwrap());
            let expected = match status {
                503 => Some("2"),
                429 => Some("7"),
                _ => None,
            };
            assert_eq!(retry, expected);
        }
    }

    #[test]
    fn every_reason_of_the_door_is_among_all_failures() {
        let every = every_turned_away();
        let codes: Vec<_> = every.iter().map(TurnedAway::code).collect();
        let catalog: Vec<_> = TurnedAway::CATALOG.iter().map(|l| l.code).collect();
        assert_eq!(codes, catalog);
    }

    #[test]
    fn a_code_has_one_status() {
        let mut statuses = std::collections::BTreeMap::new();
        for failure in Failure::every() {
            let status = failure.status();
            let known = *statuses.entry(failure.code()).or_insert(status);
            assert_eq!(known, status, "{}", failure.code());
        }
    }

    #[test]
    fn a_cause_is_for_the_log_only() {
        let cause = String::from("disk /dev/sda: secret");
        for failure in [
            Failure::Internal {
                cause: cause.clone(),
            },
            Failure::from(StoreError::Unavailable(cause.clone())),
        ] {
            assert!(
                !serde_json::to_string(&failure.problem())
                    .unwrap()
                    .contains("secret")
            );
            let response = failure.into_response();
            assert!(
                response
                    .extensions()
                    .get::<Cause>()
                    .unwrap()
                    .0
                    .contains("secret")
            );
        }
    }
}
