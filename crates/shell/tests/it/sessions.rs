//! What is asked of a host, and what is not.

use std::collections::VecDeque;

use writ_shell::{Reason, all, find, parse};

use super::printed::filled;
use super::stand_in::{Remembered, run, run_on, shown};

#[test]
fn printed_commands_ask_for_what_they_say() {
    insta::assert_snapshot!(run(&filled()).asked.join("\n"));
}

#[test]
fn a_name_that_is_not_ours_is_a_task() {
    for (text, wanted) in [
        (
            "New-MoveRequest -Identity alice -TargetDatabase DB01",
            r#"Exchange\New-MoveRequest -Identity Some("alice") -TargetDatabase Some("DB01")"#,
        ),
        ("Exchange\\New-MoveRequest", "Exchange\\New-MoveRequest"),
        (
            "Host\\Restart-Service -Name 'web 1' -Force",
            r#"Host\Restart-Service -Name Some("web 1") -Force None"#,
        ),
        (
            "Get-X -A:$false -Confirm:$false -ErrorAction Stop",
            r#"Exchange\Get-X -A Some("False")"#,
        ),
        ("Get-X -A a, b", r#"Exchange\Get-X -A Some("a b")"#),
        (
            "Get-X alice -A b c",
            r#"Exchange\Get-X alice c -A Some("b")"#,
        ),
    ] {
        let came = run(text);
        assert_eq!(came.asked, [wanted], "{text}");
        assert_eq!(came.console.out, "moved\n");
    }
    for (text, words) in [
        ("a\\b\\c", "is not recognized as the name of a cmdlet"),
        ("Get-Move?", "is not recognized as the name of a cmdlet"),
        (
            "'a' | New-MoveRequest",
            "Tasks take nothing from a pipeline",
        ),
        ("New-MoveRequest -Identity $bogus", "has not been set"),
    ] {
        let came = run(text);
        assert!(
            came.console.err.contains(words),
            "{text}: {}",
            came.console.err
        );
        assert!(came.asked.is_empty(), "{text}");
    }
}

/// Each task that is typed becomes an entry of the log.
#[test]
fn what_nobody_can_have_meant_is_no_task() {
    for text in ["dir", "hunter2secret", "passw0rd-x", "ls", "5-x"] {
        let came = run(text);
        assert!(came.asked.is_empty(), "{text}");
        assert!(
            came.console.err.contains("is not recognized as the name"),
            "{text}: {}",
            came.console.err
        );
    }
    for (typed, meant) in [
        ("Get-ElevatedAccesRequest", "Get-ElevatedAccessRequest"),
        (
            "approve-elevatedacessrequests 1 x",
            "Approve-ElevatedAccessRequest",
        ),
        ("'a' | Out-Fil x", "Out-File"),
    ] {
        let came = run(typed);
        assert!(came.asked.is_empty(), "{typed}");
        let err = came.console.err;
        assert!(err.contains(&format!("\n    {meant}\n")), "{typed}: {err}");
    }
    // With its workload it is what it is.
    assert_eq!(run(r"Exchange\Out-Fil").asked, [r"Exchange\Out-Fil"]);
}

/// A task is not run for a pipeline that cannot end, nor anything of its script.
#[test]
fn nothing_is_run_where_something_is_known_to_fail() {
    for rest in [
        "| group -Foo",
        "| select -NoSuch 3",
        "| sort -Foo",
        "| select -First x",
        "| fl | ft",
        "| measure a b c d",
        "| Export-Csv",
        "| Out-File a b",
        "| Out-File x -Width many",
        "| Approve-ElevatedAccessRequest",
        "| Get-Mailbox",
        "| cls",
        "| select @{n='x'}",
        "| % { New-X | select -Bogus }",
        "| select -First 1 -First 2",
        "\n\nGet-ElevatedAccessRequest -Bogus",
        "; $x = (Get-ElevatedAccessRequest -Bogus).Identity",
    ] {
        let came = run(&format!("New-MoveRequest -Identity alice {rest}"));
        assert!(came.asked.is_empty(), "{rest}");
        assert_eq!(came.ended.failed, Some(Reason::Usage), "{rest}");
        assert!(came.console.err.contains("Nothing was run."), "{rest}");
    }
    // What a variable holds is not known before.
    let later = "$n = 'Bogus'\nGet-X -A b | select $n";
    assert_eq!(run(later).asked.len(), 1);
}

/// Of every cmdlet, and of tasks.
#[test]
fn what_if_does_nothing() {
    for cmdlet in all() {
        let mandatory: Vec<_> = cmdlet
            .parameters
            .iter()
            .filter(|parameter| parameter.mandatory)
            .map(|parameter| {
                format!(
                    "-{} {}",
                    parameter.name,
                    match parameter.name {
                        "ApprovalType" => "Auto",
                        "StartDate" | "EndDate" => "2018-07-24",
                        _ => "x",
                    }
                )
            })
            .collect();
        let came = run(&format!("{} {} -WhatIf", cmdlet.name, mandatory.join(" ")));
        assert!(
            came.asked.is_empty() && came.console.files.is_empty(),
            "{}",
            cmdlet.name
        );
    }
    let came = run("New-MoveRequest -Identity alice -WhatIf");
    assert!(came.asked.is_empty());
    assert_eq!(
        came.console.out,
        "What if: Performing the operation \"Exchange\\New-MoveRequest\" on target \"-Identity alice\".\n"
    );
}

#[test]
fn taking_away_asks_where_there_is_somebody() {
    let answered = |text: &str, answers: &[&str]| {
        let answers: VecDeque<_> = answers.iter().map(|a| (*a).to_owned()).collect();
        run_on(
            text,
            Remembered {
                answers: Some(answers),
                ..Remembered::default()
            },
        )
    };
    let said = answered("Disable-ElevatedAccessControl", &["y"]);
    assert_eq!(said.asked, ["Disable-ElevatedAccessControl"]);
    insta::assert_snapshot!(said.console.err);
    for no in ["n", "", "x"] {
        assert!(
            answered("Disable-ElevatedAccessControl", &[no])
                .asked
                .is_empty(),
            "{no}"
        );
    }
    assert!(
        answered("Disable-ElevatedAccessControl", &[])
            .asked
            .is_empty()
    );
    assert_eq!(
        answered("Disable-ElevatedAccessControl -Confirm:$false", &[])
            .asked
            .len(),
        1
    );
    assert!(
        answered("Approve-ElevatedAccessRequest 1234 ok -Confirm", &["n"])
            .asked
            .is_empty()
    );
    assert_eq!(run("Disable-ElevatedAccessControl").asked.len(), 1);
    assert!(
        run("Disable-ElevatedAccessControl -Confirm")
            .console
            .err
            .contains("nobody to ask")
    );
}

#[test]
fn missing_parameters_are_asked_for() {
    let answers = ["Exchange\\X", "why"].map(ToOwned::to_owned).into();
    let came = run_on(
        "New-ElevatedAccessRequest",
        Remembered {
            answers: Some(answers),
            ..Remembered::default()
        },
    );
    assert_eq!(
        came.asked,
        ["New-ElevatedAccessRequest -Task Exchange\\X -Reason why"]
    );
    assert_eq!(
        came.console.err,
        "\ncmdlet New-ElevatedAccessRequest at command pipeline position 1\nSupply values for the following parameters:\nTask: \nReason: \n"
    );
    let came = run("New-ElevatedAccessRequest");
    assert!(
        came.console
            .err
            .contains("missing mandatory parameters: Task Reason.")
    );
    assert!(came.asked.is_empty());
}

#[test]
fn objects_of_the_pipeline_are_taken() {
    let came = run(
        "Get-ElevatedAccessRequest | ?{$_.RequestStatus -eq 'Pending'} | Approve-ElevatedAccessRequest -Comment ok",
    );
    assert_eq!(
        came.asked[1..],
        [
            "Approve-ElevatedAccessRequest -RequestId a4bc1bd2-00a1-42b4-be65-b6c63d6be279 -Comment ok",
            "Approve-ElevatedAccessRequest -RequestId a4bc1bd3-00a1-42b4-be65-b6c63d6be279 -Comment ok",
        ]
    );
    let came = run(
        "Get-ElevatedAccessRequest | select -First 1 | % { Approve-ElevatedAccessRequest -RequestId $_.Identity -Comment \"for $_\" }",
    );
    assert_eq!(came.asked.len(), 2, "{:?}", came.asked);
    let came = run(
        "$r = Get-ElevatedAccessRequest x\nApprove-ElevatedAccessRequest $r.Identity \"for $r\"\n(Get-ElevatedAccessRequest x).Context | fl DataTable",
    );
    assert_eq!(came.asked.len(), 3, "{}", came.console.err);
    assert_eq!(came.console.out, "\nDataTable : Message\n\n");
    assert!(
        run("@() | Approve-ElevatedAccessRequest -Comment ok")
            .asked
            .is_empty()
    );
}

#[test]
fn an_error_ends_its_statement_only() {
    let script = "Deny-ElevatedAccessRequest 1234 no EA\nGet-ElevatedAccessRequest none";
    let came = run(&script.replace("EA", ""));
    assert_eq!(
        (came.asked.len(), came.ended.failed),
        (2, Some(Reason::Refused))
    );
    assert_eq!(
        came.console.err,
        "Deny-ElevatedAccessRequest: It is decided already.\n"
    );
    let came = run(&script.replace("EA", "-ErrorAction Stop"));
    assert_eq!(
        (came.asked.len(), came.ended.failed),
        (1, Some(Reason::Refused))
    );
    let came = run(&script.replace("EA", "-ea SilentlyContinue"));
    assert_eq!((came.console.err.as_str(), came.ended.failed), ("", None));
    let came = run(&format!(
        "$ErrorActionPreference = 'Stop'\n{}",
        script.replace("EA", "")
    ));
    assert_eq!(came.asked.len(), 1);
    let came = run(&script.replace("EA", "-Verbose"));
    assert!(
        came.console
            .err
            .contains("    + FullyQualifiedErrorId : NotPending")
    );
    let came = run("Get-ElevatedAccessRequest | Deny-ElevatedAccessRequest -Comment no");
    assert_eq!(came.asked.len(), 4);
    let came = run("exit\nGet-ElevatedAccessRequest");
    assert!(came.ended.exit && came.asked.is_empty());
}

#[test]
fn help_is_out_of_the_tables() {
    insta::assert_snapshot!(shown("Get-Help New-ElevatedAccessRequest"));
    insta::assert_snapshot!("commands", shown("Get-Command"));
    assert!(
        run("Get-Help Bogus")
            .console
            .err
            .contains("could not find Bogus")
    );
    assert!(shown("Get-Help").contains("New-MoveRequest"));
    assert_eq!(
        shown("Get-Command -Noun *AccessGroup | select -ExpandProperty Name")
            .lines()
            .count(),
        4
    );
}

/// Every example is one that can be read, and bound.
#[test]
fn examples_are_true() {
    for cmdlet in all() {
        assert!(!cmdlet.examples.is_empty(), "{}", cmdlet.name);
        for (text, _) in cmdlet.examples {
            assert!(parse(text).is_ok(), "{text}");
            let came = run(text);
            let is_refused = text.starts_with("Deny-");
            // What does nothing says so.
            let is_said = ["Import-Module", "Connect-IPPSSession"].contains(&cmdlet.name);
            assert!(
                came.ended.failed.is_none() || is_refused,
                "{text}: {:?}",
                came.ended
            );
            assert!(
                is_said || is_refused || came.console.err.is_empty(),
                "{text}: {}",
                came.console.err
            );
        }
        assert!(find(&cmdlet.name.to_uppercase()).is_some());
    }
}
