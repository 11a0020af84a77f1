//! Trials: what the rules would say of somebody, without their saying anything.
//!
//! A trial decides as an entry would, on a copy of State that time has passed
//! over, and drops it. It asks for no key: whether somebody could sign at all
//! is another question, see [`State::unable`]. What it answers is true of this
//! State at this instant and binds nobody.

use std::sync::Arc;

use crate::decide::Signer;
use crate::digest::Digest;
use crate::fact::Fact;
use crate::names::{Name, Upn};
use crate::reading::Reading;
use crate::record::{ExecutionRecord, RequestRecord};
use crate::refusal::Refusal;
use crate::state::State;
use crate::statement::{Invoke, Request};
use crate::time::Time;
use crate::{request, run};

/// What would be recorded goes by this name.
const NOBODY: Digest = Digest::from_bytes([0; 32]);

impl State {
    /// The request as it would be right after it was raised at `now`, live if
    /// nobody is asked; or why it would be refused.
    pub fn try_request(
        &self,
        by: &Upn,
        ask: &Request,
        now: Time,
    ) -> Result<Arc<RequestRecord>, Refusal> {
        let state = self.passed(now);
        let reading = Reading::new(&state, state.time());
        let signer = Signer::unsigned(&reading, by)?;
        let mut facts = request::raise(&reading, &signer, NOBODY, ask)?;
        let Some(Fact::Request { record, .. }) = facts.pop() else {
            let what = "a request that leaves no record";
            return Err(Refusal::NotYet { what });
        };
        Ok(record)
    }

    /// The run as `node` would authorise it at `now`, or why it would be refused.
    pub fn try_run(
        &self,
        by: &Upn,
        node: &Name,
        ask: &Invoke,
        now: Time,
    ) -> Result<Arc<ExecutionRecord>, Refusal> {
        let state = self.passed(now);
        let reading = Reading::new(&state, state.time());
        let signer = Signer::unsigned(&reading, by)?;
        let mut facts = run::invoke(&reading, &signer, node, NOBODY, ask)?;
        let Some(Fact::Execution { record }) = facts.pop() else {
            let what = "a run that leaves no record";
            return Err(Refusal::NotYet { what });
        };
        Ok(record)
    }
}
