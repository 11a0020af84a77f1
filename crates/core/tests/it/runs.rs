//! Invoking tasks.

use std::collections::BTreeMap;

use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::object::{Others, Person, Policy};
use writ_core::statement::{Attachment, Invoke, Request};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};
use writ_core::value::{Constraint, Schema, Value, ValueType};

use crate::said::no;

pub(crate) fn all() {
    a_run_needs_a_grant_of_ones_own();
    a_grant_is_half_open();
    a_grant_may_begin_later();
    runs_are_counted();
    the_grant_ending_first_is_used_unless_one_is_named();
    grants_never_merge();
    parameters_have_the_form_of_the_task();
    long_texts_travel_beside();
    the_policy_as_it_is_now_is_satisfied();
    an_inactive_person_runs_nothing();
}

fn restart(unit: &str) -> Invoke {
    running(RESTART, &[("unit", unit)])
}

fn under(request: RequestId, unit: &str) -> Invoke {
    Invoke {
        request: Some(request),
        ..restart(unit)
    }
}

/// A live grant for what alice asks.
fn granted(w: &mut World, ask: Request) -> RequestId {
    let id = RequestId(w.yes("alice", ask).digest);
    w.approve("bob", id);
    id
}

fn used(w: &World, execution: Digest) -> RequestId {
    w.state
        .execution(ExecutionId(execution))
        .unwrap()
        .request
        .unwrap()
}

#[test]
fn a_run_needs_a_grant_of_ones_own() {
    let mut w = World::ready();
    let refusal = no(&mut w, "alice", restart("x y"), "insufficient");
    let text = refusal.to_string();
    assert!(text.starts_with(
        "Insufficient permissions. Please raise an elevated access request for this task."
    ));
    assert!(text.contains(r"writ request 'Host\Restart-Service' --param 'unit=x y'"));
    let waiting = w.request("alice", RESTART);
    no(&mut w, "alice", restart("x"), "insufficient");
    no(&mut w, "alice", under(waiting, "x"), "insufficient");
    w.approve("bob", waiting);
    no(&mut w, "bob", restart("x"), "insufficient");
    no(&mut w, "bob", under(waiting, "x"), "insufficient");
    let never = RequestId(Digest::of(b"never"));
    no(&mut w, "alice", under(never, "x"), "insufficient");
    no(
        &mut w,
        "alice",
        running(SAY, &[("word", "x")]),
        "insufficient",
    );
    let say = Invoke {
        request: Some(waiting),
        ..running(SAY, &[("word", "x")])
    };
    no(&mut w, "alice", say, "insufficient");
    // Any number of runs.
    for unit in ["x", "x", "y"] {
        w.yes("alice", restart(unit));
    }
}

#[test]
fn a_grant_is_half_open() {
    let mut w = World::ready();
    let start = w.now.plus(Seconds::HOUR);
    let id = granted(
        &mut w,
        Request {
            start: Some(start),
            duration_s: Some(Seconds(600)),
            ..asking(RESTART)
        },
    );
    let end = start.plus(Seconds(600));
    for (now, expected) in [
        (Time(start.0 - 1), Some("not-started")),
        (start, None),
        (Time(end.0 - 1), None),
        (end, Some("insufficient")),
        (Time(end.0 + 1), Some("insufficient")),
    ] {
        let mut w = w.clone();
        w.now = now;
        for run in [restart("x"), under(id, "x")] {
            let refusal = w.say("alice", run).refusal;
            assert_eq!(refusal.map(|no| no.code()), expected, "{now:?}");
        }
    }
}

#[test]
fn a_grant_may_begin_later() {
    let mut w = World::ready();
    let start = Some(w.now.plus(Seconds::HOUR));
    granted(
        &mut w,
        Request {
            start,
            ..asking(RESTART)
        },
    );
    no(&mut w, "alice", restart("x"), "not-started");
    // One that has begun serves, though the other ends later.
    w.grant();
    w.yes("alice", restart("x"));
}

#[test]
fn runs_are_counted() {
    let mut w = World::ready();
    let id = granted(
        &mut w,
        Request {
            runs: Some(2),
            ..asking(RESTART)
        },
    );
    w.yes("alice", restart("x"));
    no(&mut w, "alice", running(RESTART, &[]), "parameters");
    w.yes("alice", restart("x"));
    assert_eq!(w.state.runs_of(id), 2);
    no(&mut w, "alice", restart("x"), "used-up");
    no(&mut w, "alice", under(id, "x"), "used-up");
    w.grant();
    w.yes("alice", restart("x"));
}

#[test]
fn the_grant_ending_first_is_used_unless_one_is_named() {
    let mut w = World::ready();
    let lasting = |seconds| Request {
        duration_s: Some(Seconds(seconds)),
        ..asking(RESTART)
    };
    let [long, short, middle] = [7_200, 600, 3_600].map(|s| granted(&mut w, lasting(s)));
    let first = w.yes("alice", restart("x")).digest;
    assert_eq!(used(&w, first), short);
    let named = w.yes("alice", under(long, "x")).digest;
    assert_eq!(used(&w, named), long);
    w.wait(Seconds(600));
    let next = w.yes("alice", restart("x")).digest;
    assert_eq!(used(&w, next), middle);
}

#[test]
fn grants_never_merge() {
    let mut w = World::ready();
    let mut host = task(RESTART, "/usr/bin/systemctl", &["unit"]);
    host.parameters
        .insert(parameter("mode"), Schema::of(ValueType::String));
    w.set(host);
    let fixing = |name: &str, value: &str| Request {
        parameters: equals(name, value),
        ..asking(RESTART)
    };
    let unit = granted(&mut w, fixing("unit", "a"));
    let mode = granted(&mut w, fixing("mode", "b"));
    let run = |unit: &str, mode: &str| running(RESTART, &[("unit", unit), ("mode", mode)]);
    for (a, b, expected) in [
        ("a", "x", Some(unit)),
        ("x", "b", Some(mode)),
        ("x", "x", None),
    ] {
        let decided = w.say("alice", run(a, b));
        let found = decided.entry.accepted.then(|| used(&w, decided.digest));
        assert_eq!(found, expected);
    }
    // A named one says what it lacks.
    let named = Invoke {
        request: Some(unit),
        ..run("x", "b")
    };
    no(&mut w, "alice", named, "parameters");
}

#[test]
fn parameters_have_the_form_of_the_task() {
    let mut w = World::ready();
    w.grant();
    for bad in [
        vec![],
        vec![("word", "x")],
        vec![("unit", "x"), ("word", "x")],
        vec![("unit", "-x")],
        vec![("unit", "x\ny")],
        vec![("unit", "x\0")],
        vec![("Unit", "x")],
    ] {
        no(&mut w, "alice", running(RESTART, &bad), "parameters");
    }
    let typed = Invoke {
        parameters: BTreeMap::from([(parameter("unit"), Value::Integer(1))]),
        ..restart("x")
    };
    no(&mut w, "alice", typed, "parameters");
    // Text is text, whatever it looks like.
    for good in ["$(id)", "`id`", "{unit}", "a;b", "'\"", ""] {
        w.yes("alice", restart(good));
    }
}

#[test]
fn long_texts_travel_beside() {
    let mut w = World::ready();
    let mut say = task(SAY, "/bin/echo", &["word"]);
    let choice = Schema {
        one_of: Some(vec![Value::Text("a".into())]),
        ..Schema::of(ValueType::String)
    };
    say.parameters.insert(parameter("choice"), choice);
    say.parameters
        .insert(parameter("count"), Schema::of(ValueType::Integer));
    w.set(say);
    w.request("alice", SAY);
    let beside = |name: &str, size| Invoke {
        attached: BTreeMap::from([(
            parameter(name),
            Attachment {
                digest: Digest::of(b"x"),
                size,
            },
        )]),
        ..running(SAY, &[])
    };
    let with_word = |run: Invoke| Invoke {
        parameters: values(&[("word", "x")]),
        ..run
    };
    w.yes("alice", beside("word", 4_096));
    no(&mut w, "alice", beside("word", 4_097), "parameters");
    no(
        &mut w,
        "alice",
        with_word(beside("nothing", 1)),
        "parameters",
    );
    no(&mut w, "alice", with_word(beside("count", 1)), "parameters");
    // Which of the choices it is cannot be seen from a digest.
    no(
        &mut w,
        "alice",
        with_word(beside("choice", 1)),
        "parameters",
    );

    // Nothing can be said of a text that is not here.
    w.set(Policy {
        parameters: BTreeMap::from([(parameter("word"), Constraint::Glob("*".into()))]),
        ..auto(SAY, "staff")
    });
    no(&mut w, "alice", beside("word", 1), "parameters");
    w.set(Policy {
        others: Others::Refuse,
        ..auto(SAY, "staff")
    });
    no(&mut w, "alice", beside("word", 1), "parameters");
    w.set(auto(SAY, "staff"));
    w.yes("alice", beside("word", 1));
    let narrow = Request {
        parameters: equals("word", "x"),
        ..asking(SAY)
    };
    w.yes("bob", narrow);
    no(&mut w, "bob", beside("word", 1), "insufficient");
}

#[test]
fn the_policy_as_it_is_now_is_satisfied() {
    let mut w = World::ready();
    let id = w.grant();
    w.wait(Seconds::HOUR);
    let now = |policy: Policy, run: Invoke| {
        let mut w = w.clone();
        w.set(policy);
        w.say("alice", run).refusal.map(|no| no.code())
    };
    let policy = || manual(RESTART, &[("seniors", 2)]);
    let unit_is = |unit: &str| Policy {
        parameters: equals("unit", unit),
        ..policy()
    };
    let longest = |seconds| Policy {
        max_duration_s: Seconds(seconds),
        ..policy()
    };
    let requesters = |group: &str| Policy {
        requesters: Some(address(group)),
        ..policy()
    };
    for (policy, expected) in [
        (policy(), None),
        (unit_is("x"), None),
        (unit_is("y"), Some("parameters")),
        (longest(3_601), None),
        (longest(3_600), Some("too-old")),
        (requesters("staff"), None),
        (requesters("seniors"), Some("not-requester")),
    ] {
        assert_eq!(now(policy.clone(), restart("x")), expected);
        assert_eq!(now(policy, under(id, "x")), expected);
    }
    w.set(longest(60));
    no(&mut w, "alice", restart("x"), "too-old");
    // Whoever left the requesters runs nothing more.
    w.set(requesters("staff"));
    w.yes("alice", restart("x"));
    w.set(group("staff", &["bob"]));
    no(&mut w, "alice", restart("x"), "not-requester");
}

#[test]
fn an_inactive_person_runs_nothing() {
    let mut w = World::ready();
    w.grant();
    w.set(Person {
        active: false,
        ..person("alice")
    });
    no(&mut w, "alice", restart("x"), "inactive");
    w.set(person("alice"));
    w.yes("alice", restart("x"));
}
