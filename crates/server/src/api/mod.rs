//! The paths, one file per noun.

mod control;
mod data;
mod events;
pub(crate) mod executions;
mod grants;
mod groups;
mod health;
mod log;
mod openapi;
mod organization;
mod output;
pub(crate) mod people;
mod policies;
mod preferences;
pub(crate) mod requests;
mod site;
mod statements;
mod status;
pub(crate) mod tasks;
mod tiles;
mod trials;
mod whoami;
pub(crate) mod workloads;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use writ_core::object::Noun;
use writ_core::refusal::Refusal;

use crate::app::App;
use crate::extract::MAX_BODY;
use crate::failure::Failure;
use crate::finish::{finish, panicked};
use crate::guard::Anonymous;
use crate::openapi::document;
use crate::origin::admit;
use crate::portal::{self, dress};
use crate::routes::{Permitted, Routes};

fn routes() -> Routes {
    portal::routes(api())
}

fn api() -> Routes {
    Routes::default()
        .get("/healthz", health::healthz, health::about_healthz())
        .get("/readyz", health::readyz, health::about_readyz())
        .get("/v1/openapi.json", openapi::show, openapi::about())
        .get(
            "/v1/organization",
            organization::show,
            organization::about(),
        )
        .get(
            "/v1/log/checkpoint",
            log::checkpoint,
            log::about_checkpoint(),
        )
        .query("/v1/log/entries", log::entries, log::about_entries())
        .get(
            "/v1/log/entries/{index}/proof",
            log::proof,
            log::about_proof(),
        )
        .query(
            "/v1/log/proof/inclusion",
            log::inclusion,
            log::about_inclusion(),
        )
        .query(
            "/v1/log/proof/consistency",
            log::consistency,
            log::about_consistency(),
        )
        .get("/v1/log/tile/{*tile}", tiles::hashes, tiles::about_hashes())
        .get(
            "/v1/log/tile/entries/{*part}",
            tiles::leaves,
            tiles::about_leaves(),
        )
        .post("/v1/statements", statements::post, statements::about())
        .post("/v1/trials", trials::post, trials::about())
        .get("/v1/whoami", whoami::show, whoami::about())
        .get("/v1/status", status::show, status::about())
        .get("/v1/site", site::show, site::about())
        .get("/v1/control", control::show, control::about())
        .query("/v1/people", people::list, people::about_list())
        .get("/v1/people/{upn}", people::show, people::about())
        .get("/v1/apps", data::apps, data::about_apps())
        .get("/v1/data", data::access, data::about_access())
        .get("/v1/data/{execution}", data::stream, data::about())
        .query("/v1/groups", groups::list, groups::about_list())
        .get("/v1/groups/{address}", groups::show, groups::about())
        .query("/v1/workloads", workloads::list, workloads::about_list())
        .get("/v1/workloads/{name}", workloads::show, workloads::about())
        .query("/v1/tasks", tasks::list, tasks::about_list())
        .get("/v1/tasks/{name}", tasks::show, tasks::about())
        .query("/v1/policies", policies::list, policies::about_list())
        .get("/v1/policies/{pattern}", policies::show, policies::about())
        .get("/v1/preferences", preferences::show, preferences::about())
        .query("/v1/events", events::follow, events::about())
        .query("/v1/requests", requests::list, requests::about_list())
        .get("/v1/requests/{id}", requests::show, requests::about())
        .get(
            "/v1/requests/{id}/told",
            requests::told_of,
            requests::about_told(),
        )
        .query("/v1/grants", grants::list, grants::about_list())
        .query("/v1/executions", executions::list, executions::about_list())
        .query("/v1/executions/{id}", executions::show, executions::about())
        .get("/v1/executions/{id}/output", output::show, output::about())
        .get(
            "/v1/executions/{id}/proof",
            executions::proof,
            executions::about_proof(),
        )
}

pub(crate) use events::GAP;

/// Who may call what: every route there is, in order.
pub fn permissions() -> Vec<Permitted> {
    routes().permitted()
}

/// The API, described: the document at `/v1/openapi.json`.
pub fn openapi() -> Value {
    document(routes().described())
}

/// The API, ready to be served.
pub(crate) fn router(app: App) -> Router {
    routes()
        .into_router()
        .method_not_allowed_fallback(async |_: Anonymous| Failure::WrongMethod)
        .fallback(async |_: Anonymous| Failure::NoSuchPath)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), dress))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(app.clone(), admit))
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app)
}

/// There is no such object, in the words of the rules.
pub(crate) fn unknown(noun: Noun, name: &str) -> Failure {
    let name = name.to_owned();
    let sentence = Refusal::UnknownObject { noun, name }.to_string();
    Failure::UnknownObject { sentence }
}
