//! System accounts: what their exemption lets them do, and what it does not.

use writ_core::Published;
use writ_core::digest::{Digest, RequestId};
use writ_core::names::Pattern;
use writ_core::object::{Control, Person, PersonKind, Rule, SystemAccount};
use writ_core::statement::{Invoke, RunResult, Tick};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};
use writ_core::view::ExecutionView;

use crate::proof::every_yes_is_proved;
use crate::said::no;

pub(crate) fn all() {
    an_exemption_needs_no_grant_and_no_policy();
    a_system_account_neither_asks_nor_approves();
    an_exemption_has_an_end();
    an_exemption_ends_within_90_days();
    only_services_are_exempt();
    disabling_stops_them_only_if_told_to();
}

const NINETY_DAYS: Seconds = Seconds(90 * 86_400);

fn service(name: &str) -> Person {
    Person {
        kind: PersonKind::Service,
        ..person(name)
    }
}

fn exempt(name: &str, tasks: Option<&[&str]>, until: Time) -> SystemAccount {
    let pattern = |text: &&str| Pattern::parse(text).unwrap();
    SystemAccount {
        upn: upn(name),
        tasks: tasks.map(|tasks| tasks.iter().map(pattern).collect()),
        until,
    }
}

fn with(accounts: Vec<SystemAccount>) -> Control {
    Control {
        system_accounts: accounts,
        ..control(true, Some("approvers"))
    }
}

fn restart() -> Invoke {
    running(RESTART, &[("unit", "x")])
}

/// A world where `robot` is a system account, exempt for a day.
fn automated(tasks: Option<&[&str]>) -> World {
    let mut w = World::ready();
    let until = w.now.plus(Seconds::DAY);
    // The exemption may be there before the account is.
    w.set(with(vec![exempt("robot", tasks, until)]));
    w.join_as(service("robot"), "robot");
    w
}

#[test]
fn an_exemption_needs_no_grant_and_no_policy() {
    let mut w = automated(None);
    w.remove_policy(RESTART);
    let run = w.invoke("robot", RESTART, &[("unit", "x")]);
    let record = w.state.execution(run).unwrap();
    assert_eq!(record.request, None);
    assert!(ExecutionView::from(record.as_ref()).exempt);
    let said = w.log.last().unwrap().facts[0].to_string();
    assert!(said.contains("exempt"), "{said}");

    // The task must exist, and its schema hold.
    no(
        &mut w,
        "robot",
        running(r"Host\Nothing", &[]),
        "unknown-task",
    );
    for bad in [&[][..], &[("unit", "-x")], &[("unit", "x"), ("word", "y")]] {
        no(&mut w, "robot", running(RESTART, bad), "parameters");
    }
    // A grant that is named must be there.
    let under = Invoke {
        request: Some(RequestId(Digest::of(b"never"))),
        ..restart()
    };
    no(&mut w, "robot", under, "no-policy");
    // Nobody else gains anything.
    no(&mut w, "alice", restart(), "no-policy");
    w.yes("node", outcome(run, RunResult::Succeeded));
    every_yes_is_proved(&w);
}

#[test]
fn an_exemption_may_be_limited_to_tasks() {
    let rules = [
        (&[r"Host\Say"][..], RESTART, false),
        (&[r"Host\Say"], SAY, true),
        (&[r"host\re*"], RESTART, true),
        (&[r"Host\Say", r"Host\Restart-Service"], RESTART, true),
        (&[r"Exchange\*"], SAY, false),
    ];
    for (tasks, task, may) in rules {
        let mut w = automated(Some(tasks));
        let given = if task == SAY {
            ("word", "x")
        } else {
            ("unit", "x")
        };
        let refusal = w.say("robot", running(task, &[given])).refusal;
        assert_eq!(refusal.is_none(), may, "{tasks:?} {task}: {refusal:?}");
        if let Some(refusal) = refusal {
            assert!(["insufficient", "not-requester"].contains(&refusal.code()));
        }
    }
}

#[test]
fn a_system_account_neither_asks_nor_approves() {
    let mut w = automated(None);
    w.set(group("approvers", &["robot", "bob"]));
    w.set(group("staff", &["robot", "alice"]));
    no(&mut w, "robot", asking(RESTART), "system-account");
    no(&mut w, "robot", asking(SAY), "system-account");
    let request = w.request("alice", RESTART);
    no(&mut w, "robot", approving(request), "system-account");
    let record = w.state.request(request).unwrap();
    assert!(!w.state.awaits(record, &upn("robot"), w.now));
    assert!(w.state.awaits(record, &upn("bob"), w.now));
    let only_robots = manual(RESTART, &[("approvers", 2)]);
    let missing = w
        .state
        .reachable(Some(&upn("alice")), &Rule::new(&only_robots, None));
    assert!(missing.unwrap_err().problem.contains("bob"));
}

#[test]
fn whoever_became_a_service_no_longer_counts_as_an_approver() {
    let mut w = World::ready();
    w.set(manual(RESTART, &[("approvers", 2)]));
    let request = w.request("alice", RESTART);
    w.approve("bob", request);
    w.set(service("bob"));
    w.approve("carol", request);
    assert!(w.state.request(request).unwrap().grant.is_none());
}

#[test]
fn an_exemption_has_an_end() {
    let w = automated(None);
    let end = w.state.control().unwrap().system_accounts[0].until;
    for (now, expected) in [
        (Time(end.0 - 1), None),
        (end, Some("insufficient")),
        (end.plus(Seconds(1)), Some("insufficient")),
    ] {
        let mut w = w.clone();
        w.now = now;
        let refusal = w.say("robot", restart()).refusal;
        assert_eq!(refusal.map(|no| no.code()), expected);
    }
    // Taken away is taken away at once.
    let mut w = w;
    w.set(with(Vec::new()));
    no(&mut w, "robot", restart(), "insufficient");
}

#[test]
fn an_exemption_ends_within_90_days() {
    let mut w = automated(None);
    let longest = w.now.plus(NINETY_DAYS);
    // By the signer's clock, which may be five minutes ahead.
    for (until, expected) in [
        (w.now, Some("exemption")),
        (Time(w.now.0 + 1), None),
        (longest.plus(Seconds(300)), None),
        (longest.plus(Seconds(301)), Some("exemption")),
    ] {
        let set = w.setting(with(vec![exempt("robot", None, until)]));
        let refusal = w.say("admin", set).refusal;
        assert_eq!(refusal.map(|no| no.code()), expected, "{until}");
    }
    // One that has ended keeps nobody from disabling.
    w.wait(NINETY_DAYS.max(Seconds::DAY)).wait(Seconds(301));
    let ended = w.state.control().unwrap().system_accounts.clone();
    let disabled = Control {
        enabled: false,
        ..with(ended.clone())
    };
    w.set(disabled);
    // But it is not made longer by a second look.
    let narrowed = exempt("robot", Some(&[SAY]), ended[0].until);
    let set = w.setting(with(vec![narrowed]));
    no(&mut w, "admin", set, "exemption");
    every_yes_is_proved(&w);
}

#[test]
fn only_services_are_exempt() {
    let mut w = automated(None);
    let until = w.now.plus(Seconds::DAY);
    let set = w.setting(with(vec![exempt("alice", None, until)]));
    no(&mut w, "admin", set, "not-a-service");
    // Who turns out to be a human was never exempt.
    w.set(with(vec![exempt("frank", None, until)]));
    w.join("frank");
    no(&mut w, "frank", restart(), "insufficient");
    // And who stops being a service is so no longer.
    w.set(with(vec![exempt("robot", None, until)]));
    w.yes("robot", restart());
    w.set(person("robot"));
    no(&mut w, "robot", restart(), "insufficient");
}

#[test]
fn the_form_of_exemptions() {
    let w = World::ready();
    let until = w.now.plus(Seconds::DAY);
    for (accounts, fits) in [
        (vec![exempt("robot", None, until)], true),
        (
            vec![exempt("robot", None, until), exempt("ROBOT", None, until)],
            false,
        ),
        (vec![exempt("robot", Some(&[]), until)], false),
        (vec![exempt("robot", Some(&["*"]), until)], false),
        (vec![exempt("robot", Some(&[r"Host\*"]), until)], true),
    ] {
        let object = writ_core::object::Object::from(with(accounts));
        assert_eq!(object.check().is_ok(), fits, "{object:?}");
    }
}

#[test]
fn disabling_stops_them_only_if_told_to() {
    let mut w = automated(None);
    let accounts = w.state.control().unwrap().system_accounts.clone();
    let control = |enabled, stop| Control {
        enabled,
        stop_system_accounts: stop,
        ..with(accounts.clone())
    };
    for (enabled, stop, expected) in [
        (true, false, None),
        (true, true, None),
        (false, false, None),
        (false, true, Some("disabled")),
    ] {
        w.set(control(enabled, stop));
        let refusal = w.say("robot", restart()).refusal;
        assert_eq!(refusal.map(|no| no.code()), expected, "{enabled} {stop}");
    }
    w.set(control(false, false));
    no(&mut w, "alice", asking(RESTART), "disabled");
    // The exemption's clock goes on.
    w.wait(Seconds::DAY);
    no(&mut w, "robot", restart(), "disabled");
}

#[test]
fn a_permit_asks_once_more() {
    let mut w = automated(None);
    let run = w.invoke("robot", RESTART, &[("unit", "x")]);
    let permit = |w: &World| {
        let published = Published::durable(w.state.clone(), w.size());
        let permit = published.permit(run, &w.node, w.now, &Default::default());
        permit.map(|permit| assert_eq!(permit.job().request, None))
    };
    assert_eq!(permit(&w), Ok(()));
    let after = |change: &dyn Fn(&mut World)| {
        let mut w = w.clone();
        change(&mut w);
        permit(&w)
    };
    let accounts = w.state.control().unwrap().system_accounts.clone();
    let disabled = |stop| Control {
        enabled: false,
        stop_system_accounts: stop,
        ..with(accounts.clone())
    };
    assert_eq!(after(&|w| drop(w.set(disabled(false)))), Ok(()));
    after(&|w| drop(w.set(disabled(true)))).unwrap_err();
    after(&|w| drop(w.set(with(Vec::new())))).unwrap_err();
    after(&|w| {
        w.wait(Seconds::DAY);
    })
    .unwrap_err();
    after(&|w| {
        w.set(Person {
            active: false,
            ..service("robot")
        });
    })
    .unwrap_err();
}

#[test]
fn their_runs_are_no_grants_runs() {
    let mut w = automated(None);
    let grant = w.grant();
    w.yes("robot", restart());
    w.invoke("alice", RESTART, &[("unit", "x")]);
    assert_eq!(w.state.runs_of(grant), 1);
    w.yes("node", Tick { turned_away: 0 });
    assert_eq!(w.state.open_executions(&w.node).count(), 2);
}
