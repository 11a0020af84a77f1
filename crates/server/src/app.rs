//! What every handler shares.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, watch};
use writ_core::names::Upn;
use writ_core::time::{Seconds, Time};
use writ_core::view::{ExecutionView, RequestView};
use writ_engine::{Buckets, Engine};

use crate::failure::Failure;
use crate::guard::{MAX_READERS, PER_READER};
use crate::listen::Reach;
use crate::lists::Lists;
use crate::origin::{MAX_ADDRESSES, Origin, PER_ADDRESS};
use crate::recent::Recent;
use crate::session::Checked;
use crate::tally::{Place, Tally};
use crate::telling::Telling;

/// How many readers may wait for outcomes at once; beyond, they are answered
/// at once.
const MAX_WAITING: usize = 256;
/// How many streams of events there are at once.
const MAX_STREAMS: usize = 256;
/// How many of them one person may have.
const STREAMS_PER_PERSON: u32 = 8;
/// How many large bodies may be in memory at once.
const MAX_LARGE: usize = 32;

/// The engine, and what the server itself remembers: nothing of authority.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    engine: Engine,
    reach: Reach,
    telling: Arc<dyn Telling>,
    addresses: Buckets<IpAddr>,
    readers: Buckets<Upn>,
    checked: Checked,
    genesis: OnceCell<String>,
    waiting: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    streams_of: Tally<Upn>,
    recent: Recent,
    lists_of_requests: Lists<RequestView>,
    lists_of_executions: Lists<ExecutionView>,
    large: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    started: Time,
    requests: AtomicU64,
    answered: [AtomicU64; 5],
}

impl App {
    pub(crate) fn new(engine: Engine, reach: Reach, telling: Arc<dyn Telling>) -> Self {
        Self(Arc::new(Inner {
            started: engine.now(),
            engine,
            reach,
            telling,
            addresses: Buckets::new(PER_ADDRESS, MAX_ADDRESSES),
            readers: Buckets::new(PER_READER, MAX_READERS),
            checked: Checked::default(),
            genesis: OnceCell::new(),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            streams_of: Tally::new(STREAMS_PER_PERSON),
            recent: Recent::default(),
            lists_of_requests: Lists::default(),
            lists_of_executions: Lists::default(),
            large: Arc::new(Semaphore::new(MAX_LARGE)),
            stopping: watch::Sender::new(false),
            requests: AtomicU64::new(0),
            answered: Default::default(),
        }))
    }

    /// What decides and what is published.
    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// How callers reach us.
    pub(crate) fn reach(&self) -> &Reach {
        &self.0.reach
    }

    /// What tells people.
    pub(crate) fn telling(&self) -> &dyn Telling {
        self.0.telling.as_ref()
    }

    /// Counts something that comes from an address; how long to wait, if that is
    /// too much.
    pub(crate) fn count(&self, origin: Origin) -> Result<(), Seconds> {
        match origin.network(&self.0.reach) {
            Some(network) => self.0.addresses.take(network, 1, self.0.engine.now()),
            None => Ok(()),
        }
    }

    /// Counts a reading of a person; how long to wait, if that is too much.
    pub(crate) fn count_reader(&self, upn: &Upn) -> Result<(), Seconds> {
        self.0.readers.take(upn.clone(), 1, self.0.engine.now())
    }

    /// The sessions whose signatures were checked.
    pub(crate) fn checked(&self) -> &Checked {
        &self.0.checked
    }

    /// Entry 0, in base64, once it was read.
    pub(crate) fn genesis(&self) -> &OnceCell<String> {
        &self.0.genesis
    }

    /// Leave to wait for an outcome, if not too many do.
    pub(crate) fn may_wait(&self) -> Option<OwnedSemaphorePermit> {
        self.0.waiting.clone().try_acquire_owned().ok()
    }

    /// Leave for somebody to follow events, if neither they nor all do too much.
    pub(crate) fn may_follow(
        &self,
        upn: &Upn,
    ) -> Result<(Place<Upn>, OwnedSemaphorePermit), Failure> {
        let place = self.0.streams_of.enter(upn.clone());
        let place = place.ok_or(Failure::TooManyStreams {
            most: STREAMS_PER_PERSON,
        })?;
        let slot = self.0.streams.clone().try_acquire_owned();
        Ok((place, slot.map_err(|_| Failure::Overloaded)?))
    }

    /// What the newest entries changed.
    pub(crate) fn recent(&self) -> &Recent {
        &self.0.recent
    }

    /// Lists of requests that were read.
    pub(crate) fn requests(&self) -> &Lists<RequestView> {
        &self.0.lists_of_requests
    }

    /// Lists of executions that were read.
    pub(crate) fn executions(&self) -> &Lists<ExecutionView> {
        &self.0.lists_of_executions
    }

    /// Leave to hold a large body, if not too many do.
    pub(crate) fn may_hold(&self) -> Option<OwnedSemaphorePermit> {
        self.0.large.clone().try_acquire_owned().ok()
    }

    /// Becomes true when the server stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }

    /// Lets whoever waits know that the server stops.
    pub(crate) fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// When it began to serve.
    pub(crate) fn started(&self) -> Time {
        self.0.started
    }

    /// Counts an answer, by the class of its status.
    pub(crate) fn answer(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).checked_sub(1);
        if let Some(count) = class.and_then(|class| self.0.answered.get(class)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many answers there were, from 1xx to 5xx.
    pub(crate) fn answered(&self) -> [u64; 5] {
        self.0
            .answered
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed))
    }

    /// Names one call in headers and in log lines: unlike any other of this
    /// process, and of its other lives unless the clock stood still.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", self.0.started.0)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("App")
    }
}
