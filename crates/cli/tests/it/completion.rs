//! Completion and the manual.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::site::{APPROVERS, Done, Site, upn};

/// What a shell is offered after these words.
fn offered(site: &Site, who: &str, shell: &str, words: &[&str]) -> Vec<String> {
    offered_in(site, who, shell, words, "")
}

/// The same, where the shell says what the line is up to the cursor.
fn offered_in(site: &Site, who: &str, shell: &str, words: &[&str], line: &str) -> Vec<String> {
    let all = [&["--", "writ"], words].concat();
    let mut command = site.command(who, &all);
    command
        .env("COMPLETE", shell)
        .env("_WRIT_LINE", line)
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let done = Done::of(command.output().unwrap());
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    done.text().lines().map(ToOwned::to_owned).collect()
}

fn names(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.split('\t').next().unwrap())
        .collect()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long a shell waits is tested"
)]
fn ids_tasks_and_people_are_completed() {
    let mut site = Site::open();
    site.admin(&["policy", "set", r"Host\Say", "--approval", "manual"])
        .ok();
    let id = site.ask(r"Host\Say", &[]);
    let short = &id[..8];
    let tasks = offered(&site, "alice", "fish", &["request", r"host\s"]);
    assert_eq!(
        names(&tasks),
        [r"Host\Say", r"Host\Short", r"Host\Sleep"],
        "{tasks:?}"
    );
    assert!(tasks[0].contains("Say a word"), "{tasks:?}");
    // As bash must be told, inside quotes and outside.
    assert_eq!(
        offered(&site, "alice", "bash", &["run", r"Host\\Sa"]),
        [r"Host\\Say"]
    );
    let within = |quote| {
        let words = ["run", r"Host\Sa"];
        let line = format!(r"writ run {quote}Host\Sa");
        offered_in(&site, "alice", "bash", &words, &line)
    };
    assert_eq!(within('\''), [r"Host\Say'"]);
    assert_eq!(within('"'), [r#"Host\Say""#]);
    let profiles = offered(&site, "alice", "fish", &["run", "--profile", "bo"]);
    assert_eq!(names(&profiles), ["bob"]);
    for (who, verb, is_there) in [
        ("bob", "approve", true),
        ("bob", "deny", true),
        ("alice", "cancel", true),
        ("alice", "show", true),
        ("alice", "approve", false),
        ("bob", "revoke", false),
    ] {
        let ids = offered(&site, who, "zsh", &[verb, &short[..2]]);
        let found = ids.iter().any(|line| line.starts_with(short));
        assert_eq!(found, is_there, "{who} {verb}: {ids:?}");
    }
    let people = offered(&site, "admin", "fish", &["person", "show", "al"]);
    assert_eq!(names(&people), [upn("alice")], "{people:?}");
    let groups = offered(&site, "admin", "fish", &["group", "show", ""]);
    assert!(names(&groups).contains(&APPROVERS), "{groups:?}");
    let verbs = offered(&site, "nobody", "fish", &["sho"]);
    assert_eq!(names(&verbs), ["show"]);

    // Without a server, or a profile: nothing, at once, and not a word.
    site.stop();
    let begun = Instant::now();
    assert_eq!(
        offered(&site, "alice", "fish", &["show", ""])
            .iter()
            .filter(|l| l.starts_with(short))
            .count(),
        0
    );
    offered(&site, "nobody", "fish", &["show", ""]);
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn every_shell_gets_a_script_and_every_command_a_page() {
    let site = Site::founded();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = site.admin(&["completions", shell]).ok().text();
        assert!(
            script.contains("COMPLETE") && script.contains("writ"),
            "{script}"
        );
    }
    let mut unknown = site.command("admin", &["status"]);
    unknown.env("COMPLETE", "nosuch").stderr(Stdio::piped());
    let unknown = Done::of(unknown.output().unwrap());
    unknown.said(0, "see: writ completions --help");
    let dir = site.path("man");
    site.admin(&["man", "--dir", dir.to_str().unwrap()]).ok();
    let dir = dir.join("man1");
    let page = fs::read_to_string(dir.join("writ-request.1")).unwrap();
    assert!(
        page.contains("Examples:") && page.contains("\\-\\-reason"),
        "{page}"
    );
    for name in ["writ.1", "writ-policy-set.1", "writ-doctor.1"] {
        assert!(dir.join(name).exists(), "{name}");
    }
    assert!(!dir.join("writ-demo-service.1").exists());
}
