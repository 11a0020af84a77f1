//! The journal: what was seen from outside the node, in the order in which it
//! happened. It outlives every crash, and the node knows nothing of it.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;
use writ_connect::Ended;
use writ_core::Published;
use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::envelope::Envelope;
use writ_core::refusal::TurnedAway;
use writ_core::run::Job;
use writ_core::statement::Body;
use writ_core::time::Time;
use writ_core::view::Posted;
use writ_engine::Clock;
use writ_store::{Backend, Memory};

use super::faults::SimClock;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A node began its life.
    Life,
    /// The target was asked to start a run.
    Started(Start),
    /// A run had its effect.
    Effect(ExecutionId),
    /// The target said how a run ended.
    Ended(ExecutionId, Ended),
    /// Whoever said something got an answer.
    Answered(usize, Result<Posted, TurnedAway>),
}

/// A start of a run, and what was so at that moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) execution: ExecutionId,
    pub(super) request: Option<RequestId>,
    /// The node's time.
    pub(super) now: Time,
    /// How many entries the node had published.
    pub(super) published: u64,
    /// How many entries were on disk.
    pub(super) stored: u64,
    /// How many entries the head had signed.
    pub(super) signed: u64,
}

/// Something that somebody said, once or again and again.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) envelope: Envelope,
    pub(super) digest: Digest,
    pub(super) body: Body,
    /// The text beside it.
    pub(super) beside: Option<&'static str>,
    /// What it was told in the end; it asks until then.
    pub(super) answer: Option<Result<Posted, TurnedAway>>,
}

#[derive(Default)]
pub(super) struct Seen {
    pub(super) said: Vec<Said>,
    pub(super) events: Vec<Event>,
    /// Every head that was seen in the state directory, the newest last.
    pub(super) heads: Vec<String>,
    published: Option<watch::Receiver<Published>>,
}

/// A clone is the same journal.
#[derive(Clone)]
pub(super) struct Journal {
    seen: Arc<Mutex<Seen>>,
    kept: Memory,
    clock: SimClock,
    head: PathBuf,
}

impl Journal {
    pub(super) fn new(kept: Memory, clock: SimClock, head: PathBuf) -> Self {
        Self {
            seen: Arc::default(),
            kept,
            clock,
            head,
        }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(super) fn note(&self, event: Event) {
        self.seen().events.push(event);
    }

    /// A node lives from now on, and publishes there.
    pub(super) fn begin_life(&self, published: watch::Receiver<Published>) {
        let mut seen = self.seen();
        seen.events.push(Event::Life);
        seen.published = Some(published);
    }

    /// Somebody says something: its number.
    pub(super) fn say(&self, said: Said) -> usize {
        let mut seen = self.seen();
        seen.said.push(said);
        seen.said.len() - 1
    }

    /// Those who have no answer yet.
    pub(super) fn unanswered(&self) -> Vec<usize> {
        let seen = self.seen();
        let open = |number: &usize| seen.said[*number].answer.is_none();
        (0..seen.said.len()).filter(open).collect()
    }

    /// The target was asked to start a run.
    pub(super) async fn started(&self, job: &Job) {
        let stored = self.kept.head().await.unwrap().size;
        let signed = self.look_at_head();
        let mut seen = self.seen();
        let published = seen.published.as_ref().unwrap().borrow().clone();
        let start = Start {
            execution: job.execution,
            request: job.request,
            now: self.clock.now().max(published.state().time()),
            published: published.size(),
            stored,
            signed,
        };
        seen.events.push(Event::Started(start));
    }

    /// Remembers the head as it is now: how many entries it signs.
    pub(super) fn look_at_head(&self) -> u64 {
        let head = fs::read_to_string(&self.head).unwrap();
        let size = size_of(&head);
        let mut seen = self.seen();
        if seen.heads.last() != Some(&head) {
            seen.heads.push(head);
        }
        size
    }

    /// Puts back an older head: what was not synced when the power went.
    pub(super) fn lose_head(&self) {
        self.look_at_head();
        let mut seen = self.seen();
        if seen.heads.len() > 1 {
            seen.heads.pop();
        }
        fs::write(&self.head, seen.heads.last().unwrap()).unwrap();
    }

    /// How often a run had its effect.
    pub(super) fn effects(&self, execution: ExecutionId) -> usize {
        let seen = self.seen();
        let had = |event: &&Event| matches!(event, Event::Effect(id) if *id == execution);
        seen.events.iter().filter(had).count()
    }
}

/// The size in a checkpoint's second line; 0 of none.
pub(super) fn size_of(checkpoint: &str) -> u64 {
    let line = checkpoint.lines().nth(1);
    line.map_or(0, |line| line.parse().unwrap())
}
