//! Faults: what goes wrong, with which calls, how often.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// 429, and nothing is done.
    Throttled {
        /// What `Retry-After` says, if it is there.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// A 5xx.
    ServerError {
        /// Which.
        status: u16,
        /// What `Retry-After` says, if it is there.
        #[serde(default)]
        retry_after_s: Option<u64>,
        /// Whether the cmdlet was carried out all the same.
        #[serde(default)]
        done: bool,
    },
    /// 400 with an exception that calls itself transient; nothing is done.
    Transient,
    /// No answer ever comes.
    Hang {
        /// Whether the cmdlet was carried out all the same.
        #[serde(default)]
        done: bool,
    },
    /// The connection ends without an answer.
    Lost {
        /// Whether the cmdlet was carried out all the same.
        #[serde(default)]
        done: bool,
    },
    /// It is done, and the answer breaks off in the middle.
    CutShort,
    /// 401, as if the token had expired.
    ExpiredToken,
    /// 401 with claims that a new token is to be asked for with.
    ClaimsChallenge,
    /// Few rows, with a warning and a link to the next ones.
    TruncatedPage {
        /// How many.
        rows: usize,
    },
    /// The next link leads elsewhere.
    ForeignNextLink {
        /// Where to.
        url: String,
    },
    /// Every page has a next link.
    EndlessPages,
    /// Nothing is done; the answer repeats what proves who calls.
    Echo {
        /// Where: in rows and a warning, or in a question, or in an error. The token
        /// endpoint has an error alone.
        #[serde(default)]
        within: Within,
    },
    /// Nothing is done; the answer holds these rows.
    Answer {
        /// The rows.
        value: Vec<Map<String, Value>>,
        /// The warnings.
        #[serde(default)]
        warnings: Vec<String>,
    },
}

/// Where an answer repeats what it should not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// In a row, as text and as the name of a member, and in a warning.
    #[default]
    Rows,
    /// In the question that asks for confirmation.
    Question,
    /// In the sentence of an error.
    Error,
}

/// Where a fault happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// At `InvokeCommand`.
    #[default]
    Invoke,
    /// At the token endpoint.
    Token,
}

/// A fault that waits for its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injection {
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// Where.
    #[serde(default)]
    pub at: Place,
    /// With how many calls.
    #[serde(default = "Injection::once")]
    pub times: u32,
    /// Only with calls of this cmdlet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmdlet: Option<String>,
}

impl Injection {
    const fn once() -> u32 {
        1
    }

    /// With the next cmdlet.
    pub const fn next(fault: Fault) -> Self {
        Self {
            fault,
            at: Place::Invoke,
            times: 1,
            cmdlet: None,
        }
    }

    /// With the next token.
    pub fn next_token(fault: Fault) -> Self {
        Self {
            at: Place::Token,
            ..Self::next(fault)
        }
    }

    /// The same with more calls.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same for one cmdlet alone.
    #[must_use]
    pub fn of(mut self, cmdlet: &str) -> Self {
        self.cmdlet = Some(cmdlet.into());
        self
    }
}

/// The faults that wait, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Injection>);

impl Faults {
    pub(crate) fn add(&mut self, injection: Injection) {
        self.0.push(injection);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn waiting(&self) -> &[Injection] {
        &self.0
    }

    /// What happens to a call, if anything does.
    pub(crate) fn strike(&mut self, at: Place, cmdlet: Option<&str>) -> Option<Fault> {
        let meets = |injection: &&mut Injection| {
            let named = injection.cmdlet.as_deref();
            injection.at == at
                && injection.times > 0
                && named.is_none_or(|named| {
                    cmdlet.is_some_and(|cmdlet| cmdlet.eq_ignore_ascii_case(named))
                })
        };
        let injection = self.0.iter_mut().find(meets)?;
        injection.times -= 1;
        let fault = injection.fault.clone();
        self.0.retain(|injection| injection.times > 0);
        Some(fault)
    }
}
