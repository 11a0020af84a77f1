//! What a task cannot do to its node, and that nothing of it outlives the node.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::revoke_kill::{seconds, sleeps};
use super::site::Site;

const LOOK: &str = r"Host\Look";

#[test]
fn a_program_cannot_open_the_nodes_files_and_dies_with_it() {
    let mut site = Site::open();
    let log = site.log();
    for line in [
        "cannot open the node's files",
        "no new privileges",
        "same user",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(LOOK);
    let number = seconds(7);
    let run = |file: &std::path::Path| {
        let (path, seconds) = (
            format!("path={}", file.display()),
            format!("seconds={number}"),
        );
        let args = [
            "run", LOOK, "--detach", "--param", &path, "--param", &seconds,
        ];
        site.writ("alice", &args).ok().text().trim().to_owned()
    };
    let id = run(&site.database());
    while !sleeps(&number) {}
    let mut follow = site.command("alice", &["executions", "show", &id, "--follow"]);
    let mut following = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let stdout = following.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    following.kill().unwrap();
    following.wait().unwrap();
    assert!(line.contains("Permission denied"), "{line}");

    // It left the session of its program.
    site.kill();
    while sleeps(&number) {}
    site.serve();
    let shown = site.writ("alice", &["executions", "show", &id]);
    shown.said(0, "the node was restarted");
}

#[test]
fn isolation_that_cannot_be_had_stops_the_start() {
    let site = Site::founded();
    let config = site.data().join("writ.toml");
    let start = |lines: &str| {
        let text = format!("[command]\nprograms = [\"/bin/echo\"]\n{lines}\n");
        fs::write(&config, text).unwrap();
        site.serve_in_vain()
    };
    let data = format!("write = [{:?}]", site.data());
    start(&data).said(2, "is the node's own");
    start("user = \"no-such-user\"").said(2, "no user");
    start("without = [\"everything\"]").said(2, "landlock");
}
