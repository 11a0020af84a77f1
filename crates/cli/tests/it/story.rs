//! The story, by hand: asked for, approved, run, revoked, verified.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::site::{APPROVERS, Site, upn};

const SAY: &str = r"Host\Say";

#[test]
fn the_demo_tells_its_story() {
    let done = Command::new(env!("CARGO_BIN_EXE_writ"))
        .arg("demo")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(said.contains("That was all of it"), "{said}");
}

/// With a key, which tells all of its processes, as a terminal does; and by another
/// process, which tells it alone.
#[test]
fn the_demo_is_stopped_and_leaves_nothing() {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    for (after, is_key) in [
        ("its server started", true),
        ("She runs it", true),
        ("She runs it", false),
        ("Press Enter or Ctrl-C", true),
        ("Press Enter or Ctrl-C", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut demo = Command::new(env!("CARGO_BIN_EXE_writ"))
            .args(["demo", "--serve"])
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(demo.stdout.take().unwrap()).lines();
        let mut told = Vec::new();
        while !told
            .last()
            .is_some_and(|line: &String| line.contains(after))
        {
            told.push(said.next().expect(after).unwrap());
        }
        // Browsers make no passkey for an address of digits.
        let links = told.iter().filter(|line| line.contains("/join#"));
        assert!(
            links.clone().all(|link| link.contains("http://localhost:")),
            "{told:?}"
        );
        assert_eq!(
            links.count(),
            if after.starts_with("Press") { 2 } else { 0 }
        );
        let pid = Pid::from_child(&demo);
        match is_key {
            true => kill_process_group(pid, Signal::INT).unwrap(),
            false => kill_process(pid, Signal::TERM).unwrap(),
        }
        // It reads on to the end of what every process of it writes.
        said.for_each(drop);
        let status = demo.wait().unwrap();
        let mut last = String::new();
        demo.stderr.unwrap().read_to_string(&mut last).unwrap();
        let is_end = after.starts_with("Press");
        assert_eq!(status.code(), Some(if is_end { 0 } else { 5 }), "{last}");
        assert_eq!(last.contains("is removed"), !is_end, "{after}: {last}");
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert!(left.is_empty(), "{after}: {left:?}");
        let root = folder.path().to_str().unwrap();
        assert_eq!(processes_about(root), [""; 0], "{after}");
    }
}

/// The command lines of processes that name a folder, or have it in their
/// environment.
fn processes_about(folder: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let about = processes.filter_map(|process| {
        let process = process.ok()?.path();
        let words = std::fs::read(process.join("cmdline")).ok()?;
        let set = std::fs::read(process.join("environ")).unwrap_or_default();
        let all = String::from_utf8_lossy(&[&words[..], &set[..]].concat()).into_owned();
        all.contains(folder)
            .then(|| String::from_utf8_lossy(&words).into_owned())
    });
    about.collect()
}

#[test]
fn a_task_is_asked_for_approved_run_and_revoked() {
    let mut site = Site::open();
    let run = ["run", SAY, "--param", "word=hello"];
    site.writ("alice", &run)
        .said(3, "No approval policy covers");
    site.admin(&[
        "policy",
        "set",
        SAY,
        "--approval",
        "manual",
        "--max-duration",
        "8h",
    ])
    .ok();
    site.writ("alice", &run)
        .said(3, r"writ request 'Host\Say' --param word=hello");
    let id = site.ask(SAY, &["--for", "1h", "--ticket", "INC-4711"]);
    site.writ("bob", &["show", &id]).said(0, "INC-4711");
    site.writ("alice", &["approve", &id])
        .said(3, "somebody else");
    let waiting = site
        .writ("bob", &["requests", "--to-approve", "-o", "json"])
        .ok();
    assert!(waiting.text().contains(&id), "{waiting:?}");
    site.writ("bob", &["approve", &id[..8], "--comment", "Go ahead"])
        .ok();
    site.writ("carol", &["approve", &id])
        .said(3, "approved by bob@");
    for _ in 0..3 {
        let done = site.writ("alice", &run).ok();
        assert_eq!(done.stdout, b"hello\n");
    }
    let done = site
        .writ("alice", &["run", SAY, "--param", "word=x", "-o", "json"])
        .ok();
    let json = done.json();
    assert_eq!(json["status"], "succeeded");
    assert_eq!(json["exit_code"], 0);
    assert_eq!(json["output"], "x\n");
    assert_eq!(json["truncated"], false);
    assert_eq!(json["request"], id.as_str());

    site.writ("bob", &["revoke", &id]).said(3, "say why");
    site.writ("bob", &["revoke", &id, "--comment", "Enough"])
        .ok();
    site.writ("alice", &run).said(3, "Insufficient permissions");
    let shown = site.writ("alice", &["show", &id]).ok();
    assert!(
        shown.text().contains("revoked") && shown.text().contains("Enough"),
        "{shown:?}"
    );
    assert_eq!(
        site.admin(&["executions", "--all", "-o", "json"])
            .ok()
            .json()["items"]
            .as_array()
            .map(Vec::len),
        Some(4)
    );

    // Beside the running server, and by downloading.
    site.admin(&["log", "verify"]).ok();
    site.stop();
    site.admin(&["log", "verify"]).ok();
    site.serve();
    site.admin(&["status"]).ok();
    site.writ("alice", &["show", &id]).said(0, "revoked");
}

#[test]
fn parameters_arrive_literally() {
    let site = Site::open();
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    site.grant(SAY);
    let long = "x".repeat(100_000);
    for word in [
        "$(id)",
        "`id`",
        "'\"\\",
        "{word}",
        "{{}}",
        "a b;c|d&e>f",
        "%s\\n",
        "",
        "é 漢 😀",
        &long,
    ] {
        let done = site
            .writ("alice", &["run", SAY, "--param", &format!("word={word}")])
            .ok();
        assert_eq!(done.text(), format!("{word}\n"));
    }
    let file = site.path("word");
    std::fs::write(&file, &long).unwrap();
    let from_file = format!("word=@{}", file.display());
    let done = site
        .writ("alice", &["run", SAY, "--param", &from_file])
        .ok();
    assert_eq!(done.text().trim_end(), long);
    site.writ("alice", &["run", SAY, "--param", "word=-n"])
        .said(3, "dash");
    site.writ("alice", &["run", SAY, "--param", "word=a\nb"])
        .said(3, "line breaks");
}

#[test]
fn output_beyond_the_cap_is_cut_and_said_to_be() {
    let site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(r"Host\Short");
    let word = format!("word={}", "x".repeat(200));
    let run = ["run", r"Host\Short", "--param", &word];
    let done = site.writ("alice", &run).said(0, "first 100 bytes");
    assert_eq!(done.stdout, [b'x'; 100]);
    let json = site.writ("alice", &[&run[..], &["-o", "json"]].concat());
    assert_eq!(json.ok().json()["truncated"], true);
}

#[test]
fn a_task_that_fails_says_so() {
    let site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(r"Host\Fail");
    site.writ("alice", &["run", r"Host\Fail"])
        .said(7, "exit code 1");
}

#[test]
fn quorum_stages_and_every_listing_work() {
    let site = Site::open();
    site.admin(&[
        "group",
        "set",
        "second@fabrikam.onmicrosoft.com",
        "--add",
        &upn("carol"),
    ])
    .ok();
    site.admin(&[
        "policy",
        "set",
        SAY,
        "--approval",
        "manual",
        "--approvers",
        &format!("{APPROVERS}:1"),
        "--approvers",
        "second@fabrikam.onmicrosoft.com",
    ])
    .ok();
    let id = site.ask(SAY, &[]);
    site.writ("bob", &["approve", &id]).ok();
    site.writ("alice", &["run", SAY, "--param", "word=a"])
        .said(3, "Insufficient");
    site.writ("carol", &["approve", &id]).ok();
    site.writ("alice", &["run", SAY, "--param", "word=a"]).ok();
    assert!(
        site.writ("alice", &["grants"])
            .ok()
            .text()
            .contains(&id[..8])
    );
    site.writ("alice", &["revoke", &id]).ok();

    let id = site.ask(SAY, &[]);
    site.writ("alice", &["cancel", &id]).ok();
    let id = site.ask(SAY, &[]);
    site.writ("bob", &["deny", &id, "--comment", "Not today"])
        .ok();
    site.writ("alice", &["show", &id]).said(0, "Not today");

    site.admin(&["disable", "--yes"]).ok();
    site.writ("alice", &["request", SAY, "--reason", "x"])
        .said(3, "disabled");
    site.admin(&["enable"]).ok();
    for list in [
        &["person", "list"][..],
        &["group", "list"],
        &["workload", "list"],
        &["task", "list"],
        &["policy", "list"],
        &["key", "list"],
        &["requests", "--all"],
        &["log", "show"],
        &["log", "checkpoint"],
        &["whoami"],
        &["status"],
    ] {
        site.admin(list).ok();
    }
    for shell in ["bash", "zsh", "fish", "powershell"] {
        site.admin(&["completions", shell]).ok();
    }
    let status = site.admin(&["status", "-o", "json"]).ok().json();
    assert_eq!(status["organization_id"].as_str().map(str::len), Some(64));
    site.writ("alice", &["logout", "--everywhere"]).ok();
}

#[test]
fn a_lost_key_is_replaced_by_a_new_invitation() {
    let site = Site::open();
    let invited = site
        .admin(&["person", "invite", &upn("alice"), "-o", "json"])
        .ok();
    let code = invited.json()["code"].as_str().unwrap().to_owned();
    let url = site.url();
    let login = ["login", &url, "--as", &upn("alice"), "--code-stdin"];
    site.enter("alice-2", &login, &code).ok();
    site.writ("alice-2", &["whoami"]).ok();
    site.writ("alice", &["whoami"]).said(3, "writ login");
    site.enter("alice-3", &login, &code).said(3, "invitation");
}
