//! Trials: what the rules would say of somebody, without their saying anything.
//!
//! A trial decides as an entry would, on a copy of State that time has passed
//! over, and drops it. It asks for no key: whether somebody could sign at all
//! is another question, see [`State::unable`]. What it answers is true of this
//! State at this instant and binds nobody.

use std::sync::Arc;

use crate::decide::Signer;
use crate::digest::{Digest, KeyId};
use crate::fact::Fact;
use crate::names::{Name, Upn};
use crate::object::decide_set;
use crate::reading::Reading;
use crate::record::{ExecutionRecord, RequestRecord};
use crate::refusal::Refusal;
use crate::state::State;
use crate::statement::{Body, Invoke, Request};
use crate::time::Time;
use crate::{credentials, request, run};

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
    /// Whether what somebody would say at `now`, signed with this key of theirs, would
    /// be accepted, or why it would be refused.
    pub fn try_said(
        &self,
        by: &Upn,
        key: KeyId,
        node: &Name,
        said: &Body,
        now: Time,
    ) -> Result<(), Refusal> {
        let state = self.passed(now);
        let reading = Reading::new(&state, state.time());
        let signer = Signer::with_key(&reading, by, key)?;
        let r = &reading;
        let facts = match said {
            Body::Set(set) => decide_set(r, &signer, set),
            Body::RevokeKey(revoke) => credentials::revoke(r, &signer, revoke),
            Body::Signout(signout) => credentials::sign_out(r, &signer, signout),
            Body::Request(request) => request::raise(r, &signer, NOBODY, request),
            Body::Approve(approve) => request::approve(r, &signer, approve),
            Body::End(end) => request::end(r, &signer, end),
            Body::Invoke(invoke) => run::invoke(r, &signer, node, NOBODY, invoke),
            Body::Outcome(outcome) => run::resolve(r, &signer, outcome),
            Body::Genesis(_) | Body::Enrol(_) | Body::Recover(_) | Body::Tick(_) => {
                let what = "a trial of this";
                Err(Refusal::NotYet { what })
            }
        };
        facts.map(drop)
    }
}
