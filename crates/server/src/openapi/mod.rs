//! The API, described: an OpenAPI 3.1 document.
//!
//! Each route brings its **operation**, what is asked and what is answered, and
//! the document is made of nothing else: so no route can lack its description.
//! Who may call is not written there but read from the handler's guard. What may
//! go wrong is named by **codes**; the statuses belong to the failures.
//!
//! The **schemas** are written by hand, since wire types are not domain types;
//! the tests hold every answer that they get against them.

mod objects;
mod operation;
mod schema;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use writ_core::refusal::TurnedAway;

use crate::failure::Failure;
use crate::routes::{Described, Permitted};

pub use operation::Operation;
pub use schema::Schema;

/// What any call may be answered.
const ALWAYS: [&str; 4] = ["bad-host", "bad-query", "too-many", "internal"];
/// What a call may be answered that needs a session.
const WITH_SESSION: [&str; 2] = ["no-session", "session-over"];
/// What a call may be answered whose path has a parameter.
const WITH_PATH: [&str; 2] = ["bad-path", "no-such-path"];

/// The scheme of sessions, by name.
const SESSION: &str = "session";

/// The document about these routes.
pub(crate) fn document(routes: &[Described]) -> Value {
    let statuses = statuses();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for route in routes {
        let Some(operation) = &route.operation else {
            continue;
        };
        let method = route.permitted.method.to_ascii_lowercase();
        let described = described(&route.permitted, operation, &statuses);
        let path = paths.entry(spelled(route.permitted.path)).or_default();
        path.insert(method, described);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Writ",
            "summary": "Privileged access for single tasks, signed and recorded",
            "description": INTRODUCTION,
            "version": "1",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": shapes::all(),
            "headers": headers(),
            "securitySchemes": { SESSION: {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Writ SESSION`: an envelope that a live key of the caller signed, \
                    as base64url of its JSON without padding. It lets its bearer read and do \
                    nothing else.",
            }},
        },
    })
}

const INTRODUCTION: &str = "\
Everything that changes anything is a signed statement and is posted to `/v1/statements`. \
Everything else reads, and brings a session. What somebody may not read is answered as if it \
were not there.\n\n\
Every `GET` may be asked as `HEAD`. A query parameter that a path does not have is refused. \
What is not answered as asked is a problem (RFC 9457) with a code; a path that does not exist \
is answered 404 `no-such-path`, a method that a path does not take 405 `wrong-method`.\n\n\
Members may be added to answers; ignore those that you do not know.";

/// The status of each code.
fn statuses() -> BTreeMap<&'static str, StatusCode> {
    let every = Failure::every();
    let every = every
        .iter()
        .map(|failure| (failure.code(), failure.status()));
    every.collect()
}

/// A path as OpenAPI spells it: what takes the rest of a path is a parameter too.
fn spelled(path: &str) -> String {
    path.replace("{*", "{")
}

fn described(
    permitted: &Permitted,
    operation: &Operation,
    statuses: &BTreeMap<&'static str, StatusCode>,
) -> Value {
    let who = permitted.who;
    let open = who == "anonymous";
    let mut codes: BTreeSet<&str> = operation.codes.iter().copied().chain(ALWAYS).collect();
    if permitted.path.contains('{') {
        codes.extend(WITH_PATH);
    }
    if !open {
        codes.extend(WITH_SESSION);
    }
    if !matches!(who, "anonymous" | "signed-in") {
        codes.insert("forbidden");
    }
    let mut by_status: BTreeMap<StatusCode, Vec<&str>> = BTreeMap::new();
    for code in codes {
        let status = statuses.get(code);
        debug_assert!(status.is_some(), "no failure has the code {code}");
        if let Some(status) = status {
            by_status.entry(*status).or_default().push(code);
        }
    }
    let mut answers: BTreeMap<String, Value> = by_status
        .into_iter()
        .map(|(status, codes)| (status.as_u16().to_string(), problems(status, &codes)))
        .collect();
    answers.insert("200".to_owned(), operation.answer());
    let security = match open {
        true => json!([]),
        false => json!([{ SESSION: [] }]),
    };
    let mut described = operation.described();
    described.insert("responses".to_owned(), json!(answers));
    described.insert("security".to_owned(), security);
    described.insert("x-who-may-call".to_owned(), json!(who));
    Value::Object(described)
}

/// An answer that is a problem with one of these codes.
fn problems(status: StatusCode, codes: &[&str]) -> Value {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut named = vec!["x-request-id"];
    match status {
        StatusCode::UNAUTHORIZED => named.push("www-authenticate"),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            named.push("retry-after");
        }
        _ => {}
    }
    let headers: BTreeMap<_, _> = named
        .into_iter()
        .map(|name| {
            let reference = format!("#/components/headers/{name}");
            (name, json!({ "$ref": reference }))
        })
        .collect();
    json!({
        "description": format!("{reason}: `{}`", codes.join("`, `")),
        "headers": headers,
        "content": { "application/problem+json": { "schema": {
            "allOf": [
                Schema::named("Problem").into_json(),
                { "properties": {
                    "status": { "const": status.as_u16() },
                    "code": { "enum": codes },
                }},
            ],
        }}},
    })
}

fn headers() -> Value {
    json!({
        "x-request-id": {
            "description": "Names this call; the operator finds the cause of a problem under it.",
            "required": true,
            "schema": { "type": "string" },
        },
        "retry-after": {
            "description": "How many seconds to wait before asking again.",
            "schema": { "type": "integer", "minimum": 0 },
        },
        "www-authenticate": {
            "description": "`Writ`, where a session is missing or has ended.",
            "schema": { "type": "string" },
        },
    })
}

/// The codes of what the door turns away.
pub(crate) fn door_codes() -> impl Iterator<Item = &'static str> {
    TurnedAway::CATALOG.iter().map(|listed| listed.code)
}
