//! Policies: which one governs, and what a change of that ends.

use std::collections::BTreeSet;

use writ_core::digest::RequestId;
use writ_core::object::{ObjectName, Others, Policy, Risk, Task};
use writ_core::record::Status;
use writ_core::state::Decided;
use writ_core::testing::*;
use writ_core::time::Seconds;

use crate::said::no;

pub(crate) fn all() {
    nothing_runs_without_a_policy();
    the_star_never_covers_high_risk();
    removal_falls_back_to_the_next_pattern();
    auto_needs_its_requesters();
    manual_needs_somebody_to_ask();
    the_groups_of_a_policy_exist();
    the_workload_of_a_task_exists();
}

/// How a request ended in this entry, if it did.
fn fate(decided: &Decided, request: RequestId) -> Option<Status> {
    decided.facts.iter().find_map(|fact| {
        let record = fact.request()?;
        (record.id == request).then_some(record.status)
    })
}

fn governing(w: &World, task: &str) -> String {
    match w.state.governing(&task_name(task), w.now) {
        Ok(governed) => governed.rule.policy.task.to_string(),
        Err(refusal) => refusal.code().to_owned(),
    }
}

#[test]
fn nothing_runs_without_a_policy() {
    let mut w = World::new();
    w.set(control(true, Some("approvers")));
    no(&mut w, "alice", asking(RESTART), "no-policy");
    no(
        &mut w,
        "alice",
        running(RESTART, &[("unit", "x")]),
        "no-policy",
    );
    no(&mut w, "alice", asking(r"Host\Nothing"), "unknown-task");
    no(&mut w, "alice", asking(r"Else\Nothing"), "unknown-task");
}

/// A pattern opens tasks that exist; what merely looks like one is none.
#[test]
fn a_name_that_is_nearly_a_tasks_is_no_task() {
    let mut w = World::ready();
    for pattern in [r"Host\*", "*"] {
        w.set(auto(pattern, "staff"));
    }
    for nearly in [
        r"Host\Restart-Service.",
        r"Host\Restart-Service-",
        r"Host\Restart_Service",
        r"Host\Restart-Serv1ce",
        r"Host.\Restart-Service",
        r"H0st\Restart-Service",
    ] {
        no(&mut w, "alice", asking(nearly), "unknown-task");
        let run = running(nearly, &[("unit", "x")]);
        no(&mut w, "alice", run, "unknown-task");
    }
    let request = w.request("alice", r"hOST\rESTART-sERVICE");
    let record = w.state.request(request).unwrap();
    assert_eq!(record.task, task_name(RESTART));
    assert_eq!(record.task.as_str(), RESTART);
    assert_eq!(record.status, Status::Pending, "the exact policy asks");
}

#[test]
fn exact_beats_pattern_and_longer_beats_shorter() {
    let mut w = World::ready();
    w.remove_policy(RESTART);
    for pattern in [
        "*",
        "h*",
        r"HOST\*",
        r"Host\Re*",
        r"host\restart-service*",
        RESTART,
    ] {
        w.set(manual(pattern, &[]));
        assert_eq!(governing(&w, RESTART), pattern);
    }
    // A shorter one changes nothing, whenever it is set.
    w.set(manual(r"Host\R*", &[("seniors", 2)]));
    assert_eq!(governing(&w, RESTART), RESTART);
    assert_eq!(governing(&w, SAY), SAY);
}

#[test]
fn names_ignore_case() {
    let mut w = World::ready();
    let request = w.request("alice", r"HOST\RESTART-service");
    assert_eq!(w.state.request(request).unwrap().task.as_str(), RESTART);
    w.approve("bob", request);
    w.invoke("alice", r"host\restart-SERVICE", &[("unit", "x")]);
}

#[test]
fn the_star_never_covers_high_risk() {
    let mut w = World::ready();
    w.remove_policy(RESTART);
    w.set(manual("*", &[]));
    let risky = Task {
        risk: Risk::High,
        ..task(RESTART, "/usr/bin/systemctl", &["unit"])
    };
    let request = w.request("alice", RESTART);
    let decided = w.set(risky);
    assert_eq!(fate(&decided, request), Some(Status::Superseded));
    no(&mut w, "alice", asking(RESTART), "no-policy");
    w.set(manual("H*", &[]));
    w.request("alice", RESTART);
}

#[test]
fn removal_falls_back_to_the_next_pattern() {
    let mut w = World::ready();
    w.set(manual(r"Host\*", &[("seniors", 1)]));
    w.remove_policy(RESTART);
    assert_eq!(governing(&w, RESTART), r"Host\*");
    w.remove_policy(r"Host\*");
    assert_eq!(governing(&w, RESTART), "no-policy");
    let again = w.removing(ObjectName::Policy(RESTART.parse().unwrap()));
    no(&mut w, "admin", again, "unknown-object");
}

#[test]
fn auto_needs_its_requesters() {
    let mut w = World::ready();
    no(&mut w, "erin", asking(SAY), "not-requester");
    let request = w.request("alice", SAY);
    assert_eq!(w.state.request(request).unwrap().status, Status::Live);
    // Without a group anybody could: the form forbids it.
    let bare = Policy {
        requesters: None,
        ..auto(SAY, "staff")
    };
    assert!(writ_core::object::Object::from(bare).check().is_err());
}

#[test]
fn manual_needs_somebody_to_ask() {
    let mut w = World::ready();
    w.set(control(true, None));
    no(&mut w, "alice", asking(RESTART), "no-approvers");
    w.set(manual(RESTART, &[("seniors", 1)]));
    w.request("alice", RESTART);
}

#[test]
fn the_groups_of_a_policy_exist() {
    let mut w = World::ready();
    for policy in [
        manual(RESTART, &[("approvers", 1), ("nobody", 1)]),
        auto(RESTART, "nobody"),
        Policy {
            output_readers: BTreeSet::from([address("nobody")]),
            ..manual(RESTART, &[])
        },
    ] {
        let set = w.setting(policy);
        no(&mut w, "admin", set, "unknown-object");
    }
}

#[test]
fn the_workload_of_a_task_exists() {
    let mut w = World::ready();
    let set = w.setting(task(r"Else\Task", "/bin/true", &[]));
    no(&mut w, "admin", set, "unknown-object");
    w.remove(ObjectName::Workload("Host".parse().unwrap()));
    no(&mut w, "alice", asking(RESTART), "unknown-object");
    let set = w.setting(task(RESTART, "/bin/true", &[]));
    no(&mut w, "admin", set, "unknown-object");
}

#[test]
fn a_change_of_what_governs_supersedes_what_is_pending() {
    let mut w = World::ready();
    let request = w.request("alice", RESTART);
    let mut tried = w.clone();
    let after = |change: &dyn Fn(&mut World) -> Decided| {
        let mut w = w.clone();
        fate(&change(&mut w), request)
    };
    let superseded = Some(Status::Superseded);
    let removed = |name: ObjectName| move |w: &mut World| w.remove(name.clone());

    // The same policy again, in whatever spelling, changes nothing.
    assert_eq!(after(&|w| w.set(manual(RESTART, &[]))), None);
    assert_eq!(
        after(&|w| w.set(manual(&RESTART.to_uppercase(), &[]))),
        None
    );
    assert_eq!(after(&|w| w.set(manual("*", &[("seniors", 2)]))), None);
    assert_eq!(after(&|w| w.set(control(true, Some("approvers")))), None);
    assert_eq!(after(&|w| w.set(control(false, Some("approvers")))), None);
    assert_eq!(after(&|w| w.set(group("approvers", &["dave"]))), None);
    assert_eq!(
        after(&|w| w.set(task(RESTART, "/bin/true", &["unit"]))),
        None
    );
    assert_eq!(after(&|w| w.set(manual(SAY, &[("seniors", 2)]))), None);

    let shorter = Policy {
        max_duration_s: Seconds::HOUR,
        ..manual(RESTART, &[])
    };
    assert_eq!(after(&|w| w.set(shorter.clone())), superseded);
    assert_eq!(
        after(&|w| w.set(manual(RESTART, &[("seniors", 1)]))),
        superseded
    );
    assert_eq!(after(&|w| w.set(auto(RESTART, "staff"))), superseded);
    assert_eq!(
        after(&|w| w.set(control(true, Some("seniors")))),
        superseded
    );
    assert_eq!(after(&|w| w.set(control(true, None))), superseded);
    let policy = ObjectName::Policy(RESTART.parse().unwrap());
    assert_eq!(after(&removed(policy.clone())), superseded);
    let task = ObjectName::Task(task_name(RESTART));
    assert_eq!(after(&removed(task)), superseded);
    let workload = ObjectName::Workload("Host".parse().unwrap());
    assert_eq!(after(&removed(workload)), superseded);

    // The default group is not asked where the policy names its own.
    tried.set(manual(RESTART, &[("seniors", 1)]));
    let named = tried.request("alice", RESTART);
    let decided = tried.set(control(true, Some("staff")));
    assert_eq!(fate(&decided, named), None);
}

#[test]
fn a_live_grant_ends_when_its_task_is_governed_by_nothing() {
    let mut w = World::ready();
    let grant = w.grant();
    let after = |change: &dyn Fn(&mut World) -> Decided| {
        let mut w = w.clone();
        fate(&change(&mut w), grant)
    };
    let ended = Some(Status::Ended);
    assert_eq!(after(&|w| w.set(manual(RESTART, &[("seniors", 2)]))), None);
    assert_eq!(after(&|w| w.set(auto(RESTART, "staff"))), None);
    assert_eq!(after(&|w| w.set(control(true, None))), None);
    assert_eq!(after(&|w| w.remove_policy(RESTART)), ended);
    let task = ObjectName::Task(task_name(RESTART));
    assert_eq!(after(&|w| w.remove(task.clone())), ended);
    let workload = ObjectName::Workload("Host".parse().unwrap());
    assert_eq!(after(&|w| w.remove(workload.clone())), ended);

    // With something to fall back to it goes on.
    w.set(manual("*", &[]));
    let decided = w.remove_policy(RESTART);
    assert_eq!(fate(&decided, grant), None);
    w.invoke("alice", RESTART, &[("unit", "x")]);
    let risky = Task {
        risk: Risk::High,
        ..writ_core::testing::task(RESTART, "/usr/bin/systemctl", &["unit"])
    };
    let decided = w.set(risky);
    assert_eq!(fate(&decided, grant), ended);
}

#[test]
fn a_grant_given_by_itself_ends_when_approval_is_asked_for() {
    let mut w = World::ready();
    let grant = w.request("alice", SAY);
    w.set(manual(r"Host\*", &[]));
    assert!(
        w.state.request(grant).is_some(),
        "the exact one still governs"
    );
    let mut other = w.clone();
    let decided = other.set(manual(SAY, &[]));
    assert_eq!(fate(&decided, grant), Some(Status::Ended));
    let decided = w.remove_policy(SAY);
    assert_eq!(fate(&decided, grant), Some(Status::Ended));
}

#[test]
fn what_a_policy_does_not_name_may_be_refused() {
    let mut w = World::ready();
    let policy = Policy {
        others: Others::Refuse,
        ..manual(RESTART, &[])
    };
    w.set(policy);
    let request = w.request("alice", RESTART);
    w.approve("bob", request);
    no(
        &mut w,
        "alice",
        running(RESTART, &[("unit", "x")]),
        "parameters",
    );
}
