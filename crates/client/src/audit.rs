//! A **search** of the log: it is read from its end, and the audit records that
//! are wanted are answered, the newest first, without ever holding more of the
//! log than it must.

pub use writ_core::audit::{RECORD_TYPE, Record, Wanted};

use writ_core::audit::{Sieve, UnreadableError};
use writ_core::time::Time;

use crate::client::Client;
use crate::error::Error;

/// How many entries are read at once.
const CHUNK: u64 = 500;

/// The records that are wanted, the newest first.
#[derive(Debug)]
pub struct Search<'a> {
    client: &'a Client,
    sieve: Sieve,
    /// All entries from here on were seen, or are not wanted.
    seen: u64,
}

impl From<UnreadableError> for Error {
    fn from(error: UnreadableError) -> Self {
        Self::Untrusted(error.to_string())
    }
}

impl Client {
    /// Searches the log, from its end or from where a page ended.
    pub async fn audit(&self, wanted: Wanted) -> Result<Search<'_>, Error> {
        let mut end = self.status().await?.log_size;
        if let Some(before) = wanted.before {
            end = end.min(before);
        }
        if let Some(to) = wanted.to {
            end = self.first_since(to, end).await?;
        }
        Ok(Search {
            client: self,
            sieve: Sieve::new(wanted),
            seen: end,
        })
    }

    /// The first of so many entries that is not before an instant: the times of
    /// entries never go back.
    async fn first_since(&self, time: Time, size: u64) -> Result<u64, Error> {
        let (mut low, mut high) = (0, size);
        while low < high {
            let middle = low + (high - low) / 2;
            let read = self.records(middle, middle + 1).await?;
            match read.iter().any(|record| record.time < time) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }

    /// The records of the entries from one index until another, in order.
    async fn records(&self, from: u64, until: u64) -> Result<Vec<Record>, Error> {
        let (mut next, mut records) = (from, Vec::new());
        while next < until {
            let leaves = self.leaves(next, until - next).await?;
            if leaves.is_empty() {
                return Err(Error::Untrusted(format!("the server has no entry {next}")));
            }
            for (leaf, index) in leaves.iter().zip(next..until) {
                records.push(Record::read(index, leaf)?);
                next = index + 1;
            }
        }
        Ok(records)
    }
}

impl Search<'_> {
    /// The next record, older than all before; none where there is none.
    pub async fn next(&mut self) -> Result<Option<Record>, Error> {
        loop {
            if let Some(record) = self.sieve.take() {
                return Ok(Some(record));
            }
            if self.sieve.is_done() {
                return Ok(None);
            }
            let from = self.seen.saturating_sub(CHUNK);
            let records = self.client.records(from, self.seen).await?;
            for record in records.into_iter().rev() {
                self.sieve.see(record);
            }
            self.seen = from;
            if from == 0 {
                self.sieve.end();
            }
        }
    }
}
