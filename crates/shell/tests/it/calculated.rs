//! Calculated properties, groups, and files to read.

use writ_shell::parse;

use super::stand_in::{Remembered, run, run_on, shown};

#[test]
fn properties_are_calculated() {
    let all = [
        "Get-ElevatedAccessRequest | select Identity, @{n='Who';e={$_.RequestorUPN}} -First 1",
        "Get-ElevatedAccessRequest x | select @{Name='Table'; Expression={$_.Context.DataTable}}",
        "Get-ElevatedAccessRequest x | select @{l='Table';exp='Service'}, @{e={ $_.Reason }}",
        "Get-ElevatedAccessRequest | ft @{n='Hours';e={$_.DurationHours}}, RequestStatus",
        "Get-ElevatedAccessRequest x | fl @{n='Hours';e={$_.DurationHours}}",
        "Get-ElevatedAccessRequest | sort @{e={$_.DurationHours}} | % Identity",
        "'b', 'aa' | select Length, @{n='Text';e={$_}}",
    ];
    let shown: Vec<_> = all
        .iter()
        .map(|text| format!("> {text}\n{}", shown(text)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

/// Braces hold the name of a member, and only where something is calculated.
#[test]
fn nothing_else_stands_in_braces() {
    for text in [
        "Get-X | select @{n='x';e={$_.A + 1}}",
        "Get-X | select @{n='x';e={Get-Y}}",
        "Get-X | select @{n='x';e={$y}}",
        "Get-X | select @{n='x';e={$_.A; $_.B}}",
        "Get-X | select @{n='x';e={'$_.A'}}",
        "Get-X | select @{n={$_.A};e='x'}",
        "Get-X | select {$_.A}",
        "Get-X | select (@{n='x';e={$_.A}})",
        "$x = @{n='x';e={$_.A}}",
        "New-ElevatedAccessRequest X Y -Parameters @{e={$_.A}}",
        "New-MoveRequest -Identity @{e={$_.A}}",
        "Get-X | measure @{e={$_.A}}",
    ] {
        let fault = parse(text).unwrap_err();
        assert!(
            fault.message.contains("script blocks"),
            "{text}: {}",
            fault.message
        );
    }
    assert!(
        parse("Get-X | select @{n='x';e={$_.A")
            .unwrap_err()
            .is_incomplete
    );
    for (text, words) in [
        ("'a' | select @{n='x'}", "needs an Expression"),
        ("'a' | select @{n='x';e='a';Width=4}", "and no 'width'"),
    ] {
        let came = run(text);
        assert!(came.console.err.contains(words), "{}", came.console.err);
    }
}

#[test]
fn objects_are_grouped() {
    let all = [
        "Get-ElevatedAccessRequest | group RequestStatus -NoElement",
        "Get-ElevatedAccessRequest | group RequestStatus -NoElement -CaseSensitive",
        "Get-ElevatedAccessRequest | group @{e={$_.Context.DataTable}}, Service | fl Count, Name",
        "'a', 'b', 'A' | group | ? Count -gt 1 | select -ExpandProperty Group",
        "@() | group x",
    ];
    let shown: Vec<_> = all
        .iter()
        .map(|text| format!("> {text}\n{}", shown(text)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_is_shown_goes_into_a_file() {
    let list = "Get-ElevatedAccessRequest x | fl Identity, RequestStatus";
    let came = run(&format!("{list} | Out-File x.txt"));
    assert_eq!(came.console.out, "");
    assert_eq!(came.console.files["x.txt"], shown(list));
    // A file is replaced, unless somebody says otherwise.
    let came = run("'a' | Out-File x\n'b' | Out-File x\n'c' | Out-File -Append -FilePath x");
    assert_eq!(came.console.files["x"], "b\nc\n");
    let came = run("'a' | Out-File x\n'b' | Out-File x -NoClobber");
    assert!(came.console.err.contains("such a file already"));
    assert_eq!(came.console.files["x"], "a\n");
    for quiet in [
        "'a' | Out-File x -WhatIf",
        "'a' | Out-Null",
        "'a' | fl | Out-Null",
    ] {
        let came = run(quiet);
        assert!(came.console.files.is_empty(), "{quiet}");
        assert_eq!(came.console.err, "", "{quiet}");
    }
    let came = run("'a' | Out-File x -Encoding ascii");
    assert!(came.console.err.contains("-Encoding is UTF8"));
    // Not even the name of a file obeys who wrote it.
    let hostile =
        "'{\"a\": \"x\\u001b[2J\"}' | ConvertFrom-Json | % { 'a' | Out-File $_.a -WhatIf }";
    assert!(!shown(hostile).contains('\u{1b}'));
}

#[test]
fn wide_letters_take_two_columns() {
    let rows = "'[{\"Name\": \"漢字\", \"Id\": 1}, {\"Name\": \"Zoë 😀\", \"Id\": 22}]' | ConvertFrom-Json";
    let narrow = |text: &str| {
        let console = Remembered {
            width: Some(12),
            ..Remembered::default()
        };
        format!("> {text}\n{}", run_on(text, console).console.out)
    };
    let shown = [
        format!("> {rows}\n{}", shown(rows)),
        narrow(&format!(
            "{rows} | select Id, @{{n='N';e={{$_.Name}}}} -Last 1 | fl"
        )),
        narrow("@{a='漢字漢字漢字漢字'} | ft -Wrap"),
        narrow("@{a='漢字漢字漢字漢字'} | ft"),
    ];
    insta::assert_snapshot!(shown.join("\n"));
    // What is marked is what is meant.
    let text = "Get-X '漢字' | select {$_}";
    let fault = parse(text).unwrap_err().shown(text);
    assert!(fault.contains("\n+                       ~"), "{fault}");
}

#[test]
fn very_many_members_are_read() {
    let members: Vec<_> = (0..60_000).map(|n| format!("\"a{n}\":{n}")).collect();
    let text = format!("'{{{}}}' | ConvertFrom-Json | % a59999", members.join(","));
    assert_eq!(shown(&text), "59999\n");
    assert_eq!(
        shown("'{\"a\":1,\"b\":2,\"A\":3}' | ConvertFrom-Json | ConvertTo-Csv"),
        "\"a\",\"b\"\n\"3\",\"2\"\n"
    );
}
