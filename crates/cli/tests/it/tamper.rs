//! Rows changed, added or deleted by hand: nothing runs, the start is stopped,
//! and the first leaf that differs is named.

use super::site::{Site, exists, upn};

const SAY: &str = r"Host\Say";

/// A stopped installation where alice has a pending request and had a grant.
fn stopped() -> (Site, String) {
    let mut site = Site::open();
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    let revoked = site.grant(SAY);
    site.writ("alice", &["run", SAY, "--param", "word=once"])
        .ok();
    site.writ("bob", &["revoke", &revoked, "--comment", "x"])
        .ok();
    let pending = site.ask(SAY, &[]);
    site.stop();
    (site, pending)
}

#[test]
fn projections_changed_by_hand_let_nothing_run() {
    let (mut site, pending) = stopped();
    site.sql(
        "UPDATE rows SET view = replace(replace(view, '\"pending\"', '\"live\"'), '\"revoked\"', '\"live\"');
         UPDATE facets SET value = 'live' WHERE kind = 'status';
         UPDATE entries SET facts = replace(facts, '\"pending\"', '\"live\"');",
    );
    site.serve();
    site.writ("alice", &["run", SAY, "--param", "word=x"])
        .said(3, "Insufficient");
    site.admin(&["show", &pending]).said(0, "pending");
    site.admin(&["log", "verify"]).said(1, "facts");
    site.stop();
    site.sql("DELETE FROM rows; DELETE FROM facets; DELETE FROM blobs;");
    site.serve();
    site.writ("alice", &["run", SAY, "--param", "word=x"])
        .said(3, "Insufficient");
    site.writ("bob", &["approve", &pending]).ok();
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
}

#[test]
fn rows_and_texts_changed_by_hand_are_named() {
    let (mut site, _) = stopped();
    let verify = |site: &Site| site.admin(&["log", "verify"]);
    verify(&site).said(0, "3 rows");
    verify(&site).said(0, "texts, outputs   1, to the byte");
    for (change, words) in [
        (
            "UPDATE rows SET view = replace(view, '\"pending\"', '\"live\"')",
            "is not what entry",
        ),
        ("UPDATE rows SET created = created + 1", "is not what entry"),
        ("UPDATE rows SET at = 1000000", "is not what entry"),
        (
            "UPDATE facets SET value = 'bob@fabrikam.onmicrosoft.com' WHERE kind = 'by'",
            "is not what entry",
        ),
        (
            "INSERT INTO facets SELECT noun, 'by', 'bob@fabrikam.onmicrosoft.com', created, id
             FROM rows",
            "is not what entry",
        ),
        (
            "INSERT INTO rows SELECT noun, randomblob(32), created, at, view FROM rows LIMIT 1",
            "no entry made its row",
        ),
        ("DELETE FROM rows WHERE noun = 'execution'", "is missing"),
    ] {
        site.sql(change);
        verify(&site)
            .said(1, words)
            .said(1, "writ log rebuild")
            .said(1, "the log verifies");
        // A finding stays one until it is mended.
        site.admin(&["doctor"]).said(1, words);
        site.admin(&["log", "verify", "--new"]).said(1, words);
        site.admin(&["log", "rebuild"]).said(0, "made anew");
        verify(&site).said(0, "3 rows");
    }
    // While it serves, nobody makes anything anew.
    site.serve();
    site.admin(&["log", "rebuild"]).said(1, "stop it first");
    site.writ("alice", &["requests"]).said(0, "pending");
    verify(&site).ok();
    site.sql("UPDATE blobs SET bytes = CAST(bytes || 'x' AS BLOB)");
    verify(&site).said(1, "is not what was signed for");
    site.sql("DELETE FROM blobs");
    verify(&site).said(1, "is missing: restore");
}

#[test]
fn a_changed_leaf_stops_the_start_and_is_named() {
    let (site, _) = stopped();
    site.sql(
        "UPDATE entries SET leaf = CAST(replace(CAST(leaf AS TEXT), 'main', 'niam') AS BLOB)
         WHERE position = 7;",
    );
    site.serve_in_vain();
    site.admin(&["log", "verify"]).said(1, "leaf 7");
    site.admin(&["log", "verify", "--new"]).said(1, "leaf 7");
}

#[test]
fn a_shorter_log_stops_the_start() {
    let (site, _) = stopped();
    site.sql("DELETE FROM entries WHERE position = (SELECT max(position) FROM entries);");
    site.serve_in_vain().said(2, "restore the newest backup");
    site.admin(&["log", "verify"]).said(1, "is missing");
}

#[test]
fn an_older_copy_of_the_database_stops_the_start() {
    let mut site = Site::open();
    site.stop();
    let older = site.path("older.db");
    std::fs::copy(site.database(), &older).unwrap();
    site.serve();
    site.enrol("dave");
    site.stop();
    std::fs::copy(&older, site.database()).unwrap();
    site.serve_in_vain().said(2, "was rolled back");
    site.admin(&["log", "verify"]).said(1, "was rolled back");
}

#[test]
fn an_administrator_goes_on_from_an_older_backup() {
    let mut site = Site::open();
    site.admin(&["policy", "set", SAY, "--approval", "manual"])
        .ok();
    let live = site.grant(SAY);
    let pending = site.ask(SAY, &["--param", "word=x"]);
    site.admin(&["recover", "--yes"])
        .said(2, "another writ process");
    site.stop();
    site.admin(&["recover", "--yes"])
        .said(2, "nothing to recover");
    let [older, newer] = ["older.db", "newer.db"].map(|name| site.path(name));
    std::fs::copy(site.database(), &older).unwrap();
    site.serve();
    site.enrol("dave");
    let before = site.admin(&["log", "checkpoint"]).ok().text();
    site.stop();
    std::fs::copy(site.database(), &newer).unwrap();
    std::fs::copy(&older, site.database()).unwrap();

    site.serve_in_vain().said(2, "writ recover");
    site.admin(&["recover"]).said(2, "say so: --yes");
    site.admin(&["recover", "-o", "json"])
        .said(2, "say so: --yes");
    site.writ("alice", &["recover", "--yes"])
        .said(2, "only administrators");
    site.serve_in_vain().said(2, "writ recover");
    let recovered = site.admin(&["recover", "--yes", "-o", "json"]).ok().json();
    assert_eq!(recovered["epoch"], 1);
    site.admin(&["log", "verify"]).ok();
    site.admin(&["recover", "--yes"])
        .said(2, "nothing to recover");

    site.serve();
    // Sessions have ended too; the keys that the log knows are as good as before.
    let url = site.url();
    for who in ["admin", "alice", "bob"] {
        site.writ(who, &["whoami"]).said(3, "writ login");
        site.writ(who, &["login", &url, "--as", &upn(who)]).ok();
    }
    site.admin(&["status"]).said(0, "recovered: ");
    site.admin(&["log", "show"]).said(0, "RECOVERS");
    site.writ("alice", &["run", SAY, "--param", "word=x"])
        .said(3, "Insufficient");
    site.admin(&["show", &live])
        .said(0, "restored from a backup");
    site.admin(&["show", &pending]).said(0, "denied");
    site.writ("dave", &["whoami"]).said(3, "writ login");
    let after = site.admin(&["log", "checkpoint"]).ok().text();
    let origin = |note: &str| note.lines().next().unwrap().to_owned();
    assert_eq!(origin(&after), format!("{}/1", origin(&before)));
    site.grant(SAY);
    site.writ("alice", &["run", SAY, "--param", "word=x"]).ok();
    site.admin(&["log", "verify"]).ok();
    site.stop();

    // The log that was lost is no longer this node's.
    std::fs::copy(&newer, site.database()).unwrap();
    site.serve_in_vain().said(2, "was rolled back");
}

#[test]
fn a_deleted_entry_stops_the_start() {
    let (site, _) = stopped();
    site.sql("DELETE FROM entries WHERE position = 5;");
    site.serve_in_vain();
    site.admin(&["log", "verify"]).said(1, "5");
}

#[test]
fn a_missing_database_is_not_made_anew() {
    let (site, _) = stopped();
    std::fs::remove_file(site.database()).unwrap();
    site.serve_in_vain().said(2, "restore the newest backup");
    assert!(!exists(&site.database()));
}
