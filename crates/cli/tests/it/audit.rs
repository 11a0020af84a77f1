//! An auditor's period: exported, checked by a stranger, altered.

use std::fs;
use std::path::PathBuf;

use super::site::Site;

const SAY: &str = r"Host\Say";

/// A site where something happened, and what was exported of today.
fn exported(prove: bool) -> (Site, PathBuf, String) {
    let site = Site::open();
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    let request = site.ask(SAY, &[]);
    site.writ("bob", &["approve", &request, "--comment", "Go"])
        .ok();
    site.writ("alice", &["run", SAY, "--param", "word=hello"])
        .ok();
    let denied = site.ask(SAY, &["--param", "word=x"]);
    site.writ(
        "bob",
        &["deny", &denied, "--comment", "=HYPERLINK(1), or so"],
    )
    .ok();
    let out = site.path("period");
    let folder = out.to_str().unwrap();
    let mut args = vec!["audit", "export", "--from", "2020-01-01", "--out", folder];
    args.extend(prove.then_some("--prove"));
    let done = site.admin(&args).said(0, "2 requests, 1 runs");
    assert!(done.stderr.contains("not over"), "{}", done.stderr);
    site.admin(&args).said(2, "is there already");
    let status = site.admin(&["status", "-o", "json"]).ok().json();
    let id = status["organization_id"].as_str().unwrap().to_owned();
    (site, out, id)
}

#[test]
fn a_stranger_checks_that_a_period_is_whole() {
    let (site, out, id) = exported(true);
    let folder = out.to_str().unwrap();
    let verify = ["audit", "verify", folder, "--organization", &id];
    site.stranger(&verify)
        .said(0, "all")
        .said(0, "2 requests and 1 runs");
    let other = "0".repeat(64);
    site.stranger(&["audit", "verify", folder, "--organization", &other])
        .said(1, "in question");

    let runs = fs::read_to_string(out.join("executions.csv")).unwrap();
    assert!(runs.contains("succeeded"), "{runs}");
    let requests = fs::read_to_string(out.join("requests.csv")).unwrap();
    assert!(requests.contains(",denied,"), "{requests}");
    assert!(requests.contains("\"'=HYPERLINK(1), or so\""), "{requests}");
    let entries = fs::read_to_string(out.join("entries.jsonl")).unwrap();
    let leaves = fs::read_to_string(out.join("leaves")).unwrap();
    assert_eq!(entries.lines().count(), leaves.lines().count());

    for file in fs::read_dir(&out).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let good = fs::read(&path).unwrap();
        for bad in [
            [&good[..], b"x\n"].concat(),
            good[..good.len() - 1].to_vec(),
            {
                let mut bad = good.clone();
                let middle = bad.len() / 2;
                bad[middle] ^= 1;
                bad
            },
        ] {
            fs::write(&path, bad).unwrap();
            let words = match &*name {
                "checkpoint" | "leaves" | "summary.json" => "",
                table => table,
            };
            site.stranger(&verify).said(1, words);
        }
        fs::write(&path, good).unwrap();
    }
    site.stranger(&verify).ok();
}

#[test]
fn the_log_shows_what_was_left_out() {
    let (site, out, id) = exported(true);
    let folder = out.to_str().unwrap();
    // Somebody leaves out a request, or narrows the period.
    let requests = fs::read_to_string(out.join("requests.csv")).unwrap();
    let fewer: Vec<_> = requests.lines().filter(|l| !l.contains("denied")).collect();
    fs::write(out.join("requests.csv"), fewer.join("\r\n") + "\r\n").unwrap();
    site.stranger(&["audit", "verify", folder, "--organization", &id])
        .said(1, "requests.csv");
}

#[test]
fn without_the_log_nothing_is_proved() {
    let (site, out, id) = exported(false);
    assert!(!out.join("leaves").exists());
    let folder = out.to_str().unwrap();
    site.stranger(&["audit", "verify", folder, "--organization", &id])
        .said(2, "--prove");
    let bad = |args: &[&str], code, words| {
        let args = [&["audit", "export"], args].concat();
        site.admin(&args).said(code, words);
    };
    bad(&["--from", "today", "--out", "x"], 2, "2026-12-01");
    let empty = ["--from", "2026-01-02", "--to", "2026-01-01", "--out", "x"];
    bad(&empty, 2, "empty");
    bad(&["--from", "2026-01-01", "--out", folder], 2, "already");
}
