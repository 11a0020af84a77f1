//! How a command ends: the exit codes, and the sentence of a failure.

use std::fmt;
use std::process::ExitCode;

use writ_client::Error;

use crate::node::NodeError;
use crate::output::{Colour, complain};

/// How a command ended, as its exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Something is not what it must be: a log that does not verify, an answer
    /// that cannot be trusted.
    Broken = 1,
    /// The command line, a file or the configuration is wrong.
    Usage = 2,
    /// The rules or the server said no.
    Refused = 3,
    /// The request that was waited for was denied.
    Denied = 4,
    /// The request that was waited for expired or ended.
    Over = 5,
    /// Nobody answered.
    Unreachable = 6,
    /// The task failed.
    TaskFailed = 7,
    /// What became of the task is not known.
    Unknown = 8,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    sentence: String,
}

impl Failure {
    /// The command line, a file or the configuration is wrong.
    pub(crate) fn usage(sentence: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Usage,
            sentence: sentence.to_string(),
        }
    }

    /// Something is not what it must be.
    pub(crate) fn broken(sentence: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Broken,
            sentence: sentence.to_string(),
        }
    }

    /// What became of the task is not known.
    pub(crate) fn unknown(sentence: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Unknown,
            sentence: sentence.to_string(),
        }
    }

    /// Says it on standard error, and answers the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let word = match self.exit == Exit::Refused {
            true => "refused",
            false => "error",
        };
        complain(Colour::Red, word, &self.sentence);
        self.exit.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Usage(_) => Exit::Usage,
            Error::Refused { .. } => Exit::Refused,
            Error::Unreachable(_) => Exit::Unreachable,
            Error::Untrusted(_) => Exit::Broken,
        };
        Self {
            exit,
            sentence: error.to_string(),
        }
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::usage(error)
    }
}
