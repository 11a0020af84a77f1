//! What goes on with the objects of a pipeline.

use super::{Cmdlet, Effect, Kind, Parameter};

const PROPERTY: Parameter = Parameter::new(
    "Property",
    Kind::Texts,
    "Which properties; * stands for anything.",
)
.at(0);

const DELIMITER: Parameter = Parameter::new(
    "Delimiter",
    Kind::Text,
    "What stands between cells; a comma, if not said.",
);
const NO_TYPE: Parameter =
    Parameter::new("NoTypeInformation", Kind::Switch, "Taken, and always so.").or(&["nti"]);

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Select-Object",
        aliases: &["select"],
        synopsis: "Takes some properties, or some objects.",
        description: "",
        parameters: &[
            PROPERTY,
            Parameter::new("ExcludeProperty", Kind::Texts, "Which not."),
            Parameter::new(
                "ExpandProperty",
                Kind::Text,
                "The value of this one, by itself.",
            ),
            Parameter::new("First", Kind::Integer, "So many from the beginning."),
            Parameter::new("Last", Kind::Integer, "So many from the end."),
            Parameter::new("Skip", Kind::Integer, "Not so many from the beginning."),
            Parameter::new("Unique", Kind::Switch, "Each only once."),
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | select Identity, Reason -First 5",
            "Five of them.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Where-Object",
        aliases: &["where", "?"],
        synopsis: "Takes the objects of which something is true.",
        description: "Either a condition in braces, or a property, an operator and a value.",
        parameters: &[],
        examples: &[
            (
                "Get-ElevatedAccessRequest | ?{$_.RequestStatus -eq 'Pending'}",
                "Those that wait.",
            ),
            (
                "Get-ElevatedAccessRequest | where RequestStatus -eq Pending",
                "The same.",
            ),
        ],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "ForEach-Object",
        aliases: &["foreach", "%"],
        synopsis: "Does something with each object.",
        description: "Either one pipeline in braces, in which $_ is the object, or the name of a \
                      property.",
        parameters: &[],
        examples: &[("Get-ElevatedAccessRequest | % Identity", "The ids alone.")],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Sort-Object",
        aliases: &["sort"],
        synopsis: "Puts objects in order.",
        description: "",
        parameters: &[
            PROPERTY,
            Parameter::new("Descending", Kind::Switch, "The last first."),
            Parameter::new("Unique", Kind::Switch, "Each only once."),
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | sort Reason",
            "By their reasons.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Measure-Object",
        aliases: &["measure"],
        synopsis: "Counts objects, and adds up a property of them.",
        description: "",
        parameters: &[
            PROPERTY,
            Parameter::new("Sum", Kind::Switch, "What they make together."),
            Parameter::new("Average", Kind::Switch, "What each has on average."),
            Parameter::new("Minimum", Kind::Switch, "The least."),
            Parameter::new("Maximum", Kind::Switch, "The most."),
        ],
        examples: &[("Get-ElevatedAccessRequest | measure", "How many there are.")],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Format-List",
        aliases: &["fl"],
        synopsis: "Shows properties below each other.",
        description: "",
        parameters: &[PROPERTY],
        examples: &[("Get-ElevatedAccessRequest | fl", "All of each.")],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Format-Table",
        aliases: &["ft"],
        synopsis: "Shows properties beside each other.",
        description: "",
        parameters: &[
            PROPERTY,
            Parameter::new("AutoSize", Kind::Switch, "Taken, and always so."),
            Parameter::new("Wrap", Kind::Switch, "Long values go on below."),
            Parameter::new("HideTableHeaders", Kind::Switch, "Without names."),
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | ft Identity, RequestStatus",
            "Two columns.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "ConvertTo-Json",
        aliases: &[],
        synopsis: "Writes objects as JSON.",
        description: "",
        parameters: &[
            Parameter::new("Depth", Kind::Integer, "How deep; 2, if not said."),
            Parameter::new("Compress", Kind::Switch, "On one line."),
            Parameter::new("AsArray", Kind::Switch, "One object is a list, too."),
        ],
        examples: &[(
            "Get-ElevatedAccessRequest a4bc1bdf | ConvertTo-Json",
            "One as JSON.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "ConvertFrom-Json",
        aliases: &[],
        synopsis: "Reads objects from JSON.",
        description: "",
        parameters: &[],
        examples: &[("'{\"a\": 1}' | ConvertFrom-Json", "One object.")],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "ConvertTo-Csv",
        aliases: &[],
        synopsis: "Writes objects as lines of comma-separated values.",
        description: "A cell that a spreadsheet would take for a formula gets an apostrophe.",
        parameters: &[DELIMITER, NO_TYPE],
        examples: &[("Get-ElevatedAccessGroup | ConvertTo-Csv", "Groups as CSV.")],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Export-Csv",
        aliases: &["epcsv"],
        synopsis: "Writes objects into a file of comma-separated values.",
        description: "A cell that a spreadsheet would take for a formula gets an apostrophe.",
        parameters: &[
            Parameter::new("Path", Kind::Text, "The file.")
                .mandatory()
                .at(0),
            Parameter::new("NoClobber", Kind::Switch, "Not over a file that is there."),
            DELIMITER,
            NO_TYPE,
            Parameter::new("Encoding", Kind::Text, "UTF8, and nothing else."),
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | Export-Csv requests.csv",
            "All as a file.",
        )],
        effect: Effect::Pipeline,
    },
];
