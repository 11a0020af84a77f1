//! What a task cannot do to its node, and that nothing of it outlives the node.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
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

#[test]
fn a_program_that_was_replaced_after_the_approval_is_not_run() {
    let mut site = Site::open();
    site.stop();
    let tool = site.path("tool");
    let put = |content: &str| fs::write(&tool, content).unwrap();
    put("#!/bin/sh\necho approved\n");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let config = site.data().join("writ.toml");
    let lines = fs::read_to_string(&config).unwrap();
    let more = format!("programs = [{tool:?}, ");
    fs::write(&config, lines.replace("programs = [", &more)).unwrap();
    site.serve();

    let file = site.path("pinned.toml");
    let of = |sha256: &str| {
        let tool = tool.to_str().unwrap();
        let text = format!("[[task]]\nname = 'Host\\Pinned'\nprogram = '{tool}'\n{sha256}");
        fs::write(&file, text).unwrap();
    };
    of("");
    let task = r"Host\Pinned";
    let test = ["task", "test", "-f", file.to_str().unwrap(), "-o", "json"];
    let found = site.admin(&test).ok().json()["sha256"].clone();
    of(&format!("sha256 = {found}\n"));
    assert!(site.admin(&test).ok().json()["problem"].is_null());
    site.admin(&["task", "set", "-f", file.to_str().unwrap()])
        .ok();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(task);
    site.writ("alice", &["run", task]).said(0, "approved");
    site.admin(&["doctor"]).said(0, "1 tasks are pinned");

    put("#!/bin/sh\necho replaced\n");
    let run = site.writ("alice", &["run", task]);
    assert!(!run.text().contains("replaced\n"), "{run:?}");
    let words = "not the program that its task is pinned to";
    assert!(run.stderr.contains(words), "{run:?}");
    assert_ne!(run.code, 0);
    site.admin(&["task", "test", task]).said(3, words);
    site.admin(&["doctor"]).said(1, words);
    put("#!/bin/sh\necho approved\n");
    site.writ("alice", &["run", task]).said(0, "approved");
}

#[test]
fn a_stopped_node_leaves_nothing_in_the_temporary_folder() {
    let mut site = Site::open();
    let temporary = site.path("temporary");
    fs::create_dir(&temporary).unwrap();
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o711)).unwrap();
    let count = || fs::read_dir(&temporary).unwrap().count();
    site.stop();
    for kill in [true, false] {
        site.serve_with(|server| {
            server.env("TMPDIR", &temporary);
        });
        assert_eq!(count(), 1);
        match kill {
            true => site.kill(),
            false => site.stop(),
        }
    }
    assert_eq!(count(), 0);
}
