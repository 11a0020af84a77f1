//! An app from its installation to its rows, and what ends them.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::TcpStream;

use super::site::{Done, Site, upn};

/// It did not work, and said these words.
#[track_caller]
fn no(done: &Done, words: &str) {
    let is_no = done.code != 0 && done.stderr.contains(words);
    assert!(is_no, "wanted a no with `{words}`: {done:#?}");
}

const DATASET: &str = r#"
[[dataset]]
name = "Data\\Messages"
source = "files"
file = "messages.csv"
subject = { column = "owner", as = "account", domain = "fabrikam.onmicrosoft.com" }
key = "id"
[[dataset.columns]]
name = "id"
type = "integer"
sensitivity = "low"
[[dataset.columns]]
name = "kind"
type = "text"
sensitivity = "low"
[[dataset.columns]]
name = "body"
type = "text"
sensitivity = "high"
free_text = true
"#;

const MANIFEST: &str = r#"
app = "insights@fabrikam.onmicrosoft.com"
name = "Insights"
publisher = "Contoso"
version = "1.0"
service = "Office365"
purpose = "Shows how people meet"
terms = "https://contoso.example/terms"
[[dataset]]
name = "Data\\Messages"
columns = ["id", "kind"]
scope = ["everybody"]
"#;

const MESSAGES: &str = r"Data\Messages";

fn site(rows: u32) -> Site {
    let mut site = Site::founded();
    let folder = site.path("files");
    fs::create_dir(&folder).unwrap();
    let mut text = "id,owner,kind,body\n".to_owned();
    for id in 1..=rows {
        let owner = ["alice", "bob", "carol"][id as usize % 3];
        writeln!(text, "{id},{owner},news,secret {id}").unwrap();
    }
    fs::write(folder.join("messages.csv"), text).unwrap();
    site.configure(&format!("[data.sources.files]\nfolder = {folder:?}\n"));
    site.serve();
    for name in ["alice", "bob", "carol"] {
        site.enrol(name);
    }
    let approvers = super::site::APPROVERS;
    site.admin(&["group", "set", approvers, "--add", &upn("bob")])
        .ok();
    site.admin(&["enable", "--admin-group", approvers]).ok();
    let invited = [
        "person",
        "invite",
        &upn("ivy"),
        "--role",
        "installer",
        "-o",
        "json",
    ];
    let code = site.admin(&invited).ok().json()["code"]
        .as_str()
        .unwrap()
        .to_owned();
    site.login("ivy", &code).ok();
    fs::write(site.path("datasets.toml"), DATASET).unwrap();
    fs::write(site.path("app.toml"), MANIFEST).unwrap();
    site.admin(&["dataset", "set", "-f", "datasets.toml"])
        .said(0, MESSAGES);
    site
}

fn installed(site: &Site) -> String {
    let policy = [
        "policy",
        "set",
        MESSAGES,
        "--approval",
        "manual",
        "--max-duration",
        "4320h",
    ];
    site.admin(&policy).ok();
    let done = site
        .writ("ivy", &["app", "install", "app.toml", "-o", "json"])
        .ok()
        .json();
    site.login("insights", done["code"].as_str().unwrap()).ok();
    done["requests"][0]["request"].as_str().unwrap().to_owned()
}

#[test]
fn an_app_reads_what_was_approved_and_no_more() {
    let site = site(9);
    let install = ["app", "install", "app.toml"];
    no(&site.writ("alice", &install), "only administrators");
    // Without a policy it is said how one is made.
    no(
        &site.writ("ivy", &install),
        "writ policy set 'Data\\Messages' --approval manual",
    );
    let id = installed(&site);
    site.writ("ivy", &["app", "list"]).said(0, "Contoso");
    site.writ("ivy", &["app", "show", &upn("insights")])
        .said(0, "pending");
    let pull = ["data", "pull", MESSAGES];
    no(&site.writ("insights", &pull), "waits for approval");
    no(&site.writ("insights", &["requests"]), "");

    // As it is printed, dash and all.
    let seen = format!(
        "Get-ElevatedAccessRequest\n    –Identity {id}\n    | select RequestorUPN, Service, RequestedAccess\n    | fl\n"
    );
    let expected = "RequestorUPN    : ivy@fabrikam.onmicrosoft.com\nService         : Office365\nRequestedAccess : Data Access Request\n";
    site.enter("bob", &["shell"], &seen).said(0, expected);
    site.writ("bob", &["show", &id])
        .said(0, "Shows how people meet");
    no(&site.writ("ivy", &["approve", &id, "--yes"]), "");
    let approve = format!(
        "Approve-ElevatedAccessRequest\n    -RequestId {id}\n    -Comment 'Not of carol' -RequestContext @{{DenyList='{}'}}\n",
        upn("carol")
    );
    site.enter("bob", &["shell"], &approve).said(0, "");
    let rows = site.writ("insights", &pull).ok().text();
    let expected: String = [1, 3, 4, 6, 7, 9]
        .map(|id| format!("{{\"id\":{id},\"kind\":\"news\"}}\n"))
        .concat();
    assert_eq!(rows, expected);
    let csv = [&pull[..], &["--csv", "--after", "6", "--column", "id"]].concat();
    assert_eq!(site.writ("insights", &csv).ok().text(), "id\r\n7\r\n9\r\n");
    let body = [&pull[..], &["--column", "body"]].concat();
    no(&site.writ("insights", &body), "");
    let run = &site
        .admin(&["executions", "--all", "-o", "json"])
        .ok()
        .json()["items"];
    let run = run.get(1).unwrap_or_else(|| panic!("{run}"));
    assert_eq!(
        run["rows"],
        serde_json::json!({"asked": 9, "delivered": 6, "withheld": 3}),
        "{run}"
    );

    // An upgrade asks anew, and shows what changes; the old goes on.
    fs::write(
        site.path("app.toml"),
        MANIFEST
            .replace("\"kind\"]", "\"body\"]")
            .replace("1.0", "2.0"),
    )
    .unwrap();
    let upgraded = site
        .writ("ivy", &["app", "upgrade", "app.toml", "-o", "json"])
        .ok()
        .json();
    let newer = upgraded["requests"][0]["request"].as_str().unwrap();
    site.writ("bob", &["show", newer])
        .said(0, "columns: +body -kind");
    assert_eq!(site.writ("insights", &pull).ok().text(), expected);
    site.writ("bob", &["deny", newer, "--comment", "No bodies"])
        .ok();
    no(
        &site.writ("ivy", &["app", "upgrade", "app.toml"]),
        "stays so",
    );
    site.admin(&["app", "remove", &upn("insights"), "--yes"])
        .ok();
    no(&site.writ("insights", &pull), "");
    site.admin(&["log", "verify"]).ok();
}

/// One reading of `path` as an app that has nothing of ours but a session.
fn begin(site: &Site, path: &str, bearer: &str) -> TcpStream {
    let mut stream = TcpStream::connect(site.address()).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Writ {bearer}\r\n\r\n",
        site.address()
    )
    .unwrap();
    stream
}

#[test]
fn a_revocation_cuts_a_stream() {
    let site = site(400_000);
    let id = installed(&site);
    site.writ("bob", &["approve", &id, "--yes"]).ok();
    let mut child = site
        .command("insights", &["data", "pull", MESSAGES])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = [0; 1_000];
    out.read_exact(&mut first).unwrap();
    // Nobody reads on meanwhile, so most of it is still to come.
    site.writ("bob", &["revoke", &id, "--comment", "Enough"])
        .ok();
    let mut rest = Vec::new();
    out.read_to_end(&mut rest).unwrap();
    let ended = child.wait().unwrap();
    assert!(!ended.success());
    let text = String::from_utf8_lossy(&rest);
    assert!(!text.contains("{\"id\":400000,"), "all of it came");
    let run = loop {
        let runs = site
            .admin(&["executions", "--all", "-o", "json"])
            .ok()
            .json()["items"]
            .clone();
        if runs[0]["status"] != "authorized" {
            break runs[0].clone();
        }
    };
    assert_eq!(run["status"], "failed", "{run}");
    assert!(run["note"].as_str().unwrap().contains("grant"), "{run}");
    // Nobody else's session reads it, and it is read once.
    let path = format!("/v1/data/{}", run["id"].as_str().unwrap());
    let mut answer = String::new();
    let mut stream = begin(&site, &path, "bad");
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(30)))
        .unwrap();
    let mut byte = [0; 12];
    stream.read_exact(&mut byte).unwrap();
    answer.push_str(&String::from_utf8_lossy(&byte));
    assert_eq!(answer, "HTTP/1.1 401");
    no(&site.writ("insights", &["data", "pull", MESSAGES]), "");
}

#[test]
fn all_that_an_installation_asks_for_is_approved_at_once() {
    let site = site(3);
    let meetings = r"Data\Meetings";
    let more = DATASET.replace("Messages", "Meetings");
    fs::write(site.path("datasets.toml"), more).unwrap();
    site.admin(&["dataset", "set", "-f", "datasets.toml"])
        .said(0, meetings);
    let wanted =
        "[[dataset]]\nname = \"Data\\\\Meetings\"\ncolumns = [\"id\"]\nscope = [\"everybody\"]\n";
    fs::write(site.path("app.toml"), format!("{MANIFEST}{wanted}")).unwrap();
    let policy = |name| ["policy", "set", name, "--approval", "manual"];
    site.admin(&policy(meetings)).ok();
    let id = installed(&site);
    let app = upn("insights");
    no(
        &site.writ("alice", &["approve", "--app", &app, "--yes"]),
        "nothing for",
    );
    // One that is wrong does not keep the other back.
    let both = ["approve", "ffff", &id, "--yes"];
    no(&site.writ("bob", &both), "ffff");
    let approved = [
        "approve",
        "--app",
        &app,
        "--comment",
        "Agreed",
        "--yes",
        "-o",
        "json",
    ];
    let approved = site.writ("bob", &approved).ok().json();
    assert_eq!(
        approved["items"].as_array().map(Vec::len),
        Some(2),
        "{approved}"
    );
    for dataset in [MESSAGES, meetings] {
        site.writ("insights", &["data", "pull", dataset])
            .said(0, "{\"id\":3");
    }

    // The same of one requestor in one pipeline.
    let newer = format!("{MANIFEST}{wanted}").replace("1.0", "1.1");
    fs::write(site.path("app.toml"), newer).unwrap();
    site.writ("ivy", &["app", "upgrade", "app.toml"]).ok();
    let pipeline = format!(
        "Get-ElevatedAccessRequest | ?{{$_.RequestorUPN -eq '{}' -and $_.RequestStatus -eq 'Pending'}} | Approve-ElevatedAccessRequest -Comment 'All of it'\n",
        upn("ivy")
    );
    site.enter("bob", &["shell"], &pipeline).ok();
    let shown = site.writ("ivy", &["app", "show", &app, "-o", "json"]).ok();
    shown.said(0, "1.1");
    let shown = site.writ("ivy", &["app", "show", &app]).ok().text();
    assert_eq!(shown.matches("live").count(), 2, "{shown}");
    assert!(!shown.contains("pending"), "{shown}");
}
