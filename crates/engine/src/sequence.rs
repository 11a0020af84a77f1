//! The sequencer: one batch after another, each in one transaction.
//!
//! It takes what waits, decides it on a copy, appends it, and only when the
//! store says that it is on disk publishes the new State and answers. Whatever
//! goes wrong, only the copy is dropped. When the fate of an append is unknown
//! it reads what the log holds, as at start, and decides again whatever is not
//! there: what had been appended answers the same receipt.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};
use writ_core::Published;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::names::Name;
use writ_core::refusal::{Refusal, TurnedAway};
use writ_core::state::{Answer, Decided};
use writ_core::statement::{Body, Verified};
use writ_core::view::{Posted, Receipt};
use writ_store::{Backend, Batch, StoreError};

use crate::clock::{Clock, Entropy};
use crate::door::TurnedAwayCount;
use crate::ledger::{Ledger, Step, Trust};
use crate::local::LocalState;
use crate::project::{rows, stored};
use crate::speak;
use crate::start::{Followed, follow};

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
    /// Room for the run that it would start.
    pub(crate) slot: Option<OwnedSemaphorePermit>,
    pub(crate) reply: oneshot::Sender<Result<Posted, TurnedAway>>,
}

/// A run that is authorised, durable and this node's to start.
pub(crate) struct ToStart {
    pub(crate) execution: ExecutionId,
    pub(crate) slot: Option<OwnedSemaphorePermit>,
}

/// What the sequencer works with; it owns the only ledger that is appended to.
pub(crate) struct Sequencer {
    pub(crate) ledger: Ledger,
    pub(crate) local: LocalState,
    pub(crate) store: Arc<dyn Backend>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) node: Name,
    pub(crate) inbox: mpsc::Receiver<Item>,
    pub(crate) published: watch::Sender<Published>,
    pub(crate) checkpoint: watch::Sender<Arc<str>>,
    pub(crate) to_start: mpsc::UnboundedSender<ToStart>,
    pub(crate) turned_away: TurnedAwayCount,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) stopped: watch::Sender<bool>,
}

/// The log cannot be followed any more; the node must stop.
struct Lost;

/// What the sequencer does next.
enum Next {
    Second,
    Item(Item),
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
                Some(item) = self.inbox.recv() => Next::Item(item),
                _ = self.stop.changed() => Next::Stop,
            };
            let outcome = match next {
                Next::Second => self.each_second().await,
                Next::Item(first) => {
                    let batch = self.collect(first);
                    self.process(batch).await
                }
                Next::Stop => break,
            };
            if outcome.is_err() {
                break;
            }
        }
        self.sync_head();
        self.stopped.send_replace(true);
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

    /// Syncs the head, and lets time pass where a deadline has and nobody spoke.
    async fn each_second(&mut self) -> Result<(), Lost> {
        self.sync_head();
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
        // Nobody waits for the answer to a tick.
        let (reply, _) = oneshot::channel();
        self.process(vec![Item {
            said,
            blobs: Vec::new(),
            slot: None,
            reply,
        }])
        .await
    }

    async fn process(&mut self, mut batch: Vec<Item>) -> Result<(), Lost> {
        for _ in 0..MAX_TRIES {
            let now = self.clock.now();
            let said = batch.iter().map(|item| &item.said);
            let (next, steps) = self.ledger.decide(now, &self.node, said);
            let write = self.write(&next, &steps, &mut batch);
            if write.entries.is_empty() {
                self.answer(batch, steps);
                return Ok(());
            }
            match self.store.append(write).await {
                Ok(()) => {
                    self.publish(next);
                    self.answer(batch, steps);
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
                    refuse(
                        batch,
                        &TurnedAway::Unavailable {
                            problem: error.to_string(),
                        },
                    );
                    return Ok(());
                }
            }
        }
        refuse(batch, &TurnedAway::Unknown {});
        Ok(())
    }

    /// What one append writes. Blobs are copied, since it may have to be tried again.
    fn write(&self, next: &Ledger, steps: &[Step], batch: &mut [Item]) -> Batch {
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
        let note = self
            .ledger
            .checkpoint()
            .and_then(|checkpoint| checkpoint.sign(&self.local.log_key).ok());
        if let Some(note) = note {
            if let Err(error) = self.local.write_head(&note) {
                tracing::error!(%error, "the head could not be written");
            }
            self.checkpoint.send_replace(note.into());
        }
        let state = self.ledger.state().clone();
        self.published
            .send_replace(Published::durable(state, self.ledger.size()));
    }

    fn answer(&self, batch: Vec<Item>, steps: Vec<Step>) {
        for (item, step) in batch.into_iter().zip(steps) {
            let posted = match step {
                Step::Appended(decided) => {
                    self.hand_over(&decided, item.slot);
                    self.posted(&decided)
                }
                Step::Known(answer) => self.known(item.said.digest(), &answer),
            };
            // Whoever asked may have gone; the entry stands.
            let _ = item.reply.send(Ok(posted));
        }
    }

    /// Gives an authorised run to the runner, with the room that was kept for it.
    fn hand_over(&self, decided: &Decided, slot: Option<OwnedSemaphorePermit>) {
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

    fn known(&self, digest: Digest, answer: &Answer) -> Posted {
        known(digest, answer, self.checkpoint.borrow().to_string())
    }

    /// Reads what the log holds beyond the ledger, as start does, until the
    /// store answers. Runs that turn out to be authorised are handed over.
    async fn catch_up(&mut self, batch: &mut [Item]) -> Result<(), Lost> {
        loop {
            let mut ledger = self.ledger.clone();
            let mut found = Vec::new();
            let followed = follow(
                &*self.store,
                &mut ledger,
                |_| Trust::Signatures,
                |_, decided, _| {
                    found.push(decided);
                    Ok(())
                },
            );
            match followed.await {
                Ok(()) => {
                    if ledger.size() > self.ledger.size() {
                        self.publish(ledger);
                    }
                    for decided in &found {
                        let mut waiting = batch.iter_mut();
                        let item = waiting.find(|item| item.said.digest() == decided.digest);
                        self.hand_over(decided, item.and_then(|item| item.slot.take()));
                    }
                    return Ok(());
                }
                Err(Followed::Corrupt(corrupt)) => {
                    tracing::error!(%corrupt, "the log cannot be followed; the node stops");
                    return Err(Lost);
                }
                Err(Followed::Store(error)) => {
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
        if let Err(error) = self.local.sync_head() {
            tracing::error!(%error, "the head could not be synced");
        }
    }
}

/// The receipt that the same envelope got before.
pub(crate) fn known(digest: Digest, answer: &Answer, checkpoint: String) -> Posted {
    let code = answer.code.clone();
    Posted {
        detail: code
            .as_deref()
            .map(|code| Refusal::sentence_of(code).to_owned()),
        receipt: Receipt {
            index: answer.index,
            time: answer.time,
            digest,
            accepted: answer.accepted,
            code,
        },
        facts: Vec::new(),
        checkpoint,
    }
}

fn refuse(batch: Vec<Item>, why: &TurnedAway) {
    for item in batch {
        // Whoever asked may have gone.
        let _ = item.reply.send(Err(why.clone()));
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
