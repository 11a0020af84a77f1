//! The runner: starts what durable State authorises, once, and says how it ended.
//!
//! It is told of a run after the entry that authorises it is on disk. It asks
//! published State once more for a **permit**, calls the connector, stores the
//! output in the same transaction as the outcome, and says the outcome through
//! the same door as everybody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use writ_connect::{Ended, Output};
use writ_core::digest::{Digest, ExecutionId};
use writ_core::envelope::Kind;
use writ_core::key::SigningKey;
use writ_core::names::ParameterName;
use writ_core::record::ExecutionRecord;
use writ_core::run::Permit;
use writ_core::statement::{Outcome, OutputDigest, RunResult};

use crate::clock::Entropy;
use crate::sequence::ToStart;
use crate::{Engine, Submission, speak};

/// How long to wait before saying an outcome again that was not recorded.
const PAUSE: Duration = Duration::from_millis(500);
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
    /// How many bytes were put out.
    total: u64,
}

impl Finished {
    fn without_output(ended: Ended) -> Self {
        Self {
            ended,
            remarks: Vec::new(),
            output: Vec::new(),
            total: 0,
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
    /// again by itself.
    pub(crate) async fn end_open_runs(&self) {
        let published = self.engine.published();
        let open: Vec<_> = published
            .state()
            .open_executions(self.engine.node())
            .cloned()
            .collect();
        for record in open {
            let name = &record.definition.workload.connector;
            let probed = match self.engine.0.connectors.get(name) {
                Some(connector) => connector.probe(record.id).await,
                None => None,
            };
            let ended = probed.unwrap_or_else(|| Ended::Unknown {
                note: "the node was restarted while it ran; it may have had its effect or not"
                    .into(),
            });
            self.say(record.id, Finished::without_output(ended)).await;
        }
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
                    let note = format!("the connector broke off: {error}");
                    Finished::without_output(Ended::Unknown { note })
                });
                runner.say(execution, finished).await;
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
        // INVARIANT: State is asked once more just before the connector starts.
        let permit = match self.permit(id, &texts) {
            Ok(permit) => permit,
            Err(why) => return not_started(why),
        };
        let output = Output::new(permit.job().task.output_cap);
        // Dropping the connector's future stops the run as far as it can be.
        let ended = tokio::select! {
            biased;
            ended = connector.execute(&permit, &output) => ended,
            () = self.killed(id) => Ended::Unknown {
                note: "killed, since its grant has ended; it may have had part of its effect".into(),
            },
        };
        Finished {
            ended,
            remarks: output.remarks(),
            output: output.bytes(),
            total: output.total(),
        }
    }

    /// Returns when durable State says that a run is to be killed.
    async fn killed(&self, id: ExecutionId) {
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

    /// Says an outcome until it is recorded, or found recorded, or the node stops.
    async fn say(&self, execution: ExecutionId, finished: Finished) {
        loop {
            match self.say_once(execution, &finished).await {
                Said::Done => return,
                Said::Stopped => {
                    tracing::warn!(%execution, "stopped before the outcome was recorded");
                    return;
                }
                Said::Again(why) => {
                    tracing::warn!(%execution, why, "the outcome was not recorded yet");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn say_once(&self, execution: ExecutionId, finished: &Finished) -> Said {
        let Some(instance) = self.engine.published().state().organization() else {
            return Said::Stopped;
        };
        let (body, attachments) = self.outcome(execution, finished);
        let now = self
            .engine
            .now()
            .max(self.engine.published().state().time());
        let envelope = speak::envelope(
            Kind::Outcome,
            body,
            &self.key,
            instance,
            now,
            &*self.entropy,
        );
        let envelope = match envelope {
            Ok(envelope) => envelope,
            Err(error) => return Said::Again(error.to_string()),
        };
        match self
            .engine
            .submit(Submission {
                envelope,
                attachments,
            })
            .await
        {
            Ok(_) => Said::Done,
            Err(_) if *self.engine.0.stopped.borrow() => Said::Stopped,
            Err(turned_away) => Said::Again(turned_away.to_string()),
        }
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
        let note = (!notes.is_empty()).then(|| plain(&notes.join("; ")));
        (
            Outcome {
                execution,
                result,
                exit,
                output,
                note,
            },
            blob.into_iter().collect(),
        )
    }
}

enum Said {
    Done,
    Stopped,
    Again(String),
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
