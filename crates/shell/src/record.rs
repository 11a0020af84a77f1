//! Error records: why a command did not do what it was asked for.

use crate::letters::plain_lines;

/// What kind of no it was, for whoever waits for an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What was typed cannot be meant.
    Usage,
    /// The rules or the server said no.
    Refused,
    /// The request that was waited for was denied.
    Denied,
    /// The request that was waited for expired or ended.
    Over,
    /// Nobody answered.
    Unreachable,
    /// What was answered cannot be trusted or understood.
    Broken,
    /// The task failed.
    TaskFailed,
    /// What became of the task is not known.
    Unknown,
}

impl Reason {
    /// The exit code that says it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Denied => 4,
            Self::Over => 5,
            Self::Unreachable => 6,
            Self::TaskFailed => 7,
            Self::Unknown => 8,
        }
    }
}

/// Why a command did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRecord {
    /// What kind of no it was.
    pub reason: Reason,
    /// The sentence.
    pub message: String,
    /// As PowerShell sorts it: `InvalidArgument: (:) [X], ParameterBindingException`.
    pub category: String,
    /// As PowerShell names it.
    pub id: String,
    /// Where it comes from, if not from here.
    pub computer: Option<Box<str>>,
    /// Whether the whole block is shown, and not only the sentence.
    pub whole: bool,
    /// The command that would help.
    pub next: Option<Box<str>>,
}

impl ErrorRecord {
    /// A record of a kind, with nothing beside the sentence.
    pub fn new(reason: Reason, id: &str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            category: "NotSpecified: (:) [], WritException".to_owned(),
            id: id.to_owned(),
            computer: None,
            whole: false,
            next: None,
        }
    }

    /// What was typed cannot be bound to parameters.
    pub(crate) fn binding(cmdlet: &str, id: &str, message: impl Into<String>) -> Self {
        Self {
            category: format!("InvalidArgument: (:) [{cmdlet}], ParameterBindingException"),
            id: format!("{id},{cmdlet}"),
            ..Self::new(Reason::Usage, id, message)
        }
    }

    /// A command that there is not.
    pub(crate) fn unknown_command(name: &str) -> Self {
        Self {
            category: format!("ObjectNotFound: ({name}:String) [], CommandNotFoundException"),
            ..Self::new(
                Reason::Usage,
                "CommandNotFoundException",
                format!(
                    "The term '{name}' is not recognized as the name of a cmdlet, function, script \
                     file, or operable program. Check the spelling of the name, or if a path was \
                     included, verify that the path is correct and try again."
                ),
            )
        }
    }

    /// The same, with the command that would help.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        let next: String = next.into();
        self.next = Some(next.into());
        self
    }

    /// As it is shown: the sentence, and the whole block where that was asked
    /// for or belongs to it.
    pub fn shown(&self, command: &str, whole: bool) -> String {
        let message = plain_lines(&self.message);
        let mut text = match self.whole || whole || command.is_empty() {
            true => message,
            false => format!("{}: {message}", plain_lines(command)),
        };
        if self.whole || whole {
            text.push_str(&format!(
                "\n    + CategoryInfo          : {}\n    + FullyQualifiedErrorId : {}",
                plain_lines(&self.category),
                plain_lines(&self.id)
            ));
            if let Some(computer) = &self.computer {
                let computer = plain_lines(computer);
                text.push_str(&format!("\n    + PSComputerName        : {computer}"));
            }
        }
        if let Some(next) = &self.next {
            text.push_str(&format!("\n\n    {}", plain_lines(next)));
        }
        text
    }
}
