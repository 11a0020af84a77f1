//! The site: its addresses, and new keys of its node.

use std::fs;

use super::site::Site;

const SAY: &str = r"Host\Say";

#[test]
fn addresses_are_shown_and_set() {
    let site = Site::open();
    let url = site.url();
    site.writ("alice", &["site", "show"]).said(0, &url);
    let set = ["site", "set", "--origin", &url, "--origin"];
    site.admin(&[&set[..], &["http://writ.example.com"]].concat())
        .said(2, "not encrypted");
    site.admin(&["site", "set"]).said(2, "--origin");
    let better = [&set[..], &["https://writ.example.com/"]].concat();
    site.writ("alice", &better).said(3, "administrator");
    site.admin(&better)
        .said(0, &format!("{url}, https://writ.example.com;"));
    site.admin(&["site", "set", "--rp-id", "writ.example.com"])
        .ok();
    let shown = site.admin(&["site", "show", "-o", "json"]).ok().json();
    assert_eq!(shown["rp_id"], "writ.example.com");
    assert_eq!(shown["origins"].as_array().map(Vec::len), Some(2));
}

#[test]
fn keys_of_the_node_are_replaced_on_its_host() {
    let mut site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(SAY);
    site.grant(r"Host\Sleep");
    let rotate =
        |site: &Site, who: &str, key: &str| site.writ(who, &["site", "rotate-key", key, "--yes"]);
    rotate(&site, "admin", "log").said(2, "another writ process");
    // A run is in flight when the node dies.
    let sleep = ["run", r"Host\Sleep", "--param", "seconds=600"];
    std::thread::scope(|scope| {
        let running = scope.spawn(|| site.writ("alice", &sleep));
        let open = ["executions", "--status", "authorized", "-o", "json"];
        let is_open = || site.writ("alice", &open).ok().json()["items"][0].is_object();
        while !is_open() {}
        site.kill_now();
        running.join().unwrap();
    });
    site.kill();

    rotate(&site, "alice", "log").said(2, "only administrators");
    let state = site.data().join("state");
    let read = |name: &str| fs::read(state.join(name)).unwrap();
    let before = ["log.key", "runner.key", "head"].map(read);
    for key in ["log", "runner"] {
        rotate(&site, "admin", key).said(0, "Back up state/");
        site.admin(&["log", "verify"]).ok();
    }
    let after = ["log.key", "runner.key", "head"].map(read);
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| before != after)
    );

    site.serve();
    let url = site.url();
    site.admin(&["log", "verify", "--server", &url]).ok();
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
    // The new runner key ends what the old one had begun.
    site.writ("alice", &["executions"]).said(0, "unknown");
    site.admin(&["log", "verify"]).ok();
    site.stop();

    // Keys that the log does not name are not signed with.
    fs::write(state.join("log.key"), &before[0]).unwrap();
    site.serve_in_vain().said(2, "state");
    fs::write(state.join("log.key"), &after[0]).unwrap();
    fs::write(state.join("runner.key"), &before[1]).unwrap();
    site.serve_in_vain().said(2, "restore state/");
    fs::write(state.join("runner.key"), &after[1]).unwrap();
    site.serve();
}

#[test]
fn a_replacement_that_was_interrupted_is_finished_at_the_next_start() {
    let mut site = Site::founded();
    let state = site.data().join("state");
    let path = |name: &str| state.join(name);
    let [old_key, old_head] = ["log.key", "head"].map(|name| fs::read(path(name)).unwrap());
    site.admin(&["site", "rotate-key", "log", "--yes"]).ok();
    let [new_key, new_head] = ["log.key", "head"].map(|name| fs::read(path(name)).unwrap());
    // After the entry, and after the head; a file is renamed last.
    for head in [&old_head, &new_head] {
        fs::write(path("log.key"), &old_key).unwrap();
        fs::copy(path("log.key"), path("log.key.next")).unwrap();
        fs::write(path("log.key.next"), &new_key).unwrap();
        fs::write(path("head"), head).unwrap();
        site.serve();
        site.admin(&["status"]).ok();
        assert_eq!(fs::read(path("log.key")).unwrap(), new_key);
        assert!(!path("log.key.next").exists());
        site.stop();
        site.admin(&["log", "verify"]).ok();
        // It started from the entry, and wrote none.
        fs::write(path("head"), &new_head).unwrap();
    }
    // One that was begun and never named is forgotten.
    fs::copy(path("log.key"), path("log.key.next")).unwrap();
    fs::write(path("log.key.next"), &old_key).unwrap();
    site.serve();
    site.stop();
    site.admin(&["site", "rotate-key", "log", "--yes"]).ok();
    site.serve();
}
