//! An auditor's period: exported, checked by a stranger, altered.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::site::{Site, upn};

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
    if prove {
        args.extend(["--prove", "--format", "csv", "--format", "office365"]);
    }
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
    let checked = site.stranger(&verify).ok();
    assert!(
        !checked.text().contains("nothing is said of"),
        "{checked:?}"
    );
    fs::write(out.join("more.csv"), "made up").unwrap();
    site.stranger(&verify)
        .said(0, "nothing is said of: more.csv");
    fs::remove_file(out.join("more.csv")).unwrap();

    let runs = fs::read_to_string(out.join("executions.csv")).unwrap();
    assert!(runs.contains("succeeded"), "{runs}");
    let requests = fs::read_to_string(out.join("requests.csv")).unwrap();
    assert!(requests.contains(",denied,"), "{requests}");
    assert!(requests.contains("\"'=HYPERLINK(1), or so\""), "{requests}");
    let entries = fs::read_to_string(out.join("entries.jsonl")).unwrap();
    let leaves = fs::read_to_string(out.join("leaves")).unwrap();
    assert_eq!(entries.lines().count(), leaves.lines().count());
    let records = fs::read_to_string(out.join("office365.jsonl")).unwrap();
    assert_eq!(records.lines().count(), leaves.lines().count());
    let table = fs::read_to_string(out.join("office365.csv")).unwrap();
    assert_eq!(table.lines().count(), leaves.lines().count() + 1);

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
    assert!(!out.join("office365.csv").exists());
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

/// What a search prints as JSON lines.
fn records(site: &Site, args: &[&str]) -> Vec<Value> {
    let all = ["audit", "search", "--format", "office365"];
    let found = site.admin(&[&all, args].concat()).ok().text();
    let read = found
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    read.collect()
}

#[test]
fn the_log_is_searched_page_by_page() {
    let (site, out, _) = exported(true);
    let all = records(&site, &["--limit", "1000"]);
    // The same records as in the export, the newest first.
    let exported = fs::read_to_string(out.join("office365.jsonl")).unwrap();
    let lines = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let mut exported: Vec<Value> = lines.collect();
    exported.reverse();
    assert_eq!(all, exported);

    let (mut pages, mut before) = (Vec::new(), String::from("1000000"));
    loop {
        let args = [
            "audit", "search", "-o", "json", "--limit", "4", "--before", &before,
        ];
        let page = site.admin(&args).ok().json();
        pages.extend(page["items"].as_array().unwrap().clone());
        match page["before"].as_u64() {
            Some(next) => before = next.to_string(),
            None => break,
        }
    }
    assert_eq!(pages, all);

    let count = |args: &[&str]| records(&site, args).len();
    assert_eq!(count(&["--operation", "New-ElevatedAccessRequest"]), 2);
    assert_eq!(count(&["--operation", "*-ElevatedAccessRequest"]), 4);
    assert_eq!(count(&["--user", &upn("bob"), "--operation", "End-*"]), 1);
    assert_eq!(count(&["--text", "hyperlink(1), OR so"]), 1);
    // Set, covered, asked twice, decided twice, run once with its outcome.
    let of_task = records(&site, &["--task", r"host\say"]);
    let operations: Vec<_> = of_task
        .iter()
        .map(|record| record["Operation"].as_str())
        .collect();
    assert_eq!(
        operations
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        "End-ElevatedAccessRequest New-ElevatedAccessRequest Complete-Execution Say \
         Approve-ElevatedAccessRequest New-ElevatedAccessRequest \
         Set-ElevatedAccessApprovalPolicy Set-Task"
    );
    assert_eq!(count(&["--from", "2020-01-01", "--to", "2020-02-01"]), 0);
    let bad = [
        "audit",
        "search",
        "--from",
        "2020-02-01",
        "--to",
        "2020-01-01",
    ];
    site.admin(&bad).said(2, "empty");

    let csv = ["audit", "search", "--format", "csv", "--limit", "2"];
    let csv = site.admin(&csv).said(0, "--before").text();
    assert!(
        csv.starts_with("CreationDate,UserIds,Operations,AuditData\r\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 3);
    site.admin(&["audit", "search"]).said(0, "OPERATION");
    site.writ("alice", &["audit", "search"]).said(3, "auditors");
}
