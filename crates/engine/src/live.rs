//! The output of runs in flight on this node, for whoever **follows** one.
//!
//! A run is here from just before its connector starts until its outcome is on
//! disk. So whoever looks here first and then at published State misses nothing:
//! what is in neither has not begun.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use writ_connect::Output;
use writ_core::digest::ExecutionId;

/// The outputs of runs in flight. Cheap to clone; every clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<watch::Sender<BTreeMap<ExecutionId, Output>>>);

/// Keeps a run's output among those in flight until it is dropped.
pub(crate) struct InFlight {
    live: Live,
    id: ExecutionId,
}

impl Live {
    /// Lets others follow a run's output.
    pub(crate) fn begin(&self, id: ExecutionId, output: Output) -> InFlight {
        self.0.send_modify(|live| {
            live.insert(id, output);
        });
        let live = self.clone();
        InFlight { live, id }
    }

    /// Waits for a run to begin here. One that never does never returns.
    pub(crate) async fn output(&self, id: ExecutionId) -> Output {
        let mut live = self.0.subscribe();
        loop {
            let output = live.borrow_and_update().get(&id).cloned();
            if let Some(output) = output {
                return output;
            }
            if live.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.live.0.send_modify(|live| {
            live.remove(&self.id);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use writ_core::digest::Digest;

    #[tokio::test]
    async fn a_run_can_be_waited_for_while_it_is_in_flight() {
        let live = Live::default();
        let id = ExecutionId(Digest::of(b"run"));
        let output = Output::new(10);
        let (found, in_flight) = tokio::join!(live.output(id), async {
            tokio::task::yield_now().await;
            live.begin(ExecutionId(Digest::of(b"other")), Output::new(10));
            live.begin(id, output.clone())
        });
        output.push(b"abc");
        assert_eq!(found.bytes(), b"abc");
        drop(in_flight);
        assert!(live.0.borrow().is_empty());
    }
}
