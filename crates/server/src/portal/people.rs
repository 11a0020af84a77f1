//! People: a list of them, one with their keys, invitations, and the import.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use writ_core::Unable;
use writ_core::names::{Address, Upn};
use writ_core::object::{Noun, Person, PersonKind, Role};
use writ_core::sight::Resource;
use writ_core::view::PersonView;

use super::asked::{Asked, onward};
use super::auditor::Reader;
use super::forms::{nothing, of_key, rest, was};
use super::frame::{Frame, Part};
use super::show as answer;
use super::text::found;
use crate::api::people::view;
use crate::api::unknown;
use crate::app::App;
use crate::extract::Path;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::page::{Limit, by_name};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    #[serde(default)]
    q: String,
    kind: Option<PersonKind>,
    role: Option<Role>,
    active: Option<bool>,
    /// Whether they can decide something.
    able: Option<bool>,
    #[serde(default)]
    limit: Limit,
    after: Option<Upn>,
}

impl Filter {
    fn is_kind(&self, kind: PersonKind) -> bool {
        self.kind == Some(kind)
    }

    fn is_role(&self, role: Role) -> bool {
        self.role == Some(role)
    }
}

struct Line {
    view: PersonView,
    unable: Option<Unable>,
}

#[derive(Template)]
#[template(path = "people.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    lines: Vec<Line>,
    next: Option<String>,
}

/// `GET /people?q=&kind=&role=&active=&able=&after=`
pub(super) async fn list(
    Reader(caller): Reader,
    State(app): State<App>,
    uri: Uri,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let has = |person: &&Arc<Person>| {
        let unable = || state.unable(&person.upn, false);
        let name = person.name.as_deref().unwrap_or_default();
        filter.kind.is_none_or(|kind| person.kind == kind)
            && filter.role.is_none_or(|role| person.role == Some(role))
            && filter.active.is_none_or(|active| person.active == active)
            && filter.able.is_none_or(|able| unable().is_none() == able)
            && found(&filter.q, &[name, person.upn.as_str()])
    };
    let line = |person: &Arc<Person>| Line {
        view: view(state, person),
        unable: state.unable(&person.upn, false),
    };
    let page = by_name(
        state.people().filter(has).map(line),
        filter.limit,
        filter.after.as_ref(),
        |line| &line.view.upn,
    );
    answer(&ListPage {
        next: onward(&uri, page.next.as_ref()),
        lines: page.items,
        frame: Frame::new(&caller, &app, Part::People, "People").await?,
        filter,
    })
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    view: PersonView,
    unable: Option<Unable>,
    /// The groups that they are in directly, and through others.
    groups: Vec<(Address, bool)>,
    is_me: bool,
    /// The whole of them less name, mail and role.
    rest: String,
    /// Less what (de)activating and inviting says.
    bare: String,
    /// What the forms tell their script.
    about: String,
}

impl PersonPage {
    fn is_administrator(&self) -> bool {
        self.view.role == Some(Role::Administrator)
    }

    /// What the form that revokes a key tells its script.
    fn about_key(&self, label: &str) -> String {
        of_key(label, false, self.view.keys.len() == 1)
    }

    fn is_installer(&self) -> bool {
        self.view.role == Some(Role::Installer)
    }

    fn is_auditor(&self) -> bool {
        self.view.role == Some(Role::Auditor)
    }

    fn is_invited(&self) -> bool {
        self.view
            .invited_until
            .is_some_and(|until| until > self.frame.now)
    }
}

/// `GET /people/{upn}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(upn): Path<Upn>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let may_read = caller.may_read(&Resource::Person(upn.clone()));
    let person = state.person(&upn).filter(|_| may_read);
    let person = person.ok_or_else(|| unknown(Noun::Person, upn.as_str()))?;
    let view = view(state, person);
    let me = Address::from(&upn);
    let is_direct = |address: &Address| {
        state
            .group(address)
            .is_some_and(|group| group.members.contains(&me))
    };
    let groups = state
        .groups_of(&upn)
        .map(|address| (address.clone(), is_direct(address)));
    answer(&PersonPage {
        frame: Frame::new(
            &caller,
            &app,
            Part::People,
            view.name.as_deref().unwrap_or(upn.as_str()),
        )
        .await?,
        unable: state.unable(&upn, false),
        groups: groups.collect(),
        is_me: upn == *caller.upn(),
        rest: rest(person.as_ref(), &["name", "mail", "role"]),
        bare: rest(person.as_ref(), &["active", "invitation"]),
        about: was(Noun::Person, person.as_ref()),
        view,
    })
}

#[derive(Template)]
#[template(path = "invite.html")]
struct InvitePage {
    frame: Frame,
    rest: String,
}

/// `GET /people/invite`
pub(super) async fn invite(
    Reader(caller): Reader,
    State(app): State<App>,
) -> Result<Response, Failure> {
    answer(&InvitePage {
        frame: Frame::new(&caller, &app, Part::People, "Invite somebody").await?,
        rest: nothing(),
    })
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
}

/// `GET /people/import`
pub(super) async fn import(
    Reader(caller): Reader,
    State(app): State<App>,
) -> Result<Response, Failure> {
    answer(&ImportPage {
        frame: Frame::new(&caller, &app, Part::People, "Import people").await?,
    })
}
