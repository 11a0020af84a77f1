//! The example app, which has nothing of ours but HTTP and its key, and a real node.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use super::proof::{python, ran};
use super::site::{APPROVERS, Done, Site, upn};

const MESSAGES: &str = r"Data\Messages";
/// After how many bytes the first stream breaks off that is longer.
const CUT: u64 = 20_000;

fn example(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("examples/app").join(name)
}

/// Passes calls on to the node, and breaks one stream of rows off; answers its URL.
fn between(site: &Site) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let node = site.address().to_owned();
    thread::spawn(move || {
        let mut is_cut = false;
        for app in listener.incoming() {
            let (mut app, mut node) = (app.unwrap(), TcpStream::connect(&node).unwrap());
            let mut start = [0; 13];
            app.read_exact(&mut start).unwrap();
            node.write_all(&start).unwrap();
            let (mut from, mut to) = (app.try_clone().unwrap(), node.try_clone().unwrap());
            // Either may go away at any time.
            thread::spawn(move || drop(io::copy(&mut from, &mut to)));
            let most = match &start == b"GET /v1/data/" && !is_cut {
                true => CUT,
                false => u64::MAX,
            };
            let passed = io::copy(&mut (&mut node).take(most), &mut app);
            is_cut |= passed.is_ok_and(|passed| passed == CUT);
            drop(app.shutdown(Shutdown::Both));
            drop(node.shutdown(Shutdown::Both));
        }
    });
    url
}

/// Runs the example.
fn insights(site: &Site, args: &[&str]) -> Done {
    let mut python = python().unwrap();
    python.arg(example("insights.py"));
    python.args(["--home", "insights"]).args(args);
    ran(python.current_dir(site.path("")))
}

#[test]
fn an_app_needs_nothing_of_ours_but_http_and_a_key() {
    let Some(_) = python() else { return };
    let mut site = Site::founded();
    let folder = site.path("files");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("messages.csv");
    fs::copy(example("messages.csv"), &file).unwrap();
    site.configure(&format!("[data.sources.files]\nfolder = {folder:?}\n"));
    site.serve();
    site.enrol("bob");
    site.admin(&["group", "set", APPROVERS, "--add", &upn("bob")])
        .ok();
    site.admin(&["enable", "--admin-group", APPROVERS]).ok();
    let datasets = example("datasets.toml");
    site.admin(&["dataset", "set", "-f", datasets.to_str().unwrap()])
        .ok();
    let policy = ["policy", "set", MESSAGES, "--approval", "manual"];
    let long = ["--max-duration", "4320h"];
    site.admin(&[&policy[..], &long].concat()).ok();
    let manifest = example("manifest.toml");
    let install = ["app", "install", manifest.to_str().unwrap(), "-o", "json"];
    let installed = site.admin(&install).ok().json();
    let id = installed["requests"][0]["request"].as_str().unwrap();

    fs::write(site.path("code"), installed["code"].as_str().unwrap()).unwrap();
    let (url, app) = (between(&site), upn("insights"));
    let enrol = ["enrol", &url, &app, "--code-file", "code"];
    insights(&site, &enrol).said(0, "is enrolled");
    let key = fs::metadata(site.path("insights/app.json")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    insights(&site, &["run"]).said(3, "waits for approval");

    let deny = format!("deny=superset_of:{}", upn("carol"));
    site.writ("bob", &["approve", id, "-P", &deny, "--yes"])
        .ok();
    let expected =
        "Data\\Messages: 5 rows\n       2 kind meeting\n       2 kind call\n       1 kind mail\n";
    assert_eq!(insights(&site, &["run"]).ok().text(), expected);

    // Of a longer one the first stream breaks off.
    let mut rows = "id,owner,sent,kind,recipients,body\n".to_owned();
    for id in 1..=3_000 {
        let owner = ["alice", "bob", "carol"][id % 3];
        writeln!(rows, "{id},{owner},2026-11-02T08:15:00Z,mail,,secret").unwrap();
    }
    fs::write(&file, rows).unwrap();
    let whole = insights(&site, &["run"]).said(0, "it goes on after id ");
    let expected = "Data\\Messages: 2000 rows\n    2000 kind mail\n";
    assert_eq!(whole.text(), expected);

    site.writ("bob", &["revoke", id, "--comment", "Enough"])
        .ok();
    insights(&site, &["run"]).said(3, "nothing is granted");
}
