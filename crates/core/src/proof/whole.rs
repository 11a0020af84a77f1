//! The whole log: what a writ file alone cannot show.
//!
//! Whoever replays the whole log, every entry and every signature, feeds it
//! through a **whole**: it sees to it that the entries of a file are those of
//! the log and its checkpoint one of the log's, and finds what became of the
//! grant. That a run was accepted again with all the log before it is what
//! shows that nothing had taken the grant away.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::digest::{Digest, ExecutionId, Index, RequestId};
use crate::fact::{Fact, RequestEvent};
use crate::log::Frontier;
use crate::proof::{ProofError, Story};
use crate::record::RequestRecord;
use crate::state::Decided;
use crate::statement::TreeHead;
use crate::time::Time;
use crate::value::plain;
use crate::view::{EndingView, ExecutionView};

/// What is looked for in a whole log, and what was found so far.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    tree: Frontier,
    /// A run, by the first digits of its id.
    execution: Option<String>,
    request: Option<RequestId>,
    /// What a file says is in the log, and not seen yet.
    leaf_hashes: BTreeMap<Index, Digest>,
    head: Option<TreeHead>,
    found: Found,
}

/// What the whole log says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The run, as it is at the end of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionView>,
    /// The entry that authorised it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorized_by: Option<Index>,
    /// Its request, or the one in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// How the request ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// The entry that says so.
    pub index: Index,
    /// Denied, revoked, over, …
    pub status: crate::record::Status,
    /// When, by whom, why.
    pub ending: EndingView,
}

impl Whole {
    /// Looks for what a file is about, and for the file in the log.
    pub fn of_story(story: &Story) -> Self {
        let (execution, request) = (&story.execution, &story.request);
        Self {
            execution: execution.as_ref().map(|run| run.id.to_string()),
            request: request.as_ref().map(|request| request.id),
            leaf_hashes: story.leaf_hashes.clone(),
            head: Some(TreeHead {
                size: story.size,
                root: story.root,
            }),
            ..Self::default()
        }
    }

    /// Looks for a run, by the first digits of its id.
    pub fn of_execution(digits: &str) -> Self {
        Self {
            execution: Some(digits.to_owned()),
            ..Self::default()
        }
    }

    /// Takes the next entry of the log: what was decided, and its leaf hash.
    pub fn see(&mut self, decided: &Decided, leaf_hash: Digest) -> Result<(), ProofError> {
        let index = decided.index;
        if self
            .leaf_hashes
            .remove(&index)
            .is_some_and(|hash| hash != leaf_hash)
        {
            return Err(ProofError::AnotherEntry { index });
        }
        self.tree.push_hash(leaf_hash);
        let at_head = self.head.filter(|head| head.size == self.tree.size());
        if at_head.is_some_and(|head| head.root != self.tree.root()) {
            let size = self.tree.size();
            return Err(ProofError::AnotherLog { size, found: size });
        }
        let time = decided.entry.time;
        let mut facts = decided.facts.iter();
        facts.try_for_each(|fact| self.look(index, time, fact))
    }

    fn look(&mut self, index: Index, time: Time, fact: &Fact) -> Result<(), ProofError> {
        match fact {
            Fact::Execution { record } if self.is_wanted(record.id) => {
                let known = self.found.execution.as_ref();
                if known.is_some_and(|known| known.id != record.id) {
                    return Err(ProofError::SeveralRuns {
                        digits: self.execution.clone().unwrap_or_default(),
                    });
                }
                self.request = record.request;
                self.found.authorized_by.get_or_insert(index);
                self.found.execution = Some(record.as_ref().into());
            }
            Fact::Request {
                event: RequestEvent::Ended,
                record,
            } if Some(record.id) == self.request => {
                self.found.ended = Some(Ended::of(index, time, record));
            }
            Fact::Execution { .. }
            | Fact::Request { .. }
            | Fact::Founded { .. }
            | Fact::ObjectSet { .. }
            | Fact::ObjectRemoved { .. }
            | Fact::Keys { .. }
            | Fact::SignedOut { .. }
            | Fact::Recovered { .. } => {}
        }
        Ok(())
    }

    fn is_wanted(&self, id: ExecutionId) -> bool {
        let digits = self.execution.as_ref();
        digits.is_some_and(|digits| id.to_string().starts_with(digits))
    }

    /// The log ends here.
    pub fn end(mut self) -> Result<Found, ProofError> {
        let found = self.tree.size();
        match self.head {
            Some(TreeHead { size, .. }) if size > found => {
                Err(ProofError::AnotherLog { size, found })
            }
            _ => {
                self.found.request = self.request;
                Ok(self.found)
            }
        }
    }
}

impl Ended {
    fn of(index: Index, time: Time, record: &RequestRecord) -> Self {
        let ending = record.ending.as_ref();
        Self {
            index,
            status: record.status,
            ending: EndingView {
                at: ending.map_or(time, |ending| ending.at),
                by: ending.and_then(|ending| ending.by.clone()),
                comment: ending.and_then(|ending| ending.comment.clone()),
                kill: ending.is_some_and(|ending| ending.kill),
            },
        }
    }
}

impl fmt::Display for Found {
    /// In plain words, a line or several.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(run), Some(index)) = (&self.execution, self.authorized_by) {
            let held = if run.exempt { "exemption" } else { "grant" };
            writeln!(
                f,
                "Entry {index} authorised the run, with all entries before it: nothing had taken \
                 the {held} away."
            )?;
            match run.ended {
                Some(at) => writeln!(f, "The run is {} since {at}.", run.status.name())?,
                None => writeln!(f, "The run has no outcome in the log.")?,
            }
        }
        match (&self.ended, self.request) {
            (
                Some(Ended {
                    index,
                    status,
                    ending,
                }),
                _,
            ) => {
                write!(f, "The request is {} since {}", status.name(), ending.at)?;
                if let Some(by) = &ending.by {
                    write!(f, ", by {by}")?;
                }
                if let Some(comment) = &ending.comment {
                    write!(f, ", saying: {}", plain(comment))?;
                }
                write!(f, " (entry {index}).")
            }
            (None, Some(_)) => f.write_str("No entry of the log ends or revokes the request."),
            (None, None) => f.write_str("There is no request that could have ended."),
        }
    }
}
