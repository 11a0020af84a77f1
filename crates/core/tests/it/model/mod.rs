//! The state machine against a small reference, and every proof by itself.
//!
//! Random **walks** of statements, accepted and refused, with time that passes
//! and sometimes goes back. After each step State and the [`reference`] say the
//! same. Then, of every accepted entry, its **closure** (what it read, and what
//! that read, down to entry 0) is folded alone and must be accepted again: that
//! is what a proof of one entry rests on.

mod reference;
mod steps;

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::record::Status;
use writ_core::state::Decided;
use writ_core::testing::World;

use self::reference::Reference;
use self::steps::{Step, beginning, say, walk};
use crate::proof::every_yes_is_proved;

/// What the walks came upon.
#[derive(Default)]
struct Seen {
    codes: BTreeMap<&'static str, u32>,
    statuses: BTreeMap<Status, u32>,
    runs: u32,
}

/// Walks through the same random steps every time.
fn walks(cases: u32, check: impl Fn(Vec<Step>) -> Result<(), TestCaseError>) {
    let config = Config {
        cases: std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(cases),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    if let Err(error) = runner.run(&walk(), check) {
        panic!("{error}");
    }
}

/// The world of a walk, step by step beside its reference.
struct Walk {
    world: World,
    reference: Reference,
    statuses: BTreeMap<RequestId, Status>,
}

impl Walk {
    fn new(beginning: &World) -> Self {
        Self {
            world: beginning.clone(),
            reference: Reference::new(beginning.now.0),
            statuses: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: &Step) -> Option<(Decided, Option<&'static str>)> {
        let nth = match step {
            Step::Approve(_, nth, ..) | Step::End(_, nth, _) | Step::Outcome(nth, _) => *nth,
            Step::Invoke(.., nth) => nth.unwrap_or_default(),
            Step::Wait(_)
            | Step::Control(..)
            | Step::Group(..)
            | Step::Policy(..)
            | Step::RemovePolicy(_)
            | Step::Active(..)
            | Step::Request(..) => 0,
        };
        let none = Digest::of(b"none such");
        let request = self.reference.nth_request(nth);
        let request = request.map_or(RequestId(none), |at| self.reference.requests[at].id);
        let run = self.reference.nth_run(nth);
        let run = run.map_or(ExecutionId(none), |at| self.reference.runs[at].id);
        let decided = say(&mut self.world, step, request, run);
        let digest = decided.as_ref().map(|decided| decided.digest);
        let expected = self.reference.step(step, || digest.unwrap());
        let decided = decided?;
        for record in decided.facts.iter().filter_map(|fact| fact.request()) {
            self.statuses.insert(record.id, record.status);
        }
        Some((decided, expected))
    }

    /// State says of every request and run what the reference says.
    fn agrees(&self) -> Result<(), TestCaseError> {
        let state = &self.world.state;
        for asked in &self.reference.requests {
            let place = format!("request {}", asked.id.short());
            let status = self.statuses.get(&asked.id).copied();
            proptest::prop_assert_eq!(status, Some(asked.status), "{}", place);
            let open = state.request(asked.id);
            proptest::prop_assert_eq!(open.is_some(), asked.status.is_open(), "{}", place);
            let Some(record) = open else { continue };
            let window = record
                .grant
                .as_ref()
                .map(|grant| (grant.from.0, grant.until.0));
            proptest::prop_assert_eq!(window, asked.grant, "{}", place);
            proptest::prop_assert_eq!(state.runs_of(asked.id), asked.used, "{}", place);
        }
        let open = state.requests().count();
        let expected = self
            .reference
            .requests
            .iter()
            .filter(|a| a.status.is_open());
        proptest::prop_assert_eq!(open, expected.count());
        for run in &self.reference.runs {
            if let Some(record) = state.execution(run.id) {
                proptest::prop_assert_eq!(record.request, Some(run.under));
            }
        }
        Ok(())
    }
}

#[test]
fn state_says_what_the_reference_says() {
    let beginning = beginning();
    let seen = RefCell::new(Seen::default());
    walks(2_000, |steps| {
        let mut walk = Walk::new(&beginning);
        for step in &steps {
            let Some((decided, expected)) = walk.step(step) else {
                continue;
            };
            let code = decided.refusal.as_ref().map(|refusal| refusal.code());
            proptest::prop_assert_eq!(code, expected, "{:?}", step);
            walk.agrees()?;
            if let Some(code) = code {
                *seen.borrow_mut().codes.entry(code).or_default() += 1;
            }
        }
        let mut seen = seen.borrow_mut();
        seen.runs += u32::try_from(walk.reference.runs.len()).unwrap();
        for asked in &walk.reference.requests {
            *seen.statuses.entry(asked.status).or_default() += 1;
        }
        Ok(())
    });
    let seen = seen.into_inner();
    // A walk that never gets anywhere would agree about nothing.
    for status in Status::ALL {
        let count = seen.statuses.get(&status).copied().unwrap_or_default();
        assert!(count >= 20, "{status:?} only {count} times");
    }
    assert!(seen.runs > 1_000, "only {} runs", seen.runs);
    for code in [
        "already-decided",
        "already-pending",
        "comment-required",
        "disabled",
        "duration",
        "inactive",
        "insufficient",
        "no-approvers",
        "no-policy",
        "not-approver",
        "not-pending",
        "not-requester",
        "not-started",
        "not-yours-to-end",
        "parameters",
        "runs",
        "self-approval",
        "stale",
        "start",
        "too-old",
        "unknown-execution",
        "unknown-object",
        "used-up",
        "wider",
    ] {
        let count = seen.codes.get(code).copied().unwrap_or_default();
        assert!(count >= 5, "{code} only {count} times: {:?}", seen.codes);
    }
}

#[test]
fn the_closure_of_every_accepted_entry_is_accepted_alone() {
    let beginning = beginning();
    walks(300, |steps| {
        let mut walk = Walk::new(&beginning);
        for step in &steps {
            walk.step(step);
        }
        every_yes_is_proved(&walk.world);
        Ok(())
    });
}
