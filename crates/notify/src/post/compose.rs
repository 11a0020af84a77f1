//! Letters about requests and runs.

use writ_core::digest::RequestId;
use writ_core::names::{TaskName, Upn};
use writ_core::object::Risk;
use writ_core::record::{Ending, RequestRecord, Status};
use writ_core::recorded::RecordedExecution;
use writ_core::state::State;
use writ_core::statement::{Principal, RunResult};
use writ_core::time::Time;
use writ_core::value::{Constraint, Constraints, plain};

use super::run;
use super::times::Times;
use crate::data;
use crate::letter::{DECIDE, Letter, Row, Way};

/// How many lines of parameters a letter has.
const MOST_LIMITS: usize = 12;

/// What letters are written from.
pub(crate) struct Writer<'a> {
    pub(crate) state: &'a State,
    pub(crate) times: &'a Times,
}

impl Writer<'_> {
    /// To somebody who is asked to decide. `asked` says why they are.
    pub(crate) fn asks(&self, request: &RequestRecord, headline: String, because: &str) -> Letter {
        let id = request.id.brief();
        let mut letter = self.about(request);
        letter.headline = headline;
        let high = match self.state.defined(&request.task).map(|task| task.risk) {
            Some(Risk::High) => "High risk: ",
            Some(Risk::Low | Risk::Medium) | None => "",
        };
        let title = self.title(&request.task);
        letter.subject = match &request.app {
            Some(app) => format!("{high}{} asks for {}: {title}", request.by, app.upn),
            None => format!("{high}{} asks: {title}", request.by),
        };
        letter
            .rows
            .push(row("Asked", &self.times.words(request.raised)));
        letter
            .rows
            .push(row("Waits until", &self.times.words(request.expires)));
        letter
            .rows
            .push(row("Approvals so far", &self.approvals(request)));
        letter.open = DECIDE.into();
        letter.ways = vec![
            writ(format!("writ approve {id} --comment 'Go ahead'")),
            writ(format!("writ deny {id} --comment 'Why not'")),
            shell(format!(
                "Approve-ElevatedAccessRequest -RequestId {id} -Comment 'Go ahead'"
            )),
            shell(format!(
                "Deny-ElevatedAccessRequest -RequestId {id} -Comment 'Why not'"
            )),
        ];
        letter.because = because.to_owned();
        letter
    }

    /// What is asked, or was: with whom, why and for how long.
    pub(crate) fn about(&self, request: &RequestRecord) -> Letter {
        let what = match &request.app {
            Some(_) => "Dataset",
            None => "Task",
        };
        let mut rows = vec![row(what, &self.task(&request.task))];
        let data = data::rows(self.state, request);
        rows.extend(data.iter().map(|(label, text)| row(label, text)));
        let risk = self.state.defined(&request.task).map(|task| task.risk);
        rows.extend(risk.map(|risk| row("Risk", risk.name())));
        if request.app.is_none() {
            rows.push(row("Parameters", &limits(&request.parameters)));
        }
        rows.push(row("Who", &self.who(request)));
        rows.push(row("Reason", &request.reason));
        rows.extend(request.ticket.iter().map(|ticket| row("Ticket", ticket)));
        rows.push(row("For how long", &request.duration_s.to_string()));
        rows.extend(
            request
                .start
                .map(|start| row("Not before", &self.times.words(start))),
        );
        rows.extend(
            request
                .runs
                .map(|runs| row("How often", &format!("at most {runs} times"))),
        );
        Letter {
            subject: format!("Your request: {}", self.title(&request.task)),
            headline: String::new(),
            rows,
            page: format!("/requests/{}", request.id),
            open: "Look at the request".into(),
            ways: Vec::new(),
            because: match &request.app {
                Some(app) if app.installer == request.by => "You asked for this.".into(),
                Some(_) => "You installed the app that asks for this.".into(),
                None => "You asked for this.".into(),
            },
            request: Some(request.id),
        }
    }

    /// A subject that tells what became of it.
    fn became(&self, what: &str, request: &RequestRecord) -> String {
        format!("{what}: {}", self.title(&request.task))
    }

    /// To the requester: it may be run now.
    pub(crate) fn granted(&self, request: &RequestRecord) -> Option<Letter> {
        let grant = request.grant.as_ref()?;
        let who = names(
            request
                .approvals
                .iter()
                .map(|approval| approval.by.to_string()),
        );
        let until = self.times.words(grant.until);
        let mut letter = self.about(request);
        let may = may(request);
        letter.headline = match grant.from > request.raised && request.start == Some(grant.from) {
            true => format!(
                "Approved by {who}: {may} from {} until {until}.",
                self.times.words(grant.from)
            ),
            false => format!("Approved by {who}: {may} until {until}."),
        };
        let comments = request.approvals.iter().filter_map(|approval| {
            let comment = approval.comment.as_ref()?;
            Some(row("Comment", &format!("{}: {comment}", approval.by)))
        });
        letter.rows.extend(comments);
        let narrowed: Vec<_> = request
            .approvals
            .iter()
            .filter(|approval| !approval.parameters.is_empty())
            .map(|approval| row("Approved only with", &limits(&approval.parameters)))
            .collect();
        match request.app.is_some() && !narrowed.is_empty() {
            true => {
                let left = data::share(self.state, request, &grant.limits);
                let left = left
                    .iter()
                    .map(|(label, text)| row(&format!("Granted, {}", label.to_lowercase()), text));
                letter.rows.extend(left);
            }
            false => letter.rows.extend(narrowed),
        }
        if request.app.is_none() {
            letter.open = "Run it, or look at it".into();
        }
        letter.subject = self.became("Approved", request);
        self.with_run(&mut letter, request);
        Some(letter)
    }

    /// To the requester: one more approval, and others are needed.
    pub(crate) fn approved(&self, request: &RequestRecord) -> Option<Letter> {
        let by = &request.approvals.last()?.by;
        let mut letter = self.about(request);
        letter.headline = format!("Approved by {by}; more approvals are needed.");
        let (given, needed) = (request.approvals.len(), needed(request));
        letter.subject = self.became(&format!("{given} of {needed} approved"), request);
        letter
            .rows
            .push(row("Approvals so far", &self.approvals(request)));
        letter
            .rows
            .push(row("Waits until", &self.times.words(request.expires)));
        Some(letter)
    }

    /// To the requester: nothing more comes of it.
    pub(crate) fn ended(&self, request: &RequestRecord) -> Option<Letter> {
        let ending = request.ending.as_ref();
        let by = ending.and_then(|ending| ending.by.as_ref());
        let by = match by {
            Some(Principal::Person(upn)) => Some(upn),
            Some(Principal::Node) | None => None,
        };
        // They did it themselves.
        if by == Some(told(request)) {
            return None;
        }
        let cannot = match &request.app {
            Some(app) => format!("the app {} reads it no more", app.upn),
            None => "you cannot run it any more".to_owned(),
        };
        let somebody = by.map_or_else(|| "somebody".to_owned(), ToString::to_string);
        let mut letter = self.about(request);
        letter.headline = match request.status {
            Status::Pending | Status::Live | Status::Canceled => return None,
            Status::Denied => format!("Denied by {somebody}."),
            Status::Expired => "Expired: nobody decided in time.".into(),
            Status::Superseded if request.app.is_some() => "Superseded: the app, its manifest or \
                the policy is another one now, so nobody can approve this request any more. Ask anew."
                .into(),
            Status::Superseded => "Superseded: another policy governs the task now, so nobody \
                can approve this request any more. Raise it again."
                .into(),
            Status::Revoked => format!("Revoked by {somebody}: {cannot}."),
            Status::Ended => match &request.grant {
                Some(grant) if grant.until <= ending.map_or(grant.until, |ending| ending.at) => {
                    format!("Its time is up: {cannot}.")
                }
                Some(_) | None if request.app.is_some() => {
                    format!("Ended, as a newer request or the policy replaces it: {cannot} by this.")
                }
                Some(_) | None => "Ended: the task is governed differently now, so you cannot run \
                    it any more."
                    .into(),
            },
        };
        let word = match request.status {
            Status::Pending | Status::Live | Status::Canceled => return None,
            Status::Denied => "Denied",
            Status::Expired => "Expired",
            Status::Superseded => "Superseded",
            Status::Revoked => "Revoked",
            Status::Ended => "Ended",
        };
        letter.subject = self.became(word, request);
        letter.rows.extend(comment(ending));
        let is_killed = ending.is_some_and(|ending| ending.kill);
        if is_killed {
            letter
                .rows
                .push(row("Its runs", "those in flight are killed"));
        }
        let may_again = match request.status {
            Status::Expired | Status::Superseded | Status::Ended => true,
            Status::Pending
            | Status::Live
            | Status::Denied
            | Status::Revoked
            | Status::Canceled => false,
        };
        if may_again {
            letter.ways = again(request);
        }
        Some(letter)
    }

    /// To the requester: there is little time left.
    pub(crate) fn ends_soon(&self, request: &RequestRecord) -> Option<Letter> {
        let grant = request.grant.as_ref()?;
        let mut letter = self.about(request);
        letter.headline = format!(
            "It ends soon: {} until {}, and not after that.",
            may(request),
            self.times.words(grant.until)
        );
        letter.subject = self.became("Ends soon", request);
        self.with_run(&mut letter, request);
        letter.ways.extend(again(request));
        Some(letter)
    }

    /// To whom it ran for: it did not do what it should, or nobody knows.
    pub(crate) fn ran(&self, run: &RecordedExecution, because: &str) -> Option<Letter> {
        let outcome = run.outcome.as_ref()?;
        let what = self.title(&run.task);
        let (subject, headline) = match outcome.result {
            RunResult::Succeeded => return None,
            RunResult::Failed => (format!("Failed: {what}"), "The run failed.".to_owned()),
            RunResult::Unknown => (
                format!("Unknown: {what}"),
                "Nobody knows how the run ended: it may have had its effect or not. Look at the \
                 target before anything is run again."
                    .to_owned(),
            ),
        };
        let mut rows = vec![
            row("Task", &self.task(&run.task)),
            row("Who", run.by.as_str()),
            row("Began", &self.times.words(run.authorized)),
            row("Ended", &self.times.words(outcome.at)),
        ];
        rows.extend(outcome.rows.map(|rows| {
            let (asked, delivered) = (rows.asked, rows.delivered);
            let withheld = rows.withheld;
            row(
                "Rows",
                &format!("{delivered} of {asked} delivered, {withheld} withheld"),
            )
        }));
        rows.extend(outcome.exit.map(|exit| row("Exit code", &exit.to_string())));
        let is_said = |note: &&String| {
            let exit = outcome.exit.map(|exit| format!("exit code {exit}"));
            exit.is_some_and(|exit| note.eq_ignore_ascii_case(&exit))
        };
        let notes = outcome.note.iter().filter(|note| !is_said(note));
        rows.extend(notes.map(|note| row("Note", note)));
        let id = run.id.brief();
        Some(Letter {
            subject,
            headline,
            rows,
            page: format!("/executions/{}", run.id),
            open: "Look at the run and its output".into(),
            ways: vec![
                writ(format!("writ executions show {id}")),
                shell(format!("Get-ElevatedAccessExecution {id} -Output")),
            ],
            because: because.to_owned(),
            request: run.request,
        })
    }

    /// What people call a task, and its name.
    fn task(&self, task: &TaskName) -> String {
        let title = self.title(task);
        match title == task.as_str() {
            true => title,
            false => format!("{title} ({task})"),
        }
    }

    fn title(&self, task: &TaskName) -> String {
        let title = self.state.task(task).and_then(|task| task.title.clone());
        plain(&title.unwrap_or_else(|| task.to_string()))
    }

    /// Names lie; the UPN is what counts.
    fn who(&self, request: &RequestRecord) -> String {
        let person = self.state.person(&request.by);
        match person.and_then(|person| person.name.clone()) {
            Some(name) => format!("{} ({name})", request.by),
            None => request.by.to_string(),
        }
    }

    fn approvals(&self, request: &RequestRecord) -> String {
        let needed = needed(request);
        let by = names(
            request
                .approvals
                .iter()
                .map(|approval| approval.by.to_string()),
        );
        match request.approvals.len() {
            0 => format!("0 of {needed}"),
            given => format!("{given} of {needed}, by {by}"),
        }
    }

    /// How to run it: with the values that it was approved with, and a row for those
    /// that whoever runs it chooses.
    fn with_run(&self, letter: &mut Letter, request: &RequestRecord) {
        // An app reads by itself.
        if request.app.is_some() {
            return;
        }
        let task = self.state.defined(&request.task);
        let (command, chosen) = run::command(task.as_deref(), request);
        if !chosen.is_empty() {
            let chosen = names(chosen.iter().map(ToString::to_string));
            letter.rows.push(row("You choose", &chosen));
        }
        letter.ways = vec![writ(command)];
    }
}

fn needed(request: &RequestRecord) -> u64 {
    let stages = request.rule.stages.iter();
    stages.map(|stage| u64::from(stage.approvals.get())).sum()
}

/// Who is told what becomes of a request: who asked, or installed the app that it is for.
pub(crate) fn told(request: &RequestRecord) -> &Upn {
    let app = request.app.as_ref();
    app.map_or(&request.by, |app| &app.installer)
}

fn may(request: &RequestRecord) -> String {
    match &request.app {
        Some(app) => format!("the app {} may read it", app.upn),
        None => "you may run it".to_owned(),
    }
}

/// The request that letters of a thread are about, in a subject.
pub(crate) fn in_thread(letter: &mut Letter, request: RequestId) {
    letter.subject = format!("{} [{}]", letter.subject, request.brief());
}

fn comment(ending: Option<&Ending>) -> Option<Row> {
    let comment = ending?.comment.as_ref()?;
    Some(row("Comment", comment))
}

/// How to ask for the same again; nothing, where a line cannot say it and the page can.
fn again(request: &RequestRecord) -> Vec<Way> {
    if request.app.is_some() {
        return vec![writ("writ app upgrade MANIFEST".into())];
    }
    let told = std::iter::once(&request.reason).chain(&request.ticket);
    if told.into_iter().any(|text| plain(text) != **text) {
        return Vec::new();
    }
    // A text that begins with a dash is no option.
    let mut command = format!(
        "writ request {} --reason={} --for {}",
        quoted(request.task.as_str()),
        quoted(&request.reason),
        request.duration_s
    );
    if let Some(ticket) = &request.ticket {
        command += &format!(" --ticket={}", quoted(ticket));
    }
    if let Some(runs) = request.runs {
        command += &format!(" --runs {runs}");
    }
    for (name, constraint) in &request.parameters {
        match as_typed(constraint) {
            Some(value) => command += &format!(" -P {}", quoted(&format!("{name}={value}"))),
            None => return Vec::new(),
        }
    }
    vec![writ(command)]
}

/// A constraint as `-P` takes it, where that is one line without doubt.
fn as_typed(constraint: &Constraint) -> Option<String> {
    let is_clear = |text: &str| {
        let is_one = !text.is_empty() && !text.contains([',', ':', '@', '=']);
        is_one && plain(text) == *text && text != "absent"
    };
    let text = |value: &writ_core::value::Value| {
        let text = value.to_string();
        is_clear(&text).then_some(text)
    };
    match constraint {
        Constraint::Equals(value) => text(value),
        Constraint::OneOf(values) => {
            let values: Option<Vec<_>> = values.iter().map(text).collect();
            Some(format!("one_of:{}", values?.join(",")))
        }
        Constraint::Glob(pattern) => is_clear(pattern).then(|| format!("glob:{pattern}")),
        Constraint::Range(_)
        | Constraint::SubsetOf(_)
        | Constraint::SupersetOf(_)
        | Constraint::Absent => None,
    }
}

/// What parameters must satisfy, in a line.
fn limits(constraints: &Constraints) -> String {
    if constraints.is_empty() {
        return "any".into();
    }
    let all: Vec<String> = constraints
        .iter()
        .take(MOST_LIMITS)
        .map(|(name, constraint)| format!("{name} {constraint}"))
        .collect();
    let more = match constraints.len().saturating_sub(MOST_LIMITS) {
        0 => String::new(),
        more => format!("; and {more} more, see the page"),
    };
    all.join("; ") + &more
}

pub(crate) fn row(label: &str, value: &str) -> Row {
    Row {
        label: label.to_owned(),
        value: plain(value),
    }
}

pub(crate) fn writ(command: String) -> Way {
    Way {
        surface: "writ".into(),
        command: plain(&command),
    }
}

pub(crate) fn shell(command: String) -> Way {
    Way {
        surface: "PowerShell".into(),
        command: plain(&command),
    }
}

/// A name as a shell takes it: in quotes where it needs them (`o'brien@contoso.com`).
pub(crate) fn bare(name: &str) -> String {
    match name.contains(['\'', '#', '%']) {
        true => quoted(name),
        false => name.to_owned(),
    }
}

/// For a shell: nothing in it is anything but text.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Some of them, by commas.
pub(crate) fn names(all: impl Iterator<Item = String>) -> String {
    const MOST: usize = 8;
    let all: Vec<String> = all.collect();
    let more = if all.len() > MOST { " and more" } else { "" };
    let some: Vec<_> = all.iter().take(MOST).map(String::as_str).collect();
    match some.as_slice() {
        [] => "nobody".into(),
        some => some.join(", ") + more,
    }
}

/// How long before the end of a grant its requester is told: an eighth of it, and
/// at most a day; never, if it is shorter than half an hour.
pub(crate) fn told_before(request: &RequestRecord) -> Option<Time> {
    let grant = request.grant.as_ref()?;
    let length = grant.until.0 - grant.from.0;
    let minute = 60_000;
    let before = (length / 8).clamp(5 * minute, 24 * 60 * minute);
    (length >= 30 * minute).then_some(Time(grant.until.0 - before))
}
