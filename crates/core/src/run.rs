//! Runs: from an **invocation** to exactly one **outcome**.

use std::sync::Arc;

use crate::digest::{ExecutionId, RequestId};
use crate::names::Upn;
use crate::object::{Task, Workload};
use crate::time::Time;
use crate::value::Values;

/// What is to be done, for whom: all that a connector may know of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The run's name.
    pub execution: ExecutionId,
    /// The grant that it is under.
    pub request: RequestId,
    /// On whose behalf.
    pub by: Upn,
    /// The task as it was when the run was authorised.
    pub task: Arc<Task>,
    /// The workload as it was when the run was authorised.
    pub workload: Arc<Workload>,
    /// The values of its parameters, attached texts included.
    pub parameters: Values,
    /// When the run was authorised.
    pub authorized: Time,
}

/// Leave to start one run, once: neither `Clone` nor made anywhere but from
/// durable State.
#[derive(Debug)]
pub struct Permit(Job);

impl Permit {
    /// What is to be done.
    pub const fn job(&self) -> &Job {
        &self.0
    }
}
