//! What goes on with the objects of a pipeline.

use super::{Cmdlet, Effect, Kind, Parameter};

const PROPERTY: Parameter = Parameter::new(
    "Property",
    Kind::Texts,
    "Which properties; * stands for anything.",
)
.at(0);

const CHOSEN: Parameter = Parameter::new(
    "Property",
    Kind::Properties,
    "Which properties; * stands for anything. Calculated ones: @{Name='x'; Expression={$_.y}}.",
)
.at(0);

const NO_CLOBBER: Parameter =
    Parameter::new("NoClobber", Kind::Switch, "Not over a file that is there.");
const UTF8: Parameter = Parameter::new("Encoding", Kind::Text, "UTF8, and nothing else.");

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
            CHOSEN,
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
        examples: &[
            (
                "Get-ElevatedAccessRequest | select Identity, Reason -First 5",
                "Five of them.",
            ),
            (
                "Get-ElevatedAccessRequest | select Identity, @{n='Who';e={$_.RequestorUPN}}",
                "A property by another name.",
            ),
        ],
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
            CHOSEN,
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
        name: "Group-Object",
        aliases: &["group"],
        synopsis: "Puts objects together that have the same in a property.",
        description: "Each group has Count, Name and Group, the objects in it.",
        parameters: &[
            CHOSEN,
            Parameter::new("NoElement", Kind::Switch, "Without the objects themselves."),
            Parameter::new(
                "CaseSensitive",
                Kind::Switch,
                "Texts differ by their case, too.",
            ),
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | group RequestStatus -NoElement",
            "How many there are of each status.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Format-List",
        aliases: &["fl"],
        synopsis: "Shows properties below each other.",
        description: "",
        parameters: &[CHOSEN],
        examples: &[("Get-ElevatedAccessRequest | fl", "All of each.")],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Format-Table",
        aliases: &["ft"],
        synopsis: "Shows properties beside each other.",
        description: "",
        parameters: &[
            CHOSEN,
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
        name: "Out-File",
        aliases: &[],
        synopsis: "Writes into a file what would be shown.",
        description: "A file that is there is replaced, unless -Append or -NoClobber says otherwise.",
        parameters: &[
            Parameter::new("FilePath", Kind::Text, "The file.")
                .or(&["Path", "LiteralPath"])
                .mandatory()
                .at(0),
            Parameter::new("Append", Kind::Switch, "After what is in it."),
            NO_CLOBBER,
            Parameter::new(
                "Width",
                Kind::Integer,
                "How long a line is; as needed, if not said.",
            ),
            UTF8,
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | fl | Out-File requests.txt",
            "All of each, as a file to read.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Out-Null",
        aliases: &[],
        synopsis: "Shows nothing.",
        description: "",
        parameters: &[],
        examples: &[(
            "Get-ElevatedAccessRequest | Out-Null",
            "Only errors are shown.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Export-Csv",
        aliases: &["epcsv"],
        synopsis: "Writes objects into a file of comma-separated values.",
        description: "A cell that a spreadsheet would take for a formula gets an apostrophe. Whether \
                      the file can be written is tried before anything of the pipeline is run.",
        parameters: &[
            Parameter::new("Path", Kind::Text, "The file.")
                .or(&["FilePath", "LiteralPath"])
                .mandatory()
                .at(0),
            Parameter::new(
                "Append",
                Kind::Switch,
                "After what is in it, in its columns.",
            ),
            Parameter::new(
                "Force",
                Kind::Switch,
                "With -Append: also where the columns differ.",
            ),
            NO_CLOBBER,
            DELIMITER,
            NO_TYPE,
            UTF8,
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | Export-Csv requests.csv",
            "All as a file.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Tee-Object",
        aliases: &["tee"],
        synopsis: "Keeps what goes through, in a file or a variable.",
        description: "",
        parameters: &[
            Parameter::new("FilePath", Kind::Text, "The file.")
                .or(&["Path", "LiteralPath"])
                .at(0),
            Parameter::new(
                "Variable",
                Kind::Text,
                "The variable, without its dollar sign.",
            ),
            Parameter::new("Append", Kind::Switch, "After what is in the file."),
            UTF8,
        ],
        examples: &[(
            "Get-ElevatedAccessRequest | tee -Variable all | measure",
            "Counts them, and keeps them in $all.",
        )],
        effect: Effect::Pipeline,
    },
    Cmdlet {
        name: "Get-Member",
        aliases: &["gm"],
        synopsis: "Shows which properties and methods objects have.",
        description: "",
        parameters: &[
            Parameter::new("Name", Kind::Texts, "Only these; * stands for anything.").at(0),
            Parameter::new(
                "MemberType",
                Kind::Word(&["Property", "NoteProperty", "Method", "Properties", "All"]),
                "Only properties, or only methods.",
            ),
        ],
        examples: &[("Get-ElevatedAccessRequest | gm", "What a request has.")],
        effect: Effect::Pipeline,
    },
];
