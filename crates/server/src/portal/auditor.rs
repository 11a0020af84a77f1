//! Pages that are there for auditors and administrators only.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Auditor, Caller, Permission};
use crate::routes::Guard;

/// Somebody who reads everything. For anybody else there is no such page.
#[derive(Debug)]
pub(super) struct Reader(pub(super) Caller<Anyone>);

impl Guard for Reader {
    const NAME: &'static str = Auditor::NAME;
}

impl FromRequestParts<App> for Reader {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let caller = Caller::<Anyone>::from_request_parts(parts, app).await?;
        match caller.may_read(&Auditor::READS) {
            true => Ok(Self(caller)),
            false => Err(Failure::NoSuchPath),
        }
    }
}
