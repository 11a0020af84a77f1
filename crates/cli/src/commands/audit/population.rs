//! The population: what happened in a period, from the entries alone.
//!
//! The same entries make the same bytes, so whoever has the log can make the
//! files again and compare.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use writ_client::audit::Record;
use writ_core::csv::csv;
use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::log::{Checkpoint, Frontier};
use writ_core::record::{ApprovalRecord, ExecutionRecord, RequestRecord};
use writ_core::state::Decided;
use writ_core::statement::TreeHead;
use writ_core::time::Time;
use writ_core::view::RunStatus;

use super::format::Format;
use crate::commands::log::Shown;
use crate::exit::Failure;

/// The file that names the period; the others follow from it and the log.
pub(super) const SUMMARY: &str = "summary.json";

/// Every entry of the period, one a line.
pub(super) const ENTRIES: &str = "entries.jsonl";

/// Names and bytes of files.
pub(super) type Files = BTreeMap<&'static str, Vec<u8>>;

/// Names, and what was written to under them.
pub(super) type Written<W> = Vec<(&'static str, W)>;

/// From when until when, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    pub(super) from: Time,
    pub(super) to: Time,
}

impl Period {
    fn has(&self, time: Time) -> bool {
        (self.from..self.to).contains(&time)
    }
}

/// What `summary.json` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Summary {
    pub(super) organization_id: String,
    pub(super) period: Period,
    /// Whether nothing more can be appended that lies in the period.
    pub(super) is_over: bool,
    /// Of the log that it was made of.
    pub(super) log: TreeHead,
    pub(super) entries: usize,
    pub(super) requests: usize,
    pub(super) executions: usize,
    /// In which other forms the entries are there too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) formats: Vec<Format>,
}

/// What has been read of the first entries of a log, as far as a period needs it.
pub(super) struct Population<W> {
    period: Period,
    /// How many entries are read; what comes after is not of this export.
    size: u64,
    tree: Frontier,
    time: Time,
    entries: W,
    formats: Vec<(Format, W)>,
    count: usize,
    requests: BTreeMap<RequestId, Arc<RequestRecord>>,
    executions: BTreeMap<ExecutionId, Arc<ExecutionRecord>>,
    /// The requests that the period is about, and its runs, in order.
    asked: BTreeSet<RequestId>,
    ran: Vec<ExecutionId>,
    odd: Option<Failure>,
}

impl<W: Write> Population<W> {
    /// Of the first entries of a log. Those of the period are written as they are
    /// read, into the files that `open` opens.
    pub(super) fn of(
        period: Period,
        size: u64,
        formats: &[Format],
        mut open: impl FnMut(&'static str) -> Result<W, Failure>,
    ) -> Result<Self, Failure> {
        let entries = open(ENTRIES)?;
        let mut opened = Vec::new();
        for format in formats {
            let mut file = open(format.file())?;
            write(&mut file, format.file(), format.head())?;
            opened.push((*format, file));
        }
        Ok(Self {
            period,
            size,
            tree: Frontier::default(),
            time: Time(0),
            entries,
            formats: opened,
            count: 0,
            requests: BTreeMap::new(),
            executions: BTreeMap::new(),
            asked: BTreeSet::new(),
            ran: Vec::new(),
            odd: None,
        })
    }

    /// Takes the next entry of the log; whether it is of this export.
    pub(super) fn see(&mut self, decided: &Decided, leaf_hash: Digest) -> bool {
        if decided.index.0 >= self.size {
            return false;
        }
        self.tree.push_hash(leaf_hash);
        self.time = decided.entry.time;
        let is_in_it = self.period.has(self.time);
        if is_in_it {
            self.count += 1;
            if self.odd.is_none() {
                self.odd = self.write_entry(decided).err();
            }
        }
        for fact in &decided.facts {
            if let Some(record) = fact.request() {
                self.see_request(record, is_in_it);
            }
            if let Some(record) = fact.execution() {
                self.see_execution(record, is_in_it);
            }
        }
        true
    }

    fn write_entry(&mut self, decided: &Decided) -> Result<(), Failure> {
        let shown = Shown::read(decided.index.0, &decided.leaf)?;
        write(&mut self.entries, ENTRIES, &format!("{}\n", shown.json()))?;
        if self.formats.is_empty() {
            return Ok(());
        }
        let record =
            Record::read(decided.index.0, &decided.leaf).map_err(writ_client::Error::from)?;
        for (format, file) in &mut self.formats {
            write(file, format.file(), &format.row(&record))?;
        }
        Ok(())
    }

    fn see_request(&mut self, record: &Arc<RequestRecord>, is_in_it: bool) {
        if is_in_it {
            self.asked.insert(record.id);
        }
        self.requests.insert(record.id, Arc::clone(record));
        // Nothing is run under what has ended.
        let is_of_before = !record.status.is_open() && !self.asked.contains(&record.id);
        if is_of_before {
            self.requests.remove(&record.id);
        }
    }

    fn see_execution(&mut self, record: &Arc<ExecutionRecord>, is_in_it: bool) {
        let is_known = self.executions.contains_key(&record.id);
        let is_new = is_in_it && record.authorized == self.time && !is_known;
        if is_new {
            self.ran.push(record.id);
            self.asked.extend(record.request);
        }
        if is_new || is_known {
            self.executions.insert(record.id, Arc::clone(record));
        }
    }

    /// The head of what was seen.
    fn head(&self) -> TreeHead {
        TreeHead {
            size: self.tree.size(),
            root: self.tree.root(),
        }
    }

    /// What was written to, by name, and the other files, if what was seen is what
    /// the checkpoint is of.
    pub(super) fn end(
        self,
        checkpoint: &Checkpoint,
        organization: &str,
    ) -> Result<(Written<W>, Summary, Files), Failure> {
        let log = self.head();
        if (checkpoint.size, checkpoint.root) != (log.size, log.root) {
            return Err(Failure::broken(format!(
                "the checkpoint is of {} entries with the root {}, and these are {} with the root {}",
                checkpoint.size, checkpoint.root, log.size, log.root
            )));
        }
        if let Some(odd) = self.odd {
            return Err(odd);
        }
        let requests: Vec<_> = self
            .asked
            .iter()
            .filter_map(|id| self.requests.get(id))
            .collect();
        let executions: Vec<_> = self
            .ran
            .iter()
            .filter_map(|id| self.executions.get(id))
            .collect();
        let summary = Summary {
            organization_id: organization.to_owned(),
            period: self.period,
            is_over: self.time >= self.period.to,
            log,
            entries: self.count,
            requests: requests.len(),
            executions: executions.len(),
            formats: self.formats.iter().map(|(format, _)| *format).collect(),
        };
        let mut text = serde_json::to_vec_pretty(&summary).map_err(Failure::broken)?;
        text.push(b'\n');
        let request_of = |run: &ExecutionRecord| self.requests.get(&run.request?).map(Arc::as_ref);
        let runs = executions.iter().map(|run| run_row(run, request_of(run)));
        let files = BTreeMap::from([
            (SUMMARY, text),
            (
                "requests.csv",
                csv(&REQUEST_HEAD, requests.iter().map(|r| request_row(r))),
            ),
            ("executions.csv", csv(&RUN_HEAD, runs)),
        ]);
        let formats = self.formats.into_iter();
        let written = formats.map(|(format, file)| (format.file(), file));
        let written = written.chain([(ENTRIES, self.entries)]).collect();
        Ok((written, summary, files))
    }
}

fn write(file: &mut impl Write, name: &str, text: &str) -> Result<(), Failure> {
    file.write_all(text.as_bytes())
        .map_err(|error| Failure::broken(format!("{name}: {error}")))
}

const REQUEST_HEAD: [&str; 17] = [
    "request",
    "raised",
    "by",
    "task",
    "parameters",
    "reason",
    "ticket",
    "duration_s",
    "start",
    "runs",
    "approvals",
    "status",
    "live_from",
    "live_until",
    "ended",
    "ended_by",
    "comment",
];

fn request_row(record: &RequestRecord) -> [String; 17] {
    let (grant, ending) = (record.grant.as_ref(), record.ending.as_ref());
    [
        record.id.to_string(),
        record.raised.to_string(),
        record.by.to_string(),
        record.task.to_string(),
        json(&record.parameters),
        record.reason.clone(),
        or_nothing(record.ticket.as_ref()),
        record.duration_s.0.to_string(),
        or_nothing(record.start),
        or_nothing(record.runs),
        approvals(&record.approvals),
        record.status.name().to_owned(),
        or_nothing(grant.map(|grant| grant.from)),
        or_nothing(grant.map(|grant| grant.until)),
        or_nothing(ending.map(|ending| ending.at)),
        or_nothing(ending.and_then(|ending| ending.by.as_ref())),
        or_nothing(ending.and_then(|ending| ending.comment.as_ref())),
    ]
}

const RUN_HEAD: [&str; 18] = [
    "execution",
    "authorized",
    "by",
    "task",
    "parameters",
    "request",
    "reason",
    "ticket",
    "requested",
    "approvals",
    "node",
    "result",
    "ended",
    "exit",
    "note",
    "resolved",
    "resolved_by",
    "resolution",
];

/// An exempt run has no request; `request` says so.
fn run_row(run: &ExecutionRecord, request: Option<&RequestRecord>) -> [String; 18] {
    let (outcome, resolution) = (run.outcome.as_ref(), run.resolution.as_ref());
    [
        run.id.to_string(),
        run.authorized.to_string(),
        run.by.to_string(),
        run.task.to_string(),
        json(&run.parameters),
        run.request
            .map_or_else(|| "exempt".to_owned(), |id| id.to_string()),
        request.map_or_else(String::new, |request| request.reason.clone()),
        or_nothing(request.and_then(|request| request.ticket.as_ref())),
        or_nothing(request.map(|request| request.raised)),
        request.map_or_else(String::new, |request| approvals(&request.approvals)),
        run.node.to_string(),
        RunStatus::from(run).name().to_owned(),
        or_nothing(outcome.map(|outcome| outcome.at)),
        or_nothing(outcome.and_then(|outcome| outcome.exit)),
        or_nothing(outcome.and_then(|outcome| outcome.note.as_ref())),
        or_nothing(resolution.map(|found| found.at)),
        or_nothing(resolution.map(|found| &found.by)),
        or_nothing(resolution.map(|found| &found.note)),
    ]
}

fn approvals(approvals: &[ApprovalRecord]) -> String {
    let words = approvals.iter().map(|approval| {
        let comment = approval.comment.as_deref().unwrap_or_default();
        let comment = match comment {
            "" => String::new(),
            comment => format!(": {comment}"),
        };
        format!("{} {}{comment}", approval.by, approval.at)
    });
    words.collect::<Vec<_>>().join("; ")
}

fn or_nothing(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn json(value: &impl Serialize) -> String {
    // What was read from JSON can be written as JSON.
    serde_json::to_string(value).unwrap_or_default()
}
