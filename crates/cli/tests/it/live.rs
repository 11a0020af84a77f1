//! Seeing what a task puts out while it runs, and leaving it to run.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use super::site::{Done, Site};

const WAIT: &str = r"Host\Wait";

/// A command that goes on; what it says is read as it comes.
struct Going {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Going {
    fn start(site: &Site, args: &[&str]) -> Self {
        let mut child = site
            .command("alice", args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    fn end(mut self) -> Done {
        let mut rest = Vec::new();
        self.stdout.read_to_end(&mut rest).unwrap();
        let mut done = Done::of(self.child.wait_with_output().unwrap());
        done.stdout = rest;
        done
    }
}

#[test]
fn output_is_seen_while_the_task_runs_from_its_beginning() {
    let mut site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(WAIT);
    let go = site.path("go");
    let parameter = format!("path={}", go.display());

    let run = ["run", WAIT, "--param", &parameter];
    let mut running = Going::start(&site, &run);
    assert_eq!(running.line(), "begun\n");
    let listed = site.writ("alice", &["executions", "-o", "json"]).ok();
    let listed = listed.json();
    assert_eq!(listed["items"][0]["status"], "authorized", "{listed}");
    let id = listed["items"][0]["id"].as_str().unwrap();

    // Somebody else looks, from the beginning.
    let follow = ["executions", "show", id, "--follow"];
    let mut following = Going::start(&site, &follow);
    assert_eq!(following.line(), "begun\n");
    fs::write(&go, "").unwrap();
    for going in [running, following] {
        let done = going.end().said(7, "exit code 3");
        assert_eq!(done.text(), "done\n");
    }
    // And after it is over.
    let over = site.writ("alice", &follow).said(7, "exit code 3");
    assert_eq!(over.text(), "begun\ndone\n");

    // A server that is started anew in the middle ends the run, and says so.
    fs::remove_file(&go).unwrap();
    let mut running = Going::start(&site, &run);
    assert_eq!(running.line(), "begun\n");
    site.kill();
    site.serve();
    running.end().said(8, "the node was restarted");
}

#[test]
fn a_detached_run_goes_on_and_is_found_by_its_id() {
    let site = Site::open();
    site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
        .ok();
    site.grant(WAIT);
    let go = site.path("go");
    let parameter = format!("path={}", go.display());
    let run = ["run", WAIT, "--param", &parameter, "--detach"];
    let started = site.writ("alice", &run).said(0, "--follow");
    let id = started.text().trim().to_owned();
    let show = ["executions", "show", &id];
    site.writ("alice", &show).said(0, "authorized");
    fs::write(&go, "").unwrap();
    let followed = site.writ("alice", &[&show[..], &["--follow"]].concat());
    assert_eq!(followed.said(7, "").text(), "begun\ndone\n");

    let started = site.writ("alice", &[&run[..], &["-o", "json"]].concat());
    let started = started.ok().json();
    assert_eq!(started["status"], "authorized");
    let id = started["id"].as_str().unwrap();
    let follow = ["executions", "show", id, "--follow", "-o", "json"];
    let followed = site.writ("alice", &follow).said(7, "").json();
    assert_eq!(followed["output"], "begun\ndone\n");
}
