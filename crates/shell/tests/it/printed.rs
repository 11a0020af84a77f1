//! Commands as they are printed: in files, on pages, in old scripts.

use writ_shell::{Element, Script, bind, find, parse};

/// The commands of an overview of this feature, in its order and its layout.
pub(crate) const PRINTED: &str = include_str!("fixtures/printed.ps1");

/// What stands for a value in them, and a value.
pub(crate) const PLACEHOLDERS: [(&str, &str); 11] = [
    (
        "<default approver group>",
        "pamapprovers@fabrikam.onmicrosoft.com",
    ),
    ("<systemAccountUPN1>", "sys1@fabrikamorg.onmicrosoft.com"),
    ("<systemAccountUPN2>", "sys2@fabrikamorg.onmicrosoft.com"),
    ("<exchange management cmdlet name>", "New-MoveRequest"),
    ("<Manual, Auto>", "Manual"),
    (
        "<default/custom approver group>",
        "mbmanagers@fabrikamorg.onmicrosoft.com",
    ),
    (
        "<appropriate reason>",
        "Attempting to fix the user mailbox error",
    ),
    ("<duration in hours>", "4"),
    ("<request id>", "a4bc1bdf-00a1-42b4-be65-b6c63d6be279"),
    ("<approval comment>", "Agreed"),
    ("<denial comment>", "Not now"),
];

/// The commands with values in them, and with the quote that one lacks.
pub(crate) fn filled() -> String {
    let mut text = PRINTED.to_owned();
    for (placeholder, value) in PLACEHOLDERS {
        text = text.replace(placeholder, value);
    }
    text.replace(", sys2@", ", 'sys2@")
}

/// What each statement is: its commands, and how many arguments each has.
fn outline(script: &Script) -> Vec<String> {
    let command = |element: &Element| match element {
        Element::Command(command) => format!("{} {}", command.name, command.arguments.len()),
        Element::Value(_) => "value".to_owned(),
    };
    let line = |elements: &[Element]| {
        let parts: Vec<_> = elements.iter().map(command).collect();
        parts.join(" | ")
    };
    script
        .statements
        .iter()
        .map(|statement| line(&statement.pipeline.elements))
        .collect()
}

#[test]
fn printed_commands_are_read_in_their_layout() {
    let script = parse(&filled())
        .map_err(|fault| fault.shown(&filled()))
        .unwrap();
    insta::assert_snapshot!(outline(&script).join("\n"), @r"
    Enable-ElevatedAccessControl 4
    Enable-ElevatedAccessControl 4
    New-ElevatedAccessApprovalPolicy 6
    New-ElevatedAccessApprovalPolicy 6
    New-ElevatedAccessRequest 6
    New-ElevatedAccessRequest 6
    Approve-ElevatedAccessRequest 4
    Approve-ElevatedAccessRequest 4
    Deny-ElevatedAccessRequest 4
    Deny-ElevatedAccessRequest 4
    Disable-ElevatedAccessControl 0
    Get-ElevatedAccessRequest 2 | select 1 | fl 0
    Approve-ElevatedAccessRequest 4
    Approve-ElevatedAccessRequest 4
    ");
}

/// `select RequestorUPN, Service, RequestedAccess` is one argument.
#[test]
fn a_list_is_one_argument() {
    let script = parse("Get-X | select a, b, c").unwrap();
    assert_eq!(outline(&script), ["Get-X 0 | select 1"]);
}

#[test]
fn each_printed_line_break_may_be_any_other() {
    let text = filled();
    let outlined = outline(&parse(&text).unwrap());
    for other in [
        text.replace('\n', "\r\n"),
        text.replace(" \n    ", " `\n    "),
        text.replace(" \n    ", " "),
        text.replace("    -", "\u{a0}\u{2013}"),
        text.replace('\'', "\u{2019}"),
        text.replace("    -", "    # why\n    -"),
        format!("\u{feff}<# all\nof it #>{text}"),
    ] {
        assert_eq!(outline(&parse(&other).unwrap()), outlined, "{other}");
    }
}

#[test]
fn a_placeholder_is_named() {
    let fault = parse("Get-ElevatedAccessRequest -Identity <request id>").unwrap_err();
    let shown = fault.shown("Get-ElevatedAccessRequest -Identity <request id>");
    assert!(shown.contains("<request id> stands for a value"), "{shown}");
}

/// The one command that is printed with a quote too few.
#[test]
fn a_missing_quote_is_reported_with_the_line_as_it_was_meant() {
    let printed: Vec<&str> = PRINTED.split("\n\n").collect();
    let defective = printed[1];
    let fault = parse(defective).unwrap_err();
    insta::assert_snapshot!(fault.shown(defective));
    let repaired = fault.repaired.unwrap();
    let broken = defective.lines().last().unwrap();
    assert!(parse(&defective.replace(broken, &repaired)).is_ok());
    // And in the middle of a file, with other commands after it.
    let file = PRINTED.replace("<default approver group>", "a@b.c");
    assert_eq!(
        parse(&file).unwrap_err().repaired.as_deref(),
        Some(repaired.as_str())
    );
}

/// Every printed command can be bound, and none lacks anything.
#[test]
fn printed_commands_are_bound() {
    for statement in parse(&filled()).unwrap().statements {
        for element in statement.pipeline.elements {
            let Element::Command(command) = element else {
                panic!("a value");
            };
            let cmdlet = find(&command.name).unwrap();
            let given = command
                .arguments
                .iter()
                .map(super::binding::given)
                .collect();
            let bound = bind(cmdlet, given)
                .map_err(|record| record.message)
                .unwrap();
            let missing: Vec<_> = bound.missing().map(|p| p.name).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", command.name);
        }
    }
}
