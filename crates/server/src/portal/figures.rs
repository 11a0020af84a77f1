//! Figures: requests and runs over time, and how long decisions take.
//!
//! They are counted from rows, the newest first, as many as are read at most;
//! the page says from when on.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use writ_core::object::Approval;
use writ_core::time::{Seconds, Time};
use writ_core::view::{ExecutionView, RequestView};
use writ_store::Listing;

use super::asked::Asked;
use super::auditor::Reader;
use super::day::Day;
use super::frame::{Frame, Part};
use super::show as answer;
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::{Shown, shown};

/// How many rows of a kind are read at most.
const MOST: usize = 5_000;
/// How many are read at once.
const CHUNK: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[serde(default)]
    by: Span,
}

/// How long a bar is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Span {
    #[default]
    Day,
    Week,
}

impl Span {
    const fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }

    /// How many bars there are.
    const fn bars(self) -> i64 {
        match self {
            Self::Day => 28,
            Self::Week => 26,
        }
    }

    /// The first day of the bar that a day is in; weeks begin on Monday, and
    /// 1970-01-01 was a Thursday.
    const fn begin(self, day: Day) -> Day {
        match self {
            Self::Day => day,
            Self::Week => Day(day.0 - (day.0 + 3).rem_euclid(7)),
        }
    }
}

/// One bar of a picture, in its units.
struct Bar {
    name: String,
    count: usize,
    x: usize,
    width: usize,
    y: usize,
    height: usize,
    /// Whether there is room to name it below.
    is_named: bool,
    /// Whether there is not, where the picture is small.
    is_second: bool,
}

/// A picture of bars, and the numbers behind it.
struct Picture {
    id: &'static str,
    title: String,
    bars: Vec<Bar>,
    most: usize,
    total: usize,
}

/// The size of a picture, in its units.
const WIDTH: usize = 720;
const HEIGHT: usize = 150;
/// Room for the greatest number at the left.
const LEFT: usize = 32;

impl Picture {
    fn new(id: &'static str, title: String, counts: Vec<(String, usize)>) -> Self {
        let most = counts
            .iter()
            .map(|(_, count)| *count)
            .max()
            .unwrap_or(0)
            .max(1);
        let total = counts.iter().map(|(_, count)| count).sum();
        let step = (WIDTH - LEFT) / counts.len().max(1);
        let every = counts.len().div_ceil(7);
        let bar = |(at, (name, count)): (usize, (String, usize))| {
            let height = (HEIGHT * count).div_ceil(most);
            Bar {
                name,
                count,
                x: LEFT + at * step,
                width: step.saturating_sub(3).max(1),
                y: HEIGHT.saturating_sub(height),
                height,
                is_named: at % every == 0,
                is_second: (at / every) % 2 == 1,
            }
        };
        let bars = counts.into_iter().enumerate().map(bar).collect();
        Self {
            id,
            title,
            bars,
            most,
            total,
        }
    }
}

#[derive(Template)]
#[template(path = "figures.html")]
struct Page {
    frame: Frame,
    by: Span,
    pictures: Vec<Picture>,
    /// The request that waits the longest.
    oldest: Option<RequestView>,
    waiting: usize,
    /// The oldest row that was read, where more were left.
    cut: Option<Time>,
    most: usize,
}

/// `GET /figures?by=day|week`
pub(super) async fn show(
    Reader(caller): Reader,
    State(app): State<App>,
    Asked(Wish { by }): Asked<Wish>,
) -> Result<Response, Failure> {
    let _room = app.may_hold().ok_or(Failure::Overloaded)?;
    let now = app.engine().now();
    let last = by.begin(Day::of(now));
    let first = Day(last.0 - by.days() * (by.bars() - 1));
    let (requests, cut_requests) = rows::<RequestView>(&caller, &app, first.begin()).await?;
    let (runs, cut_runs) = rows::<ExecutionView>(&caller, &app, first.begin()).await?;
    let over_time = |times: Vec<Time>| over_time(by, first, &times);
    let span = match by {
        Span::Day => "a day",
        Span::Week => "a week",
    };
    let decided = to_decision(&requests);
    let pictures = vec![
        Picture::new(
            "requests",
            format!("Requests {span}"),
            over_time(requests.iter().map(|view| view.raised).collect()),
        ),
        Picture::new(
            "runs",
            format!("Runs {span}"),
            over_time(runs.iter().map(|view| view.authorized).collect()),
        ),
        Picture::new("decisions", "Time to decision".to_owned(), decided),
    ];
    let state = caller.state();
    let pending = state.requests().filter(|record| record.grant.is_none());
    let mut waiting: Vec<_> = pending.collect();
    waiting.sort_by_key(|record| (record.raised, record.id));
    answer(&Page {
        frame: Frame::new(&caller, &app, Part::Figures, "Figures")
            .await?
            .still(),
        by,
        pictures,
        oldest: waiting
            .first()
            .map(|record| RequestView::from(record.as_ref())),
        waiting: waiting.len(),
        cut: cut_requests.max(cut_runs),
        most: MOST,
    })
}

/// The rows of what was made since then, the newest first; and where it ends, if
/// not all were read.
async fn rows<V: Shown>(
    caller: &Caller<Anyone>,
    app: &App,
    since: Time,
) -> Result<(Vec<V>, Option<Time>), Failure> {
    let mut query = Listing {
        noun: V::NOUN,
        visible: None,
        with: Vec::new(),
        before: None,
        limit: CHUNK,
    };
    let mut read = Vec::new();
    while read.len() < MOST {
        let rows = app.engine().store().list(&query).await?;
        for row in &rows {
            let Some(view) = shown::<V>(caller.state(), row)? else {
                continue;
            };
            if view.made() < since {
                return Ok((read, None));
            }
            read.push(view);
        }
        match rows.last() {
            Some(last) if rows.len() == CHUNK => query.before = Some((last.created, last.id)),
            Some(_) | None => return Ok((read, None)),
        }
    }
    let oldest = read.last().map(V::made);
    Ok((read, oldest))
}

fn over_time(by: Span, first: Day, times: &[Time]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<Day, usize> = BTreeMap::new();
    for bar in 0..by.bars() {
        counts.insert(Day(first.0 + bar * by.days()), 0);
    }
    for time in times {
        if let Some(count) = counts.get_mut(&by.begin(Day::of(*time))) {
            *count += 1;
        }
    }
    counts
        .into_iter()
        .map(|(day, count)| (day.to_string(), count))
        .collect()
}

/// How long it took until somebody granted or denied what somebody was asked for.
fn to_decision(requests: &[RequestView]) -> Vec<(String, usize)> {
    const STEPS: [(&str, i64); 6] = [
        ("under 5 min", 5 * Seconds::MINUTE.millis()),
        ("under 15 min", 15 * Seconds::MINUTE.millis()),
        ("under 1 h", Seconds::HOUR.millis()),
        ("under 4 h", 4 * Seconds::HOUR.millis()),
        ("under 1 day", Seconds::DAY.millis()),
        ("longer", i64::MAX),
    ];
    let mut counts: Vec<(String, usize)> = STEPS
        .iter()
        .map(|(name, _)| ((*name).to_owned(), 0))
        .collect();
    for view in requests
        .iter()
        .filter(|view| view.approval == Approval::Manual)
    {
        let Some(decided) = decided(view) else {
            continue;
        };
        let took = decided.0.saturating_sub(view.raised.0);
        let step = STEPS.iter().position(|(_, limit)| took < *limit);
        if let Some((_, count)) = step.and_then(|step| counts.get_mut(step)) {
            *count += 1;
        }
    }
    counts
}

/// When somebody decided: the last approval of what was granted, or the denial.
fn decided(view: &RequestView) -> Option<Time> {
    match &view.grant {
        Some(_) => view.approvals.iter().map(|approval| approval.at).max(),
        None => {
            let denied = view.status == writ_core::record::Status::Denied;
            view.ending
                .as_ref()
                .filter(|_| denied)
                .map(|ending| ending.at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-11-30 is a Monday.
        let monday = Day::try_from("2026-11-30".to_owned()).unwrap();
        for day in 0..7 {
            assert_eq!(Span::Week.begin(Day(monday.0 + day)), monday);
        }
        assert_eq!(Span::Week.begin(Day(monday.0 - 1)), Day(monday.0 - 7));
    }

    #[test]
    fn a_picture_holds_all_its_bars() {
        for count in [1, 6, 26, 28] {
            let counts = (0..count).map(|at| (at.to_string(), at)).collect();
            let picture = Picture::new("x", String::new(), counts);
            for bar in &picture.bars {
                assert!(bar.x + bar.width <= WIDTH && bar.y + bar.height == HEIGHT);
            }
            assert_eq!(picture.total, count * (count - 1) / 2);
        }
    }
}
