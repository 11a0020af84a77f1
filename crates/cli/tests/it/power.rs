//! Power is lost under load, and with it whatever was only in memory: all that
//! was acknowledged is there.
//!
//! The data directory is a file system of its own in a file. What a copy of that
//! file holds while the server is halted is what a disk would hold after the
//! power was cut then: the pages that nobody had told the kernel to write are not
//! in it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::disk::Disk;
use super::site::Site;

const SAY: &str = r"Host\Say";
/// How often the power is cut.
const CUTS: usize = 5;

#[test]
fn power_is_lost_under_load_and_nothing_that_was_acknowledged() {
    let mut site = Site::open();
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    site.grant(SAY);
    site.stop();
    let disk = match Disk::of(&site) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("skipped: no disk can be made here: {why}"),
    };
    disk.serve(&mut site, "rw");
    let cuts = cut_under_load(&site, &disk);
    site.kill();

    let mut unsynced = 0;
    for (left, acknowledged) in cuts {
        left.serve(&mut site, "rw");
        // A file that nobody synced shows that the power was really gone.
        unsynced += usize::from(left.beside(&site, "test ! -s \"$1/unsynced\"").is_ok());
        let all = ["executions", "--all", "--limit", "10000", "-o", "json"];
        let runs = site.admin(&all).ok().json();
        let runs = runs["items"].as_array().unwrap().clone();
        assert!(!acknowledged.is_empty());
        for id in &acknowledged {
            let run = runs.iter().find(|run| run["id"] == id.as_str());
            assert_eq!(run.expect("acknowledged")["status"], "succeeded");
        }
        let ends = |run: &serde_json::Value| run["status"] != "authorized";
        assert!(runs.iter().all(ends), "{runs:?}");
        left.beside(&site, "test -s \"$1/writ.db\"").unwrap();
        site.writ("alice", &["run", SAY, "--param", "word=on"]).ok();
        site.kill();
    }
    assert!(unsynced > 0, "no cut lost what was not synced");
}

/// What each cut left, and the runs that had been acknowledged by then.
fn cut_under_load(site: &Site, disk: &Disk) -> Vec<(Disk, Vec<String>)> {
    let server = Pid::from_raw(i32::try_from(site.server_id()).unwrap()).unwrap();
    let (acknowledged, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let run = ["run", SAY, "--param", "word=x", "-o", "json"];
                    let run = site.writ("alice", &run).ok().json();
                    let id = run["id"].as_str().unwrap().to_owned();
                    acknowledged.lock().unwrap().push(id);
                }
            });
        }
        let cuts = (0..CUTS).map(|cut| {
            let enough = acknowledged.lock().unwrap().len() + 5;
            while acknowledged.lock().unwrap().len() < enough {
                thread::yield_now();
            }
            disk.beside(site, "echo written > \"$1/unsynced\"").unwrap();
            let by_then = acknowledged.lock().unwrap().clone();
            kill_process(server, Signal::STOP).unwrap();
            let left = disk.without_power(site.path(&format!("cut-{cut}")));
            kill_process(server, Signal::CONT).unwrap();
            (left, by_then)
        });
        let cuts = cuts.collect();
        stop.store(true, Ordering::SeqCst);
        cuts
    })
}
