//! Approval policies.

use super::{Cmdlet, Effect, Kind, Parameter};

const TYPES: Kind = Kind::Word(&["Manual", "Auto"]);

const IDENTITY: Parameter = Parameter::new(
    "Identity",
    Kind::Text,
    "The policy: its id, the first digits of it, or its task.",
)
.or(&["Task"])
.at(0)
.from(&["Identity"]);

const APPROVER_GROUP: Parameter = Parameter::new(
    "ApproverGroup",
    Kind::Text,
    "Who is asked, one of them; the default group, if not said.",
);
const STAGES: Parameter = Parameter::new(
    "Stages",
    Kind::Texts,
    "Who is asked, one after the other: 'group' or 'group:2' for two of them.",
);
const REQUESTERS: Parameter = Parameter::new(
    "Requesters",
    Kind::Text,
    "The group that may ask; anybody, if not said and somebody approves.",
);
const MAX_DURATION: Parameter = Parameter::new(
    "MaxDuration",
    Kind::Duration,
    "The longest that it grants: hours, or a time such as 8h or 1.00:00:00.",
);
const PENDING_FOR: Parameter = Parameter::new(
    "PendingFor",
    Kind::Duration,
    "How long a request waits for approval; a day, if not said.",
);
const MAX_RUNS: Parameter =
    Parameter::new("MaxRuns", Kind::Integer, "How often one grant may be used.");
const PARAMETERS: Parameter = Parameter::new(
    "Parameters",
    Kind::Table,
    "What parameters of the task must be: @{Name='value'}, or a list of values.",
);
const OTHERS: Parameter = Parameter::new(
    "OtherParameters",
    Kind::Word(&["Allow", "Refuse"]),
    "Whether parameters that -Parameters does not name may be given.",
);
const PASSKEY: Parameter = Parameter::new(
    "RequirePasskey",
    Kind::Boolean,
    "Whether approvers must use a passkey.",
);
const KILL: Parameter = Parameter::new(
    "KillOnEnd",
    Kind::Boolean,
    "Whether a run in flight is killed when its grant ends.",
);

/// The properties of a policy.
pub(super) const POLICY_HAS: &[&str] = &[
    "Task",
    "ApprovalType",
    "ApproverGroup",
    "Identity",
    "Stages",
    "Requesters",
    "MaxDuration",
    "PendingFor",
    "MaxRuns",
    "Parameters",
    "OtherParameters",
    "RequirePasskey",
    "KillOnEnd",
];

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "New-ElevatedAccessApprovalPolicy",
        aliases: &[],
        synopsis: "Says which approval a task needs.",
        description: "Auto asks nobody, so it needs to know who may ask: without -Requesters, \
                      the approver group may, and this is said.",
        parameters: &[
            Parameter::new(
                "Task",
                Kind::Text,
                "A task such as 'Exchange\\New-MoveRequest', a beginning of tasks with *, or *.",
            )
            .mandatory()
            .at(0),
            Parameter::new(
                "ApprovalType",
                TYPES,
                "Manual asks the approvers, Auto nobody.",
            )
            .mandatory()
            .at(1),
            APPROVER_GROUP.at(2),
            STAGES,
            REQUESTERS,
            MAX_DURATION,
            PENDING_FOR,
            MAX_RUNS,
            PARAMETERS,
            OTHERS,
            PASSKEY,
            KILL,
        ],
        examples: &[
            (
                "New-ElevatedAccessApprovalPolicy -Task 'Exchange\\New-MoveRequest' \
                 -ApprovalType Manual -ApproverGroup 'approvers@example.com'",
                "One of the approvers decides about each request.",
            ),
            (
                "New-ElevatedAccessApprovalPolicy -Task 'Exchange\\New-TransportRule' \
                 -ApprovalType Manual -Stages 'mail@example.com', 'security@example.com:2' \
                 -MaxDuration 2h",
                "One, and then two others; for two hours at most.",
            ),
        ],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Get-ElevatedAccessApprovalPolicy",
        aliases: &[],
        synopsis: "Shows approval policies.",
        description: "",
        parameters: &[IDENTITY],
        examples: &[(
            "Get-ElevatedAccessApprovalPolicy | ft Task, ApprovalType",
            "All of them.",
        )],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Set-ElevatedAccessApprovalPolicy",
        aliases: &[],
        synopsis: "Changes an approval policy; what is not named stays as it is.",
        description: "Live grants are checked at every run against the policy as it is then.",
        parameters: &[
            IDENTITY.mandatory(),
            Parameter::new(
                "ApprovalType",
                TYPES,
                "Manual asks the approvers, Auto nobody.",
            ),
            APPROVER_GROUP,
            STAGES,
            REQUESTERS,
            MAX_DURATION,
            PENDING_FOR,
            MAX_RUNS,
            PARAMETERS,
            OTHERS,
            PASSKEY,
            KILL,
        ],
        examples: &[(
            "Set-ElevatedAccessApprovalPolicy 'Exchange\\New-MoveRequest' -MaxDuration 2h",
            "Grants of it last two hours at most.",
        )],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Remove-ElevatedAccessApprovalPolicy",
        aliases: &[],
        synopsis: "Removes an approval policy: what nothing else covers is then closed.",
        description: "Grants under it end, unless another policy covers their task.",
        parameters: &[IDENTITY.mandatory()],
        examples: &[(
            "Remove-ElevatedAccessApprovalPolicy -Identity 5b1c7470",
            "Removes the policy whose id begins so.",
        )],
        effect: Effect::TakesAway,
    },
];
