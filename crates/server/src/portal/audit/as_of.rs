//! As of a date: who was in which group and which policy governed a task, once.
//!
//! State is replayed to that entry, which costs what the log up to there costs.
//! So it is offered up to a size, and beyond it the command line that finds the
//! same is shown: a `set` says the whole of its object.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::Semaphore;
use writ_core::names::{TaskName, Upn};
use writ_core::object::{Approval, Role};
use writ_core::state::State;
use writ_core::time::Time;

use super::super::asked::Asked;
use super::super::auditor::Reader;
use super::super::day::{Day, Minute};
use super::super::frame::{Frame, Part};
use super::super::show as answer;
use crate::app::App;
use crate::failure::Failure;

/// Up to how many entries it is offered.
const MOST: u64 = 20_000;
/// How many of a kind are shown.
const SHOWN: usize = 200;

/// One replay at a time: each takes a core for as long as it lasts.
static ROOM: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::portal) struct Wish {
    day: Option<Day>,
    /// The end of that day, if absent.
    time: Option<Minute>,
    task: Option<TaskName>,
    person: Option<Upn>,
}

/// A name, and what it was, in words.
struct Line {
    name: String,
    words: String,
}

/// What was so.
#[derive(Default)]
struct Past {
    control: String,
    people: Vec<Line>,
    groups: Vec<Line>,
    policies: Vec<Line>,
    is_cut: bool,
    /// Which rule governed the task.
    governing: Option<String>,
    /// In which groups the person was.
    memberships: Option<String>,
}

#[derive(Template)]
#[template(path = "as-of.html")]
struct Page {
    frame: Frame,
    wish: Wish,
    until: Time,
    size: u64,
    most: u64,
    past: Option<Past>,
}

/// `GET /audit/as-of?day=&time=&task=&person=`
pub(in crate::portal) async fn show(
    Reader(caller): Reader,
    Shared(app): Shared<App>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, Failure> {
    let now = app.engine().now();
    let until = match (wish.day, wish.time) {
        (Some(day), Some(time)) => time.end(day),
        (Some(day), None) => Time(day.next().begin().0.saturating_sub(1)),
        (None, _) => now,
    };
    let until = until.min(now);
    let size = app.engine().size_at(until).await?.min(caller.size());
    let past = match wish.day.is_some() && size <= MOST && size > 0 {
        true => Some(replayed(&app, size, &wish, until).await?),
        false => None,
    };
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Audit, "As of a date")
            .await?
            .still(),
        wish,
        until,
        size,
        most: MOST,
        past,
    })
}

async fn replayed(app: &App, size: u64, wish: &Wish, until: Time) -> Result<Past, Failure> {
    let _room = ROOM.try_acquire().map_err(|_| Failure::Overloaded)?;
    let ledger = app.engine().past(size).await?;
    let ledger = ledger.ok_or_else(|| Failure::beyond(app))?;
    Ok(past(ledger.state(), wish, until))
}

fn past(state: &State, wish: &Wish, until: Time) -> Past {
    let people = state.people().map(|person| {
        let role = match person.role {
            Some(Role::Installer) => "installer",
            Some(Role::Auditor) => "auditor",
            Some(Role::Administrator) => "administrator",
            None => "no role",
        };
        let active = if person.active { "" } else { ", not active" };
        let keys = state
            .credentials(&person.upn)
            .map_or(0, |all| all.keys.len());
        Line {
            name: person.upn.to_string(),
            words: format!("{role}{active}, keys: {keys}"),
        }
    });
    let groups = state.groups().map(|group| Line {
        name: group.address.to_string(),
        words: joined(group.members.iter()),
    });
    let policies = state.policies().map(|policy| Line {
        name: policy.task.to_string(),
        words: rule(policy.approval, &policy.stages, policy.max_duration_s),
    });
    let mut is_cut = false;
    let mut some = |all: &mut dyn Iterator<Item = Line>| {
        let some: Vec<Line> = all.take(SHOWN).collect();
        is_cut |= all.next().is_some();
        some
    };
    let (people, groups, policies) = (
        some(&mut people.into_iter()),
        some(&mut groups.into_iter()),
        some(&mut policies.into_iter()),
    );
    let governing = wish
        .task
        .as_ref()
        .map(|task| match state.governing(task, until) {
            Ok(governed) => {
                let policy = &governed.rule.policy;
                let words = rule(
                    policy.approval,
                    &governed.rule.stages,
                    policy.max_duration_s,
                );
                format!(
                    "{task} was governed by the policy for {}: {words}.",
                    policy.task
                )
            }
            Err(refusal) => format!("{task} could not be asked for: {refusal}"),
        });
    let memberships = wish.person.as_ref().map(|upn| match state.person(upn) {
        Some(_) => {
            let groups = joined(state.groups_of(upn));
            format!("{upn} was in, directly or through others: {groups}.")
        }
        None => format!("There was no {upn}."),
    });
    Past {
        control: match state.control() {
            Some(control) if control.enabled => "enabled".to_owned(),
            Some(_) => "disabled".to_owned(),
            None => "never enabled so far".to_owned(),
        },
        people,
        groups,
        policies,
        is_cut,
        governing,
        memberships,
    }
}

fn joined(names: impl Iterator<Item = impl ToString>) -> String {
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

fn rule(
    approval: Approval,
    stages: &[writ_core::object::Stage],
    most: writ_core::time::Seconds,
) -> String {
    let asked = stages.iter().map(|stage| match stage.approvals.get() {
        1 => format!("one approval of {}", stage.group),
        several => format!("{several} approvals of {}", stage.group),
    });
    let asked: Vec<String> = asked.collect();
    let who = match (approval, asked.is_empty()) {
        (Approval::Auto, _) => "nobody was asked".to_owned(),
        (Approval::Manual, true) => "the default group was asked".to_owned(),
        (Approval::Manual, false) => asked.join(", then "),
    };
    format!("{who}, at most {most}")
}
