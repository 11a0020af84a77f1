//! Groups, which approvers are members of.

use super::{Cmdlet, Effect, Kind, Parameter};

const IDENTITY: Parameter = Parameter::new("Identity", Kind::Text, "Its address.")
    .or(&["PrimarySmtpAddress"])
    .at(0)
    .from(&["Identity"]);

/// The properties of a group.
pub(super) const GROUP_HAS: &[&str] = &["Identity", "DisplayName", "Members"];

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "New-ElevatedAccessGroup",
        aliases: &[],
        synopsis: "Makes a group.",
        description: "A group is named by a mail address, and holds people and groups.",
        parameters: &[
            IDENTITY.mandatory(),
            Parameter::new("Members", Kind::Texts, "People and groups in it.").at(1),
            Parameter::new("DisplayName", Kind::Text, "As people call it.").or(&["Name"]),
        ],
        examples: &[(
            "New-ElevatedAccessGroup approvers@example.com -Members bob@example.com, \
             carol@example.com",
            "Makes a group of two.",
        )],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Get-ElevatedAccessGroup",
        aliases: &[],
        synopsis: "Shows groups.",
        description: "",
        parameters: &[
            IDENTITY,
            Parameter::new("Member", Kind::Text, "Only those that contain this person."),
        ],
        examples: &[("Get-ElevatedAccessGroup", "All of them.")],
        effect: Effect::Reads,
    },
    Cmdlet {
        name: "Set-ElevatedAccessGroup",
        aliases: &[],
        synopsis: "Changes who is in a group, or what people call it.",
        description: "",
        parameters: &[
            IDENTITY.mandatory(),
            Parameter::new(
                "Members",
                Kind::Texts,
                "Exactly these are in it from then on.",
            ),
            Parameter::new("Add", Kind::Texts, "Puts people and groups into it."),
            Parameter::new("Remove", Kind::Texts, "Takes people and groups out of it."),
            Parameter::new("DisplayName", Kind::Text, "As people call it.").or(&["Name"]),
        ],
        examples: &[(
            "Set-ElevatedAccessGroup approvers@example.com -Add dave@example.com",
            "Puts one more into it.",
        )],
        effect: Effect::Changes,
    },
    Cmdlet {
        name: "Remove-ElevatedAccessGroup",
        aliases: &[],
        synopsis: "Removes a group: policies that name it then have nobody there.",
        description: "",
        parameters: &[IDENTITY.mandatory()],
        examples: &[(
            "Remove-ElevatedAccessGroup approvers@example.com",
            "Asks, and removes it.",
        )],
        effect: Effect::TakesAway,
    },
];
