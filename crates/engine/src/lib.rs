//! The engine: from an envelope to an entry, and from an entry to a run.
//!
//! The **door** checks what comes in, cheapest first. The **sequencer** takes
//! what waits, lets the **ledger** decide it on a copy, appends it in one
//! transaction and only then publishes the new State. The **runner** starts what
//! published State authorises and says its outcome through the same door.
//! **Start** feeds the same ledger from the log. Nothing decides here: all rules
//! are in `writ-core`.
//!
//! Absent on purpose: which store and which connectors there are. The binary
//! names those.

mod beside;
mod bucket;
mod clock;
mod compare;
mod derived;
mod door;
mod figures;
mod follow;
mod keep;
mod known;
mod ledger;
mod live;
mod local;
mod log;
mod offline;
mod past;
mod project;
mod recover;
mod room;
mod rotate;
mod runner;
mod sequence;
mod speak;
mod start;
mod vault;
mod verify;

pub use bucket::{Buckets, Rate};
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy};
pub use derived::{Compared, Derived, Differs, RowProblem};
pub use door::{PER_PERSON, Submission};
pub use figures::{Figures, Histogram};
pub use keep::Kept;
pub use ledger::{Corrupt, Ledger, Trust};
pub use local::{Anchor, LocalError, LocalState, ServiceKey, found_organization};
pub use log::ProveError;
pub use recover::Recovering;
pub use rotate::Rotating;
pub use start::{Options, StartError, rebuild_rows};
pub use verify::{Report, verify_log};

use std::sync::Arc;

use tokio::sync::watch;
use writ_connect::{Connectors, Hint, Output};
use writ_core::Published;
use writ_core::digest::ExecutionId;
use writ_core::log::Tiles;
use writ_core::names::{Name, Pattern, TaskName};
use writ_core::object::Workload;
use writ_core::time::Time;
use writ_store::{Backend, Point, point};

/// One node of an organization: the handle that the server and the runner share.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    node: Name,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Backend>,
    connectors: Connectors,
    vault: vault::Vault,
    published: watch::Receiver<Published>,
    checkpoint: watch::Receiver<Arc<str>>,
    tiles: watch::Receiver<Tiles>,
    door: door::Door,
    room: room::Room,
    live: live::Live,
    figures: figures::Counting,
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

impl Engine {
    /// Durable State as it is now.
    pub fn published(&self) -> Published {
        self.0.published.borrow().clone()
    }

    /// Durable State as it becomes.
    pub fn watch(&self) -> watch::Receiver<Published> {
        self.0.published.clone()
    }

    /// The checkpoint of the log as it is now: a signed note.
    pub fn checkpoint(&self) -> String {
        self.0.checkpoint.borrow().to_string()
    }

    /// Where entries, rows and blobs are kept.
    pub fn store(&self) -> &Arc<dyn Backend> {
        &self.0.store
    }

    /// The time, as the node's clock has it. Time never goes back: an earlier
    /// one counts as that of the last entry.
    pub fn now(&self) -> Time {
        let last = self.0.published.borrow().state().time();
        self.0.clock.now().max(last)
    }

    /// What is known of an open task that nobody set: its name as it is spelled, by
    /// its connector or else by its own policy, and what the connector knows of its
    /// parameters. Advice, and no rule.
    pub fn hint(&self, task: &TaskName) -> (TaskName, Option<Hint>) {
        let published = self.published();
        let state = published.state();
        let workload = state.workload(&task.workload());
        let connector = workload.and_then(|workload| self.0.connectors.get(&workload.connector));
        let hint = connector.and_then(|connector| connector.hint(task));
        let policy = Pattern::parse(task.as_str()).ok();
        let policy = policy.and_then(|own| Some(state.policy(&own)?.task.to_string()));
        let spelled = match (&hint, workload, policy) {
            (Some(hint), Some(workload), _) => format!("{}\\{}", workload.name, hint.command),
            (_, _, Some(policy)) => policy,
            (_, _, None) => task.to_string(),
        };
        // Another spelling of the same name is a name, too.
        let name = TaskName::parse(&spelled).unwrap_or_else(|_| task.clone());
        (name, hint)
    }

    /// The commands of which the connector of a workload knows something.
    pub fn known_commands(&self, workload: &Workload) -> Vec<&'static str> {
        let connector = self.0.connectors.get(&workload.connector);
        connector.map(|it| it.commands()).unwrap_or_default()
    }

    /// The node's name.
    pub fn node(&self) -> &Name {
        &self.0.node
    }

    /// What was counted since the start.
    pub fn figures(&self) -> Figures {
        self.0.figures.now()
    }

    /// How many runs are in flight on this node.
    pub fn in_flight(&self) -> usize {
        self.0.room.taken()
    }

    /// The output of a run, as soon as it begins on this node; until its outcome
    /// is published. Of a run that is over, or runs elsewhere, it never returns.
    pub async fn live_output(&self, id: ExecutionId) -> Output {
        self.0.live.output(id).await
    }

    /// Takes nothing more but outcomes, waits for runs in flight as long as
    /// `patience`, then finishes what was taken, syncs the head and tidies up
    /// the store.
    ///
    /// A run that has no outcome when the process ends becomes `unknown` at the
    /// next start.
    pub async fn stop(&self, patience: std::time::Duration) {
        self.0.door.close();
        // Either way what comes next is the same.
        let _ = tokio::time::timeout(patience, self.0.room.emptied()).await;
        self.0.room.close();
        self.0.stop.send_replace(true);
        self.ended().await;
        point(Point::BeforeTidy);
        if let Err(error) = self.0.store.tidy().await {
            tracing::warn!(%error, "the store could not be tidied up");
        }
        point(Point::AfterTidy);
    }

    /// Returns when the sequencer has ended, whoever ended it.
    pub async fn ended(&self) {
        let mut stopped = self.0.stopped.clone();
        // An error means that the sequencer is gone, which is what we wait for.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }
}
