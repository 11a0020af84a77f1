//! Writ files: asked for, and checked before they are kept.

use writ_core::proof::{Story, check};

use crate::client::Client;
use crate::error::Error;

impl Client {
    /// The writ file about an execution, by its id or the first digits of it, and
    /// what it shows.
    pub async fn prove_execution(&self, id: &str) -> Result<(Vec<u8>, Story), Error> {
        self.proof(&format!("/v1/executions/{id}/proof")).await
    }

    /// The writ file about an accepted entry of the log, and what it shows.
    pub async fn prove_entry(&self, index: u64) -> Result<(Vec<u8>, Story), Error> {
        let (file, story) = self
            .proof(&format!("/v1/log/entries/{index}/proof"))
            .await?;
        match story.entry.0 == index {
            true => Ok((file, story)),
            false => Err(Error::Untrusted(format!(
                "the server gave the proof of another entry than {index}"
            ))),
        }
    }

    async fn proof(&self, path: &str) -> Result<(Vec<u8>, Story), Error> {
        let session = self.session().await?;
        let file = self.http.get_bytes(path, &[], Some(session)).await?;
        match check(&file, self.account().organization) {
            Ok(story) => Ok((file, story)),
            Err(error) => Err(Error::Untrusted(format!(
                "the server gave a file that proves nothing: {error}"
            ))),
        }
    }
}
