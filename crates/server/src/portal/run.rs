//! Running: the form for one run under a live grant.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use writ_core::value::{Constraints, Values};
use writ_core::view::RequestView;

use super::asked::Asked;
use super::fields::{Fields, Input, Purpose};
use super::frame::{Frame, Part};
use super::line::Use;
use super::{show as answer, text};
use crate::api::requests::shown;
use crate::api::tasks::known;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::IdPrefix;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    request: String,
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page {
    frame: Frame,
    view: RequestView,
    title: String,
    fields: Fields,
    /// Why it cannot be run now, if so.
    problem: Option<String>,
}

/// `GET /run?request=ID`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Asked(Grant { request }): Asked<Grant>,
) -> Result<Response, Failure> {
    let id: IdPrefix = request.parse().map_err(|problem| Failure::BadQuery {
        problem: format!("`request`: {problem}"),
    })?;
    let view = shown(&caller, &app, &id).await?;
    let state = caller.state();
    let task = known(state, &app, &view.task)?;
    let mut limits: Vec<Constraints> = view
        .grant
        .iter()
        .flat_map(|grant| grant.limits.clone())
        .collect();
    limits.extend(
        state
            .governing(&view.task, app.engine().now())
            .ok()
            .map(|it| it.rule.policy.parameters),
    );
    let given = Values::new();
    let fields = Fields::of(state, &app, &task, Purpose::Value, &limits, &given);
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Executions, "Run").await?,
        title: text::title(state, &view.task).to_owned(),
        fields,
        problem: problem(&caller, &view, Use::of(state, &view, app.engine().now())),
        view,
    })
}

fn problem(caller: &Caller<Anyone>, view: &RequestView, usable: Use) -> Option<String> {
    if view.holder() != caller.upn() {
        return Some(format!("Only {} can run this.", view.holder()));
    }
    match usable {
        Use::Now => None,
        Use::From(start) => Some(format!("This can be run from {start} (UTC).")),
        Use::UsedUp => Some("All runs of this request are used.".to_owned()),
        Use::Not(status) => Some(format!("This request is {}.", status.name())),
    }
}
