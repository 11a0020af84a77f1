//! People, for auditors and administrators, and oneself for oneself.

use axum::Json;
use writ_core::names::Upn;
use writ_core::object::{Noun, Person};
use writ_core::state::State;
use writ_core::view::{PersonView, Seen};

use super::unknown;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Auditor, Caller};

/// `GET /v1/people`
pub(super) async fn list(caller: Caller<Auditor>) -> Json<Seen<Vec<PersonView>>> {
    let people = caller.state().people();
    caller.seen(people.map(|person| view(caller.state(), person)).collect())
}

/// `GET /v1/people/{upn}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    Path(upn): Path<Upn>,
) -> Result<Json<Seen<PersonView>>, Failure> {
    let may_read = caller.is_auditor() || *caller.upn() == upn;
    let person = caller.state().person(&upn).filter(|_| may_read);
    let person = person.ok_or_else(|| unknown(Noun::Person, upn.as_str()))?;
    Ok(caller.seen(view(caller.state(), person)))
}

fn view(state: &State, person: &Person) -> PersonView {
    PersonView::new(person, state.credentials(&person.upn).map(AsRef::as_ref))
}
