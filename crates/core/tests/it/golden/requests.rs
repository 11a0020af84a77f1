//! The second half of the story: requests, approvals and runs.

use std::collections::BTreeMap;

use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::object::{Others, Person, Policy, Risk, Task};
use writ_core::statement::{
    Approve, Attachment, End, Invoke, Outcome, OutputDigest, Request, RunResult, SealedValue, Tick,
};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::value::{Constraint, Range, Schema, Value, ValueType};

use super::not_set;
use crate::said::no;

pub(super) fn told(w: &mut World) {
    asked(w);
    decided(w);
    ended(w);
    ran(w);
    overruled(w);
    switched(w);
    closed(w);
}

fn tick(w: &mut World, turned_away: u64) {
    w.yes("node", Tick { turned_away });
}

/// What a request must be.
fn asked(w: &mut World) {
    no(w, "alice", asking(r"Host\Dance"), "unknown-task");
    w.set(task(r"Host\Dance", "/bin/dance", &[]));
    no(w, "alice", asking(r"Host\Dance"), "no-policy");
    w.set(manual("*", &[]));
    let dance = w.request("alice", r"host\dance");
    w.yes("alice", ending(dance));
    // A bare star never covers a task of high risk.
    w.set(Task {
        risk: Risk::High,
        ..task(r"Host\Dance", "/bin/dance", &[])
    });
    no(w, "alice", asking(r"Host\Dance"), "no-policy");

    let but = |change: fn(&mut Request)| {
        let mut request = asking(RESTART);
        change(&mut request);
        request
    };
    let asked = [
        (but(|r| r.duration_s = Some(Seconds(59))), "duration"),
        (but(|r| r.duration_s = Some(Seconds(86_401))), "duration"),
        (but(|r| r.parameters = equals("size", "9")), "parameters"),
        (but(|r| r.start = Some(START)), "start"),
        (
            but(|r| r.start = Some(START.plus(Seconds(40 * 86_400)))),
            "start",
        ),
        (but(|r| r.on_behalf_of = Some(upn("bob"))), "not-a-dataset"),
    ];
    for (request, code) in asked {
        no(w, "alice", request, code);
    }
    w.set(Policy {
        max_runs: Some(2),
        parameters: BTreeMap::from([(parameter("unit"), Constraint::Glob("nginx*".into()))]),
        others: Others::Refuse,
        ..manual(RESTART, &[])
    });
    no(w, "alice", but(|r| r.runs = Some(3)), "runs");
    let other = but(|r| r.parameters = equals("unit", "sshd"));
    no(w, "alice", other, "parameters");
    let pending = w.request("alice", RESTART);
    no(w, "alice", asking(RESTART), "already-pending");
    w.yes("alice", ending(pending));
}

/// Who approves, and what it gives.
fn decided(w: &mut World) {
    w.set(manual(RESTART, &[("approvers", 2), ("seniors", 1)]));
    let id = w.request("alice", RESTART);
    no(w, "alice", approving(id), "self-approval");
    no(w, "dave", approving(id), "not-approver");
    let longer = Approve {
        duration_s: Some(Seconds::DAY),
        ..approving(id)
    };
    no(w, "bob", longer, "wider");
    let odd = Approve {
        parameters: equals("size", "9"),
        ..approving(id)
    };
    no(w, "bob", odd, "parameters");
    let narrower = Approve {
        comment: Some("nginx only".into()),
        duration_s: Some(Seconds(1_800)),
        parameters: equals("unit", "nginx"),
        ..approving(id)
    };
    w.yes("bob", narrower);
    no(w, "bob", approving(id), "already-decided");
    w.approve("carol", id);
    w.approve("dave", id);
    no(w, "carol", approving(id), "not-pending");
    let run = |unit| running(RESTART, &[("unit", unit)]);
    no(w, "alice", run("sshd"), "insufficient");
    w.yes("alice", run("nginx"));
    // Carol leaves, and what she said no longer counts.
    let id = w.request("alice", RESTART);
    w.approve("bob", id);
    w.approve("carol", id);
    w.set(group("approvers", &["bob", "erin"]));
    no(w, "dave", approving(id), "not-approver");
    w.set(Person {
        active: false,
        ..person("bob")
    });
    w.set(person("bob"));
    w.set(group("approvers", &["bob", "carol"]));
    w.yes("alice", ending(id));
    w.set(manual(RESTART, &[]));
}

/// Everything that becomes of a request.
fn ended(w: &mut World) {
    let canceled = w.request("alice", RESTART);
    no(w, "erin", ending(canceled), "not-yours-to-end");
    let silent = |request| End {
        comment: None,
        ..ending(request)
    };
    no(w, "bob", silent(canceled), "comment-required");
    w.yes("alice", silent(canceled));
    let denied = w.request("alice", RESTART);
    w.yes("bob", ending(denied));
    let revoked = w.grant();
    w.yes("admin", ending(revoked));
    let killed = End {
        kill: true,
        ..ending(w.grant())
    };
    w.yes("bob", killed);
    let _ended = w.grant();
    let _expired = w.request("dave", RESTART);
    w.wait(Seconds(4 * 3_600));
    tick(w, 0);
    w.wait(Seconds(20 * 3_600));
    tick(w, 17);
}

/// Runs, and what each became.
fn ran(w: &mut World) {
    let nginx = [("unit", "nginx")];
    no(w, "alice", running(RESTART, &nginx), "insufficient");
    let later = Request {
        start: Some(w.now.plus(Seconds::HOUR)),
        runs: Some(3),
        ..asking(RESTART)
    };
    let id = RequestId(w.yes("alice", later).digest);
    w.approve("bob", id);
    no(w, "alice", running(RESTART, &nginx), "not-started");
    w.wait(Seconds::HOUR);
    no(w, "alice", running(RESTART, &[]), "parameters");
    let named = Invoke {
        request: Some(id),
        ..running(RESTART, &nginx)
    };
    let first = ExecutionId(w.yes("alice", named).digest);
    let found = |execution| Outcome {
        note: Some("nginx runs since 9:31".into()),
        ..outcome(execution, RunResult::Succeeded)
    };
    no(w, "admin", found(first), "still-open");
    w.yes(
        "node",
        Outcome {
            exit: Some(0),
            output: Some(OutputDigest {
                digest: Digest::of(b"salted"),
                size: 42,
            }),
            ..outcome(first, RunResult::Succeeded)
        },
    );
    no(
        w,
        "node",
        outcome(first, RunResult::Failed),
        "unknown-execution",
    );
    let second = w.invoke("alice", RESTART, &nginx);
    let failed = Outcome {
        exit: Some(-1),
        note: Some("killed after 300 s".into()),
        ..outcome(second, RunResult::Failed)
    };
    w.yes("node", failed);
    let third = w.invoke("alice", RESTART, &nginx);
    w.yes("node", outcome(third, RunResult::Unknown));
    w.yes("admin", found(third));
    // Three runs were asked for.
    no(w, "alice", running(RESTART, &nginx), "used-up");
    attached(w);
}

/// A text beside the statement, and every type of value.
fn attached(w: &mut World) {
    let mut say = task(SAY, "/bin/echo", &["word"]);
    let types = [
        ("count", ValueType::Integer),
        ("loud", ValueType::Boolean),
        ("names", ValueType::List),
        ("script", ValueType::String),
        ("pin", ValueType::Secret),
        ("tags", ValueType::Table),
    ];
    for (name, value_type) in types {
        say.parameters
            .insert(parameter(name), Schema::of(value_type));
    }
    w.set(say);
    let limits = BTreeMap::from([
        (
            parameter("count"),
            Constraint::Range(Range {
                min: Some(1),
                max: Some(9),
            }),
        ),
        (
            parameter("names"),
            Constraint::SubsetOf(vec![Value::Text("a".into()), Value::Text("b".into())]),
        ),
        (
            parameter("loud"),
            Constraint::OneOf(vec![Value::Boolean(true)]),
        ),
    ]);
    let request = Request {
        parameters: limits,
        ..asking(SAY)
    };
    w.yes("alice", request);
    let text = Attachment {
        digest: Digest::of(b"a long text"),
        size: 11,
    };
    let mut run = running(SAY, &[("word", "x")]);
    run.attached.insert(parameter("script"), text);
    no(w, "alice", run.clone(), "insufficient");
    let tags = BTreeMap::from([("a".to_owned(), Value::Integer(-1))]);
    run.parameters.extend([
        (parameter("count"), Value::Integer(9)),
        (parameter("loud"), Value::Boolean(true)),
        (
            parameter("names"),
            Value::List(vec![Value::Text("b".into())]),
        ),
        (parameter("tags"), Value::Table(tags)),
    ]);
    let pin = SealedValue {
        digest: Digest::of(b"a sealed box"),
        hmac: Digest::of(b"a value that nobody sees"),
    };
    run.sealed.insert(parameter("pin"), pin);
    run.node = Some("another".parse().unwrap());
    no(w, "alice", run.clone(), "other-node");
    run.node = Some("node1".parse().unwrap());
    w.yes("alice", run);
}

/// Policies change under what is open.
fn overruled(w: &mut World) {
    let superseded = w.request("alice", RESTART);
    w.set(manual(RESTART, &[("seniors", 1)]));
    no(w, "carol", approving(superseded), "not-pending");
    let id = w.request("alice", RESTART);
    w.approve("carol", id);
    w.wait(Seconds(3_600));
    let short = Policy {
        max_duration_s: Seconds(3_600),
        ..manual(RESTART, &[("seniors", 1)])
    };
    w.set(short);
    no(w, "alice", running(RESTART, &[("unit", "x")]), "too-old");
    // Auto had given it; now somebody must be asked.
    w.set(manual(SAY, &[("seniors", 1)]));
    no(w, "alice", running(SAY, &[("word", "x")]), "insufficient");
    let narrow = Policy {
        requesters: Some(address("seniors")),
        ..manual(SAY, &[])
    };
    w.set(narrow);
    no(w, "alice", asking(SAY), "not-requester");
}

/// Disabling, and enabling without anybody to ask.
fn switched(w: &mut World) {
    w.set(control(false, Some("approvers")));
    no(w, "dave", asking(SAY), "disabled");
    w.set(control(true, None));
    no(w, "dave", asking(SAY), "no-approvers");
    not_set(w, control(true, Some("nobody")), "unknown-object");
    w.set(control(true, Some("approvers")));
}

/// A removed policy ends what it gave, and a later clock ends the rest.
fn closed(w: &mut World) {
    let id = w.request("dave", SAY);
    w.approve("bob", id);
    w.remove_policy(SAY);
    w.remove_policy("*");
    no(w, "dave", running(SAY, &[("word", "x")]), "no-policy");
    w.wait(Seconds(40 * 86_400));
    tick(w, 0);
    assert_eq!(w.state.requests().count(), 0);
}
