//! The walk: from where on, how far, and what was found.

use std::collections::BTreeSet;

use writ_core::audit::Record;
use writ_core::digest::{Digest, Index};
use writ_core::entry::Entry;
use writ_core::envelope::PayloadType;
use writ_core::log::Tile;
use writ_core::statement::Unverified;
use writ_core::time::Time;
use writ_core::view::{ExecutionView, RequestView};
use writ_store::{Listing, StoredEntry};

use super::known::Known;
use super::sentence::{called, sentence};
use super::{Filter, Line, Sought};
use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::{IdPrefix, Shown, find};

/// How many entries a page shows at most.
const MOST: usize = 50;
/// How many entries are looked at for a page at most, but for the rest of a tile.
const LOOK: u64 = 4_096;
/// How many runs of a request are followed.
const MAX_RUNS: usize = 500;

/// Entries, from one until before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: u64,
    pub(super) until: u64,
}

/// What a walk found.
pub(super) struct Found {
    pub(super) lines: Vec<Line>,
    pub(super) looked: Range,
    pub(super) back_to: Option<Time>,
}

/// Which entries can hold what is looked for, and if none can, why.
pub(super) async fn range(
    caller: &Caller<Anyone>,
    app: &App,
    filter: &Filter,
    sought: &mut Sought,
) -> Result<(Range, Option<String>), Failure> {
    let nothing = Range { from: 0, until: 0 };
    if filter.is_contradiction() {
        let problem = "This task is none of this workload.".to_owned();
        return Ok((nothing, Some(problem)));
    }
    let size = caller.size();
    let begin = |time: Time| Time(time.0.saturating_sub(1));
    let from = match filter.from {
        Some(day) => app.engine().size_at(begin(day.begin())).await?,
        None => 0,
    };
    let until = match filter.to {
        Some(day) => app.engine().size_at(begin(day.next().begin())).await?,
        None => size,
    };
    let until = until.min(size).min(filter.before.unwrap_or(size));
    let whole = Range { from, until };
    let id = filter.id.trim();
    if id.is_empty() {
        return Ok((whole, None));
    }
    let of_it = match named(caller, app, id).await {
        Ok((ids, of_it)) => {
            sought.ids = ids;
            of_it
        }
        Err(Named::Problem(problem)) => return Ok((nothing, Some(problem))),
        Err(Named::Failed(failure)) => return Err(failure),
    };
    let both = Range {
        from: whole.from.max(of_it.from),
        until: whole.until.min(of_it.until),
    };
    Ok((both, None))
}

/// Why an id names nothing.
enum Named {
    Problem(String),
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Named {
    fn from(error: E) -> Self {
        let failure = error.into();
        let is_no_name = matches!(
            failure,
            Failure::NotFound { .. } | Failure::Ambiguous { .. }
        );
        match is_no_name {
            true => Self::Problem(failure.to_string()),
            false => Self::Failed(failure),
        }
    }
}

/// What an id names, and the entries from the first to the last about it.
async fn named(
    caller: &Caller<Anyone>,
    app: &App,
    id: &str,
) -> Result<(Option<BTreeSet<Digest>>, Range), Named> {
    let store = app.engine().store().as_ref();
    if let Some(index) = id
        .strip_prefix('#')
        .and_then(|index| index.parse::<u64>().ok())
    {
        let until = index.saturating_add(1);
        return Ok((None, Range { from: index, until }));
    }
    let prefix: IdPrefix = id.parse().map_err(Named::Problem)?;
    let state = caller.state();
    let request = find::<RequestView>(state, store, &prefix, |_| true).await;
    let whole = match request {
        Ok(view) => return Ok(of_request(app, view.id.0).await?),
        Err(Failure::NotFound { .. }) => {
            match find::<ExecutionView>(state, store, &prefix, |_| true).await {
                Ok(view) => view.id.0,
                // Any other statement is found if it is named whole.
                Err(failure @ Failure::NotFound { .. }) => {
                    let digest: Digest = id.parse().map_err(|_| failure.clone())?;
                    let index = store.find(digest).await?.ok_or(failure)?;
                    let (from, until) = (index.0, index.0.saturating_add(1));
                    return Ok((Some(BTreeSet::from([digest])), Range { from, until }));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(failure) => return Err(failure.into()),
    };
    let row = store.row(ExecutionView::NOUN, whole).await?;
    let range = row.map(|row| (row.created, row.at));
    let range = range.unwrap_or((Index(0), Index(caller.size())));
    Ok((Some(BTreeSet::from([whole])), spanned(range)))
}

fn spanned((from, last): (Index, Index)) -> Range {
    Range {
        from: from.0,
        until: last.0.saturating_add(1),
    }
}

/// A request with the runs under it.
async fn of_request(app: &App, id: Digest) -> Result<(Option<BTreeSet<Digest>>, Range), Failure> {
    let store = app.engine().store();
    let row = store.row(RequestView::NOUN, id).await?;
    let mut range = row.map_or((Index(0), Index(u64::MAX)), |row| (row.created, row.at));
    let runs = Listing {
        noun: ExecutionView::NOUN,
        visible: None,
        with: vec![("request", id.to_string())],
        before: None,
        limit: MAX_RUNS,
    };
    let mut ids = BTreeSet::from([id]);
    for run in store.list(&runs).await? {
        range.1 = range.1.max(run.at);
        ids.insert(run.id);
    }
    Ok((Some(ids), spanned(range)))
}

/// Walks back through a range, until a page is full or enough was looked at.
pub(super) async fn found(
    caller: &Caller<Anyone>,
    app: &App,
    sought: &Sought,
    range: Range,
) -> Result<Found, Failure> {
    let mut known = Known::new(caller, app);
    let mut lines = Vec::new();
    let mut back_to = None;
    let mut at = range.until.max(range.from);
    let until = at;
    while at > range.from && lines.len() < MOST && until - at < LOOK {
        for (record, stored) in before(app, at).await? {
            if at <= range.from || lines.len() == MOST {
                break;
            }
            at = record.index;
            back_to = Some(record.time);
            if is_sought(sought, &record) && known.fits(&sought.wanted, &record).await? {
                lines.push(line(&record, &stored, &mut known).await?);
            }
        }
    }
    Ok(Found {
        lines,
        looked: Range { from: at, until },
        back_to,
    })
}

pub(super) fn is_sought(sought: &Sought, record: &Record) -> bool {
    let is_kind = |kind| record.kind == PayloadType::Statement(kind);
    let is_about = |ids: &BTreeSet<Digest>| {
        ids.contains(&record.digest) || record.earlier().is_some_and(|id| ids.contains(&id))
    };
    sought.kind.is_none_or(is_kind)
        && sought.verdict.is_none_or(|verdict| verdict.of(record))
        && sought.ids.as_ref().is_none_or(is_about)
}

/// The entries of the tile that ends before an index, the newest first.
async fn before(app: &App, index: u64) -> Result<Vec<(Record, StoredEntry)>, Failure> {
    let part = Tile::up_to(index.saturating_sub(1)).part;
    let entries = app.engine().part(part).await?;
    let entries = entries.ok_or_else(|| Failure::beyond(app))?;
    read(entries).await.map(|mut read| {
        read.reverse();
        read
    })
}

/// Entries with the records of them. Reading many takes a while.
pub(super) async fn read(entries: Vec<StoredEntry>) -> Result<Vec<(Record, StoredEntry)>, Failure> {
    let odd = |cause: String| Failure::Internal { cause };
    let read = tokio::task::spawn_blocking(move || {
        let read = entries.into_iter().map(|entry| {
            let record = Record::read(entry.index.0, &entry.leaf)?;
            Ok((record, entry))
        });
        read.collect::<Result<Vec<_>, writ_core::audit::UnreadableError>>()
    });
    let read = read.await.map_err(|error| odd(error.to_string()))?;
    read.map_err(|error| odd(error.to_string()))
}

async fn line(
    record: &Record,
    stored: &StoredEntry,
    known: &mut Known<'_>,
) -> Result<Line, Failure> {
    let odd = |cause: String| Failure::Internal { cause };
    let entry = Entry::parse(&stored.leaf).map_err(|error| odd(error.to_string()))?;
    let said = Unverified::read(entry.envelope.clone());
    let said = said.map_err(|error| odd(error.to_string()))?;
    let kind = match record.kind {
        PayloadType::Statement(kind) => called(kind),
        PayloadType::Session | PayloadType::KeyPossession => "",
    };
    Ok(Line {
        index: record.index,
        time: entry.time,
        code: entry.code.as_deref().map(str::to_owned),
        accepted: entry.accepted,
        kind,
        sentence: sentence(&entry, said.statement(), known).await?,
    })
}
