//! `writ doctor` finds what is wrong, names it, and says what to type.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::site::{APPROVERS, Done, Site, upn};

/// The findings that say these words.
fn saying(done: &Done, words: &str) -> Vec<Value> {
    let json = done.json();
    let all = json["findings"].as_array().unwrap().clone();
    let says = |found: &Value| found["message"].as_str().unwrap().contains(words);
    all.into_iter().filter(says).collect()
}

#[track_caller]
fn found(done: &Done, level: &str, words: &str, next: &str) {
    let all = saying(done, words);
    let is_it = |found: &Value| {
        found["level"] == level && found["next"].as_str().unwrap_or_default().contains(next)
    };
    assert!(all.iter().any(is_it), "{level} {words}: {:#}", done.json());
}

fn examined(site: &Site) -> Done {
    site.admin(&["doctor", "-o", "json"])
}

#[test]
fn what_is_wrong_is_found_and_named() {
    let site = Site::open();
    site.admin(&["policy", "set", r"Host\Say", "--approval", "manual"])
        .ok();
    let well = examined(&site).ok();
    assert_eq!(well.json()["failures"], 0);
    for words in [
        "entries of",
        "MiB free",
        "not behind",
        "agrees",
        "regularly",
        "can decide",
    ] {
        assert_eq!(saying(&well, words).len(), 1, "{words}: {:#}", well.json());
    }
    found(&well, "warn", "programs run as the same user", "writ.toml");
    found(&well, "ok", "dump no core", "");
    site.admin(&["doctor"]).ok().said(0, "0 broken");

    // Somebody who has not enrolled; a quorum beyond everybody; nothing governed.
    let invited = upn("dave");
    site.admin(&["person", "invite", &invited]).ok();
    site.admin(&["group", "set", APPROVERS, "--add", &invited])
        .ok();
    let three = format!("{APPROVERS}:3");
    site.admin(&[
        "policy",
        "set",
        r"Host\Make",
        "--approval",
        "manual",
        "--approvers",
        &three,
    ])
    .ok();
    site.admin(&["policy", "set", r"Mars\*", "--approval", "manual"])
        .ok();
    site.admin(&[
        "policy",
        "set",
        r"Host\Fail",
        "--approval",
        "manual",
        "-P",
        "colour=red",
    ]);
    let ill = examined(&site).said(1, "");
    found(
        &ill,
        "warn",
        "dave@fabrikam.onmicrosoft.com is not enrolled yet",
        "writ person invite dave@",
    );
    found(
        &ill,
        "fail",
        r"Host\Make: nobody's request can be approved",
        "writ group set",
    );
    assert!(
        saying(&ill, "only bob@")[0]["message"]
            .as_str()
            .unwrap()
            .contains("dave@")
    );
    found(
        &ill,
        "warn",
        r"Mars\*: there is no such task",
        "writ task list",
    );

    // Such a request is refused at the door, with the same names.
    let asked = ["request", r"Host\Make", "--reason", "x"];
    site.writ("alice", &asked)
        .said(3, "dave@fabrikam.onmicrosoft.com is not enrolled yet");

    // What others may read or change.
    let key = fs::read_dir(site.data().join("state"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let open = examined(&site).said(1, "");
    found(
        &open,
        "fail",
        key.file_name().unwrap().to_str().unwrap(),
        "chmod go= ",
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_log_that_was_changed_or_a_silent_server_is_a_failure() {
    let mut site = Site::open();
    examined(&site).ok();
    // Elsewhere: an auditor's view, and a person's.
    let elsewhere = |who: &str| site.writ(who, &["--data-dir", "/nowhere", "doctor", "-o", "json"]);
    assert_eq!(
        saying(&elsewhere("admin").ok(), "entries of http://").len(),
        1
    );
    assert_eq!(saying(&elsewhere("alice").ok(), "entries of").len(), 0);
    site.stop();
    found(
        &examined(&site).said(1, ""),
        "fail",
        "no answer",
        "writ serve",
    );
    site.sql("DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)");
    let cut = examined(&site).said(1, "");
    let failures = cut.json()["failures"].as_u64().unwrap();
    assert_eq!(failures, 2, "{:#}", cut.json());
}
