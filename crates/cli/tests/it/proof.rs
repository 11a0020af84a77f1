//! Proofs: made by the server, checked by anybody, in two languages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::site::{Done, Site, upn};

const SAY: &str = r"Host\Say";
/// How many altered files both verifiers are asked about.
const ALTERED: &str = "2000";

/// A site where alice ran a task once, and the file that proves it.
struct Proved {
    site: Site,
    organization: String,
    run: String,
    request: String,
    file: PathBuf,
}

impl Proved {
    fn new() -> Self {
        let site = Site::open();
        site.admin(&["policy", "set", SAY, "--approval", "manual"])
            .ok();
        let request = site.ask(SAY, &[]);
        site.writ("bob", &["approve", &request, "--comment", "Go ahead"])
            .ok();
        let run = ["run", SAY, "--param", "word=hello", "-o", "json"];
        let run = site.writ("alice", &run).ok().json();
        let run = run["id"].as_str().unwrap().to_owned();
        let status = site.admin(&["status", "-o", "json"]).ok().json();
        let organization = status["organization_id"].as_str().unwrap().to_owned();
        let done = site.writ("alice", &["prove", &run[..12]]).said(
            0,
            &format!("writ verify FILE --organization {organization}"),
        );
        let file = site.path("run.writ");
        fs::write(&file, &done.stdout).unwrap();
        Self {
            site,
            organization,
            run,
            request,
            file,
        }
    }

    /// Verifies as somebody who has nothing but the organization's id.
    fn verify(&self, args: &[&str]) -> Done {
        let args = [&["verify"], args, &["--organization", &self.organization]].concat();
        self.site.stranger(&args)
    }

    fn file(&self) -> &str {
        self.file.to_str().unwrap()
    }
}

#[test]
fn a_run_is_proved_to_somebody_who_has_nothing_but_the_file() {
    let mut proved = Proved::new();
    proved.site.stop();
    let told = proved.verify(&[proved.file()]).ok().text();
    for words in [
        &format!(r"{} ran Host\Say with word=hello", upn("alice")),
        "It succeeded at",
        "with exit code 0",
        "It put out 6 bytes",
        "For a test",
        &format!("{} approved at", upn("bob")),
        ": Go ahead",
        &format!("{} founds fabrikam.onmicrosoft.com", upn("admin")),
        "It does not show that nothing in between was left out",
        &proved.run,
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let json = proved.verify(&[proved.file(), "-o", "json"]).ok().json();
    assert_eq!(json["organization_id"], proved.organization.as_str());
    assert_eq!(json["file"]["execution"]["id"], proved.run.as_str());
    assert_eq!(json["file"]["request"]["id"], proved.request.as_str());
    assert!(json.get("log").is_none());
}

#[test]
fn a_file_that_proves_nothing_is_refused_with_the_place() {
    let proved = Proved::new();
    let other = "0".repeat(64);
    let args = ["verify", proved.file(), "--organization", &other];
    proved
        .site
        .stranger(&args)
        .said(1, "founds the organization");
    let good = fs::read_to_string(&proved.file).unwrap();
    let altered = proved.site.path("altered.writ");
    let name = altered.to_str().unwrap();
    for (from, to, words) in [
        ("writ/1", "writ/2", "line 1: expected `writ/1`"),
        ("\"accepted\":true", "\"accepted\":false", "line 2: "),
        ("\n— ", "\n- ", "the checkpoint at the end"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good);
        fs::write(&altered, text).unwrap();
        proved.verify(&[name]).said(1, words);
    }
    fs::write(&altered, &good[..good.len() / 2]).unwrap();
    proved.verify(&[name]).said(1, "proves nothing");
    proved.verify(&["nowhere.writ"]).said(2, "nowhere.writ");
    proved.verify(&[]).said(2, "required");
    proved
        .site
        .stranger(&["verify", proved.file()])
        .said(2, "--organization");
    proved
        .verify(&["--execution", &proved.run])
        .said(2, "--log");
}

#[test]
fn the_whole_log_says_what_a_file_cannot() {
    let proved = Proved::new();
    let site = &proved.site;
    let data = site.data();
    let from_data = [proved.file(), "--log", data.to_str().unwrap()];
    let before = proved.verify(&from_data).ok().text();
    assert!(
        before.contains("nothing had taken the grant away"),
        "{before}"
    );
    assert!(
        before.contains("No entry of the log ends or revokes"),
        "{before}"
    );
    assert!(
        !before.contains("It does not show that nothing"),
        "{before}"
    );

    site.writ("bob", &["revoke", &proved.request, "--comment", "Enough"])
        .ok();
    let url = site.url();
    let id = ["--organization", &proved.organization];
    let from_server = [&["verify", proved.file(), "--log", &url], &id[..]].concat();
    for done in [proved.verify(&from_data), site.admin(&from_server)] {
        let after = done.ok().text();
        assert!(
            after.contains("nothing had taken the grant away"),
            "{after}"
        );
        let words = format!("by {}, saying: Enough (entry ", upn("bob"));
        assert!(after.contains("The request is revoked since"), "{after}");
        assert!(after.contains(&words), "{after}");
    }
    let of_run = [
        "--log",
        data.to_str().unwrap(),
        "--execution",
        &proved.run[..16],
    ];
    proved
        .verify(&of_run)
        .said(0, "The request is revoked since");
    let json = [&of_run[..], &["-o", "json"]].concat();
    let json = proved.verify(&json).ok().json();
    let found = &json["log"]["found"];
    assert_eq!(found["execution"]["id"], proved.run.as_str());
    assert_eq!(found["ended"]["status"], "revoked");
    let never = ["--log", data.to_str().unwrap(), "--execution", "00000000"];
    proved.verify(&never).said(1, "holds no run 00000000");
    proved
        .verify(&["--log", data.to_str().unwrap()])
        .said(0, "The log verifies");

    // Alice may not read the log, and another organization's is not this one.
    site.writ("alice", &from_server).said(3, "auditors");
    let other = Site::founded();
    let other = other.data();
    let args = [proved.file(), "--log", other.to_str().unwrap()];
    proved.verify(&args).said(1, "the one in question");
    proved
        .verify(&[proved.file(), "--log", "/nowhere"])
        .said(1, "/nowhere");
}

/// Each day only what is new; what is behind what was verified is a cut log.
#[test]
fn a_log_is_verified_from_where_it_was_verified_last() {
    let mut proved = Proved::new();
    let site = &mut proved.site;
    let new = ["log", "verify", "--new"];
    let had = |done: Done, before: u64| {
        let words = format!("Of these, {before} were verified before");
        assert_eq!(done.text().contains(&words), before > 0, "{}", done.text());
    };
    let size = |site: &Site| {
        let status = site.admin(&["status", "-o", "json"]).ok().json();
        status["log_size"].as_u64().unwrap()
    };
    let grow = ["policy", "set", SAY, "--approval", "manual"];
    let url = site.url();
    for at in [&[][..], &["--server", &url]] {
        let new = [&new[..], at].concat();
        had(site.admin(&new).ok(), 0);
        let before = size(site);
        site.admin(&grow).ok();
        had(site.admin(&new).ok(), before);
        had(site.admin(&["log", "verify"]).ok(), 0);
    }
    // An old database with the head that belongs to it: only who has seen more
    // can tell.
    let data = site.data();
    let old = site.path("old");
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to.join("state")).unwrap();
        for name in ["writ.db", "state/head"] {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    };
    site.stop();
    copy(&data, &old);
    site.serve();
    site.admin(&grow).ok();
    site.admin(&new).ok();
    site.stop();
    copy(&old, &data);
    site.admin(&["log", "verify"])
        .said(1, "were verified before");
    site.admin(&new).said(1, "were verified before");
}

#[test]
fn only_who_may_read_is_given_a_proof_and_only_of_what_was_accepted() {
    let proved = Proved::new();
    let site = &proved.site;
    site.writ("carol", &["prove", &proved.run])
        .said(3, "not for you");
    site.writ("alice", &["prove", "--entry", "0"])
        .said(3, "auditors");
    let genesis = site.admin(&["prove", "--entry", "0"]).ok();
    let file = site.path("genesis.writ");
    fs::write(&file, &genesis.stdout).unwrap();
    proved
        .verify(&[file.to_str().unwrap()])
        .said(0, "is founded");
    site.writ("carol", &["run", SAY, "--param", "word=x"])
        .said(3, "");
    let refused = site
        .admin(&["log", "show", "--limit", "1", "-o", "json"])
        .ok()
        .json();
    let refused = refused["items"][0]["index"].to_string();
    site.admin(&["prove", "--entry", &refused])
        .said(3, "was refused");
    site.admin(&["prove", "--entry", "100000"])
        .said(3, "beyond");
    site.admin(&["prove"]).said(2, "required");
    site.admin(&["prove", &proved.run, "--entry", "0"])
        .said(2, "cannot be used with");
}

/// Whoever changes the database can keep a proof from being made, and make none.
#[test]
fn a_changed_database_proves_nothing() {
    let proved = Proved::new();
    let site = &proved.site;
    let refused = || {
        site.writ("alice", &["prove", &proved.run])
            .said(1, "went wrong")
    };
    site.sql("CREATE TABLE kept AS SELECT * FROM entries");
    let restore = "UPDATE entries SET leaf = kept.leaf, reads = kept.reads \
        FROM kept WHERE kept.position = entries.position";
    for change in [
        "UPDATE entries SET reads = '[]' WHERE reads <> '[]'",
        "UPDATE entries SET reads = '[3]' WHERE reads <> '[]'",
        "UPDATE entries SET leaf = (SELECT leaf FROM entries WHERE position = 2)",
        "UPDATE entries SET leaf = CAST(replace(CAST(leaf AS TEXT), 'main', 'niam') AS BLOB)
            WHERE position = 1",
    ] {
        site.sql(change);
        refused();
        site.sql(restore);
    }
    // A row that names another entry.
    site.sql("UPDATE rows SET at = 1 WHERE noun = 'execution'");
    refused();
}

/// Whether there is a Python with the one package that the other verifier needs.
/// The script that runs all tests sees to it, and says so.
pub(super) fn python() -> Option<Command> {
    let has = Command::new("python3")
        .args(["-c", "import cryptography"])
        .stderr(Stdio::null())
        .status();
    if has.is_ok_and(|status| status.success()) {
        let mut python = Command::new("python3");
        python.env("PYTHONDONTWRITEBYTECODE", "1");
        return Some(python);
    }
    let needed = std::env::var_os("WRIT_TEST_PYTHON").is_some();
    assert!(
        !needed,
        "python3 with the package `cryptography` is missing"
    );
    eprintln!("skipped: python3 with the package `cryptography` is missing");
    None
}

pub(super) fn script(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("docs/verify").join(name)
}

pub(super) fn ran(python: &mut Command) -> Done {
    Done::of(python.output().unwrap())
}

#[test]
fn another_verifier_agrees_on_every_altered_file() {
    let Some(mut python) = python() else { return };
    let proved = Proved::new();
    python.arg(script("test_writ_verify.py"));
    python.args([
        env!("CARGO_BIN_EXE_writ"),
        proved.file(),
        &proved.organization,
    ]);
    python.arg(ALTERED).current_dir(proved.site.path(""));
    ran(&mut python).said(0, "both refused every one");
}

#[test]
fn another_verifier_reads_files_and_whole_logs() {
    let Some(_) = python() else { return };
    let proved = Proved::new();
    let site = &proved.site;
    site.writ("carol", &["run", SAY, "--param", "word=x"])
        .said(3, "");
    let verify = |args: &[&str]| {
        let mut python = python().unwrap();
        python.arg(script("writ_verify.py")).args(args);
        ran(python.args(["--organization", &proved.organization]))
    };
    verify(&[proved.file()]).said(0, "alice@fabrikam.onmicrosoft.com  invoke");
    let note = site.admin(&["log", "checkpoint"]).ok().stdout;
    let leaves = site.admin(&["log", "export"]).ok().text();
    let (note_file, leaves_file) = (site.path("checkpoint"), site.path("leaves"));
    fs::write(&note_file, &note).unwrap();
    let paths = [
        leaves_file.to_str().unwrap(),
        "--checkpoint",
        note_file.to_str().unwrap(),
    ];
    fs::write(&leaves_file, &leaves).unwrap();
    verify(&paths).said(0, "proved: ");
    let session = site.config().join("profiles/admin/session");
    let from_server = [&site.url(), "--session", session.to_str().unwrap()];
    verify(&from_server).said(0, "proved: ");

    let lines: Vec<&str> = leaves.lines().collect();
    for at in 0..lines.len() {
        let mut altered: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        altered[at] = altered[at].replacen("main", "niam", 1);
        fs::write(&leaves_file, altered.join("\n") + "\n").unwrap();
        verify(&paths).said(1, "not proved");
    }
    fs::write(&leaves_file, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    verify(&paths).said(1, "not proved");
}

#[test]
fn a_proof_is_not_written_to_a_terminal() {
    let Some(mut python) = python() else { return };
    let site = Site::founded();
    let terminal = "import os, pty, sys; sys.exit(os.WEXITSTATUS(pty.spawn(sys.argv[1:])))";
    python.args([
        "-c",
        terminal,
        env!("CARGO_BIN_EXE_writ"),
        "prove",
        "12345678",
    ]);
    python
        .env("WRIT_CONFIG_HOME", site.config())
        .stdin(Stdio::null());
    ran(&mut python).said(2, "writ prove ID > run.writ");
}
