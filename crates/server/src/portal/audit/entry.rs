//! One entry: what it says, who signed it, and that the log holds it.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use writ_core::audit::escaped;
use writ_core::digest::{Digest, Index, KeyId};
use writ_core::entry::Entry;
use writ_core::envelope::PayloadType;
use writ_core::log::{Checkpoint, Plan};
use writ_core::statement::{Body, Principal, Statement, Unverified};
use writ_core::time::{Seconds, Time};
use writ_store::StoredEntry;

use super::super::auditor::Reader;
use super::super::frame::{Frame, Part};
use super::super::show as answer;
use super::known::Known;
use super::sentence::{Sentence, called, sentence};
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// How many entries are looked at to find what a key was called.
const MAX_LABEL: usize = 64;

/// The key that signed.
struct Signer {
    id: KeyId,
    label: Option<String>,
    /// What it is now, in words.
    now: &'static str,
    gesture: bool,
}

/// A member of the payload, by its path.
struct Member {
    path: String,
    value: String,
    time: Option<Time>,
}

/// That the log of some size holds it.
struct Inclusion {
    size: u64,
    root: Digest,
    path: Vec<Digest>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct Page {
    frame: Frame,
    index: u64,
    size: u64,
    sentence: Sentence,
    entry: Entry,
    said: Statement,
    /// In words, and as it is spelled.
    kind: (&'static str, &'static str),
    digest: Digest,
    leaf_hash: Digest,
    payload: String,
    members: Vec<Member>,
    signer: Signer,
    reads: Vec<Index>,
    inclusion: Option<Inclusion>,
    verifier: String,
}

/// `GET /audit/{index}`
pub(in crate::portal) async fn show(
    Reader(caller): Reader,
    State(app): State<App>,
    Path(index): Path<u64>,
) -> Result<Response, Failure> {
    let beyond = || Failure::beyond(&app);
    if index >= caller.size() {
        return Err(beyond());
    }
    let stored = app
        .engine()
        .entry_at(Index(index))
        .await?
        .ok_or_else(beyond)?;
    let (entry, said) = read(&stored)?;
    let mut known = Known::new(&caller, &app);
    let kind = match entry.envelope.payload_type {
        PayloadType::Statement(kind) => (called(kind), kind.name()),
        PayloadType::Session | PayloadType::KeyPossession => ("", ""),
    };
    let payload = String::from_utf8_lossy(&entry.envelope.payload);
    let verifier = caller.state().verifier().ok_or(Failure::NotReady)?;
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Audit, &format!("Entry {index}"))
            .await?
            .still(),
        index,
        size: caller.size(),
        sentence: sentence(&entry, &said, &mut known).await?,
        kind,
        digest: entry.envelope.digest(),
        leaf_hash: stored.leaf_hash,
        members: members(&payload),
        payload: escaped(&payload),
        signer: signer(&caller, &app, &entry, &said, &stored).await?,
        reads: stored.reads,
        inclusion: inclusion(&caller, &app, index).await?,
        verifier: verifier.to_string(),
        entry,
        said,
    })
}

fn read(stored: &StoredEntry) -> Result<(Entry, Statement), Failure> {
    let odd = |cause: String| Failure::Internal { cause };
    let entry = Entry::parse(&stored.leaf).map_err(|error| odd(error.to_string()))?;
    let said = Unverified::read(entry.envelope.clone());
    let said = said.map_err(|error| odd(error.to_string()))?;
    let said = said.statement().clone();
    Ok((entry, said))
}

/// The way from the leaf to the root of the newest checkpoint.
async fn inclusion(
    caller: &Caller<Anyone>,
    app: &App,
    index: u64,
) -> Result<Option<Inclusion>, Failure> {
    let note = app.engine().checkpoint();
    let Some(verifier) = caller.state().verifier() else {
        return Ok(None);
    };
    // After a change of the log's name or key the checkpoint is another's.
    let Ok(checkpoint) = Checkpoint::open(&note, verifier.name(), verifier.key()) else {
        return Ok(None);
    };
    let Some(plan) = Plan::inclusion(index, checkpoint.size) else {
        return Ok(None);
    };
    let path = app.engine().hashes(&plan).await?;
    Ok(path.map(|path| Inclusion {
        size: checkpoint.size,
        root: checkpoint.root,
        path,
    }))
}

/// Who signed, by which key and what it was called.
async fn signer(
    caller: &Caller<Anyone>,
    app: &App,
    entry: &Entry,
    said: &Statement,
    stored: &StoredEntry,
) -> Result<Signer, Failure> {
    let envelope = &entry.envelope;
    let id = envelope.signature.keyid;
    let state = caller.state();
    let gesture = envelope
        .assertion()
        .is_ok_and(|assertion| assertion.is_some());
    let signer = |label, now| Signer {
        id,
        label,
        now,
        gesture,
    };
    let Principal::Person(upn) = &said.by else {
        let services = state.site().map(|site| &site.services);
        let is_now = services.is_some_and(|it| it.log.id() == id || it.runner.id() == id);
        let now = if is_now {
            "a key of the service"
        } else {
            "a former key of the service"
        };
        return Ok(signer(None, now));
    };
    let credentials = state.credentials(upn);
    if let Some(device) = credentials.and_then(|all| all.keys.get(&id)) {
        return Ok(signer(Some(device.label.clone()), "still theirs"));
    }
    if matches!(said.body, Body::Enrol(_)) {
        return Ok(signer(None, "of an invitation, or no longer theirs"));
    }
    let label = label_then(app, id, stored).await?;
    Ok(signer(label, "no longer theirs"))
}

/// What a key was called: it was added by an entry that this one's decision read,
/// or that one's, and so on.
async fn label_then(app: &App, id: KeyId, from: &StoredEntry) -> Result<Option<String>, Failure> {
    let mut waiting: Vec<Index> = from.reads.clone();
    let mut seen = BTreeSet::new();
    if let Some(label) = label_in(id, from) {
        return Ok(Some(label));
    }
    while let Some(next) = waiting.pop() {
        if seen.len() == MAX_LABEL {
            return Ok(None);
        }
        if !seen.insert(next) {
            continue;
        }
        let Some(stored) = app.engine().entry_at(next).await? else {
            continue;
        };
        if let Some(label) = label_in(id, &stored) {
            return Ok(Some(label));
        }
        let is_about_keys = read(&stored)
            .is_ok_and(|(_, said)| matches!(said.body, Body::Enrol(_) | Body::RevokeKey(_)));
        if is_about_keys {
            waiting.extend(stored.reads);
        }
    }
    Ok(None)
}

/// What an entry calls a key that it adds.
fn label_in(id: KeyId, stored: &StoredEntry) -> Option<String> {
    let (_, said) = read(stored).ok()?;
    match &said.body {
        Body::Enrol(enrol) if enrol.key.id() == id => Some(enrol.label.clone()),
        Body::Genesis(genesis) if genesis.key.key().id() == id => Some(genesis.key.label.clone()),
        Body::Genesis(_)
        | Body::Enrol(_)
        | Body::Set(_)
        | Body::RevokeKey(_)
        | Body::Signout(_)
        | Body::Request(_)
        | Body::Approve(_)
        | Body::End(_)
        | Body::Invoke(_)
        | Body::Outcome(_)
        | Body::Recover(_)
        | Body::Tick(_) => None,
    }
}

/// Every member that was signed, in its order.
fn members(payload: &str) -> Vec<Member> {
    let mut all = Vec::new();
    // What is canonical JSON can be read.
    let payload: Value = serde_json::from_str(payload).unwrap_or_default();
    gather(&mut all, "", &payload);
    all
}

fn gather(all: &mut Vec<Member>, path: &str, value: &Value) {
    let inner = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                gather(all, &inner(name), value);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                gather(all, &inner(&at.to_string()), item);
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Null => all.push(member(path, value)),
    }
}

fn member(path: &str, value: &Value) -> Member {
    let name = path.rsplit('.').next().unwrap_or_default();
    let is_time = matches!(name, "at" | "until" | "start" | "away_until");
    let time = value.as_i64().filter(|_| is_time).map(Time);
    let value = match value {
        Value::String(text) => escaped(text),
        Value::Number(number) => match number.as_u64().filter(|_| name.ends_with("_s")) {
            Some(seconds) => Seconds(seconds).to_string(),
            None => number.to_string(),
        },
        Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Null => {
            escaped(&value.to_string())
        }
    };
    Member {
        path: escaped(path),
        value,
        time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_that_was_signed_is_shown_and_hides_nothing() {
        let members = members(
            r#"{"at":1795346311000,"body":{"duration_s":14400,"list":["a","b\u202e"],"none":{}},"by":"<b>"}"#,
        );
        let shown: Vec<_> = members
            .iter()
            .map(|member| {
                (
                    member.path.as_str(),
                    member.value.as_str(),
                    member.time.is_some(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("at", "1795346311000", true),
                ("body.duration_s", "4h", false),
                ("body.list.0", "a", false),
                ("body.list.1", "b\\u202e", false),
                ("body.none", "{}", false),
                ("by", "<b>", false),
            ]
        );
    }
}
