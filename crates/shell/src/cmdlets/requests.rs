//! Requests, decisions and what they authorise.

use super::{Cmdlet, Effect, Kind, Parameter};

const REQUEST: Parameter = Parameter::new(
    "RequestId",
    Kind::Each,
    "The request: its id, or the first digits of it; several with commas between.",
)
.or(&["Identity"])
.at(0)
.from(&["Identity", "RequestId"]);

const STATES: Kind = Kind::Word(&[
    "Pending",
    "Approved",
    "Ended",
    "Revoked",
    "Denied",
    "Expired",
    "Canceled",
    "Superseded",
]);

/// The properties of a request.
pub(super) const REQUEST_HAS: &[&str] = &[
    "RequestorUPN",
    "Service",
    "RequestedAccess",
    "Identity",
    "RequestStatus",
    "Context",
    "Reason",
    "DurationHours",
    "TicketNumber",
    "Runs",
    "ApprovalType",
    "Policy",
    "Approvers",
    "ApprovedBy",
    "DateCreatedUtc",
    "ExpiresUtc",
    "StartTimeUtc",
    "EndTimeUtc",
    "EndedBy",
    "EndedUtc",
    "EndedComment",
];

/// The properties of an authorization.
pub(super) const AUTHORIZATION_HAS: &[&str] = &[
    "AuthorizedBy",
    "Type",
    "AuthorizedAccess",
    "StartTimeUtc",
    "EndTimeUtc",
    "Revoked",
    "RevocationDateTimeUtc",
    "RevokedBy",
    "RevocationComment",
    "Identity",
    "DateCreatedUtc",
    "DateUpdatedUtc",
    "RequestorUPN",
    "RequestStatus",
    "Limits",
];

/// The properties of a run.
pub(super) const EXECUTION_HAS: &[&str] = &[
    "ExecutedTask",
    "ExecutionStatus",
    "Identity",
    "RequestId",
    "ExecutedBy",
    "Parameters",
    "StartTimeUtc",
    "EndTimeUtc",
    "ExitCode",
    "Note",
    "IsExempt",
];

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "New-ElevatedAccessRequest",
        aliases: &[],
        synopsis: "Asks for one task, for a reason and for a while.",
        description: "Whoever may approve reads the reason. Once it is approved, the task is run \
                      by its name: New-MoveRequest -Identity alice.",
        parameters: &[
            Parameter::new(
                "Task",
                Kind::Text,
                "A task such as 'Exchange\\New-MoveRequest'.",
            )
            .mandatory()
            .at(0),
            Parameter::new("Reason", Kind::Text, "Why.")
                .mandatory()
                .at(1),
            Parameter::new(
                "DurationHours",
                Kind::Integer,
                "For how many hours; 4, or what the policy grants, if not said.",
            )
            .at(2),
            Parameter::new(
                "Duration",
                Kind::Duration,
                "The same as a time, such as 30m or 00:30:00.",
            ),
            Parameter::new(
                "Parameters",
                Kind::Table,
                "Which parameters the task will be run with: @{Identity='alice'}.",
            ),
            Parameter::new("TicketNumber", Kind::Text, "The ticket it is for.").or(&["Ticket"]),
            Parameter::new(
                "StartTime",
                Kind::Time,
                "From when; from the approval, if not said.",
            ),
            Parameter::new(
                "Runs",
                Kind::Integer,
                "How often; any number of times, if not said.",
            ),
            Parameter::new("Wait", Kind::Switch, "Waits until it is decided."),
        ],
        examples: &[
            (
                "New-ElevatedAccessRequest -Task 'Exchange\\New-MoveRequest' \
                 -Reason 'Mailbox of alice cannot be opened' -DurationHours 4",
                "Asks for four hours.",
            ),
            (
                "New-ElevatedAccessRequest Exchange\\New-MoveRequest -Reason 'Ticket 4711' \
                 -Parameters @{Identity='alice'} -Wait",
                "Asks for one mailbox only, and waits for the decision.",
            ),
        ],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Get-ElevatedAccessRequest",
        aliases: &[],
        synopsis: "Shows requests: yours and those that you may decide.",
        description: "",
        parameters: &[
            Parameter::new(
                "Identity",
                Kind::Each,
                "One request: its id, or the first digits of it; several with commas between.",
            )
            .or(&["RequestId"])
            .at(0)
            .from(&["Identity", "RequestId"]),
            Parameter::new("RequestStatus", STATES, "Only those that are this now.")
                .or(&["Status"]),
            Parameter::new("Task", Kind::Text, "Only those for this task."),
            Parameter::new("RequestorUPN", Kind::Text, "Only those of this person."),
            Parameter::new("StartDate", Kind::Time, "Only those raised since, in UTC."),
            Parameter::new("All", Kind::Switch, "All that you may see."),
            Parameter::new(
                "ResultSize",
                Kind::Count,
                "How many at most, or Unlimited; 1000, if not said.",
            ),
            Parameter::new(
                "Wait",
                Kind::Switch,
                "Waits until it is decided; with -Identity.",
            ),
        ],
        examples: &[
            (
                "Get-ElevatedAccessRequest | where {$_.RequestStatus -eq 'Pending'}",
                "Those that wait.",
            ),
            (
                "Get-ElevatedAccessRequest -Identity a4bc1bdf | select RequestorUPN, Service, \
                 RequestedAccess | fl",
                "Three properties of one.",
            ),
        ],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Approve-ElevatedAccessRequest",
        aliases: &[],
        synopsis: "Approves a request, or less than it asks for.",
        description: "The decision is signed by your key.",
        parameters: &[
            REQUEST.mandatory(),
            Parameter::new("Comment", Kind::Text, "Why.")
                .mandatory()
                .at(1),
            Parameter::new("DurationHours", Kind::Integer, "For fewer hours."),
            Parameter::new(
                "Duration",
                Kind::Duration,
                "For a shorter time, such as 30m.",
            ),
            Parameter::new(
                "Parameters",
                Kind::Table,
                "Only with such parameters: @{TargetDatabase='DB01'}.",
            )
            .or(&["RequestContext"]),
        ],
        examples: &[
            (
                "Approve-ElevatedAccessRequest -RequestId a4bc1bdf -Comment 'Agreed by phone'",
                "Approves it as it was asked for.",
            ),
            (
                "Get-ElevatedAccessRequest | ?{$_.RequestStatus -eq 'Pending'} | \
                 Approve-ElevatedAccessRequest -Comment 'Maintenance of Sunday'",
                "Approves all that wait for you.",
            ),
        ],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Deny-ElevatedAccessRequest",
        aliases: &[],
        synopsis: "Denies a request; your own is canceled.",
        description: "What was approved in the meantime is revoked: taking away always wins.",
        parameters: &[
            REQUEST.mandatory(),
            Parameter::new("Comment", Kind::Text, "Why: the requester reads it.")
                .mandatory()
                .at(1),
        ],
        examples: &[(
            "Deny-ElevatedAccessRequest -RequestId a4bc1bdf -Comment 'Ask the owner first'",
            "Denies it.",
        )],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Get-ElevatedAccessAuthorization",
        aliases: &[],
        synopsis: "Shows what approved requests authorise.",
        description: "Yours, and those of others that you may see.",
        parameters: &[
            Parameter::new(
                "Identity",
                Kind::Each,
                "One: its id, or the first digits of it; several with commas between.",
            )
            .or(&["RequestId"])
            .at(0)
            .from(&["Identity", "RequestId"]),
            Parameter::new("Task", Kind::Text, "Only those for this task."),
            Parameter::new(
                "ResultSize",
                Kind::Count,
                "How many at most, or Unlimited; 1000, if not said.",
            ),
        ],
        examples: &[(
            "Get-ElevatedAccessAuthorization | ? Revoked -eq $false",
            "Those not revoked.",
        )],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Revoke-ElevatedAccessAuthorization",
        aliases: &[],
        synopsis: "Ends what a request authorises, at once.",
        description: "No run that is sent after it is authorised.",
        parameters: &[
            REQUEST.mandatory(),
            Parameter::new("Comment", Kind::Text, "Why.")
                .mandatory()
                .at(1),
            Parameter::new(
                "Kill",
                Kind::Switch,
                "Kills runs in flight, which else go on.",
            ),
        ],
        examples: &[(
            "Revoke-ElevatedAccessAuthorization -RequestId a4bc1bdf -Comment 'No longer needed'",
            "Ends it.",
        )],
        effect: Effect::TakesAway,
    },
    Cmdlet {
        name: "Get-ElevatedAccessExecution",
        aliases: &[],
        synopsis: "Shows runs of tasks: what was run, and what became of it.",
        description: "Yours, and those of others that you may see, the newest first.",
        parameters: &[
            Parameter::new(
                "Identity",
                Kind::Each,
                "One run: its id, or the first digits of it; several with commas between.",
            )
            .at(0)
            .from(&["Identity"]),
            Parameter::new("Task", Kind::Text, "Only those of this task."),
            Parameter::new("All", Kind::Switch, "All that you may see."),
            Parameter::new(
                "Output",
                Kind::Switch,
                "What it put out, instead of the run; with -Identity.",
            ),
            Parameter::new(
                "ResultSize",
                Kind::Count,
                "How many at most, or Unlimited; 1000, if not said.",
            ),
        ],
        examples: &[
            (
                "Get-ElevatedAccessExecution | ft Identity, ExecutedTask, ExecutionStatus",
                "What you ran.",
            ),
            (
                "Get-ElevatedAccessExecution 5b1c7470 -Output",
                "What one run put out.",
            ),
        ],
        effect: Effect::Reads,
    },
];
