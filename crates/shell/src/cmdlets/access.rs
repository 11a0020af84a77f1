//! Signing in, looking back, help.

use super::{Cmdlet, Effect, Kind, Parameter};

const SIGN_IN: &[Parameter] = &[
    Parameter::new(
        "UserPrincipalName",
        Kind::Text,
        "Who signs in; who did last on this machine, if not said.",
    )
    .at(0),
    Parameter::new(
        "ConnectionUri",
        Kind::Text,
        "The server; the one of that person, if not said.",
    ),
    Parameter::new(
        "ShowBanner",
        Kind::Boolean,
        "Whether to say who is signed in.",
    )
    .or(&["ShowProgress"]),
];

const SIGN_IN_HELP: &str = "There is no password: your key on this machine signs. Who never \
                            signed in here does it once with: writ login URL --as UPN";

/// The properties of a record.
pub(super) const RECORD_HAS: &[&str] = &[
    "RecordType",
    "CreationDate",
    "UserIds",
    "Operations",
    "AuditData",
    "ResultIndex",
    "ResultCount",
    "Identity",
    "IsValid",
];

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Connect-ExchangeOnline",
        aliases: &[],
        synopsis: "Signs in.",
        description: SIGN_IN_HELP,
        parameters: SIGN_IN,
        examples: &[(
            "Connect-ExchangeOnline -UserPrincipalName alice@example.com",
            "Goes on as this person.",
        )],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Connect-EXOPSSession",
        aliases: &[],
        synopsis: "Signs in; the older name of Connect-ExchangeOnline.",
        description: SIGN_IN_HELP,
        parameters: SIGN_IN,
        examples: &[("Connect-EXOPSSession", "Goes on as who signed in last.")],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Disconnect-ExchangeOnline",
        aliases: &[],
        synopsis: "Goes on as nobody, until somebody signs in again.",
        description: "Your key stays on this machine; writ logout takes it away.",
        parameters: &[],
        examples: &[(
            "Disconnect-ExchangeOnline -Confirm:$false",
            "Nothing more is done as you in this shell.",
        )],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Search-UnifiedAuditLog",
        aliases: &[],
        synopsis: "Searches the log of all that was said.",
        description: "For auditors and administrators. Each record is read from the log itself, the \
                      newest first. A session lasts as long as this shell, and as one is signed in.",
        parameters: &[
            Parameter::new("StartDate", Kind::Time, "From when, included, in UTC.")
                .mandatory()
                .at(0),
            Parameter::new("EndDate", Kind::Time, "Until when, excluded, in UTC.")
                .mandatory()
                .at(1),
            Parameter::new(
                "Operations",
                Kind::Texts,
                "Only these, such as New-ElevatedAccessRequest.",
            ),
            Parameter::new(
                "RecordType",
                Kind::Texts,
                "Only records of this type. All of this log are of ExchangeAdmin.",
            ),
            Parameter::new("UserIds", Kind::Texts, "Only what these people said."),
            Parameter::new("FreeText", Kind::Text, "Only records that hold this text."),
            Parameter::new(
                "ResultSize",
                Kind::Integer,
                "How many at most, from 1 to 5000; 100, if not said.",
            ),
            Parameter::new(
                "SessionId",
                Kind::Text,
                "Any name: the same command with the same name goes on where it stopped.",
            ),
            Parameter::new(
                "SessionCommand",
                Kind::Word(&["ReturnLargeSet", "ReturnNextPreviewPage"]),
                "Up to 50000 records of a session, or up to 5000, which is so if it is not said.",
            ),
        ],
        examples: &[
            (
                "Search-UnifiedAuditLog -StartDate 2026-11-01 -EndDate 2026-12-01 \
             -Operations Approve-ElevatedAccessRequest | Export-Csv november.csv",
                "The approvals of a month, as a file.",
            ),
            (
                "Search-UnifiedAuditLog 2026-11-01 2026-12-01 -SessionId november \
             -SessionCommand ReturnLargeSet -ResultSize 5000",
                "The newest 5000; typed again, the 5000 before these, until nothing is shown.",
            ),
        ],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Get-Command",
        aliases: &["gcm"],
        synopsis: "Lists what can be typed.",
        description: "Cmdlets, and the tasks that somebody set or that have a policy of their own. \
                      Any other name is a task of the workload Exchange; a task of another \
                      workload is typed with it: Host\\Restart-Service.",
        parameters: &[
            Parameter::new("Name", Kind::Texts, "Only these; * stands for anything.").at(0),
            Parameter::new("Noun", Kind::Texts, "Only those of this noun."),
            Parameter::new("Verb", Kind::Texts, "Only those of this verb."),
            Parameter::new(
                "CommandType",
                Kind::Word(&["Cmdlet", "Task"]),
                "Only cmdlets of the shell, or only tasks.",
            ),
        ],
        examples: &[(
            "Get-Command *-ElevatedAccess*",
            "Those of privileged access.",
        )],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Get-Help",
        aliases: &["help", "man"],
        synopsis: "Says how a command is used.",
        description: "Of a cmdlet, or of a task: New-MoveRequest, Host\\Restart-Service. With * \
                      it lists those that fit. CMDLET -? says the same.",
        parameters: &[
            Parameter::new("Name", Kind::Text, "Which; * stands for anything.").at(0),
            Parameter::new("Examples", Kind::Switch, "Only how it is used."),
            Parameter::new(
                "Full",
                Kind::Switch,
                "Everything, which is what is shown anyway.",
            )
            .or(&["Detailed"]),
        ],
        examples: &[
            (
                "Get-Help New-ElevatedAccessRequest",
                "How to ask for a task.",
            ),
            ("Get-Help *Policy", "All about policies."),
            ("Get-Help New-MoveRequest", "What a task takes."),
        ],
        effect: Effect::Reads,
    },
];
