//! Letters about changes: who changed what, for those whom it concerns.

use std::collections::BTreeSet;

use writ_core::fact::KeyEvent;
use writ_core::names::{Address, Upn};
use writ_core::object::{Approval, MailTo, Object, ObjectName, Person, Policy, Role};
use writ_core::record::{Credentials, Recovery};
use writ_core::state::State;
use writ_core::statement::Principal;
use writ_core::value::plain;

use super::audience;
use super::compose::{bare, names, row, writ};
use super::times::Times;
use crate::letter::{Letter, Row, Way};

/// A change, before it is a letter to somebody.
pub(crate) struct Change {
    /// What changed: `the policy for Exchange\*`.
    pub(crate) what: String,
    /// What happened, in a sentence.
    pub(crate) headline: String,
    /// How it is now.
    pub(crate) rows: Vec<Row>,
    /// The page that everybody may read.
    pub(crate) page: String,
    /// Whom it is about.
    pub(crate) about: Option<About>,
    /// The approver groups that it concerns.
    pub(crate) groups: BTreeSet<Address>,
}

/// What somebody is told about themselves.
pub(crate) struct About {
    /// Who.
    pub(crate) person: Upn,
    /// The subject.
    pub(crate) subject: String,
    /// What happened, to them.
    pub(crate) headline: String,
    /// The page for them.
    pub(crate) page: String,
    /// What the link to it says.
    pub(crate) open: String,
    /// What they may type.
    pub(crate) ways: Vec<Way>,
}

impl About {
    /// The page of the person.
    pub(crate) fn own_page(&self) -> String {
        path("people", self.person.as_str())
    }
}

impl Change {
    /// What an invitation adds to setting the person whom it is for.
    pub(crate) fn with_keys(mut self, keys: Self) -> Self {
        self.headline = keys.headline;
        self.rows.extend(keys.rows);
        self.about = keys.about;
        self
    }

    /// The letter to somebody who oversees, or whose group is concerned.
    pub(crate) fn letter(&self, page: String, because: &str) -> Letter {
        Letter {
            subject: format!("Changed: {}", self.what),
            headline: self.headline.clone(),
            rows: self.rows.clone(),
            page,
            open: "Look at it".into(),
            ways: Vec::new(),
            because: because.to_owned(),
            request: None,
        }
    }

    /// The letter to whom it is about.
    pub(crate) fn letter_to(&self, about: &About) -> Letter {
        Letter {
            subject: about.subject.clone(),
            headline: about.headline.clone(),
            rows: self.rows.clone(),
            page: about.page.clone(),
            open: about.open.clone(),
            ways: about.ways.clone(),
            because: "It is about you.".into(),
            request: None,
        }
    }
}

/// An object was set.
pub(crate) fn set(state: &State, times: &Times, object: &Object, by: &Upn) -> Option<Change> {
    let (what, page, rows) = match object {
        // What somebody chose for oneself concerns nobody else.
        Object::Preferences(_) => return None,
        Object::Site(site) => {
            let origins = names(site.origins.iter().cloned());
            let rows = vec![
                row("Reached by", &origins),
                row("Rules", &site.rules.to_string()),
            ];
            ("the installation".to_owned(), "/log".to_owned(), rows)
        }
        Object::Control(control) => {
            let group = control
                .admin_group
                .as_ref()
                .map_or("none", |group| group.as_str());
            let mut rows = vec![
                row(
                    "Privileged access",
                    if control.enabled {
                        "enabled"
                    } else {
                        "disabled"
                    },
                ),
                row("Default approvers", group),
            ];
            let accounts = control.system_accounts.iter();
            rows.extend(accounts.take(MOST_ROWS).map(|account| {
                let tasks = account.tasks.as_ref();
                let tasks = tasks.map_or_else(
                    || "every task".to_owned(),
                    |tasks| names(tasks.iter().map(ToString::to_string)),
                );
                let until = times.words(account.until);
                row(
                    "System account",
                    &format!("{}: {tasks}, until {until}", account.upn),
                )
            }));
            let what = "who may do what without approval, and whether access is enabled";
            (what.to_owned(), "/settings/control".to_owned(), rows)
        }
        Object::Person(person) => {
            let what = format!("the person {}", person.upn);
            (what, "/groups".to_owned(), of_person(person))
        }
        Object::Group(group) => {
            let mut rows = vec![row(
                "Members",
                &names(group.members.iter().map(ToString::to_string)),
            )];
            if group.mail_to == MailTo::Address {
                rows.push(row("Mail goes to", group.address.as_str()));
            }
            rows.extend(group.remind.map(|remind| {
                let (after, every) = (remind.after_s, remind.every_s);
                row("Reminded", &format!("after {after}, then every {every}"))
            }));
            let further = group.escalate_to.as_ref();
            rows.extend(further.map(|further| row("Escalates to", further.as_str())));
            let what = format!("the group {}", group.address);
            (what, path("groups", group.address.as_str()), rows)
        }
        Object::Workload(workload) => {
            let rows = vec![row("Connector", workload.connector.as_str())];
            let what = format!("the workload {}", workload.name);
            (what, path("workloads", workload.name.as_str()), rows)
        }
        Object::Task(task) => {
            let mut rows: Vec<Row> = Vec::new();
            rows.extend(task.title.iter().map(|title| row("Title", title)));
            rows.push(row("Risk", task.risk.name()));
            let parameters = task.parameters.keys().map(ToString::to_string);
            rows.push(row("Parameters", &names(parameters)));
            let what = format!("the task {}", task.name);
            (what, path("tasks", task.name.as_str()), rows)
        }
        Object::Policy(policy) => {
            let what = format!("the policy for {}", policy.task);
            (
                what,
                path("policies", policy.task.as_str()),
                of_policy(policy),
            )
        }
    };
    let about = match object {
        Object::Person(person) if person.upn != *by => Some(About {
            person: person.upn.clone(),
            subject: "Changed: what Writ knows of you".into(),
            headline: format!("{by} changed what Writ knows of you."),
            page: path("people", person.upn.as_str()),
            open: "Look at it".into(),
            ways: Vec::new(),
        }),
        Object::Site(_)
        | Object::Control(_)
        | Object::Person(_)
        | Object::Group(_)
        | Object::Workload(_)
        | Object::Task(_)
        | Object::Policy(_)
        | Object::Preferences(_) => None,
    };
    Some(Change {
        headline: format!("{by} set {what}."),
        what,
        rows,
        page,
        about,
        groups: audience::groups_of_object(state, object),
    })
}

const MOST_ROWS: usize = 20;

/// An object was removed.
pub(crate) fn removed(state: &State, name: &ObjectName, by: &Upn) -> Change {
    let (noun, text) = (name.noun(), name.as_str());
    let page = match name {
        ObjectName::Group(_) => "/groups",
        ObjectName::Workload(_) => "/workloads",
        ObjectName::Task(_) => "/tasks",
        ObjectName::Policy(_) => "/policies",
    };
    let what = match name {
        ObjectName::Policy(_) => format!("the policy for {text}"),
        ObjectName::Group(_) | ObjectName::Workload(_) | ObjectName::Task(_) => {
            format!("the {noun} {text}")
        }
    };
    Change {
        headline: format!("{by} removed {what}."),
        what,
        rows: Vec::new(),
        page: page.to_owned(),
        about: None,
        groups: audience::groups_of_removed(state, name),
    }
}

/// Somebody's keys changed.
pub(crate) fn keys(
    state: &State,
    times: &Times,
    person: &Upn,
    event: &KeyEvent,
    credentials: &Credentials,
    by: &Principal,
) -> Change {
    let by = match by {
        Principal::Person(by) => by.to_string(),
        Principal::Node => "the node".into(),
    };
    let is_own = by == person.as_str();
    let label = |key| {
        let device = credentials.keys.get(key);
        let label = device.map_or("a key", |device| device.label.as_str());
        plain(label)
    };
    let left = credentials.keys.values().map(|device| device.label.clone());
    let left = match credentials.keys.is_empty() {
        true => "none".to_owned(),
        false => names(left),
    };
    let mut rows = vec![row("Keys now", &left)];
    let organization = state.domain().map(ToString::to_string).unwrap_or_default();
    let (subject, headline, to_them) = match (event, &credentials.invitation) {
        (KeyEvent::Invited, Some(invitation)) => {
            rows = vec![row("Invited until", &times.words(invitation.until))];
            let headline = match credentials.keys.is_empty() {
                true => format!("{by} invited {person}."),
                false => format!(
                    "{by} invited {person}, who has keys: the invitation replaces all of them."
                ),
            };
            let to_them = match credentials.keys.is_empty() {
                true => format!(
                    "{by} invited you to Writ of {organization}. Ask them for your code: it works \
                     once, and no mail holds it."
                ),
                false => format!(
                    "{by} made an invitation that replaces all your keys. Ask them for the code, \
                     or why, if you do not expect it."
                ),
            };
            let subject = match credentials.keys.is_empty() {
                true => format!("You are invited to Writ of {organization}"),
                false => "An invitation that replaces all your keys".into(),
            };
            (subject, headline, to_them)
        }
        (KeyEvent::Invited, None) => (
            "Your invitation is withdrawn".into(),
            format!("{by} withdrew the invitation of {person}."),
            format!("{by} withdrew your invitation."),
        ),
        (KeyEvent::Enrolled { key, recovery }, _) => {
            let label = label(key);
            let replaced = match recovery {
                true => ", which replaces all keys from before",
                false => "",
            };
            (
                "You have a new key".into(),
                format!("{person} has a new key, called {label}{replaced}."),
                format!(
                    "You have a new key, called {label}{replaced}. If you did not do this, tell \
                     an administrator now."
                ),
            )
        }
        (KeyEvent::Revoked { .. }, _) => {
            let who = if is_own { "You".to_owned() } else { by.clone() };
            (
                "A key of yours is revoked".into(),
                format!("{by} revoked a key of {person}."),
                format!("{who} revoked a key of yours."),
            )
        }
    };
    let is_invited = matches!(event, KeyEvent::Invited) && credentials.invitation.is_some();
    let about = About {
        person: person.clone(),
        subject,
        headline: to_them,
        page: match is_invited {
            true => "/join".into(),
            false => path("people", person.as_str()),
        },
        open: match is_invited {
            true => "Join with your code".into(),
            false => "Look at your keys".into(),
        },
        ways: match is_invited {
            true => {
                let site = state.site().and_then(|site| site.origins.first().cloned());
                let site = site.unwrap_or_else(|| "SITE".into());
                let person = bare(person.as_str());
                vec![writ(format!("writ login {site} --as {person}"))]
            }
            false => vec![writ("writ key list".into())],
        },
    };
    Change {
        what: format!("the keys of {person}"),
        headline,
        rows,
        page: "/groups".into(),
        about: Some(about),
        groups: audience::groups_with(state, person),
    }
}

/// The log goes on after a restore that lost its end.
pub(crate) fn recovered(recovery: &Recovery) -> Change {
    let lost = recovery.lost.size.saturating_sub(recovery.kept.size);
    Change {
        what: "the log, which lost its end".into(),
        headline: format!(
            "{} let the log go on after a restore: {lost} entries are lost.",
            recovery.by
        ),
        rows: vec![
            row("Kept", &format!("{} entries", recovery.kept.size)),
            row("Lost", &format!("{lost} entries")),
        ],
        page: "/log".into(),
        about: None,
        groups: BTreeSet::new(),
    }
}

fn of_person(person: &Person) -> Vec<Row> {
    let role = match person.role {
        Some(Role::Administrator) => "administrator",
        Some(Role::Installer) => "installer",
        Some(Role::Auditor) => "auditor",
        None => "none",
    };
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(person.name.iter().map(|name| row("Name", name)));
    rows.push(row("Role", role));
    rows.push(row("Active", if person.active { "yes" } else { "no" }));
    rows.extend(person.mail.iter().map(|mail| row("Mail", mail)));
    rows
}

fn of_policy(policy: &Policy) -> Vec<Row> {
    let approval = match policy.approval {
        Approval::Manual => "somebody approves",
        Approval::Auto => "nobody is asked",
    };
    let stages = policy
        .stages
        .iter()
        .map(|stage| format!("{} of {}", stage.approvals, stage.group));
    let mut rows = vec![row("Approval", approval)];
    if !policy.stages.is_empty() {
        rows.push(row("Approvals", &names(stages)));
    }
    rows.push(row("At most", &policy.max_duration_s.to_string()));
    let requesters = policy.requesters.as_ref();
    rows.extend(requesters.map(|group| row("Who may ask", group.as_str())));
    rows
}

/// The page of something by its name.
fn path(noun: &str, name: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/{noun}/{}", name.replace('+', "%20"))
}
