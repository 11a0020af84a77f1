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

#[test]
fn a_task_is_typed_as_it_is() {
    let (site, emulated) = with_exchange();
    let policy = r"New-ElevatedAccessApprovalPolicy Exchange\New-MoveRequest Manual -Parameters @{identity='alice', 'bob'}";
    site.types("admin", policy).said(0, "Identity");
    let typed = "new-moverequest –Identity “alice” -targetDatabase:DB01 -bad 10";
    let refused = site.types("alice", typed).said(3, "Insufficient");
    assert!(emulated.calls_of(MOVE).is_empty());
    // The line that is shown asks for exactly this, under the task's own name.
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
