//! What people in a channel are told: a headline, facts, and a button that opens a page.
//!
//! Everything here is plain text. What people typed is cut to a length that fits and
//! stripped of what moves or reorders text; how Slack and Teams keep it plain stands
//! with each of them.

use serde::{Deserialize, Serialize};
use writ_core::digest::RequestId;
use writ_core::fact::{KeyEvent, RequestEvent};
use writ_core::record::{RequestRecord, Status};
use writ_core::recorded::{Recorded, RecordedExecution, RecordedFact};
use writ_core::statement::RunResult;
use writ_core::time::Time;
use writ_core::value::plain;

use super::event::{News, needed, signer};
use crate::data;
use crate::letter::Row;

/// The longest value, in characters.
const LONGEST: usize = 400;
/// The longest headline.
const LONGEST_HEADLINE: usize = 150;

/// A message for a channel, before it has the form of any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    /// When that was.
    pub(super) at: Time,
    /// The request that it shows, whole: a later one may take its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<RequestId>,
    /// What happened, in a line.
    pub(super) headline: String,
    /// What else there is to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rows: Vec<Row>,
    /// The page that shows it.
    pub(super) page: String,
    /// What the button to it says.
    pub(super) open: String,
}

impl Note {
    /// Of something that became so.
    pub(super) fn of(news: &News<'_>) -> Self {
        let (request, headline, rows, open) = match news.fact {
            RecordedFact::Request { event, record } => (
                Some(record.id),
                of_request(*event, record),
                rows(news, record),
                "Open the request",
            ),
            RecordedFact::Execution { record } => {
                (None, of_run(record), Vec::new(), "Open the run")
            }
            RecordedFact::Founded { .. }
            | RecordedFact::Recovered { .. }
            | RecordedFact::ObjectSet { .. }
            | RecordedFact::ObjectRemoved { .. }
            | RecordedFact::Keys { .. }
            | RecordedFact::SignedOut { .. } => (None, of_change(news.fact), Vec::new(), "Open"),
        };
        Self {
            at: news.entry.time,
            request,
            headline: line(&headline, LONGEST_HEADLINE),
            rows,
            page: news.page(),
            open: open.into(),
        }
    }

    /// One that says nothing but that it arrived.
    pub(super) fn test(endpoint: &str, origin: &str, now: Time) -> Self {
        Self {
            at: now,
            request: None,
            headline: format!("A test of the webhook {endpoint}: it works."),
            rows: Vec::new(),
            page: format!("{origin}/"),
            open: "Open Writ".into(),
        }
    }
}

/// Whether it is the approval that made a grant: the same entry says so, and more.
pub(super) fn is_overtaken(fact: &RecordedFact, entry: &Recorded) -> bool {
    let of = |fact: &RecordedFact, wanted| match fact {
        RecordedFact::Request { event, record } if *event == wanted => Some(record.id),
        RecordedFact::Request { .. }
        | RecordedFact::Execution { .. }
        | RecordedFact::Founded { .. }
        | RecordedFact::Recovered { .. }
        | RecordedFact::ObjectSet { .. }
        | RecordedFact::ObjectRemoved { .. }
        | RecordedFact::Keys { .. }
        | RecordedFact::SignedOut { .. } => None,
    };
    let approved = of(fact, RequestEvent::Approved);
    let mut granted = entry
        .facts
        .iter()
        .map(|fact| of(fact, RequestEvent::Granted));
    approved.is_some() && granted.any(|granted| granted == approved)
}

fn of_request(event: RequestEvent, record: &RequestRecord) -> String {
    let RequestRecord { task, by, app, .. } = record;
    let asks = match app {
        Some(app) => format!("{by} asks for {task} for the app {}", app.upn),
        None => format!("{by} asks for {task}"),
    };
    // Who gets it, or would have.
    let by = app.as_ref().map_or(by, |app| &app.upn);
    match event {
        RequestEvent::Raised => asks,
        RequestEvent::Approved => format!("Approved, and more is needed: {task} for {by}"),
        RequestEvent::Granted => format!("Granted: {task} for {by}"),
        RequestEvent::Ended => format!("{}: {task} for {by}", capital(record.status)),
    }
}

const fn capital(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Live => "Granted",
        Status::Ended => "Ended",
        Status::Revoked => "Revoked",
        Status::Denied => "Denied",
        Status::Expired => "Expired, nobody decided",
        Status::Canceled => "Canceled",
        Status::Superseded => "Superseded, another policy governs it now",
    }
}

fn of_run(record: &RecordedExecution) -> String {
    let RecordedExecution { task, by, .. } = record;
    let ended = record.outcome.as_ref().map(|outcome| outcome.result);
    let what = match (&record.resolution, ended) {
        (Some(found), _) => {
            let result = match found.result {
                RunResult::Succeeded => "succeeded",
                RunResult::Failed | RunResult::Unknown => "failed",
            };
            return format!("{} found that a run {result}: {task} for {by}", found.by);
        }
        (None, None) => "A run began",
        (None, Some(RunResult::Succeeded)) => "A run succeeded",
        (None, Some(RunResult::Failed)) => "A run failed",
        (None, Some(RunResult::Unknown)) => "A run ended, and nobody knows how",
    };
    format!("{what}: {task} for {by}")
}

fn of_change(fact: &RecordedFact) -> String {
    match fact {
        RecordedFact::ObjectSet { object, by } => match (object.noun(), object.name()) {
            (noun, "") => format!("{by} set the {noun}"),
            (noun, name) => format!("{by} set the {noun} {name}"),
        },
        RecordedFact::ObjectRemoved { name, by } => {
            format!("{by} removed the {} {}", name.noun(), name.as_str())
        }
        RecordedFact::Keys { person, event, .. } => match event {
            KeyEvent::Invited => format!("The invitation of {person} changed"),
            KeyEvent::Enrolled { recovery, .. } => match recovery {
                true => format!("A key of {person} was enrolled, and replaces all others"),
                false => format!("A key of {person} was enrolled"),
            },
            KeyEvent::Revoked { .. } => format!("A key of {person} was revoked"),
        },
        RecordedFact::SignedOut { person } => format!("{person} was signed out"),
        RecordedFact::Founded { organization } => format!("{organization} was founded"),
        RecordedFact::Recovered { recovery } => {
            let lost = recovery.lost.size.saturating_sub(recovery.kept.size);
            format!("{} recovered the log: {lost} entries are lost", recovery.by)
        }
        RecordedFact::Request { event, record } => of_request(*event, record),
        RecordedFact::Execution { record } => of_run(record),
    }
}

/// All that somebody needs to know who may have to decide it.
fn rows(news: &News<'_>, record: &RequestRecord) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |label: &str, value: String| {
        rows.push(Row {
            label: label.into(),
            value: line(&value, LONGEST),
        });
    };
    row(
        match record.app {
            Some(_) => "Dataset",
            None => "Task",
        },
        match news.title(&record.task) {
            Some(title) => format!("{} ({title})", record.task),
            None => record.task.to_string(),
        },
    );
    for (label, text) in data::rows(news.state, record) {
        row(label, text);
    }
    row("Asked by", record.by.to_string());
    row("Reason", record.reason.clone());
    if let Some(ticket) = &record.ticket {
        row("Ticket", ticket.clone());
    }
    let limits: Vec<String> = record
        .parameters
        .iter()
        .map(|(name, limit)| format!("{name} {limit}"))
        .collect();
    if record.app.is_none() {
        let limits = match limits.is_empty() {
            true => "any".into(),
            false => limits.join("; "),
        };
        row("Parameters", limits);
    }
    row("For", record.duration_s.to_string());
    if let Some(runs) = record.runs {
        row("Runs", format!("{runs} at most"));
    }
    if let (Some(start), None) = (record.start, &record.grant) {
        row("From", start.to_string());
    }
    if !record.approvals.is_empty() {
        let by: Vec<&str> = record.approvals.iter().map(|one| one.by.as_str()).collect();
        let approved = format!("{} of {} by {}", by.len(), needed(record), by.join(", "));
        row("Approved", approved);
    }
    if record.status == Status::Pending {
        row("Waits until", record.expires.to_string());
    }
    if let (Some(_), Some(grant)) = (&record.app, &record.grant)
        && record
            .approvals
            .iter()
            .any(|one| !one.parameters.is_empty())
    {
        for (label, text) in data::share(news.state, record, &grant.limits) {
            row(&format!("Granted, {}", label.to_lowercase()), text);
        }
    }
    if let Some(grant) = &record.grant {
        row("Granted", format!("{} to {}", grant.from, grant.until));
    }
    if let Some(ending) = &record.ending {
        let by = ending.by.as_ref().map(signer).filter(|by| *by != "node");
        row(
            capital(record.status),
            match by {
                Some(by) => format!("{} by {by}", ending.at),
                None => ending.at.to_string(),
            },
        );
        if let Some(comment) = &ending.comment {
            row("Why", comment.clone());
        }
    }
    rows
}

/// Text of one line that is no longer than it may be.
fn line(text: &str, longest: usize) -> String {
    let mut line = plain(&text.replace(['\n', '\r', '\t'], " "));
    if let Some((at, _)) = line.char_indices().nth(longest) {
        line.truncate(at);
        line.pop();
        line.push('…');
    }
    line
}
