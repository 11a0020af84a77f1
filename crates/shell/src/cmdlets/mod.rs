//! What can be typed: every cmdlet with its parameters, help and examples.
//!
//! The tables here are all that the binder, the completion, `Get-Command` and
//! `Get-Help` know.

mod access;
mod control;
mod daily;
mod groups;
mod objects;
mod policies;
mod requests;

/// A cmdlet.
#[derive(Debug)]
pub struct Cmdlet {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it does, in one sentence.
    pub synopsis: &'static str,
    /// What else there is to know.
    pub description: &'static str,
    /// Its parameters, the common ones aside.
    pub parameters: &'static [Parameter],
    /// How it is used: the command, and what that does.
    pub examples: &'static [(&'static str, &'static str)],
    /// What it needs of people.
    pub effect: Effect,
}

/// What a cmdlet needs of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It goes on with what a pipeline holds.
    Pipeline,
    /// It reads.
    Reads,
    /// It changes something.
    Changes,
    /// It takes something away, and asks before it does.
    TakesAway,
}

/// A parameter of a cmdlet.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub mandatory: bool,
    /// Where it may stand without its name, from 0.
    pub position: Option<u8>,
    /// The properties of objects in the pipeline that it is taken from.
    pub from: &'static [&'static str],
    /// What it is, in one sentence.
    pub help: &'static str,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// One text or several.
    Texts,
    /// One text or several, and the cmdlet is done for each of them.
    Each,
    /// All values without a name.
    Rest,
    /// A whole number.
    Integer,
    /// A whole number, or `Unlimited`.
    Count,
    /// Given or not.
    Switch,
    /// True or false.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Names and values.
    Table,
    /// An instant.
    Time,
    /// A length of time.
    Duration,
    /// Names of properties, and calculated ones: `@{Name='x'; Expression={$_.y}}`.
    Properties,
    /// Anything.
    Any,
}

impl Kind {
    /// As help and errors name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "System.String",
            Self::Texts | Self::Each => "System.String[]",
            Self::Integer => "System.Int32",
            Self::Count => "Unlimited",
            Self::Switch => "System.Management.Automation.SwitchParameter",
            Self::Boolean => "System.Boolean",
            Self::Word(_) => "System.Enum",
            Self::Table => "System.Collections.Hashtable",
            Self::Time => "System.DateTime",
            Self::Duration => "System.TimeSpan",
            Self::Properties | Self::Rest => "System.Object[]",
            Self::Any => "System.Object",
        }
    }

    /// The same, short, as syntax shows it.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Texts | Self::Each => "string[]",
            Self::Integer => "int",
            Self::Count => "unlimited",
            Self::Switch => "",
            Self::Boolean => "bool",
            Self::Word(_) => "word",
            Self::Table => "hashtable",
            Self::Time => "datetime",
            Self::Duration => "timespan",
            Self::Properties | Self::Rest => "object[]",
            Self::Any => "object",
        }
    }
}

impl Cmdlet {
    /// Whether it takes calculated properties.
    pub fn calculates(&self) -> bool {
        let mut kinds = self.parameters.iter().map(|parameter| parameter.kind);
        kinds.any(|kind| kind == Kind::Properties)
    }
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            kind,
            mandatory: false,
            position: None,
            from: &[],
            help,
        }
    }

    const fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    const fn at(mut self, position: u8) -> Self {
        self.position = Some(position);
        self
    }

    const fn or(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn from(mut self, properties: &'static [&'static str]) -> Self {
        self.from = properties;
        self
    }

    /// Its name and all others of it.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// What every cmdlet takes.
pub const COMMON: [Parameter; 4] = [
    Parameter::new(
        "WhatIf",
        Kind::Switch,
        "Says what would be done, and does nothing.",
    )
    .or(&["wi"]),
    Parameter::new(
        "Confirm",
        Kind::Switch,
        "Asks first; -Confirm:$false does not ask.",
    )
    .or(&["cf"]),
    Parameter::new(
        "ErrorAction",
        Kind::Word(&["Continue", "SilentlyContinue", "Stop", "Ignore"]),
        "What an error does: it is shown, kept quiet, or ends the script.",
    )
    .or(&["ea"]),
    Parameter::new(
        "Verbose",
        Kind::Switch,
        "Shows errors whole, and says what is done.",
    )
    .or(&["vb"]),
];

/// All of them, in the order of help.
pub fn all() -> impl Iterator<Item = &'static Cmdlet> {
    [
        access::CMDLETS,
        control::CMDLETS,
        policies::CMDLETS,
        requests::CMDLETS,
        groups::CMDLETS,
        objects::CMDLETS,
        daily::CMDLETS,
    ]
    .into_iter()
    .flatten()
}

/// The cmdlet of a name or of another name for it.
pub fn find(name: &str) -> Option<&'static Cmdlet> {
    all().find(|cmdlet| {
        cmdlet.name.eq_ignore_ascii_case(name)
            || cmdlet
                .aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// The properties of what a cmdlet makes, where these are always the same.
pub(crate) fn properties(cmdlet: &str) -> &'static [&'static str] {
    match cmdlet {
        "Get-ElevatedAccessRequest" | "New-ElevatedAccessRequest" => requests::REQUEST_HAS,
        "Get-ElevatedAccessAuthorization" => requests::AUTHORIZATION_HAS,
        "Get-ElevatedAccessExecution" => requests::EXECUTION_HAS,
        "Get-ElevatedAccessApprovalPolicy" => policies::POLICY_HAS,
        "Get-ElevatedAccessGroup" => groups::GROUP_HAS,
        "Search-UnifiedAuditLog" => access::RECORD_HAS,
        "Get-Command" => &["CommandType", "Name", "Synopsis"],
        _ => &[],
    }
}
