//! Outcomes, and the permits between a run and its outcome.

use std::collections::BTreeMap;

use writ_core::Published;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::names::Name;
use writ_core::object::Person;
use writ_core::record::ExecutionRecord;
use writ_core::statement::{Attachment, Invoke, Outcome, OutputDigest, RunResult, Unverified};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::value::{Schema, Value, ValueType};
use writ_core::view::{ExecutionView, RunStatus};

use crate::proof::every_yes_is_proved;
use crate::said::{no, refused};

pub(crate) fn all() {
    a_run_has_one_outcome();
    only_the_runner_says_it();
    an_unknown_outcome_stays();
    an_administrator_resolves_what_ended_unknown();
}

fn running_one() -> (World, ExecutionId) {
    let mut w = World::ready();
    w.grant();
    let id = w.invoke("alice", RESTART, &[("unit", "nginx")]);
    (w, id)
}

/// Asks for a permit; what it says, or why there is none.
fn permit(w: &World, id: ExecutionId, texts: &[(&str, &str)]) -> Result<Values, String> {
    let texts = texts
        .iter()
        .map(|(name, text)| (parameter(name), (*text).to_owned()))
        .collect();
    Published::durable(w.state.clone(), w.size())
        .permit(id, &w.node, w.now, &texts)
        .map(|permit| permit.job().parameters.clone())
}

type Values = writ_core::value::Values;

#[test]
fn a_run_has_one_outcome() {
    let (mut w, id) = running_one();
    assert_eq!(w.state.open_executions(&w.node).count(), 1);
    w.yes("node", outcome(id, RunResult::Failed));
    assert_eq!(w.state.open_executions(&w.node).count(), 0);
    assert!(w.state.execution(id).is_none());
    for result in [RunResult::Succeeded, RunResult::Failed, RunResult::Unknown] {
        no(&mut w, "node", outcome(id, result), "unknown-execution");
    }
    let never = ExecutionId(Digest::of(b"never"));
    no(
        &mut w,
        "node",
        outcome(never, RunResult::Succeeded),
        "unknown-execution",
    );
}

#[test]
fn only_the_runner_says_it() {
    let (mut w, id) = running_one();
    for label in ["log", "alice", "admin"] {
        let decided = w.say_with(label, "node", outcome(id, RunResult::Succeeded));
        refused(decided, "key-not-live");
    }
    no(&mut w, "alice", found(id, "it works"), "not-administrator");
    no(&mut w, "admin", found(id, "it works"), "still-open");
}

#[test]
fn an_unknown_outcome_stays() {
    let (mut w, id) = running_one();
    w.yes("node", outcome(id, RunResult::Unknown));
    assert!(w.state.execution(id).is_some());
    assert_eq!(w.state.open_executions(&w.node).count(), 0);
    no(
        &mut w,
        "node",
        outcome(id, RunResult::Succeeded),
        "unknown-execution",
    );
    assert!(permit(&w, id, &[]).is_err(), "nothing is run again");
}

/// What somebody found out: it succeeded.
fn found(id: ExecutionId, note: &str) -> Outcome {
    Outcome {
        note: Some(note.into()),
        ..outcome(id, RunResult::Succeeded)
    }
}

#[test]
fn an_administrator_resolves_what_ended_unknown() {
    let (mut w, id) = running_one();
    let lost = Outcome {
        note: Some("lost from sight".into()),
        ..outcome(id, RunResult::Unknown)
    };
    w.yes("node", lost);
    w.promote("bob");
    no(&mut w, "alice", found(id, "it works"), "not-administrator");
    let decided = w.yes("bob", found(id, "nginx runs since 9:31"));
    let record = decided.facts[0].execution().unwrap();
    let view = ExecutionView::from(record.as_ref());
    assert_eq!(view.status, RunStatus::Succeeded);
    // What was said before is not forgotten.
    assert_eq!(view.note.as_deref(), Some("lost from sight"));
    let resolved = view.resolved.unwrap();
    assert_eq!((resolved.by, resolved.at), (upn("bob"), w.now));
    assert_eq!(resolved.note, "nginx runs since 9:31");
    // Once, and it stays with nobody.
    assert!(w.state.execution(id).is_none());
    for who in ["bob", "admin"] {
        no(&mut w, who, found(id, "no"), "unknown-execution");
    }
    every_yes_is_proved(&w);
    // What did not end unknown is not resolved.
    let (mut w, id) = running_one();
    w.yes("node", outcome(id, RunResult::Failed));
    no(&mut w, "admin", found(id, "no"), "unknown-execution");
}

#[test]
fn the_form_of_a_resolution() {
    let (mut w, id) = running_one();
    let output = OutputDigest {
        digest: Digest::of(b"x"),
        size: 1,
    };
    for (why, who, said, fits) in [
        ("an administrator", "admin", found(id, "seen"), true),
        (
            "a node needs no note",
            "node",
            outcome(id, RunResult::Failed),
            true,
        ),
        (
            "a node may not know",
            "node",
            outcome(id, RunResult::Unknown),
            true,
        ),
        ("no note", "admin", outcome(id, RunResult::Succeeded), false),
        ("a blank note", "admin", found(id, " \n"), false),
        (
            "not known",
            "admin",
            Outcome {
                result: RunResult::Unknown,
                ..found(id, "who knows")
            },
            false,
        ),
        (
            "an exit code",
            "admin",
            Outcome {
                exit: Some(0),
                ..found(id, "seen")
            },
            false,
        ),
        (
            "an output",
            "admin",
            Outcome {
                output: Some(output),
                ..found(id, "seen")
            },
            false,
        ),
    ] {
        let label = if who == "node" { "runner" } else { who };
        let envelope = w.envelope(who, label, said);
        assert_eq!(Unverified::read(envelope.into()).is_ok(), fits, "{why}");
    }
}

#[test]
fn a_run_in_flight_outlives_its_grant() {
    let (mut w, id) = running_one();
    w.wait(Seconds::DAY);
    w.yes("node", outcome(id, RunResult::Succeeded));
    assert_eq!(w.state.requests().count(), 0);
}

#[test]
fn a_permit_says_what_was_authorised() {
    let (mut w, id) = running_one();
    // The task as it was then, whatever it has become.
    w.set(task(RESTART, "/bin/false", &["unit"]));
    let published = Published::durable(w.state.clone(), w.size());
    let permit = published
        .permit(id, &w.node, w.now, &BTreeMap::new())
        .unwrap();
    let job = permit.job();
    assert_eq!((job.execution, &job.by), (id, &upn("alice")));
    assert_eq!(job.parameters, values(&[("unit", "nginx")]));
    assert_eq!(
        job.task.template.get("program"),
        Some(&Value::Text("/usr/bin/systemctl".into()))
    );
    assert_eq!(published.size(), w.size());
}

#[test]
fn there_is_no_permit_for_what_ended_in_between() {
    let (w, id) = running_one();
    assert!(permit(&w, id, &[]).is_ok());
    let grant = w.state.execution(id).unwrap().request.unwrap();
    let after = |change: &dyn Fn(&mut World)| {
        let mut w = w.clone();
        change(&mut w);
        permit(&w, id, &[]).unwrap_err()
    };
    after(&|w| drop(w.yes("alice", ending(grant))));
    after(&|w| drop(w.yes("carol", ending(grant))));
    after(&|w| drop(w.set(control(false, None))));
    after(&|w| drop(w.remove_policy(RESTART)));
    after(&|w| {
        w.set(Person {
            active: false,
            ..person("alice")
        });
    });
    after(&|w| drop(w.yes("node", outcome(id, RunResult::Failed))));
    // Time needs no entry to pass.
    after(&|w| {
        w.wait(Seconds(4 * 3_600));
    });
    after(&|w| w.node = Name::parse("node2").unwrap());
    let never = ExecutionId(Digest::of(b"never"));
    assert!(permit(&w, never, &[]).is_err());
    let mut used_up = w.clone();
    used_up.set(manual(RESTART, &[("seniors", 2)]));
    assert!(permit(&used_up, id, &[]).is_ok(), "it was authorised");
}

#[test]
fn a_permit_wants_the_very_texts_that_were_signed() {
    let mut w = World::ready();
    let mut say = task(SAY, "/bin/echo", &["word"]);
    let multiline = Schema {
        multiline: true,
        ..Schema::of(ValueType::String)
    };
    say.parameters.insert(parameter("script"), multiline);
    w.set(say);
    w.request("alice", SAY);
    let mut run = |name: &str, text: &str| {
        let attached = Attachment {
            digest: Digest::of(text.as_bytes()),
            size: text.len().min(4_096) as u64,
        };
        let parameters = match name {
            "word" => Default::default(),
            _ => values(&[("word", "x")]),
        };
        let invoke = Invoke {
            parameters,
            attached: BTreeMap::from([(parameter(name), attached)]),
            ..running(SAY, &[])
        };
        ExecutionId(w.yes("alice", invoke).digest)
    };
    let script = run("script", "a\nb");
    let dashed = run("word", "-rf");
    let long = "x".repeat(4_097);
    let too_long = run("word", &long);

    let given = permit(&w, script, &[("script", "a\nb")]).unwrap();
    assert_eq!(given, values(&[("script", "a\nb"), ("word", "x")]));
    assert!(permit(&w, script, &[("script", "a\nB")]).is_err());
    assert!(permit(&w, script, &[("word", "a\nb")]).is_err());
    assert!(permit(&w, script, &[]).is_err());
    // The form of the text is seen only now.
    assert!(permit(&w, dashed, &[("word", "-rf")]).is_err());
    assert!(permit(&w, too_long, &[("word", &long)]).is_err());
    let record: &ExecutionRecord = w.state.execution(script).unwrap();
    assert_eq!(record.parameters, values(&[("word", "x")]));
}
