//! Whether privileged access is enabled.

use super::{Cmdlet, Effect, Kind, Parameter};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Enable-ElevatedAccessControl",
        aliases: &[],
        synopsis: "Enables privileged access: people may request, approve and run.",
        description: "Tasks that no approval policy covers stay closed; -Unlisted Ask sets a \
                      policy that asks the default approvers for them. -SystemAccounts is the whole \
                      list: whoever is not in it loses the exemption. Without it, the list \
                      stays as it is.",
        parameters: &[
            Parameter::new(
                "AdminGroup",
                Kind::Text,
                "The group that decides where a policy names none.",
            )
            .mandatory()
            .at(0),
            Parameter::new(
                "SystemAccounts",
                Kind::Texts,
                "All services that run tasks without approval, for 90 days; none with @().",
            ),
            Parameter::new(
                "Unlisted",
                Kind::Word(&["Closed", "Ask"]),
                "What becomes of tasks that no policy covers. They are closed, if not said.",
            ),
        ],
        examples: &[(
            "Enable-ElevatedAccessControl -AdminGroup 'approvers@example.com' \
             -SystemAccounts @('backup@example.com')",
            "Enables privileged access with a default group and one exempt service.",
        )],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Get-ElevatedAccessControl",
        aliases: &[],
        synopsis: "Shows whether privileged access is enabled, and who is exempt from it.",
        description: "A system account without Tasks is exempt for all of them.",
        parameters: &[],
        examples: &[(
            "Get-ElevatedAccessControl | select -ExpandProperty SystemAccounts",
            "Who runs tasks without approval, and until when.",
        )],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Disable-ElevatedAccessControl",
        aliases: &[],
        synopsis: "Disables privileged access: nobody can request, approve or run anything.",
        description: "Policies, groups and grants are kept. Tasks are not opened by it: nobody \
                      but Writ holds their credentials, so they stay closed until privileged \
                      access is enabled again. System accounts go on, unless told to stop too.",
        parameters: &[Parameter::new(
            "IncludeSystemAccounts",
            Kind::Switch,
            "Stops the system accounts too.",
        )],
        examples: &[(
            "Disable-ElevatedAccessControl",
            "Asks on a terminal, then disables it.",
        )],
        effect: Effect::TakesAway,
    },
];
