//! The journal: what was called, and what came of it.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Map, Value};

/// How many calls are remembered.
const MOST: usize = 10_000;

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// The token endpoint.
    Token,
    /// `InvokeCommand`.
    Invoke,
    /// The list of cmdlets.
    Cmdlets,
}

/// One call. It never holds a secret or a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// Counts up from 1.
    pub number: u64,
    /// What was called.
    pub endpoint: Endpoint,
    /// Which cmdlet.
    pub cmdlet: Option<String>,
    /// The parameters as they came.
    pub parameters: Map<String, Value>,
    /// How many rows an earlier page had shown.
    pub skipped: usize,
    /// What `X-AnchorMailbox` said.
    pub anchor: Option<String>,
    /// What `client-request-id` said.
    pub request_id: Option<String>,
    /// The answer's status; none if there was no answer.
    pub status: Option<u16>,
    /// Whether it was carried out; of a token, whether one was given.
    pub done: bool,
}

impl Call {
    /// A call of which nothing has come yet.
    pub(crate) fn of(endpoint: Endpoint) -> Self {
        Self {
            number: 0,
            endpoint,
            cmdlet: None,
            parameters: Map::new(),
            skipped: 0,
            anchor: None,
            request_id: None,
            status: None,
            done: false,
        }
    }
}

/// The newest calls.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    calls: VecDeque<Call>,
    count: u64,
}

impl Journal {
    pub(crate) fn note(&mut self, mut call: Call) {
        self.count = self.count.saturating_add(1);
        call.number = self.count;
        if self.calls.len() == MOST {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.iter().cloned().collect()
    }
}
