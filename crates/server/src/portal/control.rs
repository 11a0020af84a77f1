//! Control: whether privileged access is enabled; and system accounts, whose
//! exemptions stand in it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value as Json, json};
use writ_core::Unable;
use writ_core::names::{Address, Upn};
use writ_core::object::{Control, Noun, PersonKind, SystemAccount};
use writ_core::sight::Resource;
use writ_core::time::{Seconds, Time};

use super::forms::{nothing, rest, was};
use super::frame::{Frame, Part, said_by};
use super::show as answer;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// An exemption that ends within this is marked.
const SOON: Seconds = Seconds(14 * 86_400);

#[derive(Template)]
#[template(path = "control.html")]
struct ControlPage {
    frame: Frame,
    control: Option<Control>,
    since: Option<(Upn, Time)>,
    groups: Vec<Address>,
    /// Who of the default group cannot decide, and how many can.
    able: usize,
    unable: Vec<(Upn, Unable)>,
    rest: String,
    /// What the forms tell their script.
    about: String,
}

impl ControlPage {
    fn is_enabled(&self) -> bool {
        self.control.as_ref().is_some_and(|control| control.enabled)
    }

    fn admin_group(&self) -> Option<&Address> {
        self.control
            .as_ref()
            .and_then(|control| control.admin_group.as_ref())
    }

    fn is_default(&self, address: &Address) -> bool {
        self.admin_group() == Some(address)
    }

    fn stops_all(&self) -> bool {
        self.control
            .as_ref()
            .is_some_and(|control| control.stop_system_accounts)
    }
}

/// `GET /settings/control`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let control = state.control().map(|control| control.as_ref().clone());
    let since = match state.control_set_by() {
        Some(index) => said_by(&app, index).await?,
        None => None,
    };
    let group = control
        .as_ref()
        .and_then(|control| control.admin_group.as_ref());
    let deciders = group
        .map(|group| state.deciders(group, false))
        .unwrap_or_default();
    let asked = ["enabled", "admin_group", "stop_system_accounts"];
    answer(&ControlPage {
        frame: Frame::new(&caller, &app, Part::Control, "Privileged access").await?,
        since,
        groups: state.groups().map(|group| group.address.clone()).collect(),
        able: deciders.values().filter(|why| why.is_none()).count(),
        unable: deciders
            .into_iter()
            .filter_map(|(upn, why)| Some((upn, why?)))
            .collect(),
        rest: control
            .as_ref()
            .map_or_else(nothing, |control| rest(control, &asked)),
        about: control
            .as_ref()
            .map(|control| was(Noun::Control, control))
            .unwrap_or_default(),
        control,
    })
}

/// What an exemption is now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Now {
    Fine,
    Soon,
    Over,
}

struct Line {
    account: SystemAccount,
    /// Its place in the control.
    at: usize,
    name: Option<String>,
    /// Whether there is such a person, and can sign.
    problem: Option<String>,
    now: Now,
    /// The control without it.
    without: String,
}

#[derive(Template)]
#[template(path = "system-accounts.html")]
struct AccountsPage {
    frame: Frame,
    lines: Vec<Line>,
    services: Vec<Upn>,
    reads_people: bool,
    /// The control as it is, with its system accounts.
    whole: String,
    /// What the forms tell their script.
    about: String,
    /// Whether it was ever set: without it nobody is exempt.
    is_set: bool,
}

/// `GET /system-accounts`
pub(super) async fn accounts(
    caller: Caller<Anyone>,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let now = app.engine().now();
    let control = state.control().map(|control| control.as_ref().clone());
    let is_set = control.is_some();
    let control = control.unwrap_or_default();
    let line = |(at, account): (usize, &SystemAccount)| Line {
        account: account.clone(),
        at,
        name: state
            .person(&account.upn)
            .and_then(|person| person.name.clone()),
        problem: problem(&caller, &account.upn),
        now: match account.until {
            until if until <= now => Now::Over,
            until if until <= now.plus(SOON) => Now::Soon,
            _ => Now::Fine,
        },
        without: without(&control, &account.upn),
    };
    let is_service = |person: &&std::sync::Arc<writ_core::object::Person>| {
        person.kind == PersonKind::Service && control.system_account(&person.upn).is_none()
    };
    let reads_people = caller.may_read(&Resource::People);
    answer(&AccountsPage {
        frame: Frame::new(&caller, &app, Part::SystemAccounts, "System accounts").await?,
        lines: control
            .system_accounts
            .iter()
            .enumerate()
            .map(line)
            .collect(),
        services: match reads_people {
            true => state
                .people()
                .filter(is_service)
                .map(|person| person.upn.clone())
                .collect(),
            false => Vec::new(),
        },
        reads_people,
        whole: whole(&control),
        about: was(Noun::Control, &control),
        is_set,
    })
}

/// The control with its list of system accounts, also where that is empty: the
/// form adds to it.
fn whole(control: &Control) -> String {
    match serde_json::to_value(control) {
        Ok(Json::Object(mut members)) => {
            members
                .entry("system_accounts")
                .or_insert_with(|| json!([]));
            Json::Object(members).to_string()
        }
        Ok(_) | Err(_) => nothing(),
    }
}

fn without(control: &Control, upn: &Upn) -> String {
    let mut control = control.clone();
    control
        .system_accounts
        .retain(|account| account.upn != *upn);
    rest(&control, &[])
}

fn problem(caller: &Caller<Anyone>, upn: &Upn) -> Option<String> {
    let state = caller.state();
    let keys =
        |credentials: &std::sync::Arc<writ_core::record::Credentials>| !credentials.keys.is_empty();
    match state.person(upn) {
        None => Some("was never invited".to_owned()),
        Some(person) if !person.active => Some("is deactivated".to_owned()),
        Some(_) if !state.credentials(upn).is_some_and(keys) => Some("has no key yet".to_owned()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removing_one_system_account_keeps_the_others() {
        let account = |upn: &str| SystemAccount {
            upn: upn.parse().unwrap(),
            tasks: None,
            until: Time(5),
        };
        let control = Control {
            system_accounts: vec![account("a@x.example"), account("b@x.example")],
            ..Control::default()
        };
        let left = without(&control, &"a@x.example".parse().unwrap());
        assert_eq!(
            left,
            r#"{"enabled":false,"system_accounts":[{"until":5,"upn":"b@x.example"}]}"#
        );
        assert_eq!(
            whole(&Control::default()),
            r#"{"enabled":false,"system_accounts":[]}"#
        );
    }
}
