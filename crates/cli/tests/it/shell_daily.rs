//! The management shell and the command line, day by day, against a real server.

use std::os::unix::fs::PermissionsExt;

use super::shell::Types;
use super::site::{APPROVERS, Site, upn};

const SAY: &str = r"Host\Say";

/// Alice may run it for some hours.
fn with_grant() -> Site {
    let site = Site::open();
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    site.grant(SAY);
    site
}

/// The list that is given is the list.
#[test]
fn system_accounts_are_those_that_are_named() {
    let site = Site::open();
    let (one, two, three) = (upn("one"), upn("two"), upn("three"));
    let exempt = || {
        let shown = site.types(
            "admin",
            "(Get-ElevatedAccessControl).SystemAccounts.UserPrincipalName",
        );
        let mut lines: Vec<_> = shown.ok().text().lines().map(ToOwned::to_owned).collect();
        lines.retain(|line| line.contains('@'));
        lines
    };
    let enable = |more: &str| {
        let text = format!("Enable-ElevatedAccessControl -AdminGroup {APPROVERS} {more}");
        site.types("admin", &text).ok()
    };
    enable(&format!("-SystemAccounts {one}, {two}"));
    assert_eq!(exempt(), [one.clone(), two.clone()]);
    // Without the list it stays, and naming one again does not widen what it may do.
    site.admin(&["system-account", "set", &one, "--task", SAY])
        .ok();
    enable("");
    assert_eq!(exempt(), [one.clone(), two.clone()]);
    enable(&format!("-SystemAccounts {one}, {three}")).said(0, "two@");
    assert_eq!(exempt(), [one.clone(), three.clone()]);
    site.admin(&["system-account", "list"]).said(0, SAY);
    site.admin(&["enable", "--system-account", &two])
        .said(0, "no longer");
    assert_eq!(exempt(), [two]);
    enable("-SystemAccounts @()");
    assert!(exempt().is_empty());
}

/// One spelling, whoever types it.
#[test]
fn tasks_are_asked_for_and_run_as_they_are_spelled() {
    let site = Site::open();
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    let asked = ["request", r"host\SAY", "--reason", "case", "-o", "json"];
    let request = site.writ("alice", &asked).ok().json();
    assert_eq!(request["task"], SAY);
    let id = request["id"].as_str().unwrap();
    site.writ("bob", &["approve", id]).ok();
    let ran = ["run", r"HOST\say", "--param", "word=hello"];
    assert_eq!(site.writ("alice", &ran).ok().stdout, b"hello\n");
    let runs = site
        .writ("alice", &["executions", "-o", "json"])
        .ok()
        .json();
    assert_eq!(runs["items"][0]["task"], SAY);
    // What there is not stays as it was typed, and the rules say so.
    site.writ("alice", &["run", r"Host\Nothing"])
        .said(3, r"Host\Nothing");
}

/// What is impossible is said to be, and nothing is said or run for it.
#[test]
fn what_if_asks_the_rules() {
    let site = Site::open();
    let size = || site.admin(&["status", "-o", "json"]).ok().json()["log_size"].clone();
    let before = size();
    let run = r"Host\Say -word hello -WhatIf";
    site.types("alice", run).said(3, "No approval policy");
    site.types(
        "alice",
        "Approve-ElevatedAccessRequest abcdef -Comment x -WhatIf",
    )
    .said(3, "there is no request");
    let policy = r"New-ElevatedAccessApprovalPolicy Host\Say Manual";
    site.types("alice", &format!("{policy} -WhatIf"))
        .said(3, "only administrators");
    site.types("admin", &format!("{policy} -WhatIf"))
        .said(0, "What if: ");
    assert_eq!(size(), before);
    site.types("admin", policy).ok();
    site.types("alice", run).said(3, "Insufficient permissions");
    site.types("alice", r"Host\Say -WhatIf").said(3, "word");
    let ask = r"New-ElevatedAccessRequest Host\Say -Reason why";
    site.types("alice", &format!("{ask} -WhatIf"))
        .said(0, "What if: ");
    let id = site.ask(SAY, &[]);
    site.types("alice", &format!("{ask} -WhatIf"))
        .said(3, "already");
    site.types(
        "alice",
        &format!("Approve-ElevatedAccessRequest {id} -Comment x -WhatIf"),
    )
    .said(3, "somebody else");
    site.types(
        "bob",
        &format!("Approve-ElevatedAccessRequest {id} -Comment x -WhatIf"),
    )
    .said(0, "What if: ");
    site.writ("bob", &["approve", &id]).ok();
    let before = size();
    let tried = site.types("alice", r"host\say -word hello -WhatIf").ok();
    assert_eq!(
        tried.text().trim(),
        r#"What if: Performing the operation "Host\Say" on target "-word hello"."#
    );
    assert_eq!(size(), before);
}

/// A file that cannot be written fails before the task, and one that is there stays
/// where the pipeline fails.
#[test]
fn files_are_tried_first() {
    let site = with_grant();
    let runs = || {
        let listed = site
            .writ("alice", &["executions", "-o", "json"])
            .ok()
            .json();
        listed["items"].as_array().unwrap().len()
    };
    let file = site.path("out.csv");
    let path = file.to_str().unwrap();
    for to in [
        "Export-Csv /nowhere/there/x.csv".to_owned(),
        format!("Out-File {}", site.path("").to_str().unwrap()),
    ] {
        site.types("alice", &format!(r"Host\Say -word hello | {to}"))
            .said(2, "irectory");
    }
    assert_eq!(runs(), 0);
    std::fs::write(&file, "\"Value\"\r\n\"before\"\r\n").unwrap();
    site.types("alice", &format!(r"Host\Say -wrong x | Export-Csv {path}"))
        .said(2, "wrong");
    assert!(std::fs::read_to_string(&file).unwrap().contains("before"));
    site.types(
        "alice",
        &format!(r"Host\Say -word hello | Export-Csv {path} -Append"),
    )
    .ok();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "\"Value\"\r\n\"before\"\r\n\"hello\"\r\n");
    // Nothing is left of one that was only tried.
    let other = site.path("other.csv");
    site.types(
        "alice",
        &format!(r"Host\Say -wrong x | Export-Csv {}", other.display()),
    )
    .said(2, "wrong");
    assert!(!other.exists());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
}

#[test]
fn a_script_says_how_it_ended() {
    let site = Site::open();
    site.types("alice", "exit 42").said(42, "");
    site.types("alice", r"Host\Say -word x; exit $LASTEXITCODE")
        .said(3, "No approval policy");
    site.types("alice", "Get-Bogus -Identity x; 'on'; exit 0")
        .said(0, "on");
}

#[test]
fn runs_are_looked_up() {
    let site = with_grant();
    site.types("alice", r"Host\Say -word hello").ok();
    let shown = site.types(
        "alice",
        "$r = Get-ElevatedAccessExecution; $r.ExecutionStatus; $r.Parameters; \
         Get-ElevatedAccessExecution $r.Identity -Output",
    );
    let text = shown.ok().text();
    assert!(
        text.starts_with("Succeeded\n") && text.ends_with("hello\n"),
        "{text}"
    );
    site.types("bob", "Get-ElevatedAccessExecution abcdef")
        .said(3, "there is no execution");
}

/// What the prompt completes is what objects have.
#[test]
fn properties_are_those_that_are_completed() {
    let site = with_grant();
    site.types("alice", r"Host\Say -word hello").ok();
    let known = writ_shell::Known::default();
    for command in [
        "Get-ElevatedAccessRequest",
        "Get-ElevatedAccessAuthorization",
        "Get-ElevatedAccessExecution",
        "Get-ElevatedAccessApprovalPolicy",
        "Get-ElevatedAccessGroup",
    ] {
        let text = format!("{command} | select -First 1 | gm -MemberType Property | % Name");
        let shown = site.types(
            "admin",
            &text
                .replace("Request |", "Request -All |")
                .replace("Execution |", "Execution -All |"),
        );
        let mut has: Vec<_> = shown.ok().text().lines().map(ToOwned::to_owned).collect();
        has.sort();
        let (_, completed) = writ_shell::complete(&format!("{command} | select "), &known);
        assert_eq!(has, completed, "{command}");
    }
}
