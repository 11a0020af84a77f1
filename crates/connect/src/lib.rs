//! How a task reaches its target.
//!
//! A **connector** carries out one **job**: a task, its workload and the
//! values of its parameters. It is given a **permit**, which only durable State
//! makes, and says how the job **ended**: succeeded, failed, or unknown when it
//! lost sight of the effect. What the target puts out goes to an **output** of
//! bounded size as it comes.
//!
//! [`command`] runs programs on the node's own host, through the helper in
//! [`child`]; [`template`] says how values become a program's arguments.
//! [`exchange`] runs cmdlets of Exchange Online.
//!
//! Absent on purpose: a connector decides nothing, knows no log and no store,
//! and never tries a second time.

pub mod child;
pub mod command;
mod credentials;
pub mod exchange;
pub mod isolation;
pub mod outbound;
pub mod output;
pub mod pin;
pub mod pipe;
pub mod redact;
pub mod template;
#[cfg(feature = "testing")]
pub mod testing;
mod uptime;
// Everything that only Linux has is in one folder; elsewhere it says so.
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod linux;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use writ_core::digest::ExecutionId;
use writ_core::names::{Name, ParameterName, TaskName};
use writ_core::object::{Task, Workload};
use writ_core::run::Permit;
use writ_core::value::Schemas;

pub use command::{CommandConfig, CommandConnector, CommandError};
pub use credentials::{Credentials, Paths};
pub use exchange::{ExchangeConnector, ExchangeError};
pub use isolation::{Isolation, Limits, RunAs};
pub use output::Output;
pub use redact::Redaction;
pub use uptime::{Deadline, Uptime};

/// Reaches one kind of target.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Says whether a task's template makes sense to this connector, before
    /// the task enters the log; else why not, in words for who wrote it.
    fn check_task(&self, task: &Task) -> Result<(), String>;

    /// Says whether a workload's settings make sense to this connector.
    fn check_workload(&self, workload: &Workload) -> Result<(), String>;

    /// What it knows of a task that nobody set, without asking its target: advice
    /// for who asks, and no rule.
    fn hint(&self, task: &TaskName) -> Option<Hint> {
        let _ = task;
        None
    }

    /// The commands of which it knows something, as they are spelled.
    fn commands(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Carries out the job once and says how it ended, by the task's deadline
    /// and a short grace at the latest.
    ///
    /// Credentials go to the target and nowhere else: not into an error, a note
    /// or a log. What the target puts out goes to `output` as it comes. Dropping the
    /// future stops the job as far as the target can be stopped.
    async fn execute(&self, permit: &Permit, credentials: &Credentials, output: &Output) -> Ended;

    /// What the target says of a run that was lost from sight, if it can tell.
    async fn probe(&self, execution: ExecutionId) -> Option<Ended> {
        let _ = execution;
        None
    }
}

/// What a connector knows of a task that nobody set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Its command, as it is spelled.
    pub command: String,
    /// Its parameters.
    pub parameters: Schemas,
    /// Those of them that are given often.
    pub usual: Vec<ParameterName>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The target says that it did what was asked.
    Succeeded {
        /// Its exit code or status, if it has such a thing.
        exit: Option<i64>,
    },
    /// It was not started, or the target says that it failed.
    Failed {
        /// Its exit code or status, if it got that far.
        exit: Option<i64>,
        /// Why; begins with `not started:` if nothing was.
        note: String,
    },
    /// It may have had its effect, or part of it, or none.
    Unknown {
        /// How it was lost from sight.
        note: String,
    },
}

impl Ended {
    /// A failure before anything was started.
    pub fn not_started(why: impl fmt::Display) -> Self {
        Self::Failed {
            exit: None,
            note: format!("not started: {why}"),
        }
    }
}

/// The connectors of a node, by folded name.
#[derive(Clone, Default)]
pub struct Connectors(BTreeMap<String, Arc<dyn Connector>>);

impl Connectors {
    /// No connectors.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more; another of that name is replaced.
    #[must_use]
    pub fn with(mut self, name: &Name, connector: impl Connector) -> Self {
        self.insert(name, Arc::new(connector));
        self
    }

    /// Adds one; another of that name is replaced.
    pub fn insert(&mut self, name: &Name, connector: Arc<dyn Connector>) {
        self.0.insert(name.key().to_owned(), connector);
    }

    /// The connector that a workload names, in any ASCII case.
    pub fn get(&self, name: &Name) -> Option<&Arc<dyn Connector>> {
        self.0.get(name.key())
    }

    /// The folded names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
