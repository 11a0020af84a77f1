//! System accounts, from the exemption to the run that says `exempt`.

use super::site::{APPROVERS, Site, upn};

const SAY: &str = r"Host\Say";
const RUN: [&str; 4] = ["run", SAY, "--param", "word=hello"];

#[test]
fn a_system_account_runs_without_asking_and_its_runs_say_so() {
    let site = Site::open();
    let robot = upn("robot");
    site.admin(&["enable", "--system-account", &robot])
        .said(0, "writ system-account invite");
    let invited = site
        .admin(&["system-account", "invite", &robot, "-o", "json"])
        .ok();
    let code = invited.json()["code"].as_str().unwrap().to_owned();
    site.login("robot", &code).ok();

    // No policy covers the task, and nobody approved anything.
    site.writ("alice", &RUN).said(3, "No approval policy");
    assert_eq!(site.writ("robot", &RUN).ok().stdout, b"hello\n");
    let run = site
        .writ("robot", &["run", SAY, "--param", "word=x", "-o", "json"])
        .ok()
        .json();
    assert_eq!(
        (&run["exempt"], run.get("request")),
        (&true.into(), None),
        "{run}"
    );
    site.admin(&["executions", "--all"]).said(0, "exempt");
    let id = run["id"].as_str().unwrap();
    site.admin(&["executions", "show", id]).said(0, "exempt");
    site.writ("robot", &["run", r"Host\Nothing"])
        .said(3, "no task");
    site.writ("robot", &["run", SAY]).said(3, "word");

    // It neither asks nor approves.
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    site.writ("robot", &["request", SAY, "--reason", "x"])
        .said(3, "system account");
    site.admin(&["group", "set", APPROVERS, "--add", &robot])
        .ok();
    let asked = site.ask(SAY, &[]);
    site.writ("robot", &["approve", &asked])
        .said(3, "system account");

    // It goes on while people cannot, unless it is told to stop.
    site.admin(&["disable", "--yes"])
        .said(0, "--include-system-accounts");
    site.writ("bob", &["approve", &asked]).said(3, "disabled");
    site.writ("robot", &RUN).ok();
    site.admin(&["disable", "--include-system-accounts", "--yes"])
        .ok();
    site.admin(&["status"])
        .said(0, &format!("{robot}: stopped"));
    site.writ("robot", &RUN).said(3, "disabled");
    site.admin(&["enable"]).ok();
    site.writ("robot", &RUN).ok();

    // Limited to tasks, renewed, and taken away.
    site.admin(&["system-account", "set", &robot, "--task", r"Host\Make"])
        .ok();
    site.writ("robot", &RUN).said(3, "Insufficient");
    site.admin(&["system-account", "renew", &robot, "--for", "91d"])
        .said(3, "within 90 days");
    site.admin(&["system-account", "renew", &robot]).ok();
    site.admin(&["system-account", "list"])
        .said(0, r"Host\Make");
    site.writ("robot", &RUN).said(3, "Insufficient");
    site.admin(&["system-account", "set", &robot, "--for", "1d"])
        .ok();
    site.writ("robot", &RUN).ok();
    site.admin(&["system-account", "remove", &robot, "--yes"])
        .ok();
    site.writ("robot", &RUN).said(3, "Insufficient");
    site.admin(&["log", "verify"]).ok();
}

#[test]
fn system_accounts_answer_wrong_input() {
    let site = Site::open();
    for (args, code, words) in [
        (
            &["system-account", "set", &upn("alice")][..],
            3,
            "not a system account",
        ),
        (
            &["system-account", "set", &upn("robot"), "--task", "*"],
            2,
            "leave them out",
        ),
        (
            &["system-account", "renew", &upn("robot")],
            2,
            "system-account list",
        ),
        (
            &["system-account", "remove", &upn("robot")],
            2,
            "system-account list",
        ),
        (&["system-account", "invite", &upn("alice")], 2, "a human"),
        (
            &["enable", "--system-account", &upn("bob")],
            3,
            "not a system account",
        ),
    ] {
        site.admin(args).said(code, words);
    }
    site.writ("alice", &["system-account", "set", &upn("robot")])
        .said(3, "administrator");
    site.admin(&["system-account", "list"])
        .said(0, "no service");
    let never = Site::founded();
    let never = {
        let mut never = never;
        never.serve();
        never
    };
    never
        .admin(&["system-account", "set", &upn("robot")])
        .said(2, "writ enable");
}
