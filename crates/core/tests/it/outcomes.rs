//! Outcomes, and the permits between a run and its outcome.

use std::collections::BTreeMap;

use writ_core::Published;
use writ_core::digest::{Digest, ExecutionId};
use writ_core::names::Name;
use writ_core::object::Person;
use writ_core::record::ExecutionRecord;
use writ_core::statement::{Attachment, Invoke, RunResult};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::value::{Schema, Value, ValueType};

use crate::said::{no, refused};

pub(crate) fn all() {
    a_run_has_one_outcome();
    only_the_runner_says_it();
    an_unknown_outcome_stays();
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
    for who in ["alice", "admin"] {
        no(&mut w, who, outcome(id, RunResult::Succeeded), "not-yet");
    }
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
