//! Preferences, each one's own.

use super::site::Site;

#[test]
fn everybody_chooses_for_oneself() {
    let site = Site::open();
    let show = ["preferences", "show"];
    site.writ("alice", &show).said(0, "chosen nothing");
    let set = ["preferences", "set"];
    site.writ("alice", &set).said(2, "--digest");
    site.writ("alice", &[&set[..], &["--quiet", "late"]].concat())
        .said(2, "22:00-07:00");
    site.writ("alice", &[&set[..], &["--away-until", "soon"]].concat())
        .said(2, "soon");
    let all = [
        "--digest",
        "on",
        "--quiet",
        "22:00-07:00",
        "--away-until",
        "+14d",
    ];
    site.writ("alice", &[&set[..], &all].concat())
        .said(0, "one a day");
    let part = ["--away-until", "now", "-o", "json"];
    let mine = site.writ("alice", &[&set[..], &part].concat()).ok().json();
    assert_eq!(
        mine,
        serde_json::json!({ "digest": true, "quiet": "22:00-07:00" })
    );
    site.writ("alice", &show).said(0, "22:00-07:00");
    site.admin(&show).said(0, "chosen nothing");
    site.admin(&["log", "verify"]).ok();
}
