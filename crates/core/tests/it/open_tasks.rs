//! Tasks that nobody set, of a workload with open tasks.

use std::collections::BTreeMap;

use writ_core::digest::RequestId;
use writ_core::object::{ObjectName, Risk, Task, Workload};
use writ_core::record::Status;
use writ_core::state::Decided;
use writ_core::statement::{Invoke, Request};
use writ_core::testing::*;
use writ_core::value::{Constraint, Schema, Value, ValueType};

use crate::said::no;

const GET: &str = r"Mail\Get-Mailbox";

pub(crate) fn all() {
    a_task_that_nobody_set_needs_a_policy_of_its_workload();
    it_takes_parameters_of_any_type();
    no_constraint_is_passed_by_a_shorter_name();
    what_is_set_goes_before_what_is_open();
    closing_the_workload_ends_what_was_asked();
}

fn mail(open_tasks: bool) -> Workload {
    Workload {
        open_tasks,
        ..workload("Mail")
    }
}

fn open() -> World {
    let mut w = World::ready();
    w.set(mail(true));
    w
}

fn id(decided: &Decided) -> RequestId {
    decided
        .facts
        .iter()
        .find_map(|fact| fact.request())
        .unwrap()
        .id
}

/// A live grant of alice's.
fn grant(w: &mut World, ask: Request) -> RequestId {
    let request = id(&w.yes("alice", ask));
    w.yes("bob", approving(request));
    request
}

fn run(parameters: &[(&str, Value)]) -> Invoke {
    let parameters = parameters
        .iter()
        .map(|(name, value)| (parameter(name), value.clone()));
    Invoke {
        parameters: parameters.collect(),
        ..running(GET, &[])
    }
}

#[test]
fn a_task_that_nobody_set_needs_a_policy_of_its_workload() {
    let mut w = open();
    no(&mut w, "alice", asking(GET), "no-policy");
    // Nobody has said how much harm it can do.
    w.set(manual("*", &[]));
    no(&mut w, "alice", asking(GET), "no-policy");
    w.set(manual(r"Mail\Get-*", &[]));
    no(&mut w, "alice", asking(r"Mail\Remove-Mailbox"), "no-policy");
    no(
        &mut w,
        "alice",
        asking(r"Nothing\Get-Mailbox"),
        "unknown-task",
    );
    grant(&mut w, asking(GET));
    let decided = w.yes("alice", running(GET, &[]));
    let record = decided
        .facts
        .iter()
        .find_map(|fact| fact.execution())
        .unwrap();
    assert!(record.definition.task.open);
    assert_eq!(record.definition.task.risk, Risk::High);
    // One that is set may be open as well.
    w.set(Task {
        risk: Risk::Low,
        ..Task::unset(task_name(GET))
    });
    w.yes("alice", running(GET, &[("X", "y")]));
}

#[test]
fn it_takes_parameters_of_any_type() {
    let mut w = open();
    w.set(manual(GET, &[]));
    let fixed = BTreeMap::from([(parameter("Identity"), Constraint::Glob("a*".into()))]);
    grant(
        &mut w,
        Request {
            parameters: fixed,
            ..asking(GET)
        },
    );
    let text = |text: &str| Value::Text(text.into());
    let table = BTreeMap::from([("Add".to_owned(), Value::List(vec![text("-a\nb")]))]);
    let all = [
        ("Identity", text("alice")),
        ("Force", Value::Boolean(true)),
        ("ResultSize", Value::Integer(7)),
        ("EmailAddresses", Value::Table(table)),
    ];
    w.yes("alice", run(&all));
    no(
        &mut w,
        "alice",
        run(&[("Identity", text("bob"))]),
        "insufficient",
    );
    let hidden = [("Identity", text("alice")), ("X", text("a\u{202e}b"))];
    no(&mut w, "alice", run(&hidden), "parameters");
    let odd = Request {
        parameters: BTreeMap::from([(parameter("X"), Constraint::Equals(text("a\0")))]),
        ..asking(GET)
    };
    no(&mut w, "alice", odd, "parameters");
}

/// The target may take `Forc` or `force` for `Force`, which nobody here knows.
#[test]
fn no_constraint_is_passed_by_a_shorter_name() {
    let mut w = open();
    let mut policy = manual(r"Mail\Get-*", &[]);
    policy.parameters = [(parameter("Force"), Constraint::Absent)].into();
    w.set(policy);
    grant(&mut w, asking(GET));
    let yes = || Value::Boolean(true);
    for name in ["Force", "Forc", "F", "force", "fORC"] {
        no(&mut w, "alice", run(&[(name, yes())]), "parameters");
    }
    // Neither is short for it.
    w.yes("alice", run(&[("Forced", yes()), ("Orce", yes())]));
    // What a grant fixes is not passed by either; another grant may allow it.
    let mut w = open();
    w.set(manual(r"Mail\Get-*", &[]));
    let narrow = Request {
        parameters: [(parameter("Identity"), Constraint::Glob("a*".into()))].into(),
        ..asking(GET)
    };
    let narrow = grant(&mut w, narrow);
    let given = [
        ("Identity", Value::Text("alice".into())),
        ("Ident", Value::Text("bob".into())),
    ];
    no(&mut w, "alice", run(&given), "insufficient");
    let named = Invoke {
        request: Some(narrow),
        ..run(&given)
    };
    no(&mut w, "alice", named, "parameters");
    w.yes("alice", run(&given[..1]));
    grant(&mut w, asking(GET));
    w.yes("alice", run(&given));
    // A task that knows a shorter name means it.
    let mut w = open();
    w.set(Task {
        parameters: [(parameter("Type"), Schema::of(ValueType::String))].into(),
        open: true,
        ..Task::new(task_name(GET), BTreeMap::new())
    });
    let mut policy = manual(GET, &[]);
    policy.parameters = [(parameter("TypeName"), Constraint::Absent)].into();
    w.set(policy);
    grant(&mut w, asking(GET));
    w.yes("alice", run(&[("Type", Value::Text("x".into()))]));
    no(&mut w, "alice", run(&[("TypeN", yes())]), "parameters");
}

#[test]
fn what_is_set_goes_before_what_is_open() {
    let mut w = open();
    w.set(manual(r"Mail\*", &[]));
    let mut task = Task::new(task_name(GET), BTreeMap::new());
    let identity = Schema::of(ValueType::String);
    task.parameters = [(parameter("Identity"), identity)].into();
    w.set(task);
    grant(&mut w, asking(GET));
    w.yes("alice", running(GET, &[("Identity", "alice")]));
    no(&mut w, "alice", running(GET, &[("X", "y")]), "parameters");
    // Without it, the task is open again.
    w.remove(ObjectName::Task(task_name(GET)));
    w.yes("alice", running(GET, &[("X", "y")]));
}

#[test]
fn closing_the_workload_ends_what_was_asked() {
    let mut w = open();
    w.set(manual(r"Mail\*", &[]));
    let live = grant(&mut w, asking(GET));
    let pending = id(&w.yes("alice", asking(r"Mail\Set-Mailbox")));
    let closed = w.set(mail(false));
    let status = |wanted: RequestId| {
        let mut records = closed.facts.iter().filter_map(|fact| fact.request());
        records.find(|record| record.id == wanted).map(|r| r.status)
    };
    assert_eq!(status(live), Some(Status::Ended));
    assert_eq!(status(pending), Some(Status::Superseded));
    no(&mut w, "alice", running(GET, &[]), "unknown-task");
    no(&mut w, "alice", asking(GET), "unknown-task");
}
