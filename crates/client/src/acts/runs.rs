//! Running tasks, and what became of it.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use tokio::time::sleep;
use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::envelope::Kind;
use writ_core::names::{ParameterName, TaskName};
use writ_core::secret::Secret;
use writ_core::statement::{Attachment, Invoke, Outcome, RunResult};
use writ_core::value::{Value, Values};
use writ_core::view::{ExecutionView, RunStatus};

use crate::client::{Client, PAUSE, TRIES};
use crate::error::Error;
use crate::events::Event;
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

    /// Follows what an execution puts out, from its beginning until the
    /// execution is over. A stream that breaks is taken up where it stopped.
    pub async fn follow(
        &self,
        id: ExecutionId,
        mut show: impl FnMut(&[u8]),
    ) -> Result<ExecutionView, Error> {
        let (mut position, mut tries) = (0, 0);
        loop {
            let before = position;
            let ended = self.follow_on(id, &mut position, &mut show).await;
            tries = if position > before { 0 } else { tries + 1 };
            match ended {
                Ok(true) => return self.outcome(id).await,
                Ok(false) => {}
                Err(Error::Unreachable(_)) if tries < TRIES => {}
                Err(error) => return Err(error),
            }
            sleep(PAUSE * tries.min(TRIES)).await;
        }
    }

    /// Follows one stream; whether the execution is over at its end.
    async fn follow_on(
        &self,
        id: ExecutionId,
        position: &mut u64,
        show: &mut impl FnMut(&[u8]),
    ) -> Result<bool, Error> {
        let path = format!("/v1/executions/{id}/output");
        let session = self.session().await?;
        let after = position.to_string();
        let mut events = self.http.events(&path, &after, session).await?;
        while let Some(event) = self.http.next_event(&path, &mut events).await? {
            match event.name.as_str() {
                "output" => {
                    let bytes = output(&event, *position).map_err(Error::Untrusted)?;
                    *position += bytes.len() as u64;
                    show(&bytes);
                }
                "ended" => return Ok(true),
                // What a later server may have to say.
                _ => {}
            }
        }
        Ok(false)
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
            rows: None,
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

/// The bytes of an event that goes on where the last one stopped.
fn output(event: &Event, position: u64) -> Result<Vec<u8>, String> {
    let odd = || "the server sent output that does not go on where it stopped".to_owned();
    let bytes = BASE64.decode(event.data.as_bytes()).map_err(|_| odd())?;
    let end = (position + bytes.len() as u64).to_string();
    match event.id.as_deref() == Some(end.as_str()) {
        true => Ok(bytes),
        false => Err(odd()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_goes_on_where_it_stopped() {
        let event = |id: &str, data: &str| Event {
            name: "output".to_owned(),
            id: Some(id.to_owned()),
            data: data.to_owned(),
        };
        assert_eq!(output(&event("5", "YWJj"), 2).unwrap(), b"abc");
        for (id, data) in [("6", "YWJj"), ("3", "YWJj"), ("5", "YWJ"), ("", "YWJj")] {
            assert!(output(&event(id, data), 2).is_err(), "{id} {data}");
        }
    }
}
