//! Log: what it is, what this server checks of it, and how to check it oneself.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use writ_core::digest::OrganizationId;
use writ_core::time::Time;
use writ_core::view::RecoveredView;

use super::frame::{Frame, Part};
use super::show as answer;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

#[derive(Template)]
#[template(path = "log.html")]
struct Page {
    frame: Frame,
    organization: OrganizationId,
    size: u64,
    time: Time,
    checkpoint: String,
    verifier: String,
    rules: u16,
    recovered: Option<RecoveredView>,
    node: String,
    started: Time,
}

/// `GET /log`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let (Some(organization), Some(site), Some(verifier)) =
        (state.organization(), state.site(), state.verifier())
    else {
        return Err(Failure::NotReady);
    };
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Log, "Log").await?,
        organization,
        size: caller.size(),
        time: state.time(),
        checkpoint: app.engine().checkpoint(),
        verifier: verifier.to_string(),
        rules: site.rules,
        recovered: state.recovery().map(|recovery| recovery.as_ref().into()),
        node: app.engine().node().to_string(),
        started: app.started(),
    })
}
