//! The connector `exchange` against the emulator.

mod apps;
mod faults;
mod literal;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use writ_connect::testing::{self, Act, Bench};
use writ_connect::{Credentials, Ended, ExchangeConnector, Output};
use writ_core::names::{Name, TaskName};
use writ_core::object::{Task, Workload};
use writ_core::run::Job;
use writ_core::secret::Secret;
use writ_core::time::{Seconds, Time};
use writ_core::value::{Value, Values};
use writ_emulator::{Call, Emulator, Endpoint, Fault, Handle, Injection, Settings};

/// Waits that a test does not notice.
const PAUSE: Duration = Duration::from_millis(5);

/// A connector and the emulator that it speaks with.
pub(crate) struct Exchange {
    pub(crate) connector: ExchangeConnector,
    pub(crate) emulator: Handle,
    pub(crate) credentials: Credentials,
    /// Settings beside those that every workload has.
    pub(crate) more: BTreeMap<String, Value>,
    count: AtomicU64,
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn credentials(secrets: &[(&str, &str)]) -> Credentials {
    let mut credentials = Credentials::default();
    for (secret, value) in secrets {
        let value = Secret::new(value.as_bytes().to_vec());
        credentials.secrets.insert(name(secret), Ok(value));
    }
    credentials
}

/// The time, as a log would have it.
pub(crate) fn now() -> Time {
    #[expect(clippy::disallowed_methods, reason = "assertions hold for a while")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    Time(i64::try_from(since.as_millis()).unwrap())
}

impl Exchange {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let emulator = Emulator::start("127.0.0.1:0".parse().unwrap(), settings)
            .await
            .unwrap();
        let secret = emulator.settings().client_secret.clone();
        Self {
            connector: ExchangeConnector::new().unwrap().with_pause(PAUSE),
            credentials: credentials(&[("client-secret", &secret.unwrap_or_default())]),
            emulator,
            more: BTreeMap::new(),
            count: AtomicU64::new(0),
        }
    }

    pub(crate) fn workload(&self) -> Workload {
        let settings = self.emulator.settings();
        let mut all = self.more.clone();
        all.insert("tenant".into(), text(&settings.tenant));
        all.insert("client_id".into(), text(&settings.client_id));
        all.insert("emulator".into(), text(self.emulator.url()));
        Workload {
            name: name("Exchange"),
            connector: name("exchange"),
            settings: all,
            origin: Some(self.emulator.url().to_owned()),
            secrets: BTreeMap::new(),
            open_tasks: true,
        }
    }

    pub(crate) fn job_of(&self, cmdlet: &str, parameters: &[(&str, Value)]) -> Job {
        let task = TaskName::parse(&format!(r"Exchange\{cmdlet}")).unwrap();
        let values: Values = parameters
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.clone()))
            .collect();
        let mut job = testing::job("exchange", Task::new(task, BTreeMap::new()), values).unwrap();
        job.workload = Arc::new(self.workload());
        job.authorized = now();
        job
    }

    pub(crate) async fn run_job(&self, job: &Job) -> (Ended, Output) {
        let output = Output::new(1 << 20);
        let ended = self.connector.run(job, &self.credentials, &output).await;
        output.finish();
        (ended, output)
    }

    pub(crate) async fn cmdlet(&self, cmdlet: &str, with: &[(&str, Value)]) -> (Ended, Output) {
        self.run_job(&self.job_of(cmdlet, with)).await
    }

    /// A cmdlet that is given up after a second.
    pub(crate) async fn briefly(&self, cmdlet: &str, with: &[(&str, Value)]) -> Ended {
        let mut job = self.job_of(cmdlet, with);
        let mut task = Task::clone(&job.task);
        task.deadline_s = Seconds(1);
        job.task = Arc::new(task);
        self.run_job(&job).await.0
    }

    /// The calls of a cmdlet that the emulator saw.
    pub(crate) fn calls(&self, cmdlet: &str) -> Vec<Call> {
        self.emulator.calls_of(cmdlet)
    }

    /// How often a token was asked for.
    pub(crate) fn tokens(&self) -> usize {
        let calls = self.emulator.calls();
        let tokens = calls.iter().filter(|call| call.endpoint == Endpoint::Token);
        tokens.count()
    }
}

/// The rows of an output.
pub(crate) fn rows(output: &Output) -> Vec<Json> {
    let text = String::from_utf8(output.bytes()).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    rows.collect()
}

/// A row of this many bytes, with its line's end.
fn row_of(bytes: u64) -> Vec<Map<String, Json>> {
    // {"A":""} and a line's end.
    match usize::try_from(bytes).unwrap().checked_sub(9) {
        None => Vec::new(),
        Some(length) => vec![Map::from_iter([("A".into(), "x".repeat(length).into())])],
    }
}

#[async_trait]
impl Bench for Exchange {
    fn job(&self, act: &Act) -> Job {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let alice = [("Identity", text("alice"))];
        match act {
            Act::Succeed => self.job_of("Get-Mailbox", &alice),
            Act::Fail => self.job_of("Remove-Mailbox", &[("Identity", text("nobody"))]),
            Act::Echo(texts) => {
                let words = texts.iter().map(|word| text(word)).collect();
                let rule = text(&format!("rule {number}"));
                let with = [("Name", rule), ("SubjectContainsWords", Value::List(words))];
                self.job_of("New-TransportRule", &with)
            }
            Act::Print(bytes) => {
                let value = row_of(*bytes);
                let warnings = Vec::new();
                self.emulator
                    .inject(Injection::next(Fault::Answer { value, warnings }));
                self.job_of("Get-Mailbox", &[])
            }
            Act::Hang => {
                let hang = Fault::Hang { done: true };
                self.emulator.inject(Injection::next(hang));
                self.job_of("Set-Mailbox", &alice)
            }
        }
    }

    fn heard(&self, output: &Output) -> Vec<String> {
        output.finish();
        let words = &rows(output)[0]["SubjectContainsWords"];
        let words = words.as_array().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    }

    async fn run(&self, job: &Job, output: &Output) -> Ended {
        self.connector.run(job, &self.credentials, output).await
    }
}

#[tokio::test]
async fn conforms() {
    testing::check_all(&Exchange::new().await).await;
}
