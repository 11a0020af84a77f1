//! At the prompt.

use writ_shell::{Known, complete, goes_on, is_sensitive};

#[test]
fn a_command_goes_on_while_it_is_not_whole() {
    for text in [
        "New-ElevatedAccessRequest",
        "New-ElevatedAccessRequest ",
        "New-ElevatedAccessRequest \n    -Task 'a'",
        "New-ElevatedAccessRequest \n    -Task 'a' \n    -Reason 'b' ",
        "Approve-ElevatedAccessRequest \n    -RequestId 1234",
        "Enable-ElevatedAccessControl",
        "Get-ElevatedAccessRequest |",
        "Get-ElevatedAccessRequest | ?{",
        "X a,",
        "X `",
        "Get-ElevatedAccessRequest | Approve-ElevatedAccessRequest",
    ] {
        assert!(goes_on(text), "{text}");
    }
    for text in [
        "",
        "New-ElevatedAccessRequest\n",
        "New-ElevatedAccessRequest \n    -Task 'a' \n    -Reason 'b' \n    -DurationHours 4",
        "Approve-ElevatedAccessRequest 1234 ok",
        "Approve-ElevatedAccessRequest 1234 -Comment ok",
        "Get-ElevatedAccessRequest | Approve-ElevatedAccessRequest -Comment ok",
        "Get-ElevatedAccessRequest",
        "Disable-ElevatedAccessControl",
        "New-ElevatedAccessRequest -Bogus 1",
        "X 'a",
        "X | ?{\n",
        "# nothing",
    ] {
        assert!(!goes_on(text), "{text}");
    }
}

#[test]
fn what_may_stand_at_the_cursor_is_known() {
    let known = Known {
        requests: vec!["a4bc1bdf-00a1-42b4-be65-b6c63d6be279".into()],
        tasks: vec![
            "Exchange\\New-MoveRequest".into(),
            "Host\\Restart-Service".into(),
        ],
        groups: vec!["approvers@example.com".into()],
        people: vec!["alice@example.com".into(), "bob@example.com".into()],
        variables: vec!["x".into()],
        parameters: [(
            "Exchange\\New-MoveRequest".into(),
            vec!["Identity".into(), "TargetDatabase".into()],
        )]
        .into(),
        properties: [("get-mailbox".into(), vec!["DisplayName".into()])].into(),
    };
    for (text, at, wanted) in [
        ("approve-e", 0, "Approve-ElevatedAccessRequest"),
        ("Get-X | sel", 8, "Select-Object"),
        ("New-M", 0, "New-MoveRequest"),
        ("host\\", 0, "Host\\Restart-Service"),
        ("Approve-ElevatedAccessRequest -r", 30, "-RequestId"),
        (
            "Approve-ElevatedAccessRequest -RequestId a4",
            41,
            "a4bc1bdf-00a1-42b4-be65-b6c63d6be279",
        ),
        (
            "Approve-ElevatedAccessRequest -RequestId 1\n -Com",
            44,
            "-Comment",
        ),
        (
            "New-ElevatedAccessRequest -Task ho",
            32,
            "Host\\Restart-Service",
        ),
        (
            "New-ElevatedAccessApprovalPolicy -ApprovalType ",
            47,
            "Auto Manual",
        ),
        ("Set-ElevatedAccessGroup app", 24, "approvers@example.com"),
        ("Get-Help Deny", 9, "Deny-ElevatedAccessRequest"),
        ("Approve-ElevatedAccessRequest $", 30, "$? $LASTEXITCODE $x"),
        ("new-moverequest -t", 16, "-TargetDatabase"),
        ("Exchange\\New-MoveRequest -I", 25, "-Identity"),
        ("New-MoveRequest -Identity al", 26, "alice@example.com"),
        (
            "Enable-ElevatedAccessControl -SystemAccounts alice@example.com, b",
            64,
            "bob@example.com",
        ),
        ("Get-ElevatedAccessRequest -ResultSize U", 38, "Unlimited"),
        (
            "Get-ElevatedAccessRequest | select Identity, Reas",
            45,
            "Reason",
        ),
        (
            "Get-ElevatedAccessRequest | ? {$_.RequestSt",
            31,
            "$_.RequestStatus",
        ),
        (
            "Get-ElevatedAccessRequest | ? RequestSt",
            30,
            "RequestStatus",
        ),
        ("$a = (Get-ElevatedAccessGroup | sort Mem", 37, "Members"),
        ("Get-Mailbox 'a; b' | ft Dis", 24, "DisplayName"),
        ("Get-X | ft Dis", 11, ""),
        ("New-X @", 6, "@x"),
        ("Write-Host $LAST", 11, "$LASTEXITCODE"),
        ("Get-X -A 'b | ", 14, "alice@example.com bob@example.com"),
        ("Bogus -", 6, ""),
    ] {
        let (start, found) = complete(text, &known);
        assert_eq!((start, found.join(" ").as_str()), (at, wanted), "{text}");
    }
}

#[test]
fn lines_that_may_hold_a_secret_are_not_kept() {
    for text in [
        "$p = ConvertTo-SecureString 'x' -AsPlainText -Force",
        "Set-X -Password hunter2",
        "New-X -Credential $c",
        "set-x -app_secret y",
    ] {
        assert!(is_sensitive(text), "{text}");
    }
    for text in [
        "Get-ElevatedAccessRequest",
        "New-MoveRequest -Identity alice",
    ] {
        assert!(!is_sensitive(text), "{text}");
    }
}
