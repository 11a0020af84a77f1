//! What can go wrong between a person and a server.

use thiserror::Error;
use writ_core::view::{Problem, Receipt};

/// Why something was not done: always a sentence that says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// What was asked for cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// The server or the rules said no.
    #[error("{sentence}")]
    Refused {
        /// As `docs/refusals.md` lists it.
        code: String,
        /// Why, and what to do.
        sentence: String,
        /// The entry that says so, if it is one.
        receipt: Option<Box<Receipt>>,
    },
    /// It was tried only: it would have been done.
    #[error("it would be done")]
    OnlyTried,
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(String),
    /// What was answered cannot be trusted or understood.
    #[error("{0}")]
    Untrusted(String),
}

impl Error {
    /// The code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Usage(_) | Self::OnlyTried | Self::Unreachable(_) | Self::Untrusted(_) => None,
        }
    }

    /// Something that should be there and is not on this machine.
    pub(crate) fn file(path: &std::path::Path, problem: impl std::fmt::Display) -> Self {
        Self::Usage(format!("{}: {problem}", path.display()))
    }
}

/// Problems that the caller mends by typing something else.
const USAGE: [&str; 6] = [
    "bad-attachment",
    "bad-form",
    "bad-path",
    "bad-query",
    "bad-template",
    "too-big",
];

/// Problems that go away by themselves.
const BUSY: [&str; 7] = [
    "busy",
    "not-ready",
    "overloaded",
    "stopping",
    "too-many",
    "unavailable",
    "unknown-fate",
];

/// The server's own fault, and nobody's refusal.
const FAULT: &str = "internal";

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let Problem { detail, code, .. } = problem;
        if USAGE.contains(&code.as_str()) {
            Self::Usage(detail)
        } else if BUSY.contains(&code.as_str()) {
            Self::Unreachable(detail)
        } else if code == FAULT {
            Self::Untrusted(detail)
        } else {
            Self::Refused {
                code,
                sentence: detail,
                receipt: None,
            }
        }
    }
}
