//! The log as the server shows it.

use data_encoding::BASE64;
use writ_core::view::EntryView;

use crate::client::Client;
use crate::error::Error;

impl Client {
    /// Leaves from an index on: as many as the server gives at once.
    pub async fn leaves(&self, from: u64, most: u64) -> Result<Vec<Vec<u8>>, Error> {
        let query = [("from", from.to_string()), ("max", most.to_string())];
        let views: Vec<EntryView> = self.get("/v1/log/entries", &query).await?;
        let odd = |index: u64| {
            Error::Untrusted(format!("the server gave something else than entry {index}"))
        };
        let mut leaves = Vec::with_capacity(views.len());
        for (view, index) in views.into_iter().zip(from..) {
            let leaf = BASE64
                .decode(view.leaf.as_bytes())
                .map_err(|_| odd(index))?;
            if view.index.0 != index {
                return Err(odd(index));
            }
            leaves.push(leaf);
        }
        Ok(leaves)
    }

    /// The signed checkpoint.
    pub async fn checkpoint(&self) -> Result<String, Error> {
        let bytes = self.http.get_bytes("/v1/log/checkpoint", &[], None).await?;
        String::from_utf8(bytes).map_err(|_| Error::Untrusted("the checkpoint is not text".into()))
    }
}
