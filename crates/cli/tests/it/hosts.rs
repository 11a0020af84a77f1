//! Odd hosts: another time zone, files that vanish, none left to open, a disk
//! that turns read-only.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::disk::Disk;
use super::site::Site;

const SAY: &str = r"Host\Say";

fn ready(site: &Site) {
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
}

#[test]
fn an_odd_time_zone_changes_what_is_shown_and_nothing_else() {
    let mut site = Site::open();
    ready(&site);
    site.stop();
    // Chatham's summer time begins at 2:45, at an offset of a quarter.
    let zone = "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45";
    site.serve_with(|server| {
        server.env("TZ", zone);
    });
    let id = site.grant(SAY);
    let shown = site.writ("alice", &["show", &id, "-o", "json"]).ok().json();
    let grant = &shown["grant"];
    let length = grant["until"].as_i64().unwrap() - grant["from"].as_i64().unwrap();
    assert_eq!(length, 4 * 3_600_000, "{grant}");
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
    site.stop();
    site.serve();
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
    site.admin(&["log", "verify"]).ok();
}

#[test]
fn a_database_that_vanishes_takes_nothing_in_until_it_is_back() {
    let mut site = Site::open();
    ready(&site);
    let id = site.ask(SAY, &[]);
    let away = site.path("away.db");
    fs::rename(site.database(), &away).unwrap();
    let refused = site.writ("bob", &["approve", &id]);
    assert_eq!(refused.code, 6, "{refused:?}");
    // Another file in its place is not it.
    fs::copy(&away, site.database()).unwrap();
    assert_eq!(site.writ("bob", &["approve", &id]).code, 6);
    fs::rename(&away, site.database()).unwrap();
    site.writ("bob", &["approve", &id]).ok();
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
    site.stop();
    site.serve();
    site.admin(&["log", "verify"]).ok();
}

#[test]
fn a_node_without_a_file_to_open_goes_on_when_there_is_one() {
    let mut site = Site::open();
    ready(&site);
    let server = site.server_id();
    let process = Pid::from_raw(i32::try_from(server).unwrap());
    let usual = getrlimit(Resource::Nofile);
    let few = Rlimit {
        current: Some(4),
        ..usual
    };
    prlimit(process, Resource::Nofile, few).unwrap();
    let waiting: Vec<_> = (0..20)
        .filter_map(|_| TcpStream::connect(site.address()).ok())
        .collect();
    thread::park_timeout(Duration::from_millis(300));
    prlimit(process, Resource::Nofile, usual).unwrap();
    drop(waiting);
    site.grant(SAY);
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
    site.admin(&["log", "verify"]).ok();
    site.stop();
}

#[test]
fn what_the_server_writes_down_is_one_line_each() {
    let site = Site::open();
    let call = "GET /v1/x%0d%0aERROR%20forged%1b[2J?y=%0aERROR HTTP/1.1\r\nHost: h\r\n\
                User-Agent: a\tERROR\r\nX-Request-Id: \u{9b}2J\r\nConnection: close\r\n\r\n";
    let mut connection = TcpStream::connect(site.address()).unwrap();
    connection.write_all(call.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    site.writ("alice", &["show", "dead\u{1b}[31mbeef"]);
    site.sql("UPDATE blobs SET bytes = x'00'");
    let log = site.log();
    for line in log.lines() {
        assert!(!line.starts_with("ERROR"), "{log}");
        let is_clean = line.chars().all(|c| !c.is_control());
        assert!(is_clean, "{line:?}");
    }
}

#[test]
fn a_disk_that_turns_read_only_takes_nothing_in_and_starts_nothing() {
    let mut site = Site::open();
    ready(&site);
    let live = site.grant(SAY);
    let waiting = site.ask(SAY, &["--param", "word=x"]);
    site.stop();
    let disk = match Disk::of(&site) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("skipped: no disk can be made here: {why}"),
    };
    disk.serve(&mut site, "rw");
    site.writ("alice", &["run", SAY, "--param", "word=before"])
        .ok();
    disk.break_down(&site).unwrap();
    let run = ["run", SAY, "--param", "word=never"];
    let in_vain: [(&str, &[&str]); 3] = [
        ("bob", &["approve", &waiting]),
        ("alice", &run),
        ("bob", &["revoke", &live, "--comment", "x"]),
    ];
    let mut waiting_for: Vec<_> = in_vain
        .iter()
        .map(|(who, args)| site.command(who, args).spawn().unwrap())
        .collect();
    while !site
        .log()
        .contains("the fate of an append is not known yet")
    {
        thread::park_timeout(Duration::from_millis(20));
    }
    // Whoever waits is told nothing, and what was there can be read.
    site.writ("alice", &["show", &live]).said(0, "live");
    site.writ("alice", &["show", &waiting]).said(0, "pending");
    for client in &mut waiting_for {
        if let Some(ended) = client.try_wait().unwrap() {
            assert!(!ended.success(), "{ended}");
        }
        // It is gone already if this fails.
        let _ = client.kill();
        client.wait().unwrap();
    }
    site.kill();
    disk.serve(&mut site, "rw");
    let runs = ["executions", "--all", "-o", "json"];
    let runs = site.admin(&runs).ok().json();
    let runs = runs["items"].as_array().unwrap().clone();
    let succeeded = |run: &serde_json::Value| run["status"] == "succeeded";
    assert_eq!(
        runs.iter().filter(|run| succeeded(run)).count(),
        1,
        "{runs:?}"
    );
    site.writ("alice", &["run", SAY, "--param", "word=after"])
        .ok();
    site.admin(&["show", &waiting]).ok();
}
