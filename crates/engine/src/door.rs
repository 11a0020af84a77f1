//! The door: what may become an entry.
//!
//! Checks run cheapest first: size, form, instance, known digest, freshness and
//! live key, signature, the person's bucket, what travels beside it, sense, room
//! in the inbox. What is turned away here is counted and
//! never logged, and moves no time. The bucket of an address is the server's,
//! which knows addresses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Semaphore, mpsc, oneshot};
use writ_core::Missing;
use writ_core::digest::Digest;
use writ_core::envelope::{Envelope, MAX_ENVELOPE};
use writ_core::names::{TaskName, Upn};
use writ_core::object::{Object, Task};
use writ_core::refusal::TurnedAway;
use writ_core::state::State;
use writ_core::statement::{
    Body, Change, Principal, Request, Set, Statement, Unverified, Verified,
};
use writ_core::time::Time;
use writ_core::view::Posted;

use crate::Engine;
use crate::beside;
use crate::bucket::{Buckets, Rate};
use crate::known::known;
use crate::sequence::{Item, goes_first};
use crate::start::Options;

/// How many statements may wait; the rest of the inbox is for what takes away.
const ORDINARY: usize = 1_024;
/// The whole inbox.
pub(crate) const INBOX: usize = 1_280;
/// How many forgotten statements are looked up at once.
const RECALLING: usize = 64;
/// How many statements one person may make: 500 at once, 50 a second.
pub const PER_PERSON: Rate = Rate {
    burst: 500,
    every_ms: 20,
};
/// Of how many people it is known how much they said.
const MAX_PEOPLE: usize = 65_536;

/// A statement as it arrives, with what travels beside it.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The signed bytes.
    pub envelope: Envelope,
    /// Long texts, an output, sealed boxes: by digest in the statement.
    pub attachments: Vec<Vec<u8>>,
}

/// How many statements were turned away since the last tick that says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct TurnedAwayCount(Arc<AtomicU64>);

impl TurnedAwayCount {
    pub(crate) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

/// What the door keeps between statements.
pub(crate) struct Door {
    inbox: mpsc::Sender<Item>,
    recalling: Semaphore,
    /// Taking away has a bucket of its own: no flood keeps anybody from it.
    people: Buckets<(Upn, bool)>,
    turned_away: TurnedAwayCount,
    closed: AtomicBool,
}

impl Door {
    pub(crate) fn new(
        inbox: mpsc::Sender<Item>,
        options: &Options,
        turned_away: TurnedAwayCount,
    ) -> Self {
        Self {
            inbox,
            recalling: Semaphore::new(RECALLING),
            people: Buckets::new(options.per_person, MAX_PEOPLE),
            turned_away,
            closed: AtomicBool::new(false),
        }
    }

    /// Turns away everything but outcomes from now on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    fn is_closed_to(&self, body: &Body) -> bool {
        self.closed.load(Ordering::SeqCst) && !matches!(body, Body::Outcome(_))
    }
}

impl Engine {
    /// Takes a statement to the log and answers its receipt: when this returns
    /// `Ok`, the entry is on disk, accepted or refused. `Err` means that nothing
    /// was recorded, except [`TurnedAway::Unknown`], which says so.
    pub async fn submit(&self, submission: Submission) -> Result<Posted, TurnedAway> {
        let answer = self.admit(submission).await;
        if let Err(away) = &answer {
            self.0.door.turned_away.add(1);
            self.0.figures.turned_away(away.code());
        }
        answer
    }

    async fn admit(&self, submission: Submission) -> Result<Posted, TurnedAway> {
        let Submission {
            envelope,
            attachments,
        } = submission;
        check_size(&envelope)?;
        let said = Unverified::read(Arc::new(envelope)).map_err(|error| TurnedAway::BadForm {
            problem: error.to_string(),
        })?;
        let published = self.published();
        let state = published.state();
        if said.statement().instance != state.organization() {
            return Err(TurnedAway::OtherInstance {});
        }
        if let Some(answer) = state.answer(said.digest()) {
            return Ok(known(said.digest(), answer, self.checkpoint()));
        }
        let now = self.now();
        if !said.statement().is_fresh(now) {
            return self
                .recall_or(out_of_time(said.statement(), now), said.digest())
                .await;
        }
        if self.0.door.is_closed_to(&said.statement().body) {
            return Err(TurnedAway::Stopping {});
        }
        let key = state
            .key_for(&said, now)
            .ok_or_else(|| TurnedAway::NoSuchKey {
                who: said.statement().by.clone(),
            })?;
        // In place: it takes no longer than to hand it to another thread and back.
        let said = said.verify(&key).map_err(|_| TurnedAway::BadSignature {})?;
        self.check_pace(said.statement())?;
        beside::check_plain(state, said.statement())?;
        let blobs = beside::check(state, &self.0.vault, said.statement(), attachments)?;
        self.check_sense(state, said.statement())?;
        self.enqueue(said, blobs).await
    }

    /// What is too old to be said may have been said when it was not.
    async fn recall_or(
        &self,
        out_of_time: TurnedAway,
        digest: Digest,
    ) -> Result<Posted, TurnedAway> {
        // Closed never happens: the semaphore lives as long as the door.
        let _turn = self.0.door.recalling.acquire().await;
        match self.recall(digest).await {
            Ok(Some(posted)) => Ok(posted),
            Ok(None) => Err(out_of_time),
            Err(error) => {
                tracing::error!(%error, "a statement could not be looked up");
                Err(TurnedAway::Unknown {})
            }
        }
    }

    /// Whether a person says no more than they may in so short a time. Asked
    /// after the signature, so that nobody uses up what is another's.
    fn check_pace(&self, statement: &Statement) -> Result<(), TurnedAway> {
        let Principal::Person(upn) = &statement.by else {
            return Ok(());
        };
        let bucket = (upn.clone(), goes_first(&statement.body));
        let taken = self.0.door.people.take(bucket, 1, self.now());
        taken.map_err(|after| TurnedAway::TooMany { after })
    }

    /// What no rule of the log says, and what would be of no use in it. What the rules
    /// would say is another question: [`State::try_said`].
    pub fn check_sense(&self, state: &State, statement: &Statement) -> Result<(), TurnedAway> {
        match (&statement.body, &statement.by) {
            (Body::Set(set), _) => {
                check_services(state, set)?;
                self.check_connector(state, set)
            }
            (Body::Recover(_), _) => Err(TurnedAway::BadForm {
                problem: "a log is recovered on the host of its node, with the node stopped: writ recover".into(),
            }),
            (Body::Request(request), Principal::Person(upn)) => {
                self.check_open(state, &request.task)?;
                check_quorum(state, self.now(), upn, request)
            }
            _ => Ok(()),
        }
    }

    /// Whether this node's connectors understand what is to be set.
    fn check_connector(&self, state: &State, set: &Set) -> Result<(), TurnedAway> {
        let bad = |problem| TurnedAway::BadTemplate { problem };
        let connector = |name| {
            self.0.connectors.get(name).ok_or_else(|| {
                let names: Vec<_> = self.0.connectors.names().collect();
                bad(format!(
                    "this node has no connector `{name}`; it has: {}",
                    names.join(", ")
                ))
            })
        };
        match set.change() {
            Some(Change::Object(Object::Workload(workload))) => connector(&workload.connector)?
                .check_workload(workload)
                .map_err(bad),
            Some(Change::Object(Object::Task(task))) => {
                match state.workload(&task.name.workload()) {
                    Some(workload) => connector(&workload.connector)?
                        .check_task(task)
                        .map_err(bad),
                    None => Ok(()),
                }
            }
            Some(Change::Object(Object::Policy(policy))) => {
                match TaskName::parse(policy.task.as_str()) {
                    Ok(task) => self.check_open(state, &task),
                    // It is about many.
                    Err(_) => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Whether the connector of an open task that nobody set could carry it out:
    /// who asks, or lets others ask, is told now and not when it runs.
    fn check_open(&self, state: &State, name: &TaskName) -> Result<(), TurnedAway> {
        let workload = match state.task(name) {
            None => state.workload(&name.workload()),
            Some(_) => None,
        };
        let open = workload.filter(|workload| workload.open_tasks);
        let connector = open.and_then(|open| self.0.connectors.get(&open.connector));
        match connector {
            Some(connector) => connector
                .check_task(&Task::unset(name.clone()))
                .map_err(|problem| TurnedAway::BadTemplate { problem }),
            None => Ok(()),
        }
    }

    async fn enqueue(
        &self,
        said: Verified,
        blobs: Vec<(Digest, Vec<u8>)>,
    ) -> Result<Posted, TurnedAway> {
        let door = &self.0.door;
        let waiting = INBOX.saturating_sub(door.inbox.capacity());
        if waiting >= ORDINARY && !goes_first(&said.statement().body) {
            return Err(TurnedAway::Overloaded {});
        }
        let (reply, answer) = oneshot::channel();
        let item = Item {
            said,
            blobs,
            slot: None,
            reply,
        };
        door.inbox.try_send(item).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => TurnedAway::Overloaded {},
            mpsc::error::TrySendError::Closed(_) => TurnedAway::Stopping {},
        })?;
        // The sequencer went away with the statement in its hands.
        answer.await.unwrap_or(Err(TurnedAway::Unknown {}))
    }
}

pub(crate) fn out_of_time(statement: &Statement, now: Time) -> TurnedAway {
    let at = statement.at;
    TurnedAway::OutOfTime { at, now }
}

/// The size of the canonical JSON, without writing it.
fn check_size(envelope: &Envelope) -> Result<(), TurnedAway> {
    let passkey = envelope.signature.passkey.as_ref();
    let hexadecimal = passkey.map_or(0, |p| p.authenticator_data.0.len() + p.client_data.0.len());
    let binary = envelope.payload.len() + envelope.signature.sig.len();
    let size = binary.div_ceil(3) * 4 + hexadecimal * 2 + 256;
    match size > MAX_ENVELOPE {
        true => Err(TurnedAway::TooBig {
            size,
            most: MAX_ENVELOPE,
        }),
        false => Ok(()),
    }
}

/// A node signs with the keys that its own state directory holds: others are
/// made there and named in the log in one step.
fn check_services(state: &State, set: &Set) -> Result<(), TurnedAway> {
    let services = state.site().map(|site| &site.services);
    match set.change() {
        Some(Change::Object(Object::Site(site))) if Some(&site.services) != services => {
            Err(TurnedAway::BadForm {
                problem: "the services' keys are changed on the host of their node, with the node \
                          stopped: writ site rotate-key"
                    .into(),
            })
        }
        _ => Ok(()),
    }
}

fn check_quorum(
    state: &State,
    now: Time,
    requester: &Upn,
    request: &Request,
) -> Result<(), TurnedAway> {
    // Whatever else is wrong, the rules say better.
    let Ok(governed) = state.governing(&request.task, now) else {
        return Ok(());
    };
    let task = governed.task.name.clone();
    state
        .reachable(Some(requester), &governed.rule)
        .map_err(|Missing { group, problem }| TurnedAway::Quorum {
            task,
            group,
            problem,
        })
}
