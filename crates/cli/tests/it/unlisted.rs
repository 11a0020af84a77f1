//! What no policy covers: closed, unless somebody is asked.

use super::site::{APPROVERS, Site};

const SAY: &str = r"Host\Say";

#[test]
fn the_default_group_may_be_asked_for_what_no_policy_covers() {
    let site = Site::open();
    let ask = ["request", SAY, "--reason", "x"];
    site.writ("alice", &ask).said(3, "No approval policy");
    site.admin(&["enable", "--unlisted", "perhaps"])
        .said(2, "ask");
    site.admin(&["enable", "--unlisted", "ask"])
        .said(0, "high risk stay closed");
    site.grant(SAY);
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
    // What somebody has set there stays.
    site.admin(&[
        "policy",
        "set",
        "*",
        "--approval",
        "manual",
        "--max-duration",
        "1h",
    ])
    .ok();
    site.admin(&["enable", "--unlisted", "ask"])
        .said(0, "already");
    site.admin(&["policy", "show", "*"]).said(0, "1h");
}

#[test]
fn somebody_must_be_there_to_be_asked() {
    let mut site = Site::founded();
    site.serve();
    site.admin(&["enable", "--unlisted", "ask"])
        .said(2, "--admin-group");
    site.admin(&["status"]).said(0, "never enabled");
    site.admin(&["group", "set", APPROVERS]).ok();
    let enable = ["enable", "--admin-group", APPROVERS, "--unlisted", "ask"];
    site.admin(&enable).ok();
}
