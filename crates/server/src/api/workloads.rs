//! Workloads, for anyone who is signed in. Where they are and how they are
//! reached is for auditors and administrators.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use serde::Deserialize;
use writ_core::names::Name;
use writ_core::object::{Noun, Workload};
use writ_core::sight::Resource;
use writ_core::view::{Page, Seen};

use super::unknown;
use crate::extract::{Path, Query};
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};
use crate::page::{Limit, by_name};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    connector: Option<Name>,
    #[serde(default)]
    limit: Limit,
    after: Option<Name>,
}

pub(super) fn about_list() -> Operation {
    Operation::new(
        "list-workloads",
        "The workloads, in the order of their names",
    )
    .query(
        "connector",
        "Through which connector it is reached.",
        Schema::named("Name"),
    )
    .in_pages(Schema::named("Name"))
    .answers(Schema::named("Workload").page().seen())
}

/// `GET /v1/workloads?connector=&limit=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    Query(filter): Query<Filter>,
) -> Json<Seen<Page<Workload>>> {
    let has = |workload: &&Arc<Workload>| {
        let connector = filter.connector.as_ref();
        connector.is_none_or(|connector| workload.connector == *connector)
    };
    let found = caller.state().workloads().filter(has);
    caller.seen(by_name(
        found.map(|workload| view(&caller, workload)),
        filter.limit,
        filter.after.as_ref(),
        |workload| &workload.name,
    ))
}

pub(super) fn about() -> Operation {
    Operation::new("get-workload", "One workload")
        .path("name", "Its name.", Schema::named("Name"))
        .answers(Schema::named("Workload").seen())
        .fails(&["unknown-object"])
}

/// `GET /v1/workloads/{name}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    Path(name): Path<Name>,
) -> Result<Json<Seen<Workload>>, Failure> {
    let workload = caller.state().workload(&name);
    let workload = workload.ok_or_else(|| unknown(Noun::Workload, name.as_str()))?;
    Ok(caller.seen(view(&caller, workload)))
}

pub(crate) fn view(caller: &Caller<Anyone>, workload: &Arc<Workload>) -> Workload {
    let workload = workload.as_ref().clone();
    match caller.may_read(&Resource::Settings) {
        true => workload,
        false => Workload {
            settings: BTreeMap::new(),
            ..workload
        },
    }
}
