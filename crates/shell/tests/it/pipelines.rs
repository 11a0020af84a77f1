//! Objects through pipelines, and what is seen of them.

use super::stand_in::{Remembered, run, run_on, shown};

/// The one output that is printed with the commands, byte for byte.
#[test]
fn the_printed_list_is_made() {
    let text = shown(
        "Get-ElevatedAccessRequest \n    \u{2013}Identity x\n    | select RequestorUPN, Service, RequestedAccess\n    | fl",
    );
    assert_eq!(
        text,
        "\nRequestorUPN    : admin@contoso.com\nService         : Office365\nRequestedAccess : Data Access Request\n\n"
    );
}

#[test]
fn objects_are_shown_as_lists_and_tables() {
    let all = [
        "Get-ElevatedAccessRequest -Identity x",
        "Get-ElevatedAccessRequest | select Identity, requeststatus, DurationHours",
        "Get-ElevatedAccessRequest | ft RequestStatus, DurationHours, DateCreatedUtc",
        "Get-ElevatedAccessRequest | ft Requ* -HideTableHeaders",
        "Get-ElevatedAccessRequest | select Missing, Service -First 1",
        "Get-ElevatedAccessRequest x | select -ExpandProperty Context",
        "Get-ElevatedAccessRequest | select -ExpandProperty RequestStatus",
        "Get-ElevatedAccessRequest | measure",
        "Get-ElevatedAccessRequest | measure DurationHours -Sum -Average -Minimum -Maximum",
        "Get-ElevatedAccessRequest none",
        "@{b='x'; a=4}",
        "'a', 4, $true, $null",
    ];
    let shown: Vec<_> = all
        .iter()
        .map(|text| format!("> {text}\n{}", shown(text)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_is_too_wide_is_folded_or_cut() {
    let narrow = |text: &str| {
        let console = Remembered {
            width: Some(40),
            ..Remembered::default()
        };
        format!("> {text}\n{}", run_on(text, console).console.out)
    };
    let all = [
        "Get-ElevatedAccessRequest x | fl Identity, RequestedAccess",
        "Get-ElevatedAccessRequest x | ft Identity, RequestedAccess, Service",
        "Get-ElevatedAccessRequest x | ft Identity, RequestedAccess -Wrap",
    ];
    let shown: Vec<_> = all.into_iter().map(narrow).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn objects_are_chosen() {
    let count = |text: &str| {
        shown(&format!(
            "Get-ElevatedAccessRequest | {text} | select -ExpandProperty DurationHours"
        ))
        .lines()
        .map(ToOwned::to_owned)
        .collect::<Vec<_>>()
        .join(" ")
    };
    for (text, wanted) in [
        ("where {$_.RequestStatus -eq 'Pending'}", "4 6"),
        ("?{$_.RequestStatus -eq 'Pending'}", "4 6"),
        ("where RequestStatus -eq Pending", "4 6"),
        ("? RequestStatus -ne Pending", "2"),
        ("?{$_.RequestStatus -ceq 'Pending'}", "4"),
        ("?{$_.DurationHours -gt 2}", "4 6"),
        ("? DurationHours -lt 10", "4 2 6"),
        ("? DurationHours -ge 4", "4 6"),
        ("?{$_.DurationHours -le '4'}", "4 2"),
        ("?{$_.Identity -like 'A4BC1BD[12]-*'}", "4 2"),
        ("?{$_.Identity -notlike '*bd1-*'}", "4 6"),
        ("?{$_.Identity -match 'bd[23]-'}", "4 6"),
        ("?{$_.Identity -cmatch 'BD1'}", ""),
        ("?{$_.RequestStatus -in 'Pending', 'Denied'}", "4 6"),
        ("?{@('Approved') -contains $_.RequestStatus}", "2"),
        ("?{$_.RequestStatus -notin @('Approved')}", "4 6"),
        ("?{$_.DateCreatedUtc -gt '7/26/2018'}", "4 6"),
        (
            "?{-not ($_.DurationHours -eq 2) -and $_.Service -eq 'office365'}",
            "4 6",
        ),
        (
            "?{!$_.Missing -and ($_.DurationHours -eq 2 -or $_.DurationHours -eq 6)}",
            "2 6",
        ),
        ("?{$_.Context.DataTable -eq 'message'}", "4 2 6"),
        ("? Missing", ""),
        ("? -Not Missing", "4 2 6"),
        ("sort DurationHours", "2 4 6"),
        ("sort DurationHours -Descending", "6 4 2"),
        ("sort RequestStatus, DurationHours", "2 4 6"),
        ("sort RequestStatus -Unique", "2 4"),
        ("select * -First 1", "4"),
        ("select * -Last 1", "6"),
        ("select * -Skip 1 -First 1", "2"),
        ("select Service, DurationHours -Unique", "4 2 6"),
    ] {
        assert_eq!(count(text), wanted, "{text}");
    }
}

#[test]
fn objects_are_written_as_json_and_csv() {
    let all = [
        "Get-ElevatedAccessRequest x | ConvertTo-Json",
        "Get-ElevatedAccessRequest | select Identity -First 2 | ConvertTo-Json -Compress",
        "Get-ElevatedAccessRequest x | select Service | ConvertTo-Json -AsArray",
        "Get-ElevatedAccessRequest | select RequestStatus, DurationHours, DateCreatedUtc, Context | ConvertTo-Csv",
        "'{\"b\": [1, {\"c\": null}], \"a\": \"\\u001b[1m\"}' | ConvertFrom-Json | fl",
        "@() | ConvertTo-Json -Compress",
    ];
    let shown: Vec<_> = all
        .iter()
        .map(|text| format!("> {text}\n{}", shown(text)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    let deep =
        run("'{\"a\":{\"b\":{\"c\":{\"d\":1}}}}' | ConvertFrom-Json | ConvertTo-Json -Compress");
    assert!(deep.console.err.contains("depth of 2"));
}

/// Neither a spreadsheet nor a terminal obeys what others wrote.
#[test]
fn what_others_wrote_is_harmless() {
    for (text, cell) in [
        ("'=1+1'", "\"'=1+1\""),
        ("'+1+1'", "\"'+1+1\""),
        ("'-1+1'", "\"'-1+1\""),
        ("'@sum'", "\"'@sum\""),
        ("\"`t=1\"", "\"'\t=1\""),
        ("'-12'", "\"-12\""),
        ("'a\"b'", "\"a\"\"b\""),
    ] {
        let came = run(&format!(
            "@{{a={text}}} | Export-Csv x.csv -NoTypeInformation"
        ));
        assert_eq!(
            came.console.files["x.csv"],
            format!("\"a\"\r\n{cell}\r\n"),
            "{text}"
        );
    }
    let hostile = "'{\"a\": \"x\\u001b[2J\\u202e\\ny\"}' | ConvertFrom-Json";
    for end in ["", "| fl", "| ft", "| select -ExpandProperty a"] {
        let text = shown(&format!("{hostile} {end}"));
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn files_are_not_lost() {
    let twice = "'a' | Export-Csv x.csv\n'b' | Export-Csv x.csv -NoClobber";
    let came = run(twice);
    assert!(
        came.console.err.contains("such a file already"),
        "{}",
        came.console.err
    );
    assert_eq!(came.console.files["x.csv"], "\"Value\"\r\n\"a\"\r\n");
    assert!(
        run("'a' | Export-Csv x.csv -WhatIf")
            .console
            .files
            .is_empty()
    );
}

#[test]
fn odd_pipelines_are_errors() {
    for (text, words) in [
        ("'a' | fl | Export-Csv x", "at the end of a pipeline"),
        ("$a = 'a' | fl", "only shown"),
        ("'a' | measure -Sum", "is not numeric"),
        (
            "Get-ElevatedAccessRequest | select -ExpandProperty Bogus",
            "cannot be found",
        ),
        (
            "Get-ElevatedAccessRequest | ?{$_.Service -match '('}",
            "Invalid pattern",
        ),
        ("'{' | ConvertFrom-Json", "Conversion from JSON failed"),
        ("'a' | where", "Give a condition"),
        ("'a' | ? b -bogus c", "Give a condition"),
        ("'a' | %", "Give one pipeline"),
        ("'a' | Export-Csv", "missing mandatory parameters: Path"),
        ("'a' | select -Bogus", "matches parameter name 'Bogus'"),
    ] {
        let came = run(text);
        assert!(
            came.console.err.contains(words),
            "{text}: {}",
            came.console.err
        );
        assert!(came.ended.failed.is_some(), "{text}");
    }
}
