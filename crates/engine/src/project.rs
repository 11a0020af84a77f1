//! Projections: rows for listings, made from facts and from nothing else.
//!
//! Rows carry no authority. A row's **facets** are what a listing may select
//! by, and what says who may see it; who is in which group is asked of State
//! when somebody looks.

use writ_core::digest::Index;
use writ_core::fact::Fact;
use writ_core::record::{ExecutionRecord, RequestRecord};
use writ_core::state::Decided;
use writ_core::view::{ExecutionView, RequestView, RunStatus};
use writ_store::{NewEntry, Row};

/// The version of this file's answers: another number rebuilds every row.
pub(crate) const PROJECTOR: u32 = 2;

/// What there are rows of.
pub(crate) const NOUNS: [&str; 2] = ["request", "execution"];

/// The rows that an entry makes or changes.
pub(crate) fn rows(index: Index, facts: &[Fact]) -> Vec<Row> {
    facts.iter().filter_map(|fact| row(index, fact)).collect()
}

fn row(index: Index, fact: &Fact) -> Option<Row> {
    match fact {
        Fact::Request { record, .. } => Some(request(index, record)),
        Fact::Execution { record } => Some(execution(index, record)),
        Fact::Founded { .. }
        | Fact::ObjectSet { .. }
        | Fact::ObjectRemoved { .. }
        | Fact::Keys { .. }
        | Fact::SignedOut { .. }
        | Fact::Recovered { .. } => None,
    }
}

fn request(index: Index, record: &RequestRecord) -> Row {
    let groups = record
        .rule
        .stages
        .iter()
        .map(|stage| ("group", stage.group.to_string()));
    // An app, and whoever installed it, have a part in what somebody asks for it.
    let parts = record.app.iter().flat_map(|app| [&app.upn, &app.installer]);
    let parts = parts.map(|upn| ("part", upn.to_string()));
    let facets = [
        ("by", record.by.to_string()),
        ("status", record.status.name().to_owned()),
        ("task", record.task.key().to_owned()),
    ];
    Row {
        noun: "request",
        id: record.id.0,
        at: index,
        created: index,
        view: json(&RequestView::from(record)),
        facets: facets.into_iter().chain(groups).chain(parts).collect(),
    }
}

fn execution(index: Index, record: &ExecutionRecord) -> Row {
    let status = RunStatus::from(record);
    let request = record.request.map(|id| ("request", id.to_string()));
    let facets = [
        ("by", record.by.to_string()),
        ("status", status.name().to_owned()),
        ("task", record.task.key().to_owned()),
    ];
    Row {
        noun: "execution",
        id: record.id.0,
        at: index,
        created: index,
        view: json(&ExecutionView::from(record)),
        facets: facets.into_iter().chain(request).collect(),
    }
}

/// An entry as the store keeps it.
pub(crate) fn stored(decided: &Decided) -> NewEntry {
    NewEntry {
        index: decided.index,
        digest: decided.digest,
        leaf: decided.leaf.clone(),
        leaf_hash: decided.leaf_hash,
        facts: json(&decided.facts),
        reads: decided.reads.clone(),
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    #[expect(
        clippy::expect_used,
        reason = "maps have text for keys, and nothing else can fail"
    )]
    serde_json::to_string(value).expect("views and facts can be written")
}
