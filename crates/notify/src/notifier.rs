//! The loop: each sink reads the log and sends what it found, apart from all
//! others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use writ_core::Published;
use writ_core::digest::{Index, RequestId};
use writ_core::fact::RequestEvent;
use writ_core::record::{RequestRecord, Status};
use writ_core::recorded::{Recorded, RecordedFact};
use writ_core::state::State;
use writ_core::time::{Seconds, Time};
use writ_engine::Engine;
use writ_store::{Message, Outbox, Pending, StoreError};

use crate::sink::{Failure, Sink};

/// How many entries are read at once.
const CHUNK: u64 = 256;
/// How many messages one entry may make: a sink reads on while it has room for as
/// many.
const ROOM: u64 = 1_000;
/// How long a sink waits for some of them to be gone.
const FULL: Duration = Duration::from_secs(1);
/// To how many recipients a sink sends at once.
const AT_ONCE: usize = 4;
/// How many messages go to one recipient before others are looked for.
const IN_A_ROW: usize = 64;
/// After this long others are looked for, too: a server may be slow to take each.
const ROUND: Duration = Duration::from_secs(10);
/// How many go together at most.
const MOST_TOGETHER: u32 = 100;
/// How long what was told or given up is remembered: longer than anything that
/// is found anew by the clock.
const REMEMBERED: Seconds = Seconds(30 * 86_400);
/// How many letters that ask for a decision somebody gets in an hour, one by one.
const FLOOD: u64 = 20;
const HOUR: Seconds = Seconds(3_600);
/// How long the letters of a flood are gathered: all of a quarter of an hour are one.
const GATHERED: Seconds = Seconds(900);

/// How long the loop waits for what.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Between two looks at what time has brought.
    pub look: Duration,
    /// Before a message is tried again, the first time and so on; the last from
    /// then on.
    pub again: Vec<Seconds>,
    /// Before a sink that is down is tried again, likewise.
    pub down: Vec<Duration>,
    /// After this long a message is given up.
    pub patience: Seconds,
    /// After the store failed.
    pub store: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(30),
            again: [10, 30, 60, 300, 900, 1_800, 3_600, 10_800]
                .map(Seconds)
                .to_vec(),
            down: [5, 15, 60, 300].map(Duration::from_secs).to_vec(),
            patience: Seconds(3 * 86_400),
            store: Duration::from_secs(5),
        }
    }
}

/// The sinks of a node, at work.
#[derive(Debug)]
pub struct Notifier {
    outbox: Arc<Outbox>,
    tasks: JoinSet<()>,
}

impl Notifier {
    /// Lets each sink read on where it was, and send.
    pub fn start(
        engine: &Engine,
        outbox: Arc<Outbox>,
        sinks: Vec<Arc<dyn Sink>>,
        pace: &Pace,
    ) -> Result<Self, StoreError> {
        let mut tasks = JoinSet::new();
        let published = engine.published();
        let (size, state) = (published.size(), published.state());
        let log = state.origin().unwrap_or_default();
        let kept = state.recovery().map_or(size, |recovery| recovery.kept.size);
        for sink in sinks {
            let next = outbox.begin(sink.name(), &log, size, kept)?;
            let follower = Arc::new(Follower {
                engine: engine.clone(),
                outbox: outbox.clone(),
                sink,
                pace: pace.clone(),
                put: Notify::new(),
                room: AtomicU64::new(0),
            });
            tasks.spawn({
                let follower = follower.clone();
                async move { follower.read(next).await }
            });
            tasks.spawn(async move { follower.send().await });
        }
        Ok(Self { outbox, tasks })
    }

    /// What all of them still have to tell.
    pub const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Stops. What was being sent counts as tried in vain, and is sent again.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// One sink.
struct Follower {
    engine: Engine,
    outbox: Arc<Outbox>,
    sink: Arc<dyn Sink>,
    pace: Pace,
    /// There is something to send.
    put: Notify,
    /// For so many messages there is room at least, since nobody else puts any.
    room: AtomicU64,
}

impl Follower {
    /// Reads the log, and puts what it means.
    async fn read(&self, mut next: u64) {
        let mut watch = self.engine.watch();
        let mut looked: Option<Instant> = None;
        loop {
            let published = watch.borrow_and_update().clone();
            let is_time = looked.is_none_or(|at| at.elapsed() >= self.pace.look);
            let went_on = match self.step(next, &published, is_time).await {
                Ok(read) => {
                    let went_on = read > next;
                    next = read;
                    went_on
                }
                Err(error) => {
                    tracing::error!(sink = self.sink.name(), %error, "what is new cannot be read");
                    tokio::time::sleep(self.pace.store).await;
                    false
                }
            };
            if is_time {
                looked = Some(Instant::now());
            }
            if next < published.size() {
                if !went_on {
                    tokio::time::sleep(FULL).await;
                }
                continue;
            }
            tokio::select! {
                changed = watch.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(self.pace.look) => {}
            }
        }
    }

    /// Reads some entries, and looks at the clock if it is time; says which entry
    /// is next.
    async fn step(
        &self,
        next: u64,
        published: &Published,
        is_time: bool,
    ) -> Result<u64, StoreError> {
        let read = match next < published.size() {
            true => self.chunk(next, published).await?,
            false => next,
        };
        if is_time {
            self.look(read, published).await?;
        }
        Ok(read)
    }

    /// Reads some entries, and puts their messages; says which entry is next.
    async fn chunk(&self, next: u64, published: &Published) -> Result<u64, StoreError> {
        if !self.has_room().await? {
            return Ok(next);
        }
        let most = usize::try_from((published.size() - next).min(CHUNK)).unwrap_or(1);
        let entries = self.engine.store().entries(Index(next), most).await?;
        let now = self.engine.now();
        let mut batch = Batch::default();
        let mut moved = BTreeSet::new();
        let mut read = next;
        for entry in entries {
            read = entry.index.0 + 1;
            match Recorded::read(entry.index, &entry.leaf, &entry.facts) {
                Ok(recorded) => {
                    let facts = recorded.facts.iter();
                    facts.for_each(|fact| batch.decided(fact, published.state()));
                    batch.add(self.sink.tell(&recorded, published, now));
                    moved.extend(self.sink.moved(&recorded, published));
                }
                Err(error) => {
                    let index = entry.index.0;
                    tracing::error!(index, %error, "nobody is told what an entry changed");
                }
            }
            if batch.messages.len() as u64 >= ROOM {
                break;
            }
        }
        for recipient in moved {
            self.move_held(recipient, published, now).await?;
        }
        self.put(read, batch, now).await?;
        Ok(read)
    }

    /// Gives what is held back for somebody another time.
    async fn move_held(
        &self,
        recipient: String,
        published: &Published,
        now: Time,
    ) -> Result<(), StoreError> {
        let to = recipient.clone();
        let held = self.outbox(move |outbox, sink| outbox.held(sink, &to, now));
        let due = self.sink.due(&recipient, &held.await?, published, now);
        self.outbox(move |outbox, _| outbox.hold(&due)).await
    }

    /// Puts what time has brought.
    async fn look(&self, next: u64, published: &Published) -> Result<(), StoreError> {
        let now = self.engine.now();
        let site = published.state().site();
        if let Some(site) = site.and_then(|site| site.origins.first().cloned()) {
            let keep = move |outbox: &Outbox, _: &str| match outbox.site()? {
                Some(known) if known == site => Ok(()),
                Some(_) | None => outbox.set_site(&site),
            };
            self.outbox(keep).await?;
        }
        let mut batch = Batch::default();
        if self.has_room().await? {
            batch.add(self.sink.remind(published, now));
        }
        let before = now.minus(REMEMBERED);
        self.outbox(move |outbox, _| outbox.forget(before)).await?;
        self.put(next, batch, now).await
    }

    /// Whether one entry may be read. It is counted only when that is not known.
    async fn has_room(&self) -> Result<bool, StoreError> {
        if self.room.load(Ordering::Relaxed) < ROOM {
            let room = self.outbox(|outbox, sink| outbox.room(sink)).await?;
            self.room.store(room, Ordering::Relaxed);
        }
        Ok(self.room.load(Ordering::Relaxed) >= ROOM)
    }

    async fn put(&self, next: u64, batch: Batch, now: Time) -> Result<(), StoreError> {
        let room = self.room.load(Ordering::Relaxed);
        let left = room.saturating_sub(batch.messages.len() as u64);
        self.room.store(left, Ordering::Relaxed);
        self.outbox(move |outbox, sink| {
            // What is put afterwards may ask the next ones to decide.
            for request in &batch.decided {
                outbox.decided(sink, *request)?;
            }
            let mut messages = batch.messages;
            gather(outbox, sink, &mut messages, now)?;
            outbox.put(sink, next, &messages, now)
        })
        .await?;
        self.put.notify_one();
        Ok(())
    }

    /// Sends what is due.
    async fn send(&self) {
        let mut down = 0;
        loop {
            let wait = match self.round().await {
                Ok(None) => {
                    down = 0;
                    match self.until_due().await {
                        Ok(wait) => wait,
                        Err(error) => self.cannot(&error),
                    }
                }
                Ok(Some(problem)) => {
                    tracing::warn!(sink = self.sink.name(), %problem, "nothing can be sent");
                    let wait = nth(&self.pace.down, down).unwrap_or(self.pace.look);
                    down += 1;
                    if self.is_hurried(wait).await {
                        down = 0;
                    }
                    continue;
                }
                Err(error) => self.cannot(&error),
            };
            tokio::select! {
                () = self.put.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Waits while the sink is down; whether somebody said meanwhile that it is
    /// repaired.
    async fn is_hurried(&self, wait: Duration) -> bool {
        let began = Instant::now();
        loop {
            let left = wait.saturating_sub(began.elapsed());
            if left.is_zero() {
                return false;
            }
            tokio::time::sleep(left.min(self.pace.look)).await;
            if let Ok(false) = self.outbox(Outbox::is_down).await {
                return true;
            }
        }
    }

    fn cannot(&self, error: &StoreError) -> Duration {
        tracing::error!(sink = self.sink.name(), %error, "the outbox cannot be used");
        self.pace.store
    }

    async fn until_due(&self) -> Result<Duration, StoreError> {
        let due = self.outbox(|outbox, sink| outbox.next_due(sink)).await?;
        let now = self.engine.now();
        let wait = due.map(|due| due.0.saturating_sub(now.0).max(0).unsigned_abs());
        let wait = wait.map(Duration::from_millis);
        Ok(wait.map_or(self.pace.look, |wait| wait.min(self.pace.look)))
    }

    /// Sends until nothing is due any more; says why nothing can be sent, if so.
    async fn round(&self) -> Result<Option<String>, StoreError> {
        loop {
            self.drop_decided().await?;
            let now = self.engine.now();
            let heads = self.outbox(move |outbox, sink| outbox.due(sink, now, 256));
            let heads = heads.await?;
            if heads.is_empty() {
                return Ok(None);
            }
            let round = Round::begin();
            let sending = heads.into_iter().map(|head| self.recipient(head, &round));
            let sent = futures_util::stream::iter(sending)
                .buffer_unordered(AT_ONCE)
                .collect::<Vec<_>>()
                .await;
            let mut down = None;
            for sent in sent {
                down = sent?.or(down);
            }
            if let Some(problem) = down {
                let now = self.engine.now();
                let (words, before) = (problem.clone(), now.minus(self.pace.patience));
                self.outbox(move |outbox, sink| {
                    outbox.down(sink, &words, now)?;
                    outbox.give_up_before(sink, before, now, &words)
                })
                .await?;
                return Ok(Some(problem));
            }
        }
    }

    /// Drops what asks for a decision that State has. The log may be read late, while
    /// very much waits.
    async fn drop_decided(&self) -> Result<(), StoreError> {
        let published = self.engine.published();
        self.outbox(move |outbox, sink| {
            let asking = outbox.asking(sink)?.into_iter();
            for request in asking.filter(|request| is_decided(published.state(), *request)) {
                outbox.decided(sink, request)?;
            }
            Ok(())
        })
        .await
    }

    /// Sends to one recipient what is due; says why nothing can be sent to anybody,
    /// if so.
    async fn recipient(&self, head: Pending, round: &Round) -> Result<Option<String>, StoreError> {
        // What one found to be down need not be found by each.
        if round.is_down.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut next = Some(head);
        for sent in 0..IN_A_ROW {
            let Some(head) = next else { break };
            if sent > 0 && round.began.elapsed() >= ROUND {
                break;
            }
            let now = self.engine.now();
            let recipient = head.recipient.clone();
            let messages = match head.together {
                false => vec![head],
                true => {
                    let gathered = self.outbox(move |outbox, sink| {
                        outbox.gathered(sink, &head, now, MOST_TOGETHER)
                    });
                    gathered.await?
                }
            };
            let sent = self.sink.send(&messages).await;
            if let Err(Failure::Down(problem)) = sent {
                round.is_down.store(true, Ordering::Relaxed);
                return Ok(Some(problem));
            }
            next = self.settle(messages, sent, recipient).await?;
        }
        Ok(None)
    }

    /// Notes what became of messages, and says what the recipient is to get next.
    async fn settle(
        &self,
        messages: Vec<Pending>,
        sent: Result<(), Failure>,
        recipient: String,
    ) -> Result<Option<Pending>, StoreError> {
        let now = self.engine.now();
        let pace = self.pace.clone();
        self.outbox(move |outbox, sink| {
            outbox.up(sink)?;
            let numbers: Vec<i64> = messages.iter().map(|message| message.number).collect();
            let oldest = messages.iter().map(|message| message.made).min();
            let is_over = oldest.is_some_and(|made| made.plus(pace.patience) <= now);
            match &sent {
                Ok(()) => outbox.told(&numbers, now)?,
                Err(Failure::Never(problem) | Failure::Down(problem)) => {
                    tracing::warn!(sink, ?numbers, %problem, "given up");
                    outbox.give_up(&numbers, now, problem)?;
                }
                Err(Failure::Later(problem, _)) if is_over => {
                    tracing::warn!(sink, ?numbers, %problem, "given up");
                    outbox.give_up(&numbers, now, problem)?;
                }
                Err(Failure::Later(problem, after)) => {
                    let tries = messages.first().map_or(0, |message| message.tries);
                    let tries = usize::try_from(tries).unwrap_or(usize::MAX);
                    let own = nth(&pace.again, tries).unwrap_or(HOUR);
                    let asked = after.map_or(Seconds(0), |after| Seconds(after.as_secs()));
                    let wait = own.max(asked.min(Seconds::DAY));
                    tracing::info!(sink, ?numbers, %problem, "not taken, and tried again");
                    outbox.later(&numbers, now.plus(wait), problem)?;
                }
            }
            outbox.next(sink, &recipient, now)
        })
        .await
    }

    /// The outbox is a file: it is used where waiting for a disk holds up nobody.
    async fn outbox<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Outbox, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (outbox, sink) = (self.outbox.clone(), self.sink.clone());
        let done = tokio::task::spawn_blocking(move || what(&outbox, sink.name()));
        done.await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

/// Messages that are sent at one time.
struct Round {
    began: Instant,
    is_down: AtomicBool,
}

impl Round {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            is_down: AtomicBool::new(false),
        }
    }
}

/// What some entries mean to a sink.
#[derive(Default)]
struct Batch {
    messages: Vec<Message>,
    /// Requests that need no decision any more, or the one of others.
    decided: Vec<RequestId>,
}

impl Batch {
    fn add(&mut self, messages: Vec<Message>) {
        self.messages.extend(messages);
    }

    /// What asks somebody to decide what is decided is of no use. That it is, State
    /// says: whoever writes facts into the database keeps nobody from being asked.
    fn decided(&mut self, fact: &RecordedFact, state: &State) {
        let RecordedFact::Request { event, record } = fact else {
            return;
        };
        let is_decided = match event {
            RequestEvent::Raised => false,
            // Whoever is still to be asked is asked again at once.
            RequestEvent::Approved => asks_others(record),
            RequestEvent::Granted | RequestEvent::Ended => is_decided(state, record.id),
        };
        if is_decided {
            let id = record.id;
            self.messages.retain(|message| message.request != Some(id));
            self.decided.push(id);
        }
    }
}

/// Whether nobody can decide a request any more.
fn is_decided(state: &State, request: RequestId) -> bool {
    let open = state.request(request);
    open.is_none_or(|request| request.status != Status::Pending)
}

/// Whether the last approval was the last of its stage.
fn asks_others(record: &RequestRecord) -> bool {
    let Some(last) = record.approvals.last() else {
        return false;
    };
    let given = record.approvals.iter().filter(|a| a.stage == last.stage);
    let stage = record.rule.stages.get(last.stage);
    stage.is_some_and(|stage| given.count() as u64 >= u64::from(stage.approvals.get()))
}

/// Whoever is asked for very many decisions gets the rest of them together.
fn gather(
    outbox: &Outbox,
    sink: &str,
    messages: &mut [Message],
    now: Time,
) -> Result<(), StoreError> {
    let mut made: BTreeMap<String, u64> = BTreeMap::new();
    for message in messages {
        if message.request.is_none() {
            continue;
        }
        let so_far = match made.get(&message.recipient) {
            Some(so_far) => *so_far,
            None => outbox.made_since(sink, &message.recipient, now.minus(HOUR))?,
        };
        made.insert(message.recipient.clone(), so_far + 1);
        if so_far >= FLOOD && !message.together {
            message.together = true;
            message.due = message.due.max(next_quarter(now));
        }
    }
    Ok(())
}

fn next_quarter(now: Time) -> Time {
    let step = GATHERED.millis();
    Time((now.0.div_euclid(step) + 1) * step)
}

/// One of a row that grows; the last from there on.
fn nth<T: Copy>(row: &[T], n: usize) -> Option<T> {
    row.get(n).or(row.last()).copied()
}
