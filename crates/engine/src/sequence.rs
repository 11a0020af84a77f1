//! The sequencer: one batch after another, each in one transaction.
//!
//! It takes what waits, decides it on a copy, appends it, and only when the
//! store says that it is on disk publishes the new State and answers. Whatever
//! goes wrong, only the copy is dropped. When the fate of an append is unknown
//! it asks for the head, whose answer is final, reads what the log holds, as at
//! start, and decides again whatever is not there: what had been appended
//! answers the same receipt.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use writ_core::Published;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::log::Tiles;
use writ_core::names::Name;
use writ_core::refusal::TurnedAway;
use writ_core::state::Decided;
use writ_core::statement::{Body, Verified};
use writ_core::time::Time;
use writ_core::view::{Posted, Receipt};
use writ_store::{Backend, Batch, Point, StoreError, point};

use crate::clock::{Clock, Entropy};
use crate::door::{TurnedAwayCount, out_of_time};
use crate::figures::Counting;
use crate::follow::{Followed, read_on};
use crate::keep::Keeping;
use crate::known::known;
use crate::ledger::{Ledger, Step};
use crate::local::LocalState;
use crate::project::{rows, stored};
use crate::room::{Room, Slot};
use crate::speak;

/// How many statements one transaction holds at most.
const MAX_BATCH: usize = 512;
/// How often a batch is decided anew after a conflict or a lost append.
const MAX_TRIES: usize = 5;
/// How long to wait before asking a lost store again.
const PAUSE: Duration = Duration::from_millis(200);

/// A statement on its way to the log.
pub(crate) struct Item {
    pub(crate) said: Verified,
    pub(crate) blobs: Vec<(Digest, Vec<u8>)>,
    /// Room for the run that it would start; the sequencer takes it.
    pub(crate) slot: Option<Slot>,
    pub(crate) reply: oneshot::Sender<Result<Posted, TurnedAway>>,
}

impl Item {
    fn answer(self, answer: Result<Posted, TurnedAway>) {
        // Whoever asked may have gone; what was recorded stands.
        let _ = self.reply.send(answer);
    }
}

/// A run that is authorised, durable and this node's to start.
pub(crate) struct ToStart {
    pub(crate) execution: ExecutionId,
    pub(crate) slot: Option<Slot>,
}

/// What the sequencer works with; it owns the only ledger that is appended to.
pub(crate) struct Sequencer {
    pub(crate) ledger: Ledger,
    pub(crate) keeping: Keeping,
    pub(crate) local: LocalState,
    pub(crate) store: Arc<dyn Backend>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) node: Name,
    pub(crate) inbox: mpsc::Receiver<Item>,
    pub(crate) published: watch::Sender<Published>,
    pub(crate) checkpoint: watch::Sender<Arc<str>>,
    pub(crate) tiles: watch::Sender<Tiles>,
    pub(crate) room: Room,
    pub(crate) to_start: mpsc::UnboundedSender<ToStart>,
    pub(crate) turned_away: TurnedAwayCount,
    pub(crate) figures: Counting,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) stopped: watch::Sender<bool>,
}

/// The log cannot be followed any more; the node must stop.
struct Lost;

/// What the sequencer does next.
enum Next {
    Second,
    Item(Box<Item>),
    Stop,
}

impl Sequencer {
    /// Works until it is told to stop, or the log turns out to be corrupt.
    pub(crate) async fn run(mut self) {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // What waits goes before the stop: the door lets nothing new in.
            let next = tokio::select! {
                biased;
                _ = second.tick() => Next::Second,
                Some(item) = self.inbox.recv() => Next::Item(Box::new(item)),
                _ = self.stop.changed() => Next::Stop,
            };
            let outcome = match next {
                Next::Second => self.each_second().await,
                Next::Item(first) => {
                    let batch = self.collect(*first);
                    self.process(batch).await
                }
                Next::Stop => break,
            };
            if outcome.is_err() {
                break;
            }
        }
        self.sync_head();
        let Self {
            ledger,
            keeping,
            local,
            stopped,
            ..
        } = self;
        keeping.end(&ledger).await;
        // Whoever waits for the end may open the directory again at once.
        drop(local);
        stopped.send_replace(true);
    }

    fn collect(&mut self, first: Item) -> Vec<Item> {
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH
            && let Ok(item) = self.inbox.try_recv()
        {
            batch.push(item);
        }
        batch
    }

    /// What of a batch is to be decided at `now`; the rest is answered.
    ///
    /// INVARIANT: what is decided is fresh. So if the log held it already, State
    /// would still know.
    fn sift(&self, batch: Vec<Item>, now: Time) -> Vec<Item> {
        let now = now.max(self.ledger.state().time());
        let (mut here, mut kept) = (BTreeSet::new(), Vec::with_capacity(batch.len()));
        for mut item in batch {
            let digest = item.said.digest();
            match self.answer_early(&mut item, here.contains(&digest), now) {
                Some(answer) => item.answer(answer),
                None => {
                    here.insert(digest);
                    kept.push(item);
                }
            }
        }
        kept
    }

    /// The answer to what is known, to what has grown too old while it waited,
    /// and to a run that there is no room for; the same run twice in a batch
    /// needs room once.
    fn answer_early(
        &self,
        item: &mut Item,
        is_twice: bool,
        now: Time,
    ) -> Option<Result<Posted, TurnedAway>> {
        let (digest, statement) = (item.said.digest(), item.said.statement());
        if let Some(answer) = self.ledger.state().answer(digest) {
            let checkpoint = self.checkpoint.borrow().to_string();
            return Some(Ok(known(digest, answer, checkpoint)));
        }
        if !statement.is_fresh(now) {
            return Some(Err(out_of_time(statement, now)));
        }
        if matches!(statement.body, Body::Invoke(_)) && item.slot.is_none() && !is_twice {
            match self.room.take() {
                Ok(slot) => item.slot = Some(slot),
                Err(why) => return Some(Err(why)),
            }
        }
        None
    }

    /// Syncs the head, and lets time pass where a deadline has and nobody spoke.
    async fn each_second(&mut self) -> Result<(), Lost> {
        self.sync_head();
        self.keeping.grown(&self.ledger);
        let now = self.clock.now();
        let is_due = self
            .ledger
            .state()
            .next_deadline()
            .is_some_and(|at| at <= now);
        let Some(instance) = self.ledger.state().organization().filter(|_| is_due) else {
            return Ok(());
        };
        let count = self.turned_away.take();
        let key = &self.local.log_key;
        let Some(said) = speak::tick(count, key, instance, now, &*self.entropy) else {
            return Ok(());
        };
        let (reply, mut answer) = oneshot::channel();
        let tick = Item {
            said,
            blobs: Vec::new(),
            slot: None,
            reply,
        };
        let processed = self.process(vec![tick]).await;
        if !matches!(answer.try_recv(), Ok(Ok(_))) {
            // The next one says it.
            self.turned_away.add(count);
        }
        processed
    }

    async fn process(&mut self, mut batch: Vec<Item>) -> Result<(), Lost> {
        for _ in 0..MAX_TRIES {
            let now = self.clock.now();
            batch = self.sift(batch, now);
            if batch.is_empty() {
                return Ok(());
            }
            let said = batch.iter().map(|item| &item.said);
            let (next, steps) = self.ledger.decide(now, &self.node, said);
            point(Point::Decided);
            let begun = Instant::now();
            match self.store.append(self.write(&next, &steps, &batch)).await {
                Ok(()) => {
                    point(Point::Appended);
                    self.figures.appended(begun.elapsed());
                    self.figures
                        .decided(steps.iter().filter_map(Step::appended));
                    self.publish(next);
                    point(Point::Published);
                    self.answer(batch, steps);
                    point(Point::Answered);
                    return Ok(());
                }
                Err(StoreError::Conflict { .. } | StoreError::Unknown(_)) => {
                    self.catch_up(&mut batch).await?;
                }
                Err(
                    error @ (StoreError::Full(_)
                    | StoreError::Unavailable(_)
                    | StoreError::Corrupt(_)),
                ) => {
                    tracing::error!(%error, "a batch could not be appended");
                    refuse(batch, &error.to_string());
                    return Ok(());
                }
            }
        }
        // Each try was looked after: what is not in the log now never will be.
        let rest = self.sift(batch, self.clock.now());
        let problem = format!("the database failed {MAX_TRIES} times in a row");
        refuse(rest, &problem);
        Ok(())
    }

    /// What one append writes. Blobs are copied, since it may have to be tried again.
    fn write(&self, next: &Ledger, steps: &[Step], batch: &[Item]) -> Batch {
        let mut write = Batch {
            expect: self.ledger.head(),
            after: next.head(),
            entries: Vec::new(),
            rows: Vec::new(),
            blobs: Vec::new(),
        };
        for (step, item) in steps.iter().zip(batch) {
            if let Step::Appended(decided) = step {
                write.entries.push(stored(decided));
                write.rows.extend(rows(decided.index, &decided.facts));
                if decided.entry.accepted {
                    write.blobs.extend(item.blobs.iter().cloned());
                }
            }
        }
        write
    }

    /// INVARIANT: State is published only after the store said that it is on disk.
    fn publish(&mut self, ledger: Ledger) {
        self.ledger = ledger;
        // Before the checkpoint: whoever has that finds its tree.
        self.tiles.send_replace(self.ledger.tiles().clone());
        let note = self
            .ledger
            .checkpoint()
            .and_then(|checkpoint| checkpoint.sign(&self.local.log_key).ok());
        if let Some(note) = note {
            point(Point::BeforeHead);
            if let Err(error) = self.local.write_head(&note) {
                tracing::error!(%error, "the head could not be written");
            }
            point(Point::AfterHead);
            self.checkpoint.send_replace(note.into());
        }
        let state = self.ledger.state().clone();
        self.published
            .send_replace(Published::durable(state, self.ledger.size()));
    }

    fn answer(&self, batch: Vec<Item>, steps: Vec<Step>) {
        for (mut item, step) in batch.into_iter().zip(steps) {
            let posted = match step {
                Step::Appended(decided) => {
                    self.hand_over(&decided, item.slot.take());
                    self.posted(&decided)
                }
                Step::Known(answer) => {
                    let checkpoint = self.checkpoint.borrow().to_string();
                    known(item.said.digest(), &answer, checkpoint)
                }
            };
            item.answer(Ok(posted));
        }
    }

    /// Gives an authorised run to the runner, with the room that was kept for it.
    fn hand_over(&self, decided: &Decided, slot: Option<Slot>) {
        let execution = ExecutionId(decided.digest);
        let is_ours = self
            .ledger
            .state()
            .execution(execution)
            .is_some_and(|record| record.node == self.node && record.outcome.is_none());
        if decided.entry.accepted && is_ours {
            // The runner ends with us; a run it never saw ends unknown at start.
            let _ = self.to_start.send(ToStart { execution, slot });
        }
    }

    fn posted(&self, decided: &Decided) -> Posted {
        Posted {
            receipt: Receipt {
                index: decided.index,
                time: decided.entry.time,
                digest: decided.digest,
                accepted: decided.entry.accepted,
                code: decided.entry.code.clone(),
            },
            detail: decided.refusal.as_ref().map(ToString::to_string),
            facts: decided
                .facts
                .iter()
                .skip(decided.passed)
                .map(ToString::to_string)
                .collect(),
            checkpoint: self.checkpoint.borrow().to_string(),
        }
    }

    /// Goes on from what the log holds now, until the store answers. Runs that
    /// turn out to be authorised are handed over.
    async fn catch_up(&mut self, batch: &mut [Item]) -> Result<(), Lost> {
        loop {
            match read_on(&*self.store, &self.ledger).await {
                Ok((ledger, found)) => {
                    if ledger.size() > self.ledger.size() {
                        self.publish(ledger);
                    }
                    self.figures.decided(&found);
                    for decided in &found {
                        let mut waiting = batch.iter_mut();
                        let item = waiting.find(|item| item.said.digest() == decided.digest);
                        self.hand_over(decided, item.and_then(|item| item.slot.take()));
                    }
                    return Ok(());
                }
                Err(error @ (Followed::Corrupt(_) | Followed::Store(StoreError::Corrupt(_)))) => {
                    tracing::error!(%error, "the log cannot be followed; the node stops");
                    return Err(Lost);
                }
                Err(error @ Followed::Store(_)) => {
                    tracing::error!(%error, "the fate of an append is not known yet");
                    if *self.stop.borrow() {
                        return Err(Lost);
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn sync_head(&self) {
        point(Point::BeforeSync);
        if let Err(error) = self.local.sync_head() {
            tracing::error!(%error, "the head could not be synced");
        }
        point(Point::AfterSync);
    }
}

/// Nothing of it was recorded.
fn refuse(batch: Vec<Item>, problem: &str) {
    for item in batch {
        item.answer(Err(TurnedAway::Unavailable {
            problem: problem.to_owned(),
        }));
    }
}

/// Whether a statement only takes away or ends something: it has room in the
/// inbox when others have none.
pub(crate) fn goes_first(body: &Body) -> bool {
    matches!(
        body,
        Body::End(_) | Body::RevokeKey(_) | Body::Signout(_) | Body::Outcome(_) | Body::Tick(_)
    )
}
