//! The management shell, on an emulated Exchange: what was printed happens there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::emulated::{Emulated, with_exchange};
use super::shell::{Types, printed_story};
use super::site::{Site, upn};

const MOVE: &str = "New-MoveRequest";

/// The mailboxes that were moved, as the emulator saw it.
fn moved(emulated: &Emulated) -> Vec<String> {
    let calls = emulated.calls_of(MOVE).into_iter();
    calls
        .filter(|call| call["done"] == true)
        .map(|call| call["parameters"]["Identity"].as_str().unwrap().to_owned())
        .collect()
}

/// How often the log says that something happened, by the names of cmdlets.
fn operations(site: &Site) -> BTreeMap<String, usize> {
    let search = "Search-UnifiedAuditLog 2020-01-01 2100-01-01 -ResultSize 5000 \
                  | select -ExpandProperty Operations";
    let mut counts = BTreeMap::new();
    for name in site.types("admin", search).ok().text().lines() {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn printed_commands_reach_exchange() {
    let (site, emulated) = with_exchange();
    printed_story(&site, &|done, mailboxes| {
        assert_eq!(moved(&emulated), mailboxes);
        if done.code == 0 {
            let text = done.text();
            assert!(text.contains("Queued") && text.contains("DB01"), "{text}");
        }
    });
    // Refusals never left the node; every call was one run's.
    let calls = emulated.calls_of(MOVE);
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!(call["parameters"]["TargetDatabase"], "DB01");
    }
    let runs: BTreeSet<_> = calls
        .iter()
        .map(|call| call["request_id"].as_str().unwrap())
        .collect();
    assert_eq!(runs.len(), 3);
    let said = site
        .admin(&["executions", "--all", "-o", "json"])
        .ok()
        .text();
    for run in runs {
        assert!(said.contains(&run.replace('-', "")), "{run}: {said}");
    }

    // The tenant is another one now.
    site.types(
        "admin",
        r"New-ElevatedAccessApprovalPolicy Exchange\Get-MoveRequest Manual",
    )
    .ok();
    site.grant(r"Exchange\Get-MoveRequest");
    let moves = "Get-MoveRequest | Sort-Object Identity | select Identity, Status, TargetDatabase | ConvertTo-Json";
    let row = |who: &str| json!({"Identity": who, "Status": "Queued", "TargetDatabase": "DB01"});
    assert_eq!(
        site.types("alice", moves).ok().json(),
        json!([row("alice"), row("bob"), row("carol")])
    );

    // And all of it is in the log: three runs and three that were refused, one
    // approval by whoever asked.
    let all = operations(&site);
    for (operation, count) in [
        ("Enable-ElevatedAccessControl", 4),
        ("Disable-ElevatedAccessControl", 1),
        ("New-MoveRequest", 6),
        ("Complete-Execution", 5),
        ("Approve-ElevatedAccessRequest", 6),
    ] {
        assert_eq!(all.get(operation), Some(&count), "{operation}: {all:#?}");
    }
    site.admin(&["log", "verify"]).ok();
}

/// What no connector can run is refused before anybody is asked.
#[test]
fn what_is_no_cmdlet_is_not_asked_for() {
    let (site, emulated) = with_exchange();
    site.admin(&["policy", "set", r"Exchange\*", "--approval", "manual"])
        .ok();
    let before = site.admin(&["log", "show", "-o", "json"]).ok().text();
    for name in ["Move", "New_MoveRequest", "New-Move-Request"] {
        let ask = format!(r"New-ElevatedAccessRequest 'Exchange\{name}' 'Trying it'");
        site.types("alice", &ask)
            .said(2, "is not the name of a cmdlet");
        let policy = format!(r"New-ElevatedAccessApprovalPolicy 'Exchange\{name}' Manual");
        site.types("admin", &policy)
            .said(2, "is not the name of a cmdlet");
    }
    let after = site.admin(&["log", "show", "-o", "json"]).ok().text();
    assert_eq!(before, after);
    // A task that somebody set has whatever name it has.
    let file = site.path("tasks.toml");
    let task = "[[task]]\nname = \"Exchange\\\\Move\"\ntemplate = { cmdlet = \"New-MoveRequest\" }\n\
                [task.parameters.Identity]\ntype = \"string\"\nrequired = true\n";
    std::fs::write(&file, task).unwrap();
    site.admin(&["task", "set", "-f", file.to_str().unwrap()])
        .ok();
    site.types(
        "alice",
        r"New-ElevatedAccessRequest exchange\move 'Trying it'",
    )
    .said(0, r"Exchange\Move");
    let listed = site.types("alice", "Get-Command -CommandType Task | % Name");
    assert!(listed.ok().text().contains("Move\n"));
    assert!(emulated.calls_of(MOVE).is_empty());
}

/// A value without a name goes where the task says on what it acts.
#[test]
fn a_first_value_needs_no_name() {
    let (site, emulated) = with_exchange();
    let policy = r"New-ElevatedAccessApprovalPolicy exchange\new-moverequest Manual";
    site.types("admin", policy)
        .said(0, r"Exchange\New-MoveRequest");
    let ask = r"New-ElevatedAccessRequest exchange\NEW-moverequest 'Trying it' | % Identity";
    let id = site.types("alice", ask).ok().text();
    let shown = format!(
        "Get-ElevatedAccessRequest {} | % RequestedAccess",
        id.trim()
    );
    site.types("alice", &shown)
        .said(0, r"Exchange\New-MoveRequest");
    site.types(
        "bob",
        &format!("Approve-ElevatedAccessRequest {} 'Go'", id.trim()),
    )
    .ok();
    site.types("alice", "new-moverequest alice -TargetDatabase DB01")
        .said(0, "Queued");
    assert_eq!(
        emulated.calls_of(MOVE)[0]["parameters"]["Identity"],
        "alice"
    );
    for (typed, words) in [
        (
            "New-MoveRequest alice DB01",
            "Write the name of its parameter",
        ),
        (
            "New-MoveRequest alice -Identity bob",
            "Write the name of its parameter",
        ),
        ("Get-Unheard alice", "Get-Unheard -NAME alice"),
        // Neither here nor on the way: a constraint on the whole name would not see it.
        (
            "New-MoveRequest -Ident alice",
            "Write the whole name, such as -Identity",
        ),
    ] {
        site.types("alice", typed).said(2, words);
    }
    assert_eq!(emulated.calls_of(MOVE).len(), 1);
    let short = ["run", r"Exchange\New-MoveRequest", "--param", "Ident=bob"];
    site.writ("alice", &short).said(7, "is a shortened name");
    assert_eq!(emulated.calls_of(MOVE).len(), 1);
    // No value looks like two.
    let sly = "New-ElevatedAccessRequest Exchange\\New-MoveRequest 'x' -Parameters \
               @{Identity='r1], [Recipient, bob@f'} | % { $_ | fl Context }";
    site.types("alice", sly)
        .said(0, r#"{[Identity, "r1], [Recipient, bob@f"]}"#);
}

#[test]
fn a_task_is_typed_as_it_is() {
    let (site, emulated) = with_exchange();
    let policy = r"New-ElevatedAccessApprovalPolicy Exchange\New-MoveRequest Manual -Parameters @{identity='alice', 'bob'}";
    site.types("admin", policy).said(0, "Identity");
    let typed = "new-moverequest –Identity “alice” -targetDatabase:DB01 -badItemLimit 10";
    let refused = site.types("alice", typed).said(3, "Insufficient");
    assert!(emulated.calls_of(MOVE).is_empty());
    // The line that is shown asks for exactly this, under the task's own name.
    assert!(
        refused.stderr.contains(r"-Task Exchange\New-MoveRequest "),
        "{refused:?}"
    );
    let next = refused.stderr.lines().last().unwrap().trim().to_owned();
    let id = site.raises(&next);
    let approve = format!("Approve-ElevatedAccessRequest {id} 'Go ahead'");
    site.types("bob", &approve).ok();
    site.types("alice", typed).said(0, "Queued");
    let calls = emulated.calls_of(MOVE);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["parameters"]["Identity"], "alice");
    // Again: Exchange says no, in its words, and the shell says which run that was.
    site.types("alice", typed).said(7, "is there already");
    site.types(
        "alice",
        "New-MoveRequest -Identity bob -TargetDatabase DB01",
    )
    .said(3, "Insufficient");
    site.types("alice", &format!("{typed} -WhatIf"))
        .said(0, "What if");
    assert_eq!(emulated.calls_of(MOVE).len(), 2);
    // Ends with the approval, whoever typed it.
    let revoke = format!("Revoke-ElevatedAccessAuthorization {id} 'Enough'");
    site.types("bob", &revoke).ok();
    site.types("alice", typed).said(3, "Insufficient");
    let runs = site.admin(&["executions", "--all"]).ok().text();
    assert!(runs.contains(&upn("alice")[..5]), "{runs}");
    assert_eq!(emulated.calls_of(MOVE).len(), 2);
}
