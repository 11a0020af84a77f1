//! Workloads, for anyone who is signed in. Where they are and how they are
//! reached is for auditors and administrators.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use writ_core::names::Name;
use writ_core::object::{Noun, Workload};
use writ_core::view::Seen;

use super::unknown;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// `GET /v1/workloads`
pub(super) async fn list(caller: Caller<Anyone>) -> Json<Seen<Vec<Workload>>> {
    let workloads = caller.state().workloads();
    caller.seen(workloads.map(|workload| view(&caller, workload)).collect())
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

fn view(caller: &Caller<Anyone>, workload: &Arc<Workload>) -> Workload {
    let workload = workload.as_ref().clone();
    match caller.is_auditor() {
        true => workload,
        false => Workload {
            settings: BTreeMap::new(),
            ..workload
        },
    }
}
