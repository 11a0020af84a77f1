//! A target that does as it is told and remembers what was asked of it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::watch;
use writ_connect::{Connector, Credentials, Ended, Output};
use writ_core::digest::{Digest, ExecutionId};
use writ_core::object::{Task, Workload};
use writ_core::run::{Job, Permit};
use writ_store::Backend;

/// What the target does when it is called.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Ends at once.
    End(Ended),
    /// Puts something out and ends well.
    Print(Vec<u8>),
    /// Ends when [`Target::release`] says how.
    Wait,
    /// Never ends.
    Hang,
    /// Breaks.
    Panic,
}

/// One call of the connector.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) job: Job,
    /// Whether the invocation was in the log when the call was made.
    pub(crate) was_durable: bool,
    /// The secrets that came with it.
    pub(crate) handed: Vec<Vec<u8>>,
    /// Why one of them did not come, if so.
    pub(crate) missing: Option<String>,
}

/// A connector of the tests; a clone is the same target.
#[derive(Clone)]
pub(crate) struct Target(Arc<Inner>);

struct Inner {
    store: Arc<dyn Backend>,
    act: Mutex<Act>,
    calls: watch::Sender<Vec<Call>>,
    release: watch::Sender<Option<Ended>>,
    probed: Mutex<Option<Ended>>,
}

impl Target {
    /// A target whose runs succeed at once. It looks into `store` when called.
    pub(crate) fn new(store: Arc<dyn Backend>) -> Self {
        Self(Arc::new(Inner {
            store,
            act: Mutex::new(Act::End(Ended::Succeeded { exit: Some(0) })),
            calls: watch::Sender::default(),
            release: watch::Sender::default(),
            probed: Mutex::default(),
        }))
    }

    /// What it does from now on.
    pub(crate) fn will(&self, act: Act) {
        *self.0.act.lock().unwrap() = act;
    }

    /// What it says of runs that were lost from sight.
    pub(crate) fn will_remember(&self, ended: Ended) {
        *self.0.probed.lock().unwrap() = Some(ended);
    }

    /// Ends every run that waits, and all that will.
    pub(crate) fn release(&self, ended: Ended) {
        self.0.release.send_replace(Some(ended));
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.calls.borrow().clone()
    }

    /// The calls for one run so far.
    pub(crate) fn calls_for(&self, execution: Digest) -> usize {
        let calls = self.0.calls.borrow();
        let for_it = |call: &&Call| call.job.execution.0 == execution;
        calls.iter().filter(for_it).count()
    }

    /// Returns when it was called so often.
    pub(crate) async fn called(&self, times: usize) {
        let mut calls = self.0.calls.subscribe();
        calls.wait_for(|calls| calls.len() >= times).await.unwrap();
    }
}

#[async_trait]
impl Connector for Target {
    fn check_task(&self, task: &Task) -> Result<(), String> {
        match task.template.is_empty() {
            true => Err("a template is needed".into()),
            false => Ok(()),
        }
    }

    fn check_workload(&self, _: &Workload) -> Result<(), String> {
        Ok(())
    }

    async fn execute(&self, permit: &Permit, given: &Credentials, output: &Output) -> Ended {
        let job = permit.job().clone();
        let found = self.0.store.find(job.execution.0).await;
        let was_durable = matches!(found, Ok(Some(_)));
        let call = Call {
            job,
            was_durable,
            handed: given.values().map(<[u8]>::to_vec).collect(),
            missing: given
                .secrets
                .values()
                .find_map(|got| got.as_ref().err())
                .cloned(),
        };
        self.0.calls.send_modify(|calls| calls.push(call));
        let act = self.0.act.lock().unwrap().clone();
        match act {
            Act::End(ended) => ended,
            Act::Print(bytes) => {
                output.push(&bytes);
                Ended::Succeeded { exit: None }
            }
            Act::Wait => {
                let mut release = self.0.release.subscribe();
                let ended = release.wait_for(Option::is_some).await.unwrap();
                ended.clone().unwrap()
            }
            Act::Hang => std::future::pending().await,
            Act::Panic => panic!("on purpose"),
        }
    }

    async fn probe(&self, _: ExecutionId) -> Option<Ended> {
        self.0.probed.lock().unwrap().clone()
    }
}
