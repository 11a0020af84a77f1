//! How a command ends: the exit codes, and the sentence of a failure.

use std::fmt;
use std::process::ExitCode;

use serde_json::json;
use writ_client::Error;

use crate::context::Form;
use crate::node::NodeError;
use crate::output::{Colour, complain, for_programs, form, remark};

/// How a command ended, as its exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Something is not what it must be: a log that does not verify, an answer
    /// that cannot be trusted.
    Broken,
    /// The command line, a file or the configuration is wrong.
    Usage,
    /// The rules or the server said no.
    Refused,
    /// The request that was waited for was denied.
    Denied,
    /// The request that was waited for expired or ended.
    Over,
    /// Nobody answered.
    Unreachable,
    /// The task failed.
    TaskFailed,
    /// What became of the task is not known.
    Unknown,
    /// As a script said with `exit`.
    Said(u8),
}

impl Exit {
    /// In one word, for programs.
    const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Broken => "broken",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Over => "over",
            Self::Unreachable => "unreachable",
            Self::TaskFailed => "task-failed",
            Self::Unknown => "unknown",
            Self::Said(_) => "said",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Denied => 4,
            Self::Over => 5,
            Self::Unreachable => 6,
            Self::TaskFailed => 7,
            Self::Unknown => 8,
            Self::Said(number) => number,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// The code of a refusal.
    code: Option<String>,
    sentence: String,
}

impl Failure {
    /// The command line, a file or the configuration is wrong.
    pub(crate) fn usage(sentence: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Usage,
            code: None,
            sentence: sentence.to_string(),
        }
    }

    /// Something is not what it must be.
    pub(crate) fn broken(sentence: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Broken,
            code: None,
            sentence: sentence.to_string(),
        }
    }

    /// The rules would say no.
    pub(crate) fn refused(sentence: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Refused,
            code: None,
            sentence: sentence.to_string(),
        }
    }

    /// What became of the task is not known.
    pub(crate) fn unknown(sentence: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Unknown,
            code: None,
            sentence: sentence.to_string(),
        }
    }

    /// The sentence.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The same, of one of several.
    pub(crate) fn of(mut self, which: impl fmt::Display) -> Self {
        self.sentence = format!("{which}: {}", self.sentence);
        self
    }

    /// Says it on standard error, and answers how the command ends by it.
    pub(crate) fn report(self) -> Exit {
        if form() != Form::Table {
            let code = self.code.as_deref().unwrap_or(self.exit.code());
            let error = json!({
                "error": { "code": code, "message": self.sentence, "next": next(&self.sentence) }
            });
            // A value of texts can always be written.
            remark(&for_programs(&error).unwrap_or_default());
            return self.exit;
        }
        let word = match self.exit == Exit::Refused {
            true => "refused",
            false => "error",
        };
        complain(Colour::Red, word, &self.sentence);
        self.exit
    }
}

/// The command that a sentence ends with, if it names one.
fn next(sentence: &str) -> Option<&str> {
    let starts = sentence.match_indices("writ ");
    let mut commands = starts.filter_map(|(at, _)| {
        let (before, command) = sentence.split_at_checked(at)?;
        let is_start = before.is_empty() || before.ends_with([' ', '\n', '`']);
        let end = [", ", "; ", "`", "\n"]
            .iter()
            .filter_map(|end| command.find(end));
        let command = command.get(..end.min().unwrap_or(command.len()))?;
        let is_shown = before.ends_with([':', '`', '\n']) || before.ends_with(": ");
        (is_start && (is_shown || before.ends_with("  "))).then(|| command.trim_end_matches('.'))
    });
    commands.next()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Usage(_) | Error::OnlyTried => Exit::Usage,
            Error::Refused { .. } => Exit::Refused,
            Error::Unreachable(_) => Exit::Unreachable,
            Error::Untrusted(_) => Exit::Broken,
        };
        Self {
            exit,
            code: error.code().map(ToOwned::to_owned),
            sentence: error.to_string(),
        }
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::usage(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_command_is_found() {
        for (sentence, wanted) in [
            (
                "nobody is logged in; run: writ login URL --as UPN",
                Some("writ login URL --as UPN"),
            ),
            (
                "no `Host\\X`, see: writ task list, or ask",
                Some("writ task list"),
            ),
            (
                "do `writ show 1234` first; then go on",
                Some("writ show 1234"),
            ),
            (
                "Insufficient permissions.\n\n  writ request 'Host\\Say' --reason TEXT\n",
                Some("writ request 'Host\\Say' --reason TEXT"),
            ),
            ("another writ process serves this directory", None),
            ("repeat in a few seconds", None),
        ] {
            assert_eq!(next(sentence), wanted, "{sentence}");
        }
    }
}
