//! `kill -9` under load: what was acknowledged is there, what ran has its
//! entry, nothing runs twice, and what was open ends unknown.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::site::{Site, exists};

const MAKE: &str = r"Host\Make";

#[test]
fn killed_under_load_nothing_is_lost_and_nothing_runs_twice() {
    let mut site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(MAKE);
    site.grant(r"Host\Sleep");
    let folders = site.path("made");

    for round in 0..3 {
        let sleeping = site
            .writ("alice", &["executions", "-o", "json"])
            .ok()
            .json();
        let known = sleeping["items"].as_array().map_or(0, Vec::len);
        let acknowledged = Mutex::new(Vec::new());
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let (site_, folders, acknowledged, stop) = (&site, &folders, &acknowledged, &stop);
            scope.spawn(move || {
                site_.writ("alice", &["run", r"Host\Sleep", "--param", "seconds=600"])
            });
            for worker in 0..4 {
                scope.spawn(move || {
                    for number in 0.. {
                        if stop.load(Ordering::SeqCst) {
                            break;
                        }
                        let path = folders.join(format!("{round}-{worker}-{number}"));
                        let parameter = format!("path={}", path.display());
                        let done = site_
                            .writ("alice", &["run", MAKE, "--param", &parameter, "-o", "json"]);
                        if done.code == 0 {
                            let id = done.json()["id"].as_str().unwrap().to_owned();
                            acknowledged.lock().unwrap().push((id, path));
                        }
                    }
                });
            }
            let site_ = &site;
            scope.spawn(move || {
                // Enough has been acknowledged: now, in the middle of the rest.
                while acknowledged.lock().unwrap().len() < 8 {
                    thread::yield_now();
                }
                stop.store(true, Ordering::SeqCst);
                site_.kill_now();
            });
        });
        site.kill();
        site.serve();

        let runs = site
            .admin(&["executions", "--all", "--limit", "10000", "-o", "json"])
            .ok()
            .json();
        let runs = runs["items"].as_array().unwrap().clone();
        assert!(runs.len() > known);
        let mut named = BTreeSet::new();
        for run in &runs {
            assert_ne!(run["status"], "authorized", "{run}");
            if let Some(path) = run["parameters"]["path"].as_str() {
                assert!(named.insert(path.to_owned()), "asked for once: {run}");
                let note = run["note"].as_str().unwrap_or_default();
                assert!(
                    run["status"] != "failed" || !note.contains("exit code"),
                    "ran twice: {run}"
                );
            }
        }
        for (id, path) in acknowledged.into_inner().unwrap() {
            let run = runs.iter().find(|run| run["id"] == id.as_str());
            assert_eq!(run.unwrap()["status"], "succeeded");
            assert!(exists(&path));
        }
        for made in fs::read_dir(&folders).unwrap() {
            let path = made.unwrap().path();
            assert!(
                named.contains(path.to_str().unwrap()),
                "no entry for {path:?}"
            );
        }
        let asleep = runs
            .iter()
            .filter(|run| run["parameters"]["seconds"] == 600);
        for run in asleep {
            assert_eq!(run["status"], "unknown", "{run}");
        }
        site.admin(&["log", "verify"]).ok();
    }
}

#[test]
fn a_run_whose_outcome_was_not_seen_is_unknown_and_not_unreachable() {
    let mut site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(r"Host\Sleep");
    thread::scope(|scope| {
        let site = &site;
        let run =
            scope.spawn(|| site.writ("alice", &["run", r"Host\Sleep", "--param", "seconds=600"]));
        let authorized = || {
            let runs = site
                .admin(&["executions", "--all", "-o", "json"])
                .ok()
                .json();
            runs["items"]
                .as_array()
                .is_some_and(|runs| !runs.is_empty())
        };
        while !authorized() {
            thread::yield_now();
        }
        site.kill_now();
        run.join().unwrap().said(8, "Do not repeat it");
    });
    site.kill();
}
