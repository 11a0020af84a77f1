//! The paths, one file per noun.

mod control;
mod executions;
mod grants;
mod groups;
mod health;
mod log;
mod organization;
mod output;
mod people;
mod policies;
mod preferences;
mod requests;
mod site;
mod statements;
mod status;
mod tasks;
mod tiles;
mod whoami;
mod workloads;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;
use writ_core::object::Noun;
use writ_core::refusal::Refusal;

use crate::app::App;
use crate::extract::MAX_BODY;
use crate::failure::Failure;
use crate::finish::{finish, panicked};
use crate::guard::Anonymous;
use crate::origin::admit;
use crate::routes::{Permitted, Routes};

fn routes() -> Routes {
    Routes::default()
        .get("/healthz", health::healthz)
        .get("/readyz", health::readyz)
        .get("/v1/organization", organization::show)
        .get("/v1/log/checkpoint", log::checkpoint)
        .get("/v1/log/entries", log::entries)
        .get("/v1/log/entries/{index}/proof", log::proof)
        .get("/v1/log/proof/inclusion", log::inclusion)
        .get("/v1/log/proof/consistency", log::consistency)
        .get("/v1/log/tile/{*tile}", tiles::hashes)
        .get("/v1/log/tile/entries/{*part}", tiles::leaves)
        .post("/v1/statements", statements::post)
        .get("/v1/whoami", whoami::show)
        .get("/v1/status", status::show)
        .get("/v1/site", site::show)
        .get("/v1/control", control::show)
        .get("/v1/people", people::list)
        .get("/v1/people/{upn}", people::show)
        .get("/v1/groups", groups::list)
        .get("/v1/groups/{address}", groups::show)
        .get("/v1/workloads", workloads::list)
        .get("/v1/workloads/{name}", workloads::show)
        .get("/v1/tasks", tasks::list)
        .get("/v1/tasks/{name}", tasks::show)
        .get("/v1/policies", policies::list)
        .get("/v1/policies/{pattern}", policies::show)
        .get("/v1/preferences", preferences::show)
        .get("/v1/requests", requests::list)
        .get("/v1/requests/{id}", requests::show)
        .get("/v1/grants", grants::list)
        .get("/v1/executions", executions::list)
        .get("/v1/executions/{id}", executions::show)
        .get("/v1/executions/{id}/output", output::show)
        .get("/v1/executions/{id}/proof", executions::proof)
}

/// Who may call what: every route there is, in order.
pub fn permissions() -> Vec<Permitted> {
    routes().permitted().to_vec()
}

/// The API, ready to be served.
pub(crate) fn router(app: App) -> Router {
    routes()
        .into_router()
        .method_not_allowed_fallback(async |_: Anonymous| Failure::WrongMethod)
        .fallback(async |_: Anonymous| Failure::NoSuchPath)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), admit))
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app)
}

/// There is no such object, in the words of the rules.
fn unknown(noun: Noun, name: &str) -> Failure {
    let name = name.to_owned();
    let sentence = Refusal::UnknownObject { noun, name }.to_string();
    Failure::UnknownObject { sentence }
}
