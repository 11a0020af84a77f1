//! What scripts and people use every day beside it.

use super::{Cmdlet, Effect, Kind, Parameter};

/// What needs no connection here and is in many a script.
const NOTHING_TO_DO: &str = "It does nothing here, and says so.";

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-Date",
        aliases: &[],
        synopsis: "Says what time it is, in UTC, or reads a date.",
        description: "A date has AddDays, AddHours, AddMinutes, AddSeconds, AddMonths, AddYears \
                      and ToString, and properties such as Year.",
        parameters: &[
            Parameter::new("Date", Kind::Time, "This date, and not now.")
                .at(0)
                .from(&["Date"]),
            Parameter::new(
                "Format",
                Kind::Text,
                "As a text of this form, such as 'yyyy-MM-dd HH:mm'.",
            ),
            Parameter::new("AsUTC", Kind::Switch, "Taken, and always so."),
        ],
        examples: &[
            (
                "Get-ElevatedAccessRequest | ? DateCreatedUtc -gt (Get-Date).AddHours(-4)",
                "Those of the last four hours.",
            ),
            ("Get-Date -Format yyyy-MM-dd", "Today, as a text."),
        ],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Write-Host",
        aliases: &[],
        synopsis: "Shows a text.",
        description: "",
        parameters: &[
            Parameter::new("Object", Kind::Rest, "What to show.")
                .at(0)
                .from(&["Object"]),
            Parameter::new(
                "Separator",
                Kind::Text,
                "What stands between; a blank, if not said.",
            ),
            Parameter::new("ForegroundColor", Kind::Text, "Taken, and not shown."),
            Parameter::new("BackgroundColor", Kind::Text, "Taken, and not shown."),
            Parameter::new("NoNewline", Kind::Switch, "Taken; each text is a line."),
        ],
        examples: &[(
            "Write-Host 'All of them were moved.'",
            "A line for whoever looks on.",
        )],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Write-Output",
        aliases: &["echo", "write"],
        synopsis: "Puts values into the pipeline.",
        description: "",
        parameters: &[Parameter::new("InputObject", Kind::Rest, "Which.")
            .at(0)
            .from(&["InputObject"])],
        examples: &[("Write-Output alice, bob", "Two texts.")],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Clear-Host",
        aliases: &["cls", "clear"],
        synopsis: "Clears the terminal.",
        description: "",
        parameters: &[],
        examples: &[("cls", "Clears it.")],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Get-History",
        aliases: &["h", "history", "ghy"],
        synopsis: "Shows what was typed at this prompt.",
        description: "Lines that may hold a password are not kept. Up, Down and Ctrl-R find older \
                      ones.",
        parameters: &[Parameter::new(
            "Count",
            Kind::Integer,
            "So many of the last.",
        )],
        examples: &[("Get-History -Count 5", "The last five.")],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Import-Module",
        aliases: &["ipmo"],
        synopsis: "Taken for ExchangeOnlineManagement, whose cmdlets are there already.",
        description: NOTHING_TO_DO,
        parameters: &[
            Parameter::new("Name", Kind::Texts, "ExchangeOnlineManagement.")
                .mandatory()
                .at(0),
            Parameter::new("Force", Kind::Switch, "Taken."),
        ],
        examples: &[("Import-Module ExchangeOnlineManagement", "Nothing happens.")],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Connect-IPPSSession",
        aliases: &[],
        synopsis: "Taken: there is no second service to connect to.",
        description: NOTHING_TO_DO,
        parameters: &[
            Parameter::new("UserPrincipalName", Kind::Text, "Taken.").at(0),
            Parameter::new("ConnectionUri", Kind::Text, "Taken."),
            Parameter::new("ShowBanner", Kind::Boolean, "Taken."),
        ],
        examples: &[("Connect-IPPSSession", "Nothing happens.")],
        effect: Effect::Reads,
    },
];
