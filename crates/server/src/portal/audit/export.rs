//! Export: the entries of a period that are looked for, as a file.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use writ_core::audit::Record;
use writ_core::csv::row;
use writ_core::log::Tile;
use writ_core::names::{Name, Pattern};

use super::super::asked::Asked;
use super::super::auditor::Reader;
use super::super::day::Day;
use super::known::Known;
use super::search::{Range, is_sought, range, read};
use super::{Filter, Said, Sought, Verdict};
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};

/// How many entries are gone through for one file at most.
const MOST: u64 = 200_000;

/// A form of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Csv,
    Office365,
}

/// What the form of the search says, and how to write it down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::portal) struct Wish {
    format: Form,
    #[serde(default)]
    by: String,
    task: Option<Pattern>,
    workload: Option<Name>,
    kind: Option<Said>,
    outcome: Option<Verdict>,
    #[serde(default)]
    id: String,
    #[serde(default)]
    text: String,
    from: Option<Day>,
    to: Option<Day>,
}

impl Form {
    const fn head(self) -> &'static str {
        match self {
            Self::Csv => "CreationDate,UserIds,Operations,AuditData\r\n",
            Self::Office365 => "",
        }
    }

    fn row(self, record: &Record) -> String {
        let (line, data) = (record.line(), &record.data);
        let time = record.time.to_string();
        match self {
            Self::Csv => row([&time, &data.user_id, &data.operation, &line]),
            Self::Office365 => line + "\n",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Office365 => "application/x-ndjson",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Office365 => "jsonl",
        }
    }
}

/// Where a file is, and what it needs to go on.
struct Writing {
    caller: Caller<Anyone>,
    app: App,
    sought: Sought,
    form: Form,
    left: Range,
    head: Option<&'static str>,
    _room: OwnedSemaphorePermit,
}

/// `GET /audit/export?format=csv|office365&…`: the oldest first.
pub(in crate::portal) async fn show(
    Reader(caller): Reader,
    State(app): State<App>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, Failure> {
    let room = app.may_hold().ok_or(Failure::Overloaded)?;
    let (form, filter) = (wish.format, Filter::from(wish));
    let mut sought = filter.sought();
    let (left, problem) = range(&caller, &app, &filter, &mut sought).await?;
    let too_many = left.until.saturating_sub(left.from) > MOST;
    let problem = problem.or_else(|| {
        too_many.then(|| {
            let command = filter.command("export");
            format!(
                "this period has more than {MOST} entries; name a shorter one, or type: {command}"
            )
        })
    });
    if let Some(problem) = problem {
        return Err(Failure::BadQuery { problem });
    }
    let day = |day: Option<Day>, else_day: &str| match day {
        Some(day) => day.to_string(),
        None => else_day.to_owned(),
    };
    let (from, to) = (day(filter.from, "begin"), day(filter.to, "now"));
    let name = format!(
        "attachment; filename=\"audit-{from}-{to}.{}\"",
        form.ending()
    );
    let writing = Writing {
        caller,
        app,
        sought,
        form,
        left,
        head: Some(form.head()),
        _room: room,
    };
    // What is cut short is no file: a browser says so when the answer breaks off.
    let lines = try_unfold(writing, async |writing| writing.next().await);
    let headers = [
        (header::CONTENT_TYPE, form.kind().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

impl Writing {
    /// The lines of the next tile.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        let broken = |failure: Failure| std::io::Error::other(failure.to_string());
        if self.head.is_none() && self.left.from >= self.left.until {
            return Ok(None);
        }
        let lines = self.lines().await.map_err(broken)?;
        let text = self.head.take().unwrap_or_default().to_owned() + &lines;
        Ok(Some((Bytes::from(text), self)))
    }

    async fn lines(&mut self) -> Result<String, Failure> {
        // Whoever may not read any more gets no more.
        let published = self.app.engine().published();
        let caller = self.caller.in_state(published, &self.app)?;
        if !writ_core::sight::reads_everything(caller.role()) {
            return Err(Failure::NoSuchPath);
        }
        self.caller = caller;
        let (from, until) = (self.left.from, self.left.until);
        if from >= until {
            return Ok(String::new());
        }
        let whole_tile = (from | 255).saturating_add(1);
        let end = whole_tile.min(until);
        let part = Tile::up_to(end - 1).part;
        let entries = self.app.engine().part(part).await?;
        let entries = entries.ok_or_else(|| Failure::beyond(&self.app))?;
        let mut known = Known::new(&self.caller, &self.app);
        let mut lines = String::new();
        for (record, _) in read(entries).await? {
            let is_in = (from..end).contains(&record.index);
            if is_in
                && is_sought(&self.sought, &record)
                && known.fits(&self.sought.wanted, &record).await?
            {
                lines += &self.form.row(&record);
            }
        }
        self.left.from = end;
        Ok(lines)
    }
}

impl From<Wish> for Filter {
    fn from(wish: Wish) -> Self {
        Self {
            by: wish.by,
            task: wish.task,
            workload: wish.workload,
            kind: wish.kind,
            outcome: wish.outcome,
            id: wish.id,
            text: wish.text,
            from: wish.from,
            to: wish.to,
            before: None,
        }
    }
}
