//! Exchange, from the workload to the audit: the real binary and its emulator.

use serde_json::Value;

use super::emulated::with_exchange;

const MOVE: &str = r"Exchange\New-MoveRequest";

#[test]
fn a_cmdlet_is_asked_for_approved_run_and_proved() {
    let (site, _emulated) = with_exchange();
    site.admin(&["workload", "show", "Exchange"])
        .said(0, "need not be set one by one");
    let ask = ["request", MOVE, "--reason", "Move alice"];
    site.writ("alice", &ask).said(3, "No approval policy");
    // Nobody said what harm it can do, so this is not enough.
    site.admin(&["enable", "--unlisted", "ask"]).ok();
    site.writ("alice", &ask).said(3, "No approval policy");
    for task in [MOVE, r"Exchange\Get-*"] {
        site.admin(&["policy", "set", task, "--approval", "manual"])
            .ok();
    }
    let run = [
        "run",
        MOVE,
        "--param",
        "Identity=alice",
        "--param",
        "BatchName=one; $(x)",
    ];
    site.writ("alice", &run)
        .said(3, "raise an elevated access request");
    let only = ["--param", "Identity=alice"];
    let id = site.ask(MOVE, &only);
    site.writ("bob", &["approve", &id]).ok();
    let output = site.writ("alice", &run).ok().text();
    let row: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(
        (&row["Status"], &row["BatchName"]),
        (&"Queued".into(), &"one; $(x)".into())
    );
    // The same again is refused by Exchange, in its words.
    site.writ("alice", &run).said(7, "is there already");
    let other = ["run", MOVE, "--param", "Identity=bob"];
    site.writ("alice", &other).said(3, "");

    site.grant(r"Exchange\Get-MoveRequest");
    let shown = site
        .writ("alice", &["run", r"Exchange\Get-MoveRequest"])
        .ok();
    assert_eq!(shown.text().lines().count(), 1);
    // What nobody has is said.
    site.grant(r"Exchange\Get-Nothing");
    site.writ("alice", &["run", r"Exchange\Get-Nothing"])
        .said(7, "knows no cmdlet `Get-Nothing`");

    let runs = site
        .admin(&["executions", "--all", "-o", "json"])
        .ok()
        .json();
    let runs = runs["items"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| runs.as_array().unwrap().clone());
    let first = runs
        .iter()
        .find(|run| run["task"] == MOVE && run["status"] == "succeeded")
        .unwrap_or_else(|| panic!("{runs:?}"));
    let proof = site
        .writ("alice", &["prove", first["id"].as_str().unwrap()])
        .ok();
    let file = site.path("run.writ");
    std::fs::write(&file, &proof.stdout).unwrap();
    let status = site.admin(&["status", "-o", "json"]).ok().json();
    let organization = status["organization_id"].as_str().unwrap();
    site.stranger(&[
        "verify",
        file.to_str().unwrap(),
        "--organization",
        organization,
    ])
    .said(0, "New-MoveRequest");
    site.admin(&["log", "verify"]).ok();
    let log = site.admin(&["log", "show", "-o", "json"]).ok().text();
    assert!(!log.contains("emulated-client-secret"));
}

#[test]
fn values_have_the_types_that_hints_say() {
    let (site, _emulated) = with_exchange();
    site.admin(&["policy", "set", r"Exchange\*", "--approval", "manual"])
        .ok();
    let task = r"Exchange\Add-MailboxPermission";
    site.writ("alice", &["task", "show", task])
        .said(0, "AccessRights");
    let rights = ["--param", "AccessRights=subset_of:FullAccess"];
    let id = site.ask(task, &rights);
    site.writ("bob", &["approve", &id]).ok();
    let run = |rights: &str| {
        let with = ["Identity=sales", "User=bob", rights].map(|param| ["--param", param]);
        site.writ("alice", &[&["run", task][..], &with.concat()].concat())
    };
    run("AccessRights=FullAccess,ReadPermission").said(3, "");
    run("AccessRights=FullAccess").said(0, "FullAccess");
    // A type that no hint says is said with the value.
    let set = r"Exchange\Set-Mailbox";
    site.grant(set);
    let changes = r#"GrantSendOnBehalfTo:={"Add":["carol"]}"#;
    let with = ["Identity=alice", changes, "LitigationHoldEnabled=true"];
    let with = with.map(|param| ["--param", param]).concat();
    site.writ("alice", &[&["run", set][..], &with].concat())
        .ok();
    site.grant(r"Exchange\Get-Mailbox");
    let get = ["run", r"Exchange\Get-Mailbox", "--param", "Identity=alice"];
    let shown = site.writ("alice", &get).ok().json();
    assert_eq!(shown["GrantSendOnBehalfTo"][0], "carol");
    assert_eq!(shown["LitigationHoldEnabled"], true);
}

#[test]
fn a_workload_that_cannot_be_right_is_not_set() {
    let (site, emulated) = with_exchange();
    let set = ["workload", "set", "Exchange", "--connector", "exchange"];
    for (more, words) in [
        (&["--cloud", "mars"][..], "worldwide, gcc-high"),
        (&["--tenant", "a/b"], "`tenant`"),
        (&["--client-id", "me"], "`client_id`"),
        (&["--emulator", "http://10.0.0.1:80"], "on this machine"),
        (
            &["--origin", "https://elsewhere.example"],
            "its origin must be",
        ),
        (&["--setting", "shell=x"], "`shell` means nothing"),
        (
            &["--cloud", "dod", "--emulator", "http://127.0.0.1:1"],
            "cannot be used with",
        ),
    ] {
        site.admin(&[&set[..], more].concat()).said(2, words);
    }
    site.admin(&[
        "workload",
        "set",
        "Host",
        "--connector",
        "command",
        "--tenant",
        "x",
    ])
    .said(2, "--connector exchange");
    // Another cloud gets no secret of this one.
    site.admin(&["secret", "list", "Exchange"])
        .said(0, "client-secret");
    site.admin(&[&set[..], &["--cloud", "gcc-high"]].concat())
        .said(0, "writ secret set Exchange client-secret");
    site.admin(&["secret", "list", "Exchange"])
        .said(0, "has no secrets");
    site.admin(&[&set[..], &["--emulator", emulated.told("url")]].concat())
        .ok();
    site.admin(&["policy", "set", r"Exchange\*", "--approval", "manual"])
        .ok();
    site.grant(r"Exchange\Get-Mailbox");
    site.writ("alice", &["run", r"Exchange\Get-Mailbox"])
        .said(7, "writ secret set");
    // Without open tasks nothing is there; off loopback nothing is emulated.
    site.writ("alice", &["emulator", "exchange", "--listen", "0.0.0.0:0"])
        .said(2, "loopback");
}
