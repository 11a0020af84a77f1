//! Groups: a list of them, and one with who is in it and who can decide.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use writ_core::Unable;
use writ_core::names::{Address, Pattern, Upn};
use writ_core::object::{Group, MailTo, Noun};
use writ_core::sight::Resource;

use super::asked::{Asked, onward};
use super::forms::{nothing, rest, was};
use super::frame::{Frame, Part};
use super::show as answer;
use super::text::found;
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
    #[serde(default)]
    limit: Limit,
    after: Option<Address>,
}

struct Line {
    group: Arc<Group>,
    people: usize,
    able: usize,
}

/// What the form of a group begins with.
struct GroupForm {
    address: Option<Address>,
    name: String,
    members: String,
    mails_address: bool,
    remind_after: String,
    remind_every: String,
    escalate_to: String,
    rest: String,
    /// What its script is told of it.
    about: String,
}

impl GroupForm {
    fn new(group: &Group) -> Self {
        let asked = [
            "address",
            "name",
            "members",
            "mail_to",
            "remind",
            "escalate_to",
        ];
        let members = group.members.iter().map(ToString::to_string);
        let remind = group.remind.as_ref();
        Self {
            address: Some(group.address.clone()),
            name: group.name.clone().unwrap_or_default(),
            members: members.collect::<Vec<_>>().join("\n"),
            mails_address: group.mail_to == MailTo::Address,
            remind_after: remind
                .map(|remind| remind.after_s.to_string())
                .unwrap_or_default(),
            remind_every: remind
                .map(|remind| remind.every_s.to_string())
                .unwrap_or_default(),
            escalate_to: group
                .escalate_to
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            rest: rest(group, &asked),
            about: was(Noun::Group, group),
        }
    }

    fn blank() -> Self {
        Self {
            address: None,
            name: String::new(),
            members: String::new(),
            mails_address: false,
            remind_after: String::new(),
            remind_every: String::new(),
            escalate_to: String::new(),
            rest: nothing(),
            about: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "groups.html")]
struct ListPage {
    frame: Frame,
    filter: Filter,
    lines: Vec<Line>,
    next: Option<String>,
    form: GroupForm,
}

/// `GET /groups?q=&after=`
pub(super) async fn list(
    caller: Caller<Anyone>,
    State(app): State<App>,
    uri: Uri,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let has = |group: &&Arc<Group>| {
        let name = group.name.as_deref().unwrap_or_default();
        found(&filter.q, &[name, group.address.as_str()])
    };
    let line = |group: Arc<Group>| {
        let deciders = state.deciders(&group.address, false);
        Line {
            people: deciders.len(),
            able: deciders.values().filter(|why| why.is_none()).count(),
            group,
        }
    };
    let page = by_name(
        state.groups().filter(has).cloned(),
        filter.limit,
        filter.after.as_ref(),
        |group| &group.address,
    );
    answer(&ListPage {
        next: onward(&uri, page.next.as_ref()),
        lines: page.items.into_iter().map(line).collect(),
        frame: Frame::new(&caller, &app, Part::People, "Groups").await?,
        form: GroupForm::blank(),
        filter,
    })
}

/// A person of a group.
struct Member {
    upn: Upn,
    unable: Option<Unable>,
    is_direct: bool,
}

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    members: Vec<Member>,
    /// The groups in it.
    inner: Vec<Address>,
    /// The groups that it is in.
    outer: Vec<Address>,
    /// The policies that ask it, and those that let it ask or read.
    asked_by: Vec<Pattern>,
    named_by: Vec<Pattern>,
    is_default: bool,
    reads_people: bool,
    form: GroupForm,
    group: Arc<Group>,
}

/// `GET /groups/{address}`
pub(super) async fn show(
    caller: Caller<Anyone>,
    State(app): State<App>,
    Path(address): Path<Address>,
) -> Result<Response, Failure> {
    let state = caller.state();
    let group = state
        .group(&address)
        .ok_or_else(|| unknown(Noun::Group, address.as_str()))?;
    let members = state
        .deciders(&address, false)
        .into_iter()
        .map(|(upn, unable)| Member {
            is_direct: group.members.contains(&Address::from(&upn)),
            upn,
            unable,
        });
    let is_group = |member: &&Address| state.group(member).is_some();
    let has_me = |other: &&Arc<Group>| other.members.contains(&address);
    let asks = |policy: &writ_core::object::Policy| {
        policy.stages.iter().any(|stage| stage.group == address)
    };
    let names = |policy: &writ_core::object::Policy| {
        policy.requesters.as_ref() == Some(&address) || policy.output_readers.contains(&address)
    };
    let control = state.control();
    answer(&GroupPage {
        frame: Frame::new(
            &caller,
            &app,
            Part::People,
            group.name.as_deref().unwrap_or(address.as_str()),
        )
        .await?,
        members: members.collect(),
        inner: group.members.iter().filter(is_group).cloned().collect(),
        outer: state
            .groups()
            .filter(has_me)
            .map(|other| other.address.clone())
            .collect(),
        asked_by: state
            .policies()
            .filter(|it| asks(it))
            .map(|it| it.task.clone())
            .collect(),
        named_by: state
            .policies()
            .filter(|it| names(it))
            .map(|it| it.task.clone())
            .collect(),
        is_default: control.is_some_and(|control| control.admin_group.as_ref() == Some(&address)),
        reads_people: caller.may_read(&Resource::People),
        form: GroupForm::new(group),
        group: group.clone(),
    })
}
