//! The portal: pages of the same readings that the API answers.
//!
//! A page is made on the server, from the published State that its reader was
//! judged by, and is whole without scripts. What is said on a page is said as
//! everywhere: the reader's browser makes the statement, signs it with a key
//! that this server never sees, and posts it to `/v1/statements`. So a page has
//! no form that the server would act on, and there is nothing to forge.
//!
//! Each page is one file here and one template of the same name. [`Frame`] is
//! what surrounds all of them, [`show`] answers one. A failure becomes a page
//! where it is read by a browser ([`dress`]). `assets` has the style and the
//! modules, `session` who is reading.

mod approvals;
mod apps;
mod asked;
mod assets;
mod audit;
mod auditor;
mod control;
mod datasets;
mod day;
mod earlier;
mod executions;
mod failed;
mod fields;
mod figures;
mod forms;
mod frame;
mod from_here;
mod groups;
mod home;
mod line;
mod log;
mod new_request;
mod people;
mod policies;
mod requests;
mod run;
mod session;
mod settings;
mod simulate;
mod tasks;
mod text;
mod workloads;

pub(crate) use failed::dress;
pub(crate) use session::token;

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::failure::Failure;
use crate::routes::Routes;

/// What a page may load and do: what this server serves, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types writ";

/// The pages, added to the API.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .page("/", home::show)
        .asked("/requests", requests::list)
        .asked("/requests/new", new_request::show)
        .page("/requests/{id}", requests::show)
        .page("/approvals", approvals::list)
        .page("/apps", apps::list)
        .page("/apps/{upn}", apps::show)
        .asked("/executions", executions::list)
        .page("/executions/{id}", executions::show)
        .asked("/run", run::show)
        .asked("/tasks", tasks::list)
        .asked("/tasks/new", tasks::new)
        .page("/tasks/{name}", tasks::show)
        .page("/workloads", workloads::list)
        .page("/workloads/{name}", workloads::show)
        .asked("/policies", policies::list)
        .asked("/policies/new", policies::new)
        .asked("/policies/simulate", simulate::show)
        .page("/policies/{pattern}", policies::show)
        .asked("/people", people::list)
        .page("/people/invite", people::invite)
        .page("/people/import", people::import)
        .page("/people/{upn}", people::show)
        .asked("/groups", groups::list)
        .page("/groups/{address}", groups::show)
        .page("/system-accounts", control::accounts)
        .page("/settings/control", control::show)
        .asked("/audit", audit::show)
        .asked("/audit/as-of", audit::as_of::show)
        .asked("/audit/export", audit::export::show)
        .page("/audit/{index}", audit::entry::show)
        .asked("/figures", figures::show)
        .page("/log", log::show)
        .page("/settings", settings::show)
        .asked("/sign-in", session::sign_in)
        .page("/join", session::join)
        .page("/assets/{version}/{file}", assets::show)
        .act("/session", session::begin)
        .act("/session/end", session::end)
}

/// A page, as it is answered.
fn show(page: &impl Template) -> Result<Response, Failure> {
    let odd = |error: askama::Error| Failure::Internal {
        cause: format!("a page: {error}"),
    };
    let text = page.render().map_err(odd)?;
    let policy = [(header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((policy, Html(text)).into_response())
}
