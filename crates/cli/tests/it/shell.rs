//! The management shell against a real server: commands as they are printed, run
//! by the people they are for.

use super::site::{APPROVERS, Done, Site, upn};

/// The commands of an overview of this feature, in its order and its layout.
const PRINTED: &str = include_str!("../../../shell/tests/it/fixtures/printed.ps1");

/// The id that stands in the printed examples.
const PRINTED_ID: &str = "a4bc1bdf-00a1-42b4-be65-b6c63d6be279";

const MANAGERS: &str = "mbmanagers@fabrikamorg.onmicrosoft.com";

/// What stands for a value, and a value.
const PLACEHOLDERS: [(&str, &str); 11] = [
    ("<default approver group>", APPROVERS),
    ("<systemAccountUPN1>", "sys1@fabrikamorg.onmicrosoft.com"),
    ("<systemAccountUPN2>", "sys2@fabrikamorg.onmicrosoft.com"),
    ("<exchange management cmdlet name>", "Get-Mailbox"),
    ("<Manual, Auto>", "Manual"),
    ("<default/custom approver group>", MANAGERS),
    ("<appropriate reason>", "To see whose mailbox it is"),
    ("<duration in hours>", "2"),
    ("<approval comment>", "Agreed"),
    ("<denial comment>", "Not now"),
    (
        "'Attempting to fix the user mailbox error'",
        "'Attempting to fix the user mailbox error'",
    ),
];

/// A workload `Exchange` of programs of this host.
const TASKS: &str = r#"
[[task]]
name = "Exchange\\New-MoveRequest"
title = "Move a mailbox"
program = "/bin/echo"
args = ["moving", "{Identity}", "{TargetDatabase}"]
[task.parameters.Identity]
type = "string"
required = true
[task.parameters.TargetDatabase]
type = "string"
required = true

[[task]]
name = "Exchange\\Get-Mailbox"
title = "Show mailboxes"
program = "/bin/sh"
args = ["-c", "echo '[{{\"Alias\": \"alice\", \"Size\": 4}}, {{\"Alias\": \"bob\", \"Size\": 12}}]'"]

[[task]]
name = "Exchange\\Get-Long"
program = "/bin/echo"
args = ["[{{\"a\": 1}}, {{\"a\": 2}}, {{\"a\": 3}}, {{\"a\": 4}}, {{\"a\": 5}}, {{\"a\": 6}}, {{\"a\": 7}}, {{\"a\": 8}}, {{\"a\": 9}}]"]
output_cap = 40
"#;

/// A site whose workload Exchange is this host.
fn site() -> Site {
    let site = Site::open();
    site.admin(&["workload", "set", "Exchange", "--connector", "command"])
        .ok();
    let tasks = site.path("exchange.toml");
    std::fs::write(&tasks, TASKS).unwrap();
    site.admin(&["task", "set", "-f", tasks.to_str().unwrap()])
        .ok();
    site
}

pub(super) trait Types {
    fn types(&self, who: &str, text: &str) -> Done;
    /// Raises a request as alice; answers its id.
    fn raises(&self, text: &str) -> String;
}

impl Types for Site {
    fn types(&self, who: &str, text: &str) -> Done {
        self.enter(who, &["shell"], text)
    }

    fn raises(&self, text: &str) -> String {
        let text = format!("$r = {text}\n$r.Identity");
        let done = self.types("alice", &text).ok();
        done.text().trim().to_owned()
    }
}

/// The printed commands, filled in, but for the ids.
fn printed() -> Vec<String> {
    let mut text = PRINTED.to_owned();
    for (placeholder, value) in PLACEHOLDERS {
        text = text.replace(placeholder, value);
    }
    text.split("\n\n").map(ToOwned::to_owned).collect()
}

/// The same command about a request.
fn about(command: &str, id: &str) -> String {
    command.replace("<request id>", id).replace(PRINTED_ID, id)
}

/// Whatever Exchange is: the commands in the order in which they are printed.
/// `moved` looks whether these mailboxes were moved, in this order, and no others.
pub(super) fn printed_story(site: &Site, moved: &dyn Fn(&Done, &[&str])) {
    let commands = printed();
    let [
        enable,
        enable_example,
        policy,
        policy_example,
        request,
        request_example,
        approve,
        approve_example,
        deny,
        deny_example,
        disable,
        get,
        approve_data,
        approve_data_example,
    ] = commands.as_slice()
    else {
        panic!("{commands:#?}");
    };
    let group = format!(
        "New-ElevatedAccessGroup {MANAGERS} -Members {}, {}",
        upn("bob"),
        upn("carol")
    );
    site.types("admin", &group).said(0, MANAGERS);

    site.types("admin", enable)
        .said(0, &format!("{APPROVERS} decides"));
    let faulty = site
        .types("admin", enable_example)
        .said(2, "The string is missing the terminator");
    let repaired = faulty.stderr.lines().last().unwrap();
    let broken = enable_example.lines().last().unwrap();
    site.types("admin", &enable_example.replace(broken, repaired))
        .said(0, "sys2@fabrikamorg.onmicrosoft.com runs all tasks");

    site.types("admin", policy).said(0, "Get-Mailbox");
    site.types("admin", policy_example)
        .said(0, "New-MoveRequest");
    site.types("admin", policy_example)
        .said(2, "There is a policy");

    // Nobody may run it yet, and the line that asks for it is shown.
    let run = |who: &str| format!("New-MoveRequest -Identity {who} -TargetDatabase DB01");
    let refused = site.types("alice", &run("alice")).said(
        3,
        "Insufficient permissions. Please raise an elevated access request for this task.\n    \
         + CategoryInfo          : NotSpecified: (:) [], LocalizedException\n    \
         + FullyQualifiedErrorId : [Server=127.0.0.1,RequestId=",
    );
    moved(&refused, &[]);
    let next = refused.stderr.lines().last().unwrap().trim();
    assert_eq!(
        next,
        r"New-ElevatedAccessRequest -Task Exchange\New-MoveRequest -Reason 'why' -Parameters @{Identity='alice'; TargetDatabase='DB01'}"
    );

    let seen = site.raises(request);
    let move_id = site.raises(request_example);
    site.types("alice", &about(approve, &seen)).said(3, "");
    site.types("bob", &about(approve, &seen)).ok();
    site.types("bob", &about(approve_example, &move_id)).ok();
    // As often as needed, and by nobody else.
    moved(&site.types("alice", &run("alice")).ok(), &["alice"]);
    moved(&site.types("alice", &run("bob")).ok(), &["alice", "bob"]);
    let other = site.types("carol", &run("carol")).said(3, "Insufficient");
    moved(&other, &["alice", "bob"]);
    let shown = "Get-Mailbox | ?{$_.Alias -like 'b*'} | select -ExpandProperty Alias";
    assert_eq!(site.types("alice", shown).ok().text(), "bob\n");

    for (command, words) in [(deny, "Denied"), (deny_example, "Denied")] {
        let id = site.raises(&format!("{next} -TicketNumber 4711"));
        site.types("bob", &about(command, &id)).ok();
        let shown = format!("Get-ElevatedAccessRequest {id} | fl RequestStatus, EndedComment");
        let shown = site.types("alice", &shown).said(0, words);
        assert!(shown.text().contains("Not now"), "{shown:?}");
    }

    // Nothing of it is lost while it is disabled.
    let kept = "Get-ElevatedAccessApprovalPolicy | ConvertTo-Json\nGet-ElevatedAccessGroup | ConvertTo-Json";
    let before = site.types("admin", kept).ok().text();
    assert!(before.contains(MANAGERS) && before.contains("New-MoveRequest"));
    site.types("admin", disable)
        .said(0, "no task is opened by it");
    let refused = site.types("alice", &run("carol")).said(3, "");
    moved(&refused, &["alice", "bob"]);
    site.types("alice", request_example).said(
        3,
        "an administrator enables it: Enable-ElevatedAccessControl",
    );
    assert_eq!(site.types("admin", kept).ok().text(), before);
    site.types("admin", enable).ok();
    assert_eq!(site.types("admin", kept).ok().text(), before);
    let again = site.types("alice", &run("carol")).ok();
    moved(&again, &["alice", "bob", "carol"]);

    let shown = site.types("alice", &about(get, &move_id)).ok();
    assert_eq!(
        shown.text(),
        format!(
            "\nRequestorUPN    : {}\nService         : Exchange\nRequestedAccess : Exchange\\New-MoveRequest\n\n",
            upn("alice")
        )
    );
    for command in [approve_data, approve_data_example] {
        let id = site.raises(next);
        site.types("carol", &about(command, &id)).ok();
        let revoke =
            format!("Revoke-ElevatedAccessAuthorization -RequestId {id} -Comment 'No longer'");
        site.types("carol", &revoke).ok();
        let shown = format!(
            "Get-ElevatedAccessAuthorization {id} | fl Revoked, RevokedBy, RevocationComment"
        );
        let shown = site.types("alice", &shown).ok();
        assert_eq!(
            shown.text(),
            format!(
                "\nRevoked           : True\nRevokedBy         : {}\nRevocationComment : No longer\n\n",
                upn("carol")
            )
        );
    }
}

#[test]
fn printed_commands_do_what_they_say() {
    let site = site();
    printed_story(&site, &|done, mailboxes| {
        let said = match mailboxes.last() {
            Some(who) if done.code == 0 => format!("moving {who} DB01\n"),
            Some(_) | None => String::new(),
        };
        assert_eq!(done.text(), said);
    });
    let sizes = "Get-Mailbox | ?{$_.Size -gt 4} | select -ExpandProperty Alias";
    assert_eq!(site.types("alice", sizes).ok().text(), "bob\n");
}

#[test]
fn requests_are_seen_by_whom_they_concern() {
    let site = site();
    site.types("admin", "New-ElevatedAccessApprovalPolicy Host\\Say Manual")
        .said(0, "ApprovalType    : Manual");
    let id = site.raises(
        "New-ElevatedAccessRequest Host\\Say -Reason 'x' -Parameters @{word='a'} -Duration 30m",
    );
    let pending = "Get-ElevatedAccessRequest | where {$_.RequestStatus -eq 'Pending'} | select -ExpandProperty Identity";
    for who in ["alice", "bob", "carol"] {
        assert_eq!(site.types(who, pending).ok().text().trim(), id, "{who}");
    }
    site.types("bob", "Get-ElevatedAccessRequest | ?{$_.RequestStatus -eq 'Pending'} | Approve-ElevatedAccessRequest -Comment ok").ok();
    assert_eq!(site.types("alice", pending).ok().text(), "");
    site.types("alice", "Host\\Say -Word a").said(0, "a");
    site.types("alice", "Host\\Say -w b")
        .said(3, "Insufficient permissions");
    site.types("alice", "Host\\Say").said(3, "");
    site.types("alice", "Host\\Say -Bogus a")
        .said(2, "matches parameter name 'Bogus'");
    site.types("alice", "Get-Bogus")
        .said(2, "is not recognized as the name of a cmdlet");
    let live = site.types(
        "alice",
        "Get-ElevatedAccessRequest -RequestStatus Approved | select -ExpandProperty DurationHours",
    );
    assert_eq!(live.ok().text(), "0.5\n");
}

#[test]
fn auto_says_who_may_ask() {
    let site = site();
    let policy = format!(
        "New-ElevatedAccessApprovalPolicy -Task Host\\Say -ApprovalType Auto -ApproverGroup {APPROVERS}"
    );
    let made = site.types("admin", &policy).said(0, "Auto asks nobody");
    let words = format!("Requesters      : {APPROVERS}");
    assert!(made.text().contains(&words), "{made:?}");
    site.types("alice", "New-ElevatedAccessRequest Host\\Say -Reason x")
        .said(3, "");
    let ask = "New-ElevatedAccessRequest Host\\Say -Reason x -Wait | select -ExpandProperty RequestStatus";
    assert_eq!(site.types("bob", ask).ok().text(), "Approved\n");
    let id = site
        .types(
            "admin",
            "(Get-ElevatedAccessApprovalPolicy Host\\Say).Identity",
        )
        .ok()
        .text();
    let set = format!(
        "Set-ElevatedAccessApprovalPolicy -Identity {} -MaxDuration 2h",
        &id[..13]
    );
    site.types("admin", &set).said(0, "MaxDuration     : 2h");
    site.types(
        "admin",
        &format!("Remove-ElevatedAccessApprovalPolicy {}", id.trim()),
    )
    .ok();
    assert_eq!(
        site.types("admin", "Get-ElevatedAccessApprovalPolicy")
            .ok()
            .text(),
        ""
    );
    let group = format!(
        "Set-ElevatedAccessGroup {APPROVERS} -Add {} -Remove {}",
        upn("alice"),
        upn("bob")
    );
    site.types("admin", &group).said(0, "alice");
    site.types("admin", &group).said(2, "is not in");
    site.types(
        "admin",
        &format!("Remove-ElevatedAccessGroup {APPROVERS} -WhatIf"),
    )
    .said(0, "What if");
    site.types(
        "admin",
        "Get-ElevatedAccessGroup | select -ExpandProperty Identity",
    )
    .said(0, APPROVERS);
}

/// Output that was cut is an error, and no part of it goes on.
#[test]
fn cut_output_goes_nowhere() {
    let site = site();
    site.types(
        "admin",
        "New-ElevatedAccessApprovalPolicy Exchange\\Get-Long Manual",
    )
    .ok();
    let id = site.raises("New-ElevatedAccessRequest Exchange\\Get-Long -Reason x");
    site.types("bob", &format!("Approve-ElevatedAccessRequest {id} ok"))
        .ok();
    let cut = site
        .types("alice", "Get-Long | measure")
        .said(1, "nothing of it goes down the pipeline");
    assert_eq!(cut.text(), "");
}

/// One fault anywhere, and nothing at all is run.
#[test]
fn a_script_with_a_fault_is_not_begun() {
    let site = site();
    let group = "New-ElevatedAccessGroup x@example.com";
    for fault in ["'x", "$(x)", "x > y", "-Comment 'x'", "& x"] {
        site.types("admin", &format!("{group}\n\n{fault}"))
            .said(2, "Nothing was run.");
    }
    site.types("admin", "Get-ElevatedAccessGroup x@example.com")
        .said(3, "");
    let file = site.path("commands.ps1");
    std::fs::write(
        &file,
        format!("{group}\r\nGet-ElevatedAccessGroup | Export-Csv groups.csv\r\n"),
    )
    .unwrap();
    site.admin(&["shell", file.to_str().unwrap()])
        .said(0, "x@example.com");
    let written = std::fs::read_to_string(site.path("groups.csv")).unwrap();
    assert!(
        written.starts_with("\"Identity\",\"DisplayName\",\"Members\"\r\n"),
        "{written}"
    );
    site.admin(&[
        "shell",
        "-c",
        "Get-ElevatedAccessGroup x@example.com | ConvertTo-Json -Compress",
    ])
    .said(
        0,
        "{\"Identity\":\"x@example.com\",\"DisplayName\":null,\"Members\":[]}",
    );
}

#[test]
fn the_log_is_searched() {
    let site = site();
    site.types("admin", "New-ElevatedAccessApprovalPolicy Host\\Say Manual")
        .ok();
    let id = site.raises("New-ElevatedAccessRequest Host\\Say -Reason 'a needle'");
    site.types("bob", &format!("Deny-ElevatedAccessRequest {id} no"))
        .ok();
    let count = |more: &str| {
        let text = format!(
            "Search-UnifiedAuditLog 2020-01-01 2100-01-01 {more} | measure | select -ExpandProperty Count"
        );
        site.types("admin", &text)
            .ok()
            .text()
            .trim()
            .parse::<usize>()
            .unwrap()
    };
    assert_eq!(count("-Operations New-ElevatedAccessRequest"), 1);
    assert_eq!(count("-Operations Deny-ElevatedAccessRequest"), 1);
    assert_eq!(count("-FreeText needle"), 1);
    assert_eq!(count(&format!("-UserIds {}", upn("bob"))), 2);
    assert_eq!(count("-ResultSize 2"), 2);
    let none = "Search-UnifiedAuditLog 2020-01-01 2020-02-01";
    assert_eq!(site.types("admin", none).ok().text(), "");
    site.types("alice", "Search-UnifiedAuditLog 2020-01-01 2100-01-01")
        .said(3, "");
}

/// The pages of a session are the whole, each record once, also while more is said.
#[test]
fn a_search_goes_on_where_it_stopped() {
    let site = site();
    let whole = "Search-UnifiedAuditLog 2020-01-01 2100-01-01 -UserIds node, admin@*";
    let all: Vec<String> = site
        .types("admin", &format!("{whole} -ResultSize 5000 | % Identity"))
        .ok()
        .text()
        .lines()
        .map(ToOwned::to_owned)
        .collect();
    assert!((5..100).contains(&all.len()), "{}", all.len());
    let page = format!(
        "{whole} -SessionId a -SessionCommand ReturnLargeSet -ResultSize 2 | % {{ $_ | select \
         Identity, ResultIndex, ResultCount | ConvertTo-Json -Compress }}\n\
         New-ElevatedAccessGroup extraN@example.com | Out-Null\n"
    );
    let pages = (0..all.len() / 2 + 2).map(|n| page.replace("extraN", &format!("extra{n}")));
    let text = site.types("admin", &pages.collect::<String>()).ok().text();
    let found: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: Vec<_> = found
        .iter()
        .map(|r| r["Identity"].as_str().unwrap())
        .collect();
    assert_eq!(ids, all);
    for (at, record) in found.iter().enumerate() {
        assert_eq!(record["ResultIndex"], at + 1);
        assert_eq!(record["ResultCount"], all.len());
    }
    // A session is of one search, and of one who is signed in.
    let other = "-SessionId a\nSearch-UnifiedAuditLog 2020-01-01 2100-01-01 -SessionId a";
    site.types("admin", &format!("{whole} {other}"))
        .said(2, "belongs to another search");
    let again = format!(
        "{whole} -SessionId a -ResultSize 1 | % Identity\nConnect-ExchangeOnline {} \
         -ShowBanner:$false\n{whole} -SessionId a -ResultSize 1 | % Identity",
        upn("admin")
    );
    let twice = site.types("admin", &again).ok().text();
    let twice: Vec<_> = twice.lines().collect();
    assert_eq!(twice.len(), 2);
    assert_eq!(twice[0], twice[1]);
    for (most, code) in [("0", 2), ("5001", 2), ("5000", 0)] {
        let typed = format!("{whole} -ResultSize {most} | Out-Null");
        site.types("admin", &typed).said(code, "");
    }
}

/// Nothing is done as somebody else.
#[test]
fn who_cannot_sign_in_is_nobody() {
    let site = site();
    for who in ["zoe@example.com", "no address"] {
        let text =
            format!("Connect-ExchangeOnline '{who}'\nNew-ElevatedAccessGroup lost@example.com");
        site.types("admin", &text)
            .said(2, "nothing is done as somebody else");
    }
    // Another person is not sent to where somebody else was.
    let text = format!(
        "Connect-ExchangeOnline {} -ConnectionUri http://127.0.0.1:1\n\
         New-ElevatedAccessGroup lost@example.com\nConnect-ExchangeOnline {}\n\
         (Get-ElevatedAccessGroup).Identity",
        upn("alice"),
        upn("admin")
    );
    let done = site.types("admin", &text).said(2, "Signed in as admin@");
    assert!(!done.text().contains("lost@"), "{done:?}");
}

#[test]
fn signing_in_is_going_on_as_somebody() {
    let site = site();
    let connect = format!(
        "Connect-ExchangeOnline -UserPrincipalName {}\n(Get-ElevatedAccessRequest).Count",
        upn("bob")
    );
    site.types("alice", &connect)
        .said(0, &format!("Signed in as {}", upn("bob")));
    site.types("alice", "Connect-EXOPSSession -ShowBanner:$false")
        .said(0, "");
    site.types("alice", "Connect-ExchangeOnline dave@example.com")
        .said(2, "writ login URL --as dave@example.com");
    site.stranger(&["shell", "-c", "Get-ElevatedAccessRequest"])
        .said(2, "writ login");
    site.writ("alice", &["shell", "-o", "json", "-c", "Get-Command"])
        .said(2, "ConvertTo-Json");
}
