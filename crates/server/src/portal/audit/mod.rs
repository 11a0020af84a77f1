//! Audit: what happened, searched.
//!
//! The log is read from its end, a bounded stretch of it for a page, and every
//! entry that is shown was known again by the tree. What is wanted is decided
//! as by `writ audit search`, by the same code.

pub(super) mod as_of;
pub(super) mod entry;
pub(super) mod export;
mod known;
mod search;
mod sentence;

use std::collections::BTreeSet;
use std::fmt;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use writ_core::audit::{Record, Wanted};
use writ_core::digest::Digest;
use writ_core::envelope::Kind;
use writ_core::names::{Name, Pattern};
use writ_core::time::Time;

use super::asked::Asked;
use super::auditor::Reader;
use super::day::Day;
use super::frame::{Frame, Part};
use super::show as answer;
use crate::app::App;
use crate::failure::Failure;

use search::{Found, Range, found, range};
use sentence::{Sentence, called};

/// What somebody looks for, as the form says it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    #[serde(default)]
    by: String,
    task: Option<Pattern>,
    workload: Option<Name>,
    kind: Option<Said>,
    outcome: Option<Verdict>,
    /// Of a request, a run or a statement.
    #[serde(default)]
    id: String,
    #[serde(default)]
    text: String,
    from: Option<Day>,
    /// The last day, included.
    to: Option<Day>,
    /// Before this index: where the page before ended.
    before: Option<u64>,
}

/// A kind of statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Said(Kind);

impl TryFrom<String> for Said {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
        kind.map(Self).ok_or("there is no such kind of entry")
    }
}

/// What the log answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Accepted,
    Refused,
}

impl Verdict {
    const ALL: [Self; 2] = [Self::Accepted, Self::Refused];

    const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }

    fn of(self, record: &Record) -> bool {
        record.is_accepted() == (self == Self::Accepted)
    }
}

/// What is looked for, as the walk needs it.
#[derive(Clone, Debug, Default)]
struct Sought {
    wanted: Wanted,
    kind: Option<Kind>,
    verdict: Option<Verdict>,
    /// What names one of these, or is about one.
    ids: Option<BTreeSet<Digest>>,
}

impl Filter {
    fn sought(&self) -> Sought {
        let users = Some(self.by.trim()).filter(|by| !by.is_empty());
        let of_workload = || all_of(self.workload.as_ref()?);
        let text = Some(self.text.trim()).filter(|text| !text.is_empty());
        Sought {
            wanted: Wanted {
                to: self.to.map(|day| day.next().begin()),
                users: users.map(str::to_owned).into_iter().collect(),
                task: self.task.clone().or_else(of_workload),
                text: text.map(str::to_owned),
                ..Wanted::default()
            },
            kind: self.kind.map(|Said(kind)| kind),
            verdict: self.outcome,
            ids: None,
        }
    }

    /// Whether this workload is chosen.
    fn is_of(&self, workload: &str) -> bool {
        let chosen = self.workload.as_ref();
        chosen.is_some_and(|chosen| chosen.as_str() == workload)
    }

    /// Whether nothing can fit: a task of one workload, and another workload.
    fn is_contradiction(&self) -> bool {
        let (Some(task), Some(workload)) = (&self.task, &self.workload) else {
            return false;
        };
        let prefix = format!("{workload}\\").to_lowercase();
        let task = task.to_string().to_lowercase();
        !task.starts_with(&prefix) && task != "*"
    }

    /// The same search on the command line.
    fn command(&self, verb: &str) -> String {
        let from = self.from.map(|day| format!("--from {}", day.begin()));
        let to = self.to.map(|day| format!("--to {}", day.next().begin()));
        let period = from.into_iter().chain(to);
        let user = Some(self.by.trim()).filter(|by| !by.is_empty());
        let user = user.map(|by| format!("--user {}", quoted(by)));
        let task = self
            .sought()
            .wanted
            .task
            .map(|task| quoted(&task.to_string()));
        let task = task.map(|task| format!("--task {task}"));
        let text = Some(self.text.trim()).filter(|text| !text.is_empty());
        let text = text.map(|text| format!("--text {}", quoted(text)));
        let all: Vec<String> = match verb {
            "search" => period.chain(user).chain(task).chain(text).collect(),
            _ => period.collect(),
        };
        format!("writ audit {verb} {}", all.join(" "))
            .trim_end()
            .to_owned()
    }
}

/// A text as a shell takes it for one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What covers all tasks of a workload.
fn all_of(workload: &Name) -> Option<Pattern> {
    Pattern::parse(&format!("{workload}\\*")).ok()
}

/// A line of the list.
struct Line {
    index: u64,
    time: Time,
    code: Option<String>,
    accepted: bool,
    kind: &'static str,
    sentence: Sentence,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    frame: Frame,
    filter: Filter,
    workloads: Vec<String>,
    /// Why nothing can be found, if so.
    problem: Option<String>,
    lines: Vec<Line>,
    looked: Range,
    /// When the oldest of what was looked at was appended.
    back_to: Option<Time>,
    next: Option<String>,
    commands: [String; 2],
}

impl Page {
    /// A kind in words.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    const fn called(&self, kind: &Kind) -> &'static str {
        called(*kind)
    }
}

/// `GET /audit?by=&task=&workload=&kind=&outcome=&id=&text=&from=&to=&before=`
pub(super) async fn show(
    Reader(caller): Reader,
    State(app): State<App>,
    uri: Uri,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let _room = app.may_hold().ok_or(Failure::Overloaded)?;
    let mut sought = filter.sought();
    let (range, problem) = range(&caller, &app, &filter, &mut sought).await?;
    let Found {
        lines,
        looked,
        back_to,
    } = found(&caller, &app, &sought, range).await?;
    let is_more = looked.from > range.from;
    let workloads = caller.state().workloads();
    let workloads = workloads
        .map(|workload| workload.name.to_string())
        .collect();
    answer(&Page {
        // What is searched stands still: a page that followed the log would be
        // searched again with every entry.
        frame: Frame::new(&caller, &app, Part::Audit, "Audit")
            .await?
            .still(),
        next: is_more.then(|| older(&uri, looked.from)),
        commands: [filter.command("search"), filter.command("export")],
        workloads,
        problem,
        lines,
        looked,
        back_to,
        filter,
    })
}

/// The same query, from further back on.
fn older(uri: &Uri, before: u64) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let others = query.filter(|pair| !pair.ends_with('=') && !pair.starts_with("before="));
    let others = others.filter(|pair| !pair.is_empty()).map(str::to_owned);
    let all: Vec<String> = others.chain([format!("before={before}")]).collect();
    format!("{}?{}", uri.path(), all.join("&"))
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
