//! How the installation is doing.

use axum::Json;
use axum::extract::State;
use writ_core::view::StatusView;

use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::openapi::{Operation, Schema};

pub(super) fn about() -> Operation {
    Operation::new("get-status", "How the installation is doing")
        .answers(Schema::named("Status"))
        .fails(&["not-ready"])
}

/// `GET /v1/status`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Json<StatusView>, Failure> {
    let state = caller.state();
    let (Some(id), Some(domain), Some(site)) = (state.organization(), state.domain(), state.site())
    else {
        return Err(Failure::NotReady);
    };
    let verifier = state.verifier().ok_or(Failure::NotReady)?;
    Ok(Json(StatusView {
        organization_id: id,
        organization: domain.clone(),
        control: state.control().map(|control| control.as_ref().clone()),
        recovered: state.recovery().map(|recovery| recovery.as_ref().into()),
        verifier_key: verifier.to_string(),
        log_size: caller.size(),
        log_time: state.time(),
        time: app.engine().now(),
        rules: site.rules,
        node: app.engine().node().clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}
