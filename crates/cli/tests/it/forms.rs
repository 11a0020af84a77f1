//! What programs read: YAML beside JSON, and errors in the same form.

use std::fs;

use super::site::{Site, upn};

#[test]
fn errors_are_read_by_programs_too() {
    let site = Site::open();
    let failed = site.admin(&["-o", "json", "show", "abcd"]);
    assert_eq!((failed.code, failed.stdout.len()), (3, 0));
    let error: serde_json::Value = serde_json::from_str(&failed.stderr).unwrap();
    assert_eq!(error["error"]["code"], "not-found");
    assert!(
        error["error"]["next"]
            .as_str()
            .unwrap()
            .starts_with("writ requests"),
        "{error}"
    );
    let failed = site.admin(&["request", "--output=json"]);
    let error: serde_json::Value = serde_json::from_str(&failed.stderr).unwrap();
    assert_eq!((failed.code, &error["error"]["code"]), (2, &"usage".into()));
    assert_eq!(error["error"]["next"], "writ request --help");
    let failed = site.writ("nobody", &["-o", "yaml", "whoami"]);
    assert!(
        failed.stderr.starts_with("error:\n  code: usage\n"),
        "{}",
        failed.stderr
    );
    let yaml = site.admin(&["-o", "yaml", "group", "list"]).ok().text();
    assert!(
        yaml.starts_with("items:\n  - address: pamapprovers@"),
        "{yaml}"
    );
}

#[test]
fn a_usage_line_says_what_is_required_and_no_more() {
    let site = Site::founded();
    let said = site.admin(&["request", "--reason", "x"]);
    said.said(2, "Usage: writ request [OPTIONS] --reason <TEXT> <TASK>");
    site.admin(&["prove", "zz"]).said(2, "see: writ executions");
    site.admin(&["request", r"Host\Say", "--reason", "a\nb"])
        .said(2, "begins another");
    site.admin(&["person", "invite", &upn("x"), "--name", "a\u{202e}b"])
        .said(2, "U+202E");
}

#[test]
fn a_task_is_tested_without_running() {
    let site = Site::open();
    let say = site
        .admin(&["task", "test", r"Host\Say", "-P", "word=a b", "-o", "json"])
        .ok();
    assert_eq!(say.json()["arguments"], serde_json::json!(["a b"]));
    assert!(say.json()["problem"].is_null());
    site.admin(&["task", "test", r"Host\Say"])
        .said(2, "`word` is required");
    site.admin(&["task", "test", r"Host\Sleep", "-P", "seconds=x"])
        .said(2, "whole number");
    let file = site.path("new.toml");
    fs::write(
        &file,
        "[[task]]\nname = \"Host\\\\New\"\nprogram = \"/bin/cat\"\nargs = [\"{{x}}\"]\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    site.admin(&["task", "test", "-f", file])
        .said(3, "not among the programs")
        .said(3, "\"{x}\"");
    let listed = site
        .admin(&["executions", "--all", "-o", "json"])
        .ok()
        .json();
    assert_eq!(listed["items"], serde_json::json!([]));
}

#[test]
fn a_file_of_tasks_is_set_whole_or_not_at_all() {
    let site = Site::open();
    let file = site.path("two.toml");
    let good = "[[task]]\nname = \"Host\\\\A\"\nprogram = \"/bin/echo\"\n";
    let set = |text: String| {
        fs::write(&file, text).unwrap();
        site.admin(&["task", "set", "-f", file.to_str().unwrap()])
    };
    for (bad, words) in [
        (
            "[[task]]\nname = \"Host\\\\B\"\nprogram = \"echo\"\n",
            "absolute",
        ),
        (
            "[[task]]\nname = \"Host\\\\B\"\nprogram = \"/bin/echo\"\nargs = [\"{x}\"]\n",
            "`x`",
        ),
        (
            "[[task]]\nname = \"Mars\\\\B\"\nprogram = \"/bin/echo\"\n",
            "writ workload set Mars",
        ),
        (
            "[[task]]\nname = \"host\\\\a\"\nprogram = \"/bin/echo\"\n",
            "twice",
        ),
    ] {
        set(format!("{good}{bad}")).said(2, words);
        site.admin(&["task", "show", r"Host\A"]).said(3, r"Host\A");
    }
    set(good.to_owned()).said(0, r"The task Host\A is made.");
    set(good.to_owned()).said(0, r"The task Host\A is as it was.");
    set(format!("{good}risk = \"high\"\n")).said(0, r"The task Host\A is replaced.");
}

#[test]
fn waiting_goes_on_and_a_second_grant_is_told_of() {
    let site = Site::open();
    site.admin(&["policy", "set", r"Host\Say", "--approval", "manual"])
        .ok();
    let first = site.grant(r"Host\Say");
    site.writ("alice", &["show", &first, "--wait"])
        .said(0, "live");
    let second = site.grant(r"Host\Say");
    let revoked = site
        .writ("bob", &["revoke", &first, "--comment", "enough"])
        .ok();
    revoked.said(0, &format!("writ revoke {}", &second[..4]));
    site.writ("alice", &["show", &first, "--wait"])
        .said(5, "revoked");
    let verified = site.admin(&["log", "verify"]).ok();
    verified.said(0, site.database().to_str().unwrap());
}
