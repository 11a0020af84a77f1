//! Running tasks, and what became of it.

use std::collections::BTreeMap;

use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::envelope::Kind;
use writ_core::names::{ParameterName, TaskName};
use writ_core::secret::Secret;
use writ_core::statement::{Attachment, Invoke, Outcome, RunResult};
use writ_core::value::{Value, Values};
use writ_core::view::{ExecutionView, RunStatus};

use crate::client::Client;
use crate::error::Error;
use crate::http::Listing;

/// Texts longer than this travel beside the statement, in bytes.
const LONG: usize = 2_048;
/// How long the server may hold an answer back, in seconds.
const WAIT: u64 = 25;

/// A run that was authorised.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// Its name.
    pub execution: ExecutionId,
}

impl Client {
    /// Runs a task under a live grant; it goes on without us.
    pub async fn invoke(
        &self,
        task: TaskName,
        values: Values,
        secrets: BTreeMap<ParameterName, Secret>,
        request: Option<RequestId>,
    ) -> Result<Started, Error> {
        let mut parameters = Values::new();
        let mut attached = BTreeMap::new();
        let (sealed, mut beside) = self.sealed(&task, secrets).await?;
        for (name, value) in values {
            let Value::Text(text) = value else {
                parameters.insert(name, value);
                continue;
            };
            if text.len() <= LONG {
                parameters.insert(name, Value::Text(text));
                continue;
            }
            let bytes = text.into_bytes();
            let attachment = Attachment {
                digest: Digest::of(&bytes),
                size: bytes.len() as u64,
            };
            attached.insert(name, attachment);
            beside.push(bytes);
        }
        let invoke = Invoke {
            task,
            parameters,
            attached,
            sealed,
            request,
            node: None,
        };
        let said = self.say(Kind::Invoke, invoke, &beside).await?;
        Ok(Started {
            execution: ExecutionId(said.digest),
        })
    }

    /// Waits until a run is over.
    pub async fn outcome(&self, id: ExecutionId) -> Result<ExecutionView, Error> {
        loop {
            let wait = [("wait_s", WAIT.to_string())];
            let view: ExecutionView = self.get(&format!("/v1/executions/{id}"), &wait).await?;
            if view.status != RunStatus::Authorized {
                return Ok(view);
            }
        }
    }

    /// One execution, by its id or the first digits of it.
    pub async fn execution(&self, id: &str) -> Result<ExecutionView, Error> {
        self.get(&format!("/v1/executions/{id}"), &[]).await
    }

    /// What an execution put out: bytes as they came, which may be hostile.
    pub async fn output(&self, view: &ExecutionView) -> Result<Vec<u8>, Error> {
        if view.output.is_none() {
            return Ok(Vec::new());
        }
        let session = self.session().await?;
        let path = format!("/v1/executions/{}/output", view.id);
        self.http.get_bytes(&path, &[], Some(session)).await
    }

    /// Says what became of a run that ended unknown; answers it in words.
    pub async fn resolve(
        &self,
        execution: ExecutionId,
        result: RunResult,
        note: String,
    ) -> Result<Vec<String>, Error> {
        let outcome = Outcome {
            execution,
            result,
            exit: None,
            output: None,
            note: Some(note),
        };
        let said = self.say(Kind::Outcome, outcome, &[]).await?;
        Ok(said.posted.facts)
    }

    /// Executions, the newest first.
    pub async fn executions(&self, listing: &Listing) -> Result<Vec<ExecutionView>, Error> {
        self.list("/v1/executions", listing).await
    }
}
