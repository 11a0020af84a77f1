//! Revoking a grant while a run of it is in flight.

use std::process::Command;

use super::site::Site;

/// How long to sleep: for days, and as long as nobody else on this machine, not
/// another run of this test either.
pub(crate) fn seconds(number: u32) -> String {
    (1_000_000 + 2 * std::process::id() + number).to_string()
}

/// Whether a program sleeps so long somewhere on this machine.
pub(crate) fn sleeps(seconds: &str) -> bool {
    let listed = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    assert!(listed.status.success());
    let wanted = format!("/bin/sleep {seconds}");
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .any(|line| line.trim() == wanted)
}

/// Sleeps until somebody ends it; answers how it ended.
fn sleep_until(site: &Site, seconds: &str, end: impl FnOnce()) -> serde_json::Value {
    let parameter = format!("seconds={seconds}");
    let run = ["run", r"Host\Sleep", "--param", &parameter, "-o", "json"];
    let ended = std::thread::scope(|scope| {
        let running = scope.spawn(|| site.writ("alice", &run));
        while !sleeps(seconds) {
            assert!(!running.is_finished(), "{:?}", running.join());
        }
        end();
        running.join().unwrap().said(8, "")
    });
    // It was killed before that was said; its number is given back soon after.
    while sleeps(seconds) {}
    ended.json()
}

#[test]
fn a_run_in_flight_is_killed_by_its_revocation_or_its_policy() {
    let site = Site::open();
    let policy = ["policy", "set", r"Host\Sleep", "--approval", "manual"];
    site.admin(&policy).ok();
    let id = site.grant(r"Host\Sleep");
    let revoke = ["revoke", &id, "--comment", "Enough", "--kill"];
    let run = sleep_until(&site, &seconds(0), || {
        site.writ("bob", &revoke).said(0, "killed");
    });
    assert!(run["note"].as_str().unwrap().contains("killed"), "{run}");
    site.writ("alice", &["show", &id]).said(0, "were killed");

    site.admin(&[&policy[..], &["--kill-on-end"]].concat()).ok();
    let id = site.grant(r"Host\Sleep");
    let revoke = ["revoke", &id, "--comment", "Enough"];
    let run = sleep_until(&site, &seconds(1), || drop(site.writ("bob", &revoke).ok()));
    assert_eq!(run["status"], "unknown", "{run}");
    site.admin(&["log", "verify"]).ok();
}
