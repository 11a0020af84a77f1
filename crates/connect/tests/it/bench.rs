//! The command connector with the example `target` as its program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use writ_connect::testing::{self, Act, Bench};
use writ_connect::{CommandConfig, CommandConnector, Credentials, Ended, Output};
use writ_core::names::{ParameterName, TaskName};
use writ_core::object::Task;
use writ_core::run::Job;
use writ_core::value::{Schema, Value, ValueType, Values};

/// A binary that cargo builds beside the tests: `examples/NAME.rs`.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let path = profile.join("examples").join(name);
    assert!(
        path.is_file(),
        "{} is not built; run all of `cargo test`",
        path.display()
    );
    path
}

/// What a run gets whose workload has no secrets.
pub(crate) static NO_SECRETS: Credentials = Credentials {
    secrets: BTreeMap::new(),
    parameters: BTreeMap::new(),
};

pub(crate) struct Command {
    pub(crate) connector: CommandConnector,
    pub(crate) scratch: TempDir,
}

impl Command {
    pub(crate) fn new() -> Self {
        Self::with_helper(example("child_exec"))
    }

    pub(crate) fn with_helper(child: PathBuf) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let config = CommandConfig {
            programs: vec![example("target"), "/bin/echo".into()],
            child,
            scratch: scratch.path().to_owned(),
        };
        let connector = CommandConnector::new(config).unwrap();
        let connector = connector.with_grace(Duration::from_millis(50));
        Self { connector, scratch }
    }

    /// The private directories that are there now.
    pub(crate) fn directories(&self) -> BTreeSet<PathBuf> {
        let entries = std::fs::read_dir(self.scratch.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) async fn target(&self, words: &[&str]) -> (Ended, Output) {
        let output = Output::new(1 << 20);
        let ended = self
            .connector
            .run(&target(words), &NO_SECRETS, &output)
            .await;
        (ended, output)
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A job without parameters.
pub(crate) fn constant(program: &Path, words: &[&str]) -> Job {
    let words = words.iter().map(|word| text(word)).collect();
    run_of(program, words, Values::new())
}

pub(crate) fn target(words: &[&str]) -> Job {
    constant(&example("target"), words)
}

/// A job whose parameters, all of them lenient, are `values`.
pub(crate) fn run_of(program: &Path, args: Vec<Value>, values: Values) -> Job {
    let template = [
        ("program".to_owned(), text(program.to_str().unwrap())),
        ("args".to_owned(), Value::List(args)),
    ];
    let name = TaskName::parse(r"Host\Try").unwrap();
    let mut task = Task::new(name, template.into());
    for (name, value) in &values {
        let mut schema = Schema::of(match value {
            Value::List(_) => ValueType::List,
            Value::Text(_) => ValueType::String,
            Value::Integer(_) => ValueType::Integer,
            Value::Boolean(_) => ValueType::Boolean,
            Value::Table(_) => ValueType::Table,
        });
        schema.leading_dash = true;
        task.parameters.insert(name.clone(), schema);
    }
    testing::job("command", task, values).unwrap()
}

pub(crate) fn parameter(name: &str) -> ParameterName {
    ParameterName::parse(name).unwrap()
}

/// What `target argv` was given.
pub(crate) fn heard(output: &Output) -> Vec<String> {
    assert!(!output.truncated());
    let lines = String::from_utf8(output.bytes()).unwrap();
    let word = |line: &str| {
        let digits = line.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        String::from_utf8(digits.map(byte).collect()).unwrap()
    };
    lines.lines().map(word).collect()
}

#[async_trait]
impl Bench for Command {
    fn job(&self, act: &Act) -> Job {
        match act {
            Act::Succeed => target(&["exit", "0"]),
            Act::Fail => target(&["exit", "7"]),
            Act::Echo(values) => {
                let values = Value::List(values.iter().map(|value| text(value)).collect());
                let args = vec![text("argv"), text("{values}")];
                let values = [(parameter("values"), values)].into();
                run_of(&example("target"), args, values)
            }
            Act::Print(bytes) => target(&["flood", &bytes.to_string()]),
            Act::Hang => target(&["hang"]),
        }
    }

    fn heard(&self, output: &Output) -> Vec<String> {
        heard(output)
    }

    async fn run(&self, job: &Job, output: &Output) -> Ended {
        self.connector.run(job, &NO_SECRETS, output).await
    }
}

/// The job with this deadline, in seconds.
pub(crate) fn within(mut job: Job, seconds: u64) -> Job {
    let mut task = Task::clone(&job.task);
    task.deadline_s.0 = seconds;
    job.task = Arc::new(task);
    job
}

/// The process numbers that a target printed, once there are so many.
pub(crate) async fn numbers(output: &Output, count: usize) -> Vec<u32> {
    let mut total = output.follow();
    loop {
        let said = String::from_utf8(output.bytes()).unwrap();
        if said.matches('\n').count() >= count {
            return said.lines().map(|line| line.parse().unwrap()).collect();
        }
        total.changed().await.unwrap();
    }
}

/// Whether a process has ended; nobody may have reaped it yet.
pub(crate) fn is_gone(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| {
        stat.rsplit(')')
            .next()
            .unwrap()
            .trim()
            .starts_with(['Z', 'X'])
    })
}

/// Waits until something holds; fails if it does not for long.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap();
}
