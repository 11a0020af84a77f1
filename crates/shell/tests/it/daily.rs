//! What people and scripts use every day.

use writ_shell::{Reason, parse};

use super::stand_in::{Remembered, run, run_on, shown};

#[test]
fn dates_are_counted_and_compared() {
    for (text, wanted) in [
        ("Get-Date", "11/30/2025 3:00:00 PM"),
        ("Get-Date -Format yyyy-MM-dd", "2025-11-30"),
        ("(Get-Date).AddHours(-4)", "11/30/2025 11:00:00 AM"),
        ("(Get-Date).AddDays(1).ToString('s')", "2025-12-01T15:00:00"),
        ("$d = Get-Date 2026-01-31; $d.AddMonths(1).Day", "28"),
        ("$h = 0.5; (Get-Date).AddHours($h)", "11/30/2025 3:30:00 PM"),
        ("(Get-Date).DayOfWeek", "Sunday"),
        ("'a' | % { $_.ToUpper() }", "A"),
    ] {
        assert_eq!(shown(text).trim_end(), wanted, "{text}");
    }
    let asked = run("Get-ElevatedAccessRequest -StartDate (Get-Date).AddDays(-7)").asked;
    assert_eq!(
        asked,
        ["Get-ElevatedAccessRequest -StartDate 11/23/2025 3:00:00 PM"]
    );
    for (text, words) in [
        ("(Get-Date).AddHours('x')", "takes a number"),
        (
            "(Get-Date).Trim()",
            "does not contain a method named 'Trim'",
        ),
        ("Get-Date -Format QQQ", "is no format of dates"),
        ("Get-Date notadate", "not recognized as a valid DateTime"),
    ] {
        let err = run(text).console.err;
        assert!(err.contains(words), "{text}: {err}");
    }
    for refused in [
        "(Get-Date).GetType()",
        "$x.Invoke(1)",
        "'a'.Trim()",
        "(Get-Date).AddDays(1",
    ] {
        assert!(parse(refused).is_err(), "{refused}");
    }
}

#[test]
fn what_cannot_be_compared_is_said() {
    for (text, words) in [
        (
            "where {$_.DateCreatedUtc -gt 'garbage'}",
            "not recognized as a valid DateTime",
        ),
        (
            "where DateCreatedUtc -lt 31.12.2018",
            "not recognized as a valid DateTime",
        ),
        (
            "where {$_.DateCreatedUtc -eq 'x'}",
            "not recognized as a valid DateTime",
        ),
        (
            "where {'x' -gt $_.DateCreatedUtc}",
            "not recognized as a valid DateTime",
        ),
        (
            "where {$_.DurationHours -gt 'many'}",
            "was not in a correct format",
        ),
    ] {
        let came = run(&format!("Get-ElevatedAccessRequest | {text}"));
        assert!(
            came.console.err.contains(words),
            "{text}: {}",
            came.console.err
        );
        assert_eq!(came.console.out, "", "{text}");
    }
    for (condition, count) in [
        ("DateCreatedUtc -gt 2018-07-26", 2),
        ("EndTimeUtc -gt 2018-07-26", 0),
        ("DurationHours -gt 2.5", 2),
        ("DurationHours -eq many", 0),
    ] {
        let text = format!("Get-ElevatedAccessRequest | where {condition} | measure | % Count");
        assert_eq!(shown(&text).trim(), count.to_string(), "{condition}");
    }
}

#[test]
fn fractions_are_numbers() {
    for (text, wanted) in [
        (
            "'[0.5, 10, 2.25]' | ConvertFrom-Json | sort",
            "0.5\n2.25\n10",
        ),
        (
            "'{\"a\": 0.5}' | ConvertFrom-Json | ? a -lt 0.75 | % a",
            "0.5",
        ),
        (
            "'[0.5, 1]' | ConvertFrom-Json | measure -Sum | % Sum",
            "1.5",
        ),
        (
            "'{\"a\": 1.0}' | ConvertFrom-Json | ConvertTo-Json -Compress",
            "{\"a\":1.0}",
        ),
        (
            "'{\"a\": 0.5}' | ConvertFrom-Json | ConvertTo-Json -Compress",
            "{\"a\":0.5}",
        ),
        ("'1e300' | ConvertFrom-Json", "1e300"),
        ("$x = 0.5; $x", "0.5"),
    ] {
        assert_eq!(shown(text).trim_end(), wanted, "{text}");
    }
    // What it would not be written as again stays as it is.
    assert_eq!(
        run("$p = @{A=1.10; B=1.5}; Get-X @p").asked,
        [r#"Exchange\Get-X -A Some("1.10") -B Some("1.5")"#]
    );
    // A version is no number, and neither is a bare word in an argument.
    assert_eq!(
        run("Get-X -A 1.5.2").asked,
        [r#"Exchange\Get-X -A Some("1.5.2")"#]
    );
    assert_eq!(
        run("Get-X -A 0.50").asked,
        [r#"Exchange\Get-X -A Some("0.50")"#]
    );
}

#[test]
fn tables_are_arguments() {
    let asked = run(
        "$p = @{Identity='alice'; Force=$true}\nNew-MoveRequest @p -TargetDatabase DB01\n\
         $q = @{Reason='why'; DurationHours=2}\n\
         New-ElevatedAccessRequest -Task 'Exchange\\X-Y' @q\n\
         $l = 'a4bc', 'why'; Deny-ElevatedAccessRequest @l",
    )
    .asked;
    assert_eq!(
        asked,
        [
            r#"Exchange\New-MoveRequest -Identity Some("alice") -Force Some("True") -TargetDatabase Some("DB01")"#,
            r"New-ElevatedAccessRequest -Task Exchange\X-Y -Reason why -DurationHours 2",
            "Deny-ElevatedAccessRequest -RequestId a4bc -Comment why",
        ]
    );
    let came = run("$p = @{Bogus=1}; New-ElevatedAccessRequest -Task a\\b -Reason c @p");
    assert!(
        came.console.err.contains("parameter name 'Bogus'"),
        "{}",
        came.console.err
    );
    assert!(came.asked.is_empty());
    assert!(
        run("Get-X @nothing")
            .console
            .err
            .contains("has not been set")
    );
}

#[test]
fn it_is_known_how_the_last_one_went() {
    let text = "New-Fail; $?; $LASTEXITCODE; Get-X; $?; $LASTEXITCODE";
    assert_eq!(run(text).console.out, "False\n7\nmoved\nTrue\n0\n");
    let quiet = "Deny-ElevatedAccessRequest a4bc x -ErrorAction SilentlyContinue; \"$? yes\"";
    assert_eq!(run(quiet).console.out, "False yes\n");
    for (text, code) in [
        ("exit 3", Some(3)),
        ("exit", None),
        ("$c = 4; exit $c; Get-X", Some(4)),
    ] {
        let came = run(text);
        assert!(came.ended.exit && came.ended.code == code, "{text}");
        assert!(came.asked.is_empty(), "{text}");
    }
    let came = run("exit many; Get-X");
    assert!(!came.ended.exit && came.console.err.contains("exit takes"));
    assert!(parse("$? = 1").is_err() && parse("$LASTEXITCODE = 1").is_err());
}

#[test]
fn files_are_tried_before_anything_is_run() {
    for rest in [
        "Export-Csv /nowhere/x.csv",
        "Out-File /nowhere/x.txt",
        "tee /nowhere/x.txt",
        "select * | Export-Csv -Path $p",
        "Export-Csv x.csv -Encoding ASCII",
        "% { $_ | Export-Csv /nowhere/x.csv }",
    ] {
        let came = run(&format!(
            "$p = '/nowhere/x.csv'; New-MoveRequest alice | {rest}"
        ));
        assert!(came.asked.is_empty(), "{rest}: {:?}", came.asked);
        assert!(!came.console.err.is_empty(), "{rest}");
    }
    // What is there stays where the pipeline fails.
    let mut console = Remembered::default();
    console.files.insert("x.csv".into(), "before".into());
    let came = run_on("New-Fail | Export-Csv x.csv", console);
    assert_eq!(came.console.files["x.csv"], "before");
}

#[test]
fn rows_are_added_in_the_columns_of_the_file() {
    let came = run(
        "Get-ElevatedAccessRequest x | select Reason, Identity, RequestStatus | Export-Csv x.csv\n\
         Get-ElevatedAccessRequest x | select RequestStatus, identity, Service, Reason | \
         Export-Csv x.csv -Append",
    );
    assert_eq!(came.console.err, "");
    let lines: Vec<_> = came.console.files["x.csv"].lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1], lines[2]);
    let text = "Get-ElevatedAccessRequest x | select Identity | Export-Csv x.csv\n\
                Get-ElevatedAccessRequest x | select Reason | Export-Csv x.csv -Append";
    let err = run(text).console.err;
    assert!(err.contains("following column: Identity"), "{err}");
    assert_eq!(run(&format!("{text} -Force")).console.err, "");
    // Nothing in a table is nothing to show.
    let text = "'{\"a\": 1}' | ConvertFrom-Json | select a, @{n='b';e={$_.c}} | ConvertTo-Csv";
    assert_eq!(shown(text).lines().nth(1), Some("\"1\",\"\""));
}

#[test]
fn what_is_impossible_is_not_what_if() {
    let came = run("New-Impossible -Identity a -WhatIf");
    assert!(came.console.err.contains("Insufficient permissions"));
    assert!(!came.console.out.contains("What if") && came.asked.is_empty());
    let came = run("Approve-ElevatedAccessRequest dead -Comment x -WhatIf");
    assert!(came.console.err.contains("no such request"));
    assert!(!came.console.out.contains("What if") && came.asked.is_empty());
    assert!(shown("New-MoveRequest -Identity a -WhatIf").contains("What if: Performing"));
}

#[test]
fn help_is_for_tasks_too_and_lists() {
    for text in [
        "Get-Help New-MoveRequest",
        "new-moverequest -?",
        r"Get-Help Exchange\New-MoveRequest",
    ] {
        let out = shown(text);
        assert!(
            out.contains("New-MoveRequest -Identity <string> [-TargetDatabase <string>]"),
            "{out}"
        );
    }
    assert!(run("New-MoveRequest -?").asked.is_empty());
    assert!(shown("Deny-ElevatedAccessRequest -?").contains("SYNTAX"));
    assert!(shown("Get-ElevatedAccessRequest | ? -?").contains("Where-Object"));
    let out = shown("help *policy");
    assert!(
        out.contains("Set-ElevatedAccessApprovalPolicy") && !out.contains("SYNTAX"),
        "{out}"
    );
    for text in ["Get-Help Bogus", "Get-Help Get-Bogus", "Get-Help zz*"] {
        let err = run(text).console.err;
        assert!(
            err.contains("could not find") && !err.contains("writ "),
            "{err}"
        );
    }
}

#[test]
fn each_of_several_is_done() {
    let came = run("Approve-ElevatedAccessRequest -RequestId a4bc, b5cd -Comment x");
    assert_eq!(
        came.asked,
        [
            "Approve-ElevatedAccessRequest -RequestId a4bc -Comment x",
            "Approve-ElevatedAccessRequest -RequestId b5cd -Comment x",
        ]
    );
    // One that fails does not keep the others from being done.
    let came = run("Deny-ElevatedAccessRequest a4bc, b5cd -Comment x");
    assert_eq!(came.asked.len(), 2);
    let came = run("Deny-ElevatedAccessRequest a4bc, b5cd -Comment x -ErrorAction Stop");
    assert_eq!(
        (came.asked.len(), came.ended.failed),
        (1, Some(Reason::Refused))
    );
    let asked = run("Get-ElevatedAccessRequest -ResultSize Unlimited").asked;
    assert_eq!(
        asked,
        [format!(
            "Get-ElevatedAccessRequest -ResultSize {}",
            i64::MAX
        )]
    );
    assert!(
        !run("Get-ElevatedAccessRequest -ResultSize lots")
            .console
            .err
            .is_empty()
    );
}

#[test]
fn null_is_said_to_be_null() {
    for text in [
        "New-ElevatedAccessRequest -Task a\\b -Reason $null",
        "Set-ElevatedAccessGroup a@example.com -Add $null",
        "Set-ElevatedAccessGroup a@example.com -Add a@example.com, $null",
    ] {
        let came = run(text);
        assert!(
            came.console.err.contains("because it is null"),
            "{}",
            came.console.err
        );
        assert!(came.asked.is_empty(), "{text}");
    }
}

#[test]
fn little_helpers_help() {
    assert_eq!(shown("Write-Host moved 3 'of 4'"), "moved 3 of 4\n");
    assert_eq!(shown("echo a, b | measure | % Count"), "2\n");
    assert_eq!(run("cls").console.cleared, 1);
    assert_eq!(
        shown("Get-ElevatedAccessRequest x | tee -Variable r | Out-Null; $r.RequestStatus"),
        "Pending\n"
    );
    let came = run("Get-ElevatedAccessRequest x | % Service | Tee-Object x.txt");
    assert_eq!(came.console.files["x.txt"], "Office365\n");
    assert_eq!(came.console.out, "Office365\n");
    let out = shown("Get-ElevatedAccessRequest | gm Date*");
    assert!(out.contains("System.DateTime DateCreatedUtc"), "{out}");
    assert!(shown("Get-Date | gm -MemberType Method").contains("AddDays(value)"));
    let came = run("Import-Module ExchangeOnlineManagement; Connect-IPPSSession; 'on'");
    assert_eq!(
        (came.console.out.as_str(), came.ended.failed),
        ("on\n", None)
    );
    assert!(
        came.console.err.contains("nothing was imported"),
        "{}",
        came.console.err
    );
    assert!(
        run("Import-Module AzureAD")
            .console
            .err
            .contains("was not loaded")
    );
    assert!(run("'a' | tee").console.err.contains("Give a file"));
}
