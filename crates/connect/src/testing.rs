//! What every connector must do, whatever its target is.
//!
//! A connector's tests give a **bench**: jobs that make its target do simple
//! **acts**, and a way to run them. [`check_all`] then runs the suite; a
//! check that does not hold panics with what was seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::names::{Name, NameError, Upn};
use writ_core::object::{Task, Workload};
use writ_core::run::Job;
use writ_core::time::{Seconds, Time};
use writ_core::value::Values;

use crate::{Ended, Output};

/// What a bench's target can be made to do.
#[derive(Clone, Debug)]
pub enum Act {
    /// Do nothing, well.
    Succeed,
    /// Fail.
    Fail,
    /// Put out these values so that [`Bench::heard`] reads them back.
    Echo(Vec<String>),
    /// Put out this many bytes.
    Print(u64),
    /// Never end.
    Hang,
}

/// A connector with a target to try it on.
#[async_trait]
pub trait Bench: Sync {
    /// A job that makes the target do this; values are its parameters.
    fn job(&self, act: &Act) -> Job;

    /// The values that the target put out.
    fn heard(&self, output: &Output) -> Vec<String>;

    /// Carries out a job, as the connector's `execute` does.
    async fn run(&self, job: &Job, output: &Output) -> Ended;
}

/// A job made by hand, for a task of a workload reached by this connector.
pub fn job(connector: &str, task: Task, parameters: Values) -> Result<Job, NameError> {
    let workload = Workload {
        name: task.name.workload(),
        connector: Name::parse(connector)?,
        settings: BTreeMap::new(),
        origin: None,
        secrets: BTreeMap::new(),
        open_tasks: false,
    };
    Ok(Job {
        execution: ExecutionId(Digest::of(b"execution")),
        request: Some(RequestId(Digest::of(b"request"))),
        by: Upn::parse("alice@fabrikam.onmicrosoft.com")?,
        task: Arc::new(task),
        workload: Arc::new(workload),
        parameters,
        subjects: None,
        authorized: Time(0),
    })
}

/// Texts that something on the way might take for more than themselves.
pub const TEXTS: [&str; 20] = [
    "plain",
    "",
    " ",
    "two words",
    "'single' \"double\"",
    "$(id) `id` $HOME ${HOME}",
    "; id | id & id > /tmp/x",
    "{0} {name} {{ }} {",
    "%s %n %%",
    "*?[a-z]~",
    "\\ \\n \\\\",
    "line\nbreak\r\n\ttab",
    "é ü ß 漢字 🦀 \u{200d}\u{301}",
    "\u{202e}reversed",
    "\u{1b}[31mred\u{7}",
    "-n --help -",
    "#!/bin/sh",
    "<script>alert(1)</script>",
    "@evil &#10; %00 %0a",
    "../../etc/passwd",
];

/// Runs every check of the suite.
pub async fn check_all(bench: &dyn Bench) {
    succeeds(bench).await;
    fails(bench).await;
    takes_values_literally(bench).await;
    keeps_output_up_to_the_cap(bench).await;
    ends_at_the_deadline(bench).await;
}

/// What the target does well has succeeded.
pub async fn succeeds(bench: &dyn Bench) {
    let ended = bench
        .run(&bench.job(&Act::Succeed), &Output::new(1_000))
        .await;
    assert!(matches!(ended, Ended::Succeeded { .. }), "{ended:?}");
}

/// What the target refuses has failed, and is said to.
pub async fn fails(bench: &dyn Bench) {
    let ended = bench.run(&bench.job(&Act::Fail), &Output::new(1_000)).await;
    assert!(
        matches!(&ended, Ended::Failed { note, .. } if !note.is_empty() && !note.starts_with("not started")),
        "{ended:?}"
    );
}

/// Every value arrives as it is.
pub async fn takes_values_literally(bench: &dyn Bench) {
    let mut texts: Vec<_> = TEXTS.map(str::to_owned).into();
    texts.push("long ".repeat(20_000));
    for texts in [texts, vec!["alone".into()], Vec::new()] {
        let output = Output::new(1 << 20);
        let ended = bench
            .run(&bench.job(&Act::Echo(texts.clone())), &output)
            .await;
        assert!(matches!(ended, Ended::Succeeded { .. }), "{ended:?}");
        assert_eq!(bench.heard(&output), texts);
    }
}

/// More output than the cap is counted, not kept, and stops nothing.
pub async fn keeps_output_up_to_the_cap(bench: &dyn Bench) {
    for (bytes, cap) in [(0, 10), (10, 10), (11, 10), (3_000_000, 1_000)] {
        let output = Output::new(cap);
        let ended = bench.run(&bench.job(&Act::Print(bytes)), &output).await;
        assert!(matches!(ended, Ended::Succeeded { .. }), "{ended:?}");
        assert_eq!(output.total(), bytes);
        assert_eq!(output.bytes().len() as u64, bytes.min(cap));
        assert_eq!(output.truncated(), bytes > cap);
    }
}

/// What never ends is given up at its deadline, and nobody knows its effect.
pub async fn ends_at_the_deadline(bench: &dyn Bench) {
    let mut job = bench.job(&Act::Hang);
    let mut task = Task::clone(&job.task);
    task.deadline_s = Seconds(1);
    job.task = Arc::new(task);
    let ended = bench.run(&job, &Output::new(1_000)).await;
    assert!(
        matches!(&ended, Ended::Unknown { note } if note.contains("deadline of 1s")),
        "{ended:?}"
    );
}
