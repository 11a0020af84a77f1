//! Faults: what may go wrong at each call that a node makes.
//!
//! Every **call** of the store or of the target is numbered by **fate**, which
//! asks a plan whether a **fault** happens there. A crash is a call that never
//! returns, and none after it does: whoever drives the node sees it and drops
//! everything that is not durable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use writ_core::testing::START;
use writ_core::time::Time;
use writ_engine::Clock;
use writ_store::StoreError;

/// How long a slow call takes.
pub(super) const SLOW: Duration = Duration::from_secs(10);

/// What a node calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Append,
    Rebuild,
    /// A read of the store, by the name of its method.
    Read(&'static str),
    /// A run, at the target.
    Execute,
    /// A question to the target about a run that was lost from sight.
    Probe,
}

/// Whether a fault comes before what was asked is done, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    Before,
    After,
}

/// What a crash takes away besides what is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loss {
    /// Nothing: the process ended, the host goes on.
    Process,
    /// Also what was not synced: the head may be an older one.
    Power,
}

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// Nothing is done, and it is said so.
    Unavailable,
    /// Nothing is done, since the disk is full.
    Full,
    /// Nobody can tell whether it was done.
    Unknown(When),
    /// The node ends in the middle of it.
    Crash(When, Loss),
    /// It takes long.
    Slow(When),
    /// The node's clock jumps by so many seconds, and all is well.
    Clock(i64),
    /// The connector breaks.
    Panic(When),
    /// The target never answers.
    Hang(When),
    /// Nothing is done, and it is said that it was. No store may do that.
    Lie,
    /// It is done twice. No target may do that.
    Twice,
}

impl Fault {
    /// What may happen to an honest node with an honest store.
    pub(super) const HONEST: [Self; 17] = [
        Self::Unavailable,
        Self::Full,
        Self::Unknown(When::Before),
        Self::Unknown(When::After),
        Self::Crash(When::Before, Loss::Process),
        Self::Crash(When::After, Loss::Process),
        Self::Crash(When::Before, Loss::Power),
        Self::Crash(When::After, Loss::Power),
        Self::Slow(When::Before),
        Self::Slow(When::After),
        Self::Clock(90),
        Self::Clock(86_400),
        Self::Clock(-3_600),
        Self::Panic(When::Before),
        Self::Panic(When::After),
        Self::Hang(When::Before),
        Self::Hang(When::After),
    ];

    /// Whether it comes before the deed or after it.
    pub(super) const fn when(self) -> When {
        match self {
            Self::Unknown(when)
            | Self::Crash(when, _)
            | Self::Slow(when)
            | Self::Panic(when)
            | Self::Hang(when) => when,
            Self::Unavailable | Self::Full | Self::Clock(_) | Self::Lie | Self::Twice => {
                When::Before
            }
        }
    }

    /// Whether this can happen at such a call, and is not another's other name.
    pub(super) const fn fits(self, call: Call) -> bool {
        let (writes, runs) = (
            matches!(call, Call::Append | Call::Rebuild),
            matches!(call, Call::Execute),
        );
        match self {
            Self::Unavailable | Self::Crash(When::Before, _) | Self::Slow(_) | Self::Clock(_) => {
                true
            }
            Self::Full => writes,
            Self::Unknown(_) | Self::Crash(When::After, _) => writes || runs,
            Self::Panic(_) | Self::Hang(_) | Self::Twice => runs,
            Self::Lie => matches!(call, Call::Append),
        }
    }
}

/// A clock that goes with the time of the simulation, and jumps. A clone is the
/// same clock.
#[derive(Clone)]
pub(super) struct SimClock(Arc<Mutex<Hands>>);

struct Hands {
    /// What it showed when this life began, and all jumps since.
    base: Time,
    /// When this life began; none between two lives.
    since: Option<Instant>,
}

impl SimClock {
    fn new() -> Self {
        let (base, since) = (START, None);
        Self(Arc::new(Mutex::new(Hands { base, since })))
    }

    /// A new life begins; each has its own time, which starts anywhere.
    pub(super) fn go_on(&self) {
        self.0.lock().unwrap().since = Some(Instant::now());
    }

    /// A life has ended.
    pub(super) fn stop(&self) {
        let now = self.now();
        *self.0.lock().unwrap() = Hands {
            base: now,
            since: None,
        };
    }

    /// Forward, or back.
    pub(super) fn jump(&self, seconds: i64) {
        self.0.lock().unwrap().base.0 += seconds * 1_000;
    }
}

impl Clock for SimClock {
    fn now(&self) -> Time {
        let hands = self.0.lock().unwrap();
        let gone = hands.since.map_or(0, |since| since.elapsed().as_millis());
        Time(hands.base.0 + i64::try_from(gone).unwrap())
    }
}

type Plan = Box<dyn FnMut(usize, Call) -> Option<Fault> + Send>;

/// What happens to a node, whatever it does. A clone is the same fate.
#[derive(Clone)]
pub(super) struct Fate(Arc<Inner>);

struct Inner {
    plan: Mutex<Plan>,
    /// Every call so far, in order, and what went wrong at it.
    calls: Mutex<Vec<(Call, Option<Fault>)>>,
    crashed: watch::Sender<Option<Loss>>,
    is_calm: AtomicBool,
    clock: SimClock,
}

impl Fate {
    pub(super) fn new(plan: impl FnMut(usize, Call) -> Option<Fault> + Send + 'static) -> Self {
        Self(Arc::new(Inner {
            plan: Mutex::new(Box::new(plan)),
            calls: Mutex::default(),
            crashed: watch::Sender::new(None),
            is_calm: AtomicBool::new(false),
            clock: SimClock::new(),
        }))
    }

    pub(super) fn clock(&self) -> SimClock {
        self.0.clock.clone()
    }

    /// Nothing goes wrong any more.
    pub(super) fn be_calm(&self) {
        self.0.is_calm.store(true, Ordering::SeqCst);
    }

    /// The calls so far, with what went wrong at each.
    pub(super) fn calls(&self) -> Vec<(Call, Option<Fault>)> {
        self.0.calls.lock().unwrap().clone()
    }

    /// How much has gone wrong so far.
    pub(super) fn faults(&self) -> usize {
        let calls = self.0.calls.lock().unwrap();
        calls.iter().filter(|(_, fault)| fault.is_some()).count()
    }

    /// Returns when the node has crashed, and what that took away.
    pub(super) async fn crashed(&self) -> Loss {
        let mut crashed = self.0.crashed.subscribe();
        let loss = crashed.wait_for(Option::is_some).await.unwrap();
        loss.unwrap()
    }

    /// The node ends now.
    pub(super) fn crash(&self, loss: Loss) {
        self.0.crashed.send_replace(Some(loss));
    }

    /// The node may start again.
    pub(super) fn revive(&self) {
        self.0.crashed.send_replace(None);
    }

    /// What goes wrong at this call. Returns only while the node lives.
    pub(super) async fn next(&self, call: Call) -> Option<Fault> {
        if self.0.crashed.borrow().is_some() {
            return std::future::pending().await;
        }
        let mut calls = self.0.calls.lock().unwrap();
        let fault = match self.0.is_calm.load(Ordering::SeqCst) {
            true => None,
            false => (self.0.plan.lock().unwrap())(calls.len(), call),
        };
        let fault = fault.filter(|fault| fault.fits(call));
        calls.push((call, fault));
        fault
    }

    /// A call of the store, and what goes wrong at it.
    pub(super) async fn call<T>(
        &self,
        call: Call,
        done: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = self.next(call).await;
        self.suffer(fault, done).await
    }

    /// Does what a store was asked for, with a fault.
    pub(super) async fn suffer<T>(
        &self,
        fault: Option<Fault>,
        done: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let text = || "by plan".to_owned();
        match fault {
            None => done.await,
            Some(Fault::Unavailable) => Err(StoreError::Unavailable(text())),
            Some(Fault::Full) => Err(StoreError::Full(text())),
            Some(Fault::Unknown(When::Before)) => Err(StoreError::Unknown(text())),
            Some(Fault::Unknown(When::After)) => done.await.and(Err(StoreError::Unknown(text()))),
            Some(Fault::Crash(When::Before, loss)) => self.end(loss).await,
            Some(Fault::Crash(When::After, loss)) => {
                drop(done.await);
                self.end(loss).await
            }
            Some(Fault::Slow(When::Before)) => {
                sleep(SLOW).await;
                done.await
            }
            Some(Fault::Slow(When::After)) => {
                let done = done.await;
                sleep(SLOW).await;
                done
            }
            Some(Fault::Clock(seconds)) => {
                self.0.clock.jump(seconds);
                done.await
            }
            Some(Fault::Panic(_) | Fault::Hang(_) | Fault::Lie | Fault::Twice) => {
                unreachable!("such faults are not of stores")
            }
        }
    }

    /// Crashes, and never returns.
    pub(super) async fn end<T>(&self, loss: Loss) -> T {
        self.crash(loss);
        std::future::pending().await
    }
}
