//! The frame: what surrounds every page of somebody who is signed in.

use writ_core::digest::{Digest, Index, KeyId, OrganizationId};
use writ_core::entry::Entry;
use writ_core::names::{Domain, Upn};
use writ_core::object::Role;
use writ_core::sight::reads_everything;
use writ_core::statement::{Principal, Unverified};
use writ_core::time::Time;

use super::assets;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Caller, Permission};
use crate::recent::kinds;

/// A part of the portal, as the menu names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Home,
    Requests,
    Approvals,
    Executions,
    Tasks,
    Apps,
    Policies,
    People,
    SystemAccounts,
    Audit,
    Figures,
    Log,
    Control,
    Settings,
    /// None that the menu has.
    Nowhere,
}

/// Who has a part in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Everybody,
    /// Everybody, once there is an app; before, whoever can install one.
    Apps,
    Readers,
    Administrators,
}

impl Part {
    /// The menu, and who has which part of it.
    const MENU: [(Self, &'static str, &'static str, Whose); 14] = [
        (Self::Home, "/", "Home", Whose::Everybody),
        (Self::Requests, "/requests", "Requests", Whose::Everybody),
        (Self::Approvals, "/approvals", "Approvals", Whose::Everybody),
        (Self::Executions, "/executions", "Runs", Whose::Everybody),
        (Self::Tasks, "/tasks", "Tasks", Whose::Everybody),
        (Self::Apps, "/apps", "Apps", Whose::Apps),
        (Self::Policies, "/policies", "Policies", Whose::Everybody),
        (Self::People, "/people", "People", Whose::Readers),
        (
            Self::SystemAccounts,
            "/system-accounts",
            "System accounts",
            Whose::Everybody,
        ),
        (Self::Audit, "/audit", "Audit", Whose::Readers),
        (Self::Figures, "/figures", "Figures", Whose::Readers),
        (Self::Log, "/log", "Log", Whose::Everybody),
        (
            Self::Control,
            "/settings/control",
            "Privileged access",
            Whose::Administrators,
        ),
        (Self::Settings, "/settings", "Settings", Whose::Everybody),
    ];
}

/// One line of the menu.
pub(super) struct MenuItem {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) is_here: bool,
    /// How much waits there.
    pub(super) waiting: usize,
}

/// Why privileged access is disabled.
pub(super) struct Disabled {
    /// Who said so and when, if somebody did.
    pub(super) since: Option<(Upn, Time)>,
    /// Whether the reader can enable it.
    pub(super) is_mine: bool,
}

/// What surrounds a page.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) assets: &'static str,
    pub(super) organization: Domain,
    pub(super) id: OrganizationId,
    pub(super) rp: String,
    /// Where the portal is reached, as the site has it first.
    pub(super) origin: String,
    pub(super) upn: Upn,
    pub(super) name: String,
    pub(super) role: Option<Role>,
    pub(super) key: KeyId,
    pub(super) session: Digest,
    pub(super) seen: u64,
    /// The kinds of events that change what is shown.
    pub(super) events: String,
    pub(super) now: Time,
    pub(super) menu: Vec<MenuItem>,
    pub(super) disabled: Option<Disabled>,
}

impl Frame {
    /// What surrounds a page of this title for this caller.
    pub(super) async fn new<P: Permission>(
        caller: &Caller<P>,
        app: &App,
        here: Part,
        title: &str,
    ) -> Result<Self, Failure> {
        let state = caller.state();
        let now = app.engine().now();
        let waiting = state.awaiting(caller.upn(), now).count();
        let reads_all = reads_everything(caller.role());
        let menu = Part::MENU
            .into_iter()
            .filter(|(_, _, _, whose)| match whose {
                Whose::Everybody => true,
                Whose::Apps => {
                    let installs =
                        matches!(caller.role(), Some(Role::Installer | Role::Administrator));
                    installs || state.apps().next().is_some()
                }
                Whose::Readers => reads_all,
                Whose::Administrators => caller.role() == Some(Role::Administrator),
            })
            .map(|(part, path, name, _)| MenuItem {
                path,
                name,
                is_here: part == here,
                waiting: if part == Part::Approvals { waiting } else { 0 },
            });
        let person = state.person(caller.upn());
        let name = person.and_then(|person| person.name.clone());
        let (Some(id), Some(organization), Some(site)) =
            (state.organization(), state.domain(), state.site())
        else {
            return Err(Failure::NotReady);
        };
        Ok(Self {
            title: title.to_owned(),
            assets: &assets::VERSION,
            organization: organization.clone(),
            id,
            rp: site.rp_id.clone(),
            origin: site.origins.first().cloned().unwrap_or_default(),
            upn: caller.upn().clone(),
            name: name.unwrap_or_else(|| caller.upn().to_string()),
            role: caller.role(),
            key: caller.key(),
            session: caller.session(),
            seen: caller.size(),
            events: kinds().collect::<Vec<_>>().join(" "),
            now,
            menu: menu.collect(),
            disabled: disabled(caller, app).await?,
        })
    }

    /// Where in the menu the page is, or what it is.
    pub(super) fn here(&self) -> &str {
        let here = self.menu.iter().find(|item| item.is_here);
        here.map_or(self.title.as_str(), |item| item.name)
    }

    /// For a page that does not change while it is read.
    pub(super) fn still(self) -> Self {
        let events = String::new();
        Self { events, ..self }
    }

    /// Whether the reader sees everything.
    pub(super) const fn reads_everything(&self) -> bool {
        reads_everything(self.role)
    }

    /// Whether the reader sets objects.
    pub(super) fn is_administrator(&self) -> bool {
        self.role == Some(Role::Administrator)
    }
}

async fn disabled<P: Permission>(
    caller: &Caller<P>,
    app: &App,
) -> Result<Option<Disabled>, Failure> {
    let control = caller.state().control();
    if control.is_some_and(|control| control.enabled) {
        return Ok(None);
    }
    let since = match caller.state().control_set_by() {
        Some(index) => said_by(app, index).await?,
        None => None,
    };
    Ok(Some(Disabled {
        since,
        is_mine: caller.role() == Some(Role::Administrator),
    }))
}

/// Who said an entry, and when.
pub(super) async fn said_by(app: &App, index: Index) -> Result<Option<(Upn, Time)>, Failure> {
    let entries = app.engine().store().entries(index, 1).await?;
    let entry = entries
        .first()
        .and_then(|entry| Entry::parse(&entry.leaf).ok());
    let said = entry.and_then(|entry| {
        let statement = Unverified::read(entry.envelope).ok()?;
        match &statement.statement().by {
            Principal::Person(upn) => Some((upn.clone(), entry.time)),
            Principal::Node => None,
        }
    });
    Ok(said)
}
