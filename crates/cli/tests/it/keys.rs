//! A lost key, a second device, the code on paper.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::site::{Site, upn};

#[test]
fn a_second_device_is_added_by_the_first() {
    let site = Site::open();
    let url = site.url();
    let alice = upn("alice");
    let pair = ["login", &url, "--as", &alice, "--pair", "--label", "tablet"];
    let mut tablet = site
        .command("alice-2", &pair)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tablet.stdout.take().unwrap()).lines();
    let text = lines.next().unwrap().unwrap();

    // Nobody else can use it, nor can it be used in part.
    site.writ("bob", &["key", "add", &text])
        .said(2, "was not made for bob@");
    site.writ("alice", &["key", "add", &text[1..]])
        .said(2, "not whole");
    site.writ("alice", &["key", "add", &text])
        .said(0, "enrolled");
    let said: Vec<_> = lines.map(Result::unwrap).collect();
    assert!(tablet.wait().unwrap().success());
    assert!(said.concat().contains("You are alice@"), "{said:?}");
    site.writ("alice", &["key", "add", &text]).said(0, "");

    for device in ["alice", "alice-2"] {
        site.writ(device, &["key", "list"]).said(0, "tablet");
    }
    // Each can take the other away.
    let keys = site.writ("alice", &["key", "list", "-o", "json"]).ok();
    let keys = keys.json();
    let mut keys = keys["items"].as_array().unwrap().iter();
    let tablet = keys.find(|key| key["label"] == "tablet").unwrap();
    let id = tablet["id"].as_str().unwrap();
    site.writ("alice", &["key", "revoke", id, "--yes"]).ok();
    site.writ("alice-2", &["whoami"]).said(3, "writ login");
    site.writ("alice", &["whoami"]).ok();
    site.admin(&["log", "verify"]).ok();
}

#[test]
fn the_code_on_paper_is_a_key_of_the_first_administrator() {
    let mut site = Site::founded();
    site.serve();
    let url = site.url();
    let admin = upn("admin");
    let recovery = site.recovery_code().to_owned();
    let login = ["login", &url, "--as", &admin, "--code-stdin"];
    let again = [&login[..], &["--recovery"]].concat();
    site.enter("admin-2", &login, &recovery)
        .said(2, "--recovery");
    site.enter("admin-2", &again, "ABCD-EFGH")
        .said(2, "recovery");
    site.enter("admin-2", &again, &recovery).ok();
    // It adds a key; the lost one is taken away by hand.
    site.writ("admin-2", &["person", "invite", &upn("alice")])
        .ok();
    site.admin(&["whoami"]).ok();
    // Paper can be used again, and for nobody else.
    site.enter("admin-3", &again, &recovery).ok();
    let other = [
        "login",
        &url,
        "--as",
        &upn("alice"),
        "--code-stdin",
        "--recovery",
    ];
    site.enter("alice", &other, &recovery).said(3, "");
}
