//! The target of the simulated runs: it does what a run's text says, writes down
//! what was asked of it and what it did, and can tell that afterwards or not.

use std::panic::resume_unwind;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use writ_connect::{Connector, Credentials, Ended, Output};
use writ_core::digest::ExecutionId;
use writ_core::object::{Task, Workload};
use writ_core::run::{Job, Permit};
use writ_core::value::Value;

use super::faults::{Call, Fate, Fault, SLOW, When};
use super::journal::{Event, Journal};

/// What a run gives: it is done at once, and well.
pub(super) const QUICK: &str = "quick";
/// The effect is there after a few seconds.
pub(super) const LONG: &str = "long";
/// The target refuses to do it.
pub(super) const BAD: &str = "bad";

/// A connector to which things happen; a clone is the same target.
#[derive(Clone)]
pub(super) struct FatefulTarget {
    pub(super) journal: Journal,
    pub(super) fate: Fate,
    /// Whether it can tell afterwards what became of a run.
    pub(super) remembers: bool,
}

fn refused() -> Ended {
    Ended::Failed {
        exit: Some(1),
        note: "the target said no".into(),
    }
}

impl FatefulTarget {
    /// What the target does by itself, with its effect.
    async fn carry_out(&self, job: &Job, output: &Output) -> Ended {
        let says = |word: &str| {
            let mut values = job.parameters.values();
            values.any(|value| matches!(value, Value::Text(text) if text == word))
        };
        if says(BAD) {
            return refused();
        }
        if says(LONG) {
            sleep(Duration::from_secs(3)).await;
        }
        output.push(b"done");
        self.journal.note(Event::Effect(job.execution));
        Ended::Succeeded { exit: Some(0) }
    }

    /// What a fault makes of it; nothing where it only takes its time.
    async fn suffer(&self, fault: Fault) -> Option<Ended> {
        match fault {
            Fault::Unavailable | Fault::Full | Fault::Lie => Some(refused()),
            Fault::Unknown(_) => Some(Ended::Unknown {
                note: "the line was cut".into(),
            }),
            Fault::Crash(_, loss) => self.fate.end(loss).await,
            // As a panic does, without a word of it on the screen.
            Fault::Panic(_) => resume_unwind(Box::new("on purpose")),
            Fault::Hang(_) => std::future::pending().await,
            Fault::Slow(_) => {
                sleep(SLOW).await;
                None
            }
            Fault::Clock(seconds) => {
                self.fate.clock().jump(seconds);
                None
            }
            Fault::Twice => None,
        }
    }
}

#[async_trait]
impl Connector for FatefulTarget {
    fn check_task(&self, _: &Task) -> Result<(), String> {
        Ok(())
    }

    fn check_workload(&self, _: &Workload) -> Result<(), String> {
        Ok(())
    }

    async fn execute(&self, permit: &Permit, _: &Credentials, output: &Output) -> Ended {
        let job = permit.job();
        let fault = self.fate.next(Call::Execute).await;
        self.journal.started(job).await;
        let done = match fault {
            Some(fault) if fault.when() == When::After => Some(self.carry_out(job, output).await),
            Some(Fault::Twice) => {
                self.carry_out(job, output).await;
                None
            }
            Some(_) | None => None,
        };
        let suffered = match fault {
            Some(fault) => self.suffer(fault).await,
            None => None,
        };
        let ended = match suffered.or(done) {
            Some(ended) => ended,
            None => self.carry_out(job, output).await,
        };
        self.journal
            .note(Event::Ended(job.execution, ended.clone()));
        ended
    }

    async fn probe(&self, execution: ExecutionId) -> Option<Ended> {
        let fault = self.fate.next(Call::Probe).await;
        let suffered = match fault {
            None => None,
            Some(Fault::Unavailable) => return None,
            Some(fault) => self.suffer(fault).await,
        };
        let remembered = || match self.journal.effects(execution) > 0 {
            true => Ended::Succeeded { exit: Some(0) },
            false => Ended::not_started("the target knows nothing of it"),
        };
        suffered.or(self.remembers.then(remembered))
    }
}
