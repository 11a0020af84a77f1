//! What anybody may know: enough to check the organization's id and to enrol.

use axum::Json;
use axum::extract::State;
use data_encoding::BASE64;
use writ_core::digest::{Index, OrganizationId};
use writ_core::log::leaf_hash;
use writ_core::view::OrganizationView;

use crate::app::App;
use crate::failure::Failure;
use crate::guard::Anonymous;
use crate::openapi::{Operation, Schema};

pub(super) fn about() -> Operation {
    Operation::new(
        "get-organization",
        "The organization, its first entry and its public keys",
    )
    .details("Enough to check the organization's id and to enrol.")
    .answers(Schema::named("Organization"))
    .fails(&["not-ready", "unavailable"])
}

/// `GET /v1/organization`
pub(super) async fn show(
    _: Anonymous,
    State(app): State<App>,
) -> Result<Json<OrganizationView>, Failure> {
    let published = app.engine().published();
    let state = published.state();
    let (Some(id), Some(domain), Some(site)) = (state.organization(), state.domain(), state.site())
    else {
        return Err(Failure::NotReady);
    };
    let genesis = app.genesis().get_or_try_init(|| genesis(&app, id)).await?;
    Ok(Json(OrganizationView {
        id,
        organization: domain.clone(),
        genesis: genesis.clone(),
        services: site.services.clone(),
        time: app.engine().now(),
        mails: app.telling().mails(),
    }))
}

/// Entry 0: the one whose leaf hash is the organization's id, or none.
async fn genesis(app: &App, id: OrganizationId) -> Result<String, Failure> {
    let entries = app.engine().store().entries(Index(0), 1).await?;
    let entry = entries
        .first()
        .filter(|entry| leaf_hash(&entry.leaf) == id.0);
    let entry = entry.ok_or_else(|| Failure::Internal {
        cause: "entry 0 of the store is not that of this organization".to_owned(),
    })?;
    Ok(BASE64.encode(&entry.leaf))
}
