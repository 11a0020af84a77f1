//! Runs in flight when their grant ends: which go on, and which are killed.

use writ_core::Published;
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::object::Policy;
use writ_core::statement::{End, RunResult, Tick};
use writ_core::testing::*;
use writ_core::time::Seconds;

use crate::proof::every_yes_is_proved;

/// A world where alice has a grant and a run of it in flight.
fn in_flight(kill_on_end: bool) -> (World, RequestId, ExecutionId) {
    let mut w = World::ready();
    w.set(Policy {
        kill_on_end,
        ..manual(RESTART, &[])
    });
    let grant = w.grant();
    let run = w.invoke("alice", RESTART, &[("unit", "x")]);
    (w, grant, run)
}

fn killing(request: RequestId) -> End {
    End {
        kill: true,
        ..ending(request)
    }
}

#[test]
fn a_run_is_killed_where_the_policy_or_whoever_ends_its_grant_says_so() {
    type Ends = fn(&mut World, RequestId);
    let revoked: Ends = |w, id| drop(w.yes("bob", ending(id)));
    let killed: Ends = |w, id| drop(w.yes("bob", killing(id)));
    let by_oneself: Ends = |w, id| drop(w.yes("alice", killing(id)));
    let over: Ends = |w, _| {
        w.wait(Seconds(4 * 3_600));
        w.yes("node", Tick { turned_away: 0 });
    };
    let ungoverned: Ends = |w, _| drop(w.remove_policy(RESTART));
    for (name, end, kill_on_end, expected) in [
        ("revoked", revoked, false, false),
        ("revoked", revoked, true, true),
        ("killed", killed, false, true),
        ("killed", killed, true, true),
        ("killed by oneself", by_oneself, false, true),
        ("time is up", over, false, false),
        ("time is up", over, true, true),
        ("no policy", ungoverned, false, false),
        ("no policy", ungoverned, true, true),
    ] {
        let (mut w, grant, run) = in_flight(kill_on_end);
        assert!(!w.state.is_killed(run));
        end(&mut w, grant);
        assert!(w.state.request(grant).is_none(), "{name}");
        assert_eq!(w.state.is_killed(run), expected, "{name} {kill_on_end}");
        let said = w.log.last().unwrap().facts.iter().map(ToString::to_string);
        let said: String = said.collect();
        assert_eq!(said.contains("killed"), expected, "{said}");
        // However it went, it has one outcome, and then nothing is left of it.
        w.yes("node", outcome(run, RunResult::Unknown));
        assert!(!w.state.is_killed(run));
        every_yes_is_proved(&w);
    }
}

#[test]
fn only_runs_in_flight_under_that_grant_are_killed() {
    let (mut w, grant, over) = in_flight(false);
    w.yes("node", outcome(over, RunResult::Succeeded));
    let lost = w.invoke("alice", RESTART, &[("unit", "x")]);
    w.yes("node", outcome(lost, RunResult::Unknown));
    let run = w.invoke("alice", RESTART, &[("unit", "x")]);
    w.request("dave", SAY);
    let other = w.invoke("dave", SAY, &[("word", "x")]);
    w.yes("bob", killing(grant));
    let killed = [over, lost, run, other].map(|id| w.state.is_killed(id));
    assert_eq!(killed, [false, false, true, false]);
    // One that was not started yet is not started at all.
    let permit = Published::durable(w.state.clone(), w.size()).permit(
        run,
        &w.node,
        w.now,
        &Default::default(),
    );
    permit.unwrap_err();
}

#[test]
fn a_pending_request_has_nothing_to_kill() {
    let mut w = World::ready();
    let request = w.request("alice", RESTART);
    let decided = w.yes("bob", killing(request));
    let ending = decided.facts[0].request().unwrap().ending.clone();
    assert!(!ending.unwrap().kill);
}
