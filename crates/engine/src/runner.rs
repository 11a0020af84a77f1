//! The runner: starts what durable State authorises, once, and says how it ended.
//!
//! It is told of a run after the entry that authorises it is on disk. It asks
//! published State once more for a **permit**, calls the connector, stores the
//! output in the same transaction as the outcome, and says the outcome through
//! the same door as everybody.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::sleep;
use writ_connect::{Credentials, Ended, Output, Redaction};
use writ_core::digest::{Digest, ExecutionId};
use writ_core::envelope::Kind;
use writ_core::json::JsonError;
use writ_core::key::SigningKey;
use writ_core::names::ParameterName;
use writ_core::record::ExecutionRecord;
use writ_core::run::Permit;
use writ_core::seal::{self, Purpose};
use writ_core::secret::Secret;
use writ_core::statement::{Outcome, OutputDigest, Rows, RunResult};
use writ_store::{Point, point};
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::live::InFlight;
use crate::sequence::ToStart;
use crate::{Engine, Submission, speak};

/// How long to wait before saying an outcome again that was not recorded.
const PAUSE: Duration = Duration::from_millis(500);
/// How long after the task's deadline a connector is given up.
const GRACE: Duration = Duration::from_secs(30);
/// What is said of a run whose output held a secret.
const REDACTED: &str = "output redacted: it held a secret";
/// How long a note in the log may be, in characters.
const MAX_NOTE: usize = 1_000;

/// Starts runs and says their outcomes.
#[derive(Clone)]
pub(crate) struct Runner {
    engine: Engine,
    key: Arc<SigningKey>,
    entropy: Arc<dyn Entropy>,
}

/// How a run ended, with what it put out.
struct Finished {
    ended: Ended,
    /// What the connector said beside how it ended.
    remarks: Vec<String>,
    /// What is kept.
    output: Vec<u8>,
    /// What no note may hold either.
    redaction: Redaction,
    /// How many bytes were put out.
    total: u64,
    /// How many rows, where it was of a dataset.
    rows: Option<Rows>,
    /// Others may follow the output until the outcome is recorded.
    #[expect(dead_code, reason = "held")]
    in_flight: Option<InFlight>,
}

impl Finished {
    fn without_output(ended: Ended) -> Self {
        Self {
            ended,
            remarks: Vec::new(),
            output: Vec::new(),
            redaction: Redaction::none(),
            total: 0,
            rows: None,
            in_flight: None,
        }
    }
}

impl Runner {
    pub(crate) fn new(engine: Engine, key: Arc<SigningKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            engine,
            key,
            entropy,
        }
    }

    /// Ends what an earlier process of this node left open: nothing is ever run
    /// again by itself. What is open is asked before this returns, so that no run
    /// of this process is among it.
    pub(crate) fn end_open_runs(&self) -> JoinHandle<()> {
        let published = self.engine.published();
        let open = published.state().open_executions(self.engine.node());
        let open: Vec<_> = open.cloned().collect();
        if !open.is_empty() {
            point(Point::OpenRunsFound);
        }
        let runner = self.clone();
        tokio::spawn(async move {
            for record in open {
                let ended = runner.probed(&record).await;
                let finished = Finished::without_output(ended);
                runner.say(record.id, finished).await;
            }
        })
    }

    /// How a run ended that was lost from sight.
    async fn probed(&self, record: &ExecutionRecord) -> Ended {
        let name = &record.definition.workload.connector;
        let ended = match self.engine.0.connectors.get(name) {
            Some(connector) => connector.probe(record.id).await,
            None => None,
        };
        ended.unwrap_or_else(|| Ended::Unknown {
            note: "the node was restarted while it ran; it may have had its effect or not".into(),
        })
    }

    /// Starts each run that it is told of, at once.
    pub(crate) async fn run(self, mut starting: mpsc::UnboundedReceiver<ToStart>) {
        while let Some(ToStart { execution, slot }) = starting.recv().await {
            let runner = self.clone();
            tokio::spawn(async move {
                // A task of its own, so that whatever happens in it has an outcome.
                let job = runner.clone();
                let finished = tokio::spawn(async move { job.carry_out(execution).await }).await;
                let finished = finished.unwrap_or_else(|error| {
                    let note = format!("the connector broke off: {}", last_words(error));
                    Finished::without_output(Ended::Unknown { note })
                });
                point(Point::ConnectorEnded);
                runner.say(execution, finished).await;
                point(Point::OutcomeSaid);
                drop(slot);
            });
        }
    }

    async fn carry_out(&self, id: ExecutionId) -> Finished {
        let not_started = |why: String| Finished::without_output(Ended::not_started(why));
        let record = self.engine.published().state().execution(id).cloned();
        let Some(record) = record else {
            return not_started("it has its outcome already".into());
        };
        let texts = match self.texts(&record).await {
            Ok(texts) => texts,
            Err(why) => return not_started(why),
        };
        let name = &record.definition.workload.connector;
        let Some(connector) = self.engine.0.connectors.get(name) else {
            return not_started(format!("this node has no connector `{name}`"));
        };
        let credentials = match self.credentials(&record).await {
            Ok(credentials) => credentials,
            Err(why) => return not_started(why),
        };
        let values: Vec<_> = credentials
            .values()
            .map(|value| Zeroizing::new(value.to_vec()))
            .collect();
        let redaction = match Redaction::of(&values) {
            Ok(redaction) => redaction,
            Err(error) => return not_started(format!("its secrets cannot be looked for: {error}")),
        };
        point(Point::BeforePermit);
        // INVARIANT: State is asked once more just before the connector starts.
        let permit = match self.permit(id, &texts) {
            Ok(permit) => permit,
            Err(why) => return not_started(why),
        };
        let task = &permit.job().task;
        let output = Output::redacting(task.output_cap, redaction);
        if let Some(subjects) = &permit.job().subjects {
            output.is_about(subjects.clone());
        }
        let in_flight = self.engine.0.live.begin(id, output.clone());
        let most = Duration::from_secs(task.deadline_s.0).saturating_add(GRACE);
        let deadline = self.engine.0.clock.uptime().deadline(most);
        point(Point::AfterPermit);
        let unknown = |note: &str| Ended::Unknown { note: note.into() };
        // Dropping the connector's future stops the run as far as it can be.
        let ended = tokio::select! {
            biased;
            ended = connector.execute(&permit, &credentials, &output) => ended,
            () = self.killed(id) => {
                unknown("killed, since its grant has ended; it may have had part of its effect")
            }
            () = deadline.passed() => unknown("the connector did not end by the task's deadline"),
        };
        output.finish();
        let secret = output.is_redacted().then(|| REDACTED.to_owned());
        let remarks = output.remarks().into_iter().chain(secret);
        Finished {
            ended,
            remarks: remarks.collect(),
            redaction: output.redaction().clone(),
            output: output.bytes(),
            total: output.total(),
            rows: output.rows(),
            in_flight: Some(in_flight),
        }
    }

    /// Returns when durable State says that a run is to be killed.
    async fn killed(&self, id: ExecutionId) {
        // Asked for the first time when the connector waits for something.
        point(Point::ConnectorBegan);
        let mut published = self.engine.watch();
        let killed = published.wait_for(|published| published.state().is_killed(id));
        if killed.await.is_err() {
            // Nothing more is published: the node ends, and its runs with it.
            std::future::pending::<()>().await;
        }
    }

    fn permit(
        &self,
        id: ExecutionId,
        texts: &BTreeMap<ParameterName, String>,
    ) -> Result<Permit, String> {
        let now = self.engine.now();
        self.engine
            .published()
            .permit(id, self.engine.node(), now, texts)
    }

    /// The texts that came beside the invocation. The permit checks their digests.
    async fn texts(
        &self,
        record: &ExecutionRecord,
    ) -> Result<BTreeMap<ParameterName, String>, String> {
        let mut texts = BTreeMap::new();
        for (name, attachment) in &record.attached {
            let blob = self.engine.store().blob(attachment.digest).await;
            let bytes = blob
                .map_err(|error| error.to_string())?
                .ok_or_else(|| format!("the text of parameter `{name}` is gone"))?;
            let text = String::from_utf8(bytes)
                .map_err(|_| format!("the text of parameter `{name}` is not what was signed"))?;
            texts.insert(name.clone(), text);
        }
        Ok(texts)
    }

    /// The secrets that the run may use. Those of its workload are asked for only
    /// by a task that uses them; those that were given with it all count.
    async fn credentials(&self, record: &ExecutionRecord) -> Result<Credentials, String> {
        let mut credentials = Credentials::default();
        let Some(instance) = self.engine.published().state().organization() else {
            return Ok(credentials);
        };
        let workload = &record.definition.workload;
        for (name, said) in &workload.secrets {
            let purpose = Purpose::Secret {
                instance,
                workload,
                name,
                version: said.version,
            };
            let opened = self.open(&purpose, said.digest).await.map_err(|why| {
                format!(
                    "the secret `{name}` {why}; give it again: writ secret set {} {name}",
                    workload.name
                )
            });
            credentials.secrets.insert(name.clone(), opened);
        }
        for (name, said) in &record.sealed {
            let purpose = Purpose::Parameter {
                instance,
                by: &record.by,
                task: &record.task,
                name,
            };
            let bad =
                |why: &dyn fmt::Display| format!("the parameter `{name}` {why}; run it again");
            let inside = self.open(&purpose, said.digest).await;
            let inside = inside.map_err(|why| bad(&why))?;
            let value = seal::parameter(&inside, said);
            let value = value.map_err(|_| bad(&"is not what was signed"))?;
            credentials.parameters.insert(name.clone(), value);
        }
        Ok(credentials)
    }

    async fn open(&self, purpose: &Purpose<'_>, digest: Digest) -> Result<Secret, String> {
        let kept = self.engine.store().blob(digest).await;
        let kept = kept
            .map_err(|error| format!("cannot be read: {error}"))?
            .ok_or("is gone from the database")?;
        let opened = self.engine.0.vault.open(purpose, digest, &kept);
        opened.map_err(|_| {
            "cannot be opened with the keys in state/: they are not those that it was kept with, \
             or the database was changed"
                .into()
        })
    }

    /// Says an outcome until it is recorded, or found recorded, or the node stops.
    async fn say(&self, execution: ExecutionId, finished: Finished) {
        while let Err(why) = self.say_once(execution, &finished).await {
            if *self.engine.0.stopped.borrow() {
                tracing::warn!(%execution, "stopped before the outcome was recorded");
                return;
            }
            tracing::warn!(%execution, why, "the outcome was not recorded yet");
            sleep(PAUSE).await;
        }
    }

    /// Says an outcome now, or why nothing was recorded.
    async fn say_once(&self, execution: ExecutionId, finished: &Finished) -> Result<(), String> {
        let submission = self.statement(execution, finished);
        let submission = submission.map_err(|error| error.to_string())?;
        let posted = self.engine.submit(submission).await;
        let posted = posted.map_err(|turned_away| turned_away.to_string())?;
        if let Some(code) = posted.receipt.code {
            // It has one already, or the log takes none from this key.
            tracing::error!(%execution, %code, "the outcome was refused");
        }
        Ok(())
    }

    fn statement(
        &self,
        execution: ExecutionId,
        finished: &Finished,
    ) -> Result<Submission, JsonError> {
        let (body, attachments) = self.outcome(execution, finished);
        let published = self.engine.published();
        let envelope = speak::envelope(
            Kind::Outcome,
            body,
            &self.key,
            published.state().organization(),
            self.engine.now(),
            &*self.entropy,
        )?;
        Ok(Submission {
            envelope,
            attachments,
        })
    }

    /// The statement, and the output that goes with it: 16 random bytes, so
    /// that the digest in the log does not give short outputs away, then itself.
    fn outcome(&self, execution: ExecutionId, finished: &Finished) -> (Outcome, Vec<Vec<u8>>) {
        let (result, exit, note) = match &finished.ended {
            Ended::Succeeded { exit } => (RunResult::Succeeded, *exit, None),
            Ended::Failed { exit, note } => (RunResult::Failed, *exit, Some(note)),
            Ended::Unknown { note } => (RunResult::Unknown, None, Some(note)),
        };
        let blob = (!finished.output.is_empty()).then(|| {
            let mut blob = vec![0; 16];
            self.entropy.fill(&mut blob);
            blob.extend_from_slice(&finished.output);
            blob
        });
        let output = blob.as_ref().map(|blob| OutputDigest {
            digest: Digest::of(blob),
            size: finished.total,
        });
        let notes: Vec<_> = note.into_iter().chain(&finished.remarks).cloned().collect();
        let note = (!notes.is_empty()).then(|| plain(&finished.redaction.text(&notes.join("; "))));
        (
            Outcome {
                execution,
                result,
                exit,
                output,
                rows: finished.rows,
                note,
            },
            blob.into_iter().collect(),
        )
    }
}

/// What a task said when it broke.
fn last_words(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else {
        return "it was canceled".into();
    };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a word".into())
}

/// A note as the log takes it: short, and nothing that hides or reorders.
fn plain(note: &str) -> String {
    note.chars()
        .map(|c| {
            if writ_core::value::is_plain(c, true) {
                c
            } else {
                '\u{fffd}'
            }
        })
        .take(MAX_NOTE)
        .collect()
}
