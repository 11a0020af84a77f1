//! Secrets, from the hand that types them to the program that reads them, and
//! nowhere else.

use std::fs;
use std::path::Path;

use super::proof::{python, ran, script};
use super::site::{Done, Site, exists};

const SUM: &str = r"Host\Sum";
/// What must be found nowhere.
const TOKEN: &str = "canary-7f3a91-of-the-workload";
const PIN: &str = "canary-04c2de-of-the-parameter";

const TASKS: &str = r#"
[[task]]
name = "Host\\Sum"
program = "/usr/bin/sha256sum"
args = ["{secret:token}", "{pin}"]
[task.parameters.pin]
type = "secret"
required = true
"#;

/// A site with a secret, and a task that uses it and a secret parameter.
fn with_secret() -> Site {
    let site = Site::open();
    let tasks = site.path("secret.toml");
    fs::write(&tasks, TASKS).unwrap();
    site.admin(&["task", "set", "-f", tasks.to_str().unwrap()])
        .ok();
    site.admin(&["policy", "set", SUM, "--approval", "manual"])
        .ok();
    let set = ["secret", "set", "Host", "token", "--file", "-"];
    site.enter("admin", &set, &format!("{TOKEN}\n"))
        .said(0, "version 1");
    site
}

fn run(site: &Site, more: &[&str], input: &str) -> Done {
    site.enter("alice", &[&["run", SUM], more].concat(), input)
}

/// The sums that `sha256sum` prints for values.
fn sums(values: &[&str]) -> Vec<String> {
    let sum = |value: &&str| writ_core::digest::Digest::of(value.as_bytes()).to_string();
    values.iter().map(sum).collect()
}

fn heard(output: &str) -> Vec<String> {
    let first = |line: &str| line.split(' ').next().unwrap().to_owned();
    output.lines().map(first).collect()
}

#[test]
fn a_secret_reaches_the_program_and_a_new_value_replaces_it() {
    let site = with_secret();
    site.grant(SUM);
    let output = run(&site, &["--param", "pin=@-"], PIN).ok().text();
    assert_eq!(heard(&output), sums(&[TOKEN, PIN]));
    assert!(output.contains("/dev/fd/"), "{output}");
    let file = site.path("next");
    fs::write(&file, "two\nlines\n").unwrap();
    let next = ["secret", "set", "host", "Token", "--file"];
    site.admin(&[&next[..], &[file.to_str().unwrap()]].concat())
        .said(0, "version 2");
    let output = run(&site, &["--param", "pin=@-"], PIN).ok().text();
    assert_eq!(heard(&output), sums(&["two\nlines\n", PIN]));
    run(&site, &["--param", "pin=@next"], "").said(2, "must not hold line breaks");
    site.admin(&["secret", "list", "Host"]).said(0, "token");
    site.admin(&["secret", "remove", "Host", "token"]).ok();
    site.admin(&["secret", "remove", "Host", "token"])
        .said(2, "writ secret list Host");
    run(&site, &["--param", "pin=@-"], PIN).said(7, "writ secret set");
}

#[test]
fn a_secret_is_never_an_argument() {
    let site = with_secret();
    site.grant(SUM);
    let before = site.admin(&["log", "show", "-o", "json"]).ok().text();
    let plain = format!("pin={PIN}");
    run(&site, &["--param", &plain], "").said(2, "pin=@FILE");
    run(&site, &[], "").said(2, "no terminal to ask on");
    let ask = ["request", SUM, "--reason", "x", "--param", &plain];
    site.writ("alice", &ask)
        .said(2, "nothing can be said of it");
    let set = ["secret", "set", "Host", "token"];
    site.admin(&[&set[..], &[TOKEN]].concat()).said(2, "");
    site.admin(&set).said(2, "--file");
    site.enter("admin", &[&set[..], &["--file", "-"]].concat(), "")
        .said(2, "nothing in it");
    site.writ("alice", &["secret", "set", "Host", "token", "--file", "-"])
        .said(2, "");
    let after = site.admin(&["log", "show", "-o", "json"]).ok().text();
    assert_eq!(before, after, "nothing was recorded");
}

#[test]
fn another_target_gets_none_of_the_secrets() {
    let site = with_secret();
    let moved = ["workload", "set", "Host", "--connector", "command"];
    site.admin(&moved).ok();
    site.admin(&["secret", "list", "Host"]).said(0, "token");
    site.admin(&[&moved[..], &["--origin", "https://elsewhere.example"]].concat())
        .said(0, "writ secret set Host token");
    site.admin(&["secret", "list", "Host"])
        .said(0, "has no secrets");
}

/// The files below a folder that hold some bytes.
fn holding(folder: &Path, part: &[u8], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holding(&path, part, found);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        if bytes.windows(part.len()).any(|window| window == part) {
            found.push(path.display().to_string());
        }
    }
}

/// A whole story with two marked values, which are then looked for everywhere.
#[test]
fn a_marked_secret_is_found_nowhere() {
    let mut site = with_secret();
    site.grant(SUM);
    let output = run(&site, &["--param", "pin=@-", "-o", "json"], PIN).ok();
    let id = output.json()["id"].as_str().unwrap().to_owned();
    let mut said = vec![output.text(), output.stderr];
    for args in [
        &["executions", "--all", "-o", "json"][..],
        &["executions", "show", &id],
        &["log", "show", "-o", "json"],
        &["workload", "show", "Host"],
        &["workload", "list", "-o", "json"],
        &["secret", "list", "Host", "-o", "json"],
        &["task", "show", SUM, "-o", "json"],
        &["status", "-o", "json"],
    ] {
        let done = site.admin(args).ok();
        said.extend([done.text(), done.stderr]);
    }
    let shown = site.admin(&["executions", "show", &id]).ok().text();
    assert!(shown.contains("pin=(secret)"), "{shown}");

    // The proof of the run verifies, in both languages, and tells no value.
    let proof = site.writ("alice", &["prove", &id]).ok();
    let file = site.path("run.writ");
    fs::write(&file, &proof.stdout).unwrap();
    let status = site.admin(&["status", "-o", "json"]).ok().json();
    let organization = status["organization_id"].as_str().unwrap();
    let verify = [
        "verify",
        file.to_str().unwrap(),
        "--organization",
        organization,
    ];
    let told = site.stranger(&verify).said(0, "pin=(secret)");
    said.push(told.text());
    if let Some(mut python) = python() {
        python.arg(script("writ_verify.py"));
        let told = ran(python.args(&verify[1..])).ok();
        said.push(told.text());
    }

    site.stop();
    site.serve();
    let again = run(&site, &["--param", "pin=@-"], PIN).ok().text();
    assert_eq!(heard(&again), sums(&[TOKEN, PIN]), "kept over a restart");
    site.admin(&["log", "verify"]).ok();
    // While it runs, with what the database has not put away yet; and after.
    for is_running in [true, false] {
        for canary in [TOKEN, PIN] {
            for form in [
                canary.to_owned(),
                data_encoding::BASE64.encode(canary.as_bytes()),
                data_encoding::HEXLOWER.encode(canary.as_bytes()),
            ] {
                let mut found = Vec::new();
                holding(&site.path(""), form.as_bytes(), &mut found);
                assert!(found.is_empty(), "{form} is in {found:?}");
                let told = said.iter().find(|text| text.contains(&form));
                assert!(told.is_none(), "{form} is in {told:?}");
            }
        }
        if is_running {
            site.stop();
        }
    }
    assert!(exists(&site.database()));
}

#[test]
fn a_database_without_its_keys_says_so() {
    let mut site = with_secret();
    site.grant(SUM);
    site.stop();
    let kek = site.data().join("state").join("kek");
    let kept = fs::read(&kek).unwrap();
    fs::remove_file(&kek).unwrap();
    site.serve_in_vain()
        .said(2, "restore it with the rest of state/");
    // The key of another installation opens nothing.
    let other = Site::founded();
    fs::copy(other.data().join("state").join("kek"), &kek).unwrap();
    assert_ne!(fs::read(&kek).unwrap(), kept);
    site.serve();
    run(&site, &["--param", "pin=@-"], PIN).said(7, "writ secret set Host token");
    let set = ["secret", "set", "Host", "token", "--file", "-"];
    site.enter("admin", &set, TOKEN).said(0, "version 2");
    let output = run(&site, &["--param", "pin=@-"], PIN).ok().text();
    assert_eq!(heard(&output), sums(&[TOKEN, PIN]));
}
