//! A run that ended unknown, and an administrator who looked.

use super::site::Site;

#[test]
fn what_ended_unknown_is_resolved_once_by_an_administrator() {
    let mut site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(r"Host\Sleep");
    let sleep = ["run", r"Host\Sleep", "--param", "seconds=600"];
    let id = std::thread::scope(|scope| {
        let running = scope.spawn(|| site.writ("alice", &sleep));
        let id = loop {
            let runs = site.writ("alice", &["executions", "-o", "json"]).ok();
            if let Some(id) = runs.json()["items"][0]["id"].as_str() {
                break id.to_owned();
            }
        };
        let resolve = [
            "executions",
            "resolve",
            &id,
            "--result",
            "failed",
            "--note",
            "x",
        ];
        site.admin(&resolve).said(3, "may still run");
        site.kill_now();
        running.join().unwrap();
        id
    });
    site.kill();
    site.serve();

    site.admin(&["executions", "show", &id])
        .said(0, "writ executions resolve");
    let resolve = ["executions", "resolve", &id, "--result", "failed"];
    let looked = [&resolve[..], &["--note", "No trace of it on the host"]].concat();
    site.admin(&resolve).said(2, "--note");
    site.admin(&[&resolve[..], &["--note", " "]].concat())
        .said(2, "how you know");
    site.writ("alice", &looked).said(3, "administrator");
    site.admin(&looked).said(0, "failed");
    site.admin(&looked).said(3, "has its outcome already");
    site.writ("alice", &["executions", "show", &id])
        .said(0, "No trace of it");
    let failed = site
        .admin(&["executions", "--all", "--status", "failed", "-o", "json"])
        .ok()
        .json();
    assert_eq!(failed["items"][0]["id"], id.as_str(), "{failed}");
    site.admin(&["log", "verify"]).ok();
}
