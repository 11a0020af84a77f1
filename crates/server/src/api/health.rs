//! Whether the server runs, and whether it can serve.

use std::time::Duration;

use axum::extract::State;
use tokio::time::timeout;

use crate::app::App;
use crate::failure::Failure;
use crate::guard::Anonymous;
use crate::openapi::{Operation, Schema};

/// How long the store may take to answer.
const STORE_TIME: Duration = Duration::from_secs(2);

pub(super) fn about_healthz() -> Operation {
    Operation::new("get-healthz", "Whether the process answers")
        .answers_as("text/plain; charset=utf-8", Schema::text())
}

pub(super) fn about_readyz() -> Operation {
    Operation::new("get-readyz", "Whether the node can serve")
        .details("The organization is founded, and the store answers.")
        .answers_as("text/plain; charset=utf-8", Schema::text())
        .fails(&["not-ready"])
}

/// `GET /healthz`: the process answers.
pub(super) async fn healthz(_: Anonymous) -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the organization is founded, and the store answers.
pub(super) async fn readyz(_: Anonymous, State(app): State<App>) -> Result<&'static str, Failure> {
    let published = app.engine().published();
    let head = timeout(STORE_TIME, app.engine().store().head()).await;
    match (published.state().organization(), head) {
        (Some(_), Ok(Ok(head))) if head.size >= published.size() => Ok("ready\n"),
        _ => Err(Failure::NotReady),
    }
}
