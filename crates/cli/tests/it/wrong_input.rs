//! Wrong input at every step: a sentence that says what to do, nothing lost,
//! and the server goes on.

use std::fs;

use super::site::{ORGANIZATION, Site, upn};

#[test]
fn founding_twice_or_wrongly_is_refused() {
    let site = Site::founded();
    let again = [
        "--profile",
        "other",
        "init",
        "--organization",
        ORGANIZATION,
        "--admin",
        &upn("admin"),
    ];
    site.admin(&again).said(2, "--data-dir");
    site.admin(&[
        "init",
        "--organization",
        "no domain",
        "--admin",
        &upn("admin"),
    ])
    .said(2, "domain");
    site.admin(&["init", "--organization", ORGANIZATION, "--admin", "nobody"])
        .said(2, "alice@example.com");
}

#[test]
fn serving_wrongly_says_why() {
    let site = Site::founded();
    site.writ("admin", &["serve", "--listen", "0.0.0.0:0"])
        .said(2, "refusing to listen")
        .said(2, "--behind-proxy");
    site.writ("admin", &["serve", "--listen", "nonsense"])
        .said(2, "127.0.0.1");
    let config = site.data().join("writ.toml");
    let proxied = "listen = \"0.0.0.0:0\"\nbehind_proxy = true\n";
    fs::write(&config, proxied).unwrap();
    site.writ("admin", &["check-config"]).ok();
    fs::write(&config, "max_run = 3\n").unwrap();
    site.writ("admin", &["check-config"]).said(2, "max_run");
    site.serve_in_vain().said(2, "max_run");
    fs::write(&config, "[command]\nprograms = [\"bin/echo\"]\n").unwrap();
    site.serve_in_vain().said(2, "absolute");
    fs::write(&config, "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n").unwrap();
    site.serve_in_vain()
        .said(2, "writ.toml: line 2: tls.certificate: ");
    fs::write(&config, "").unwrap();
    let empty = site.path("nothing");
    site.admin(&["--data-dir", empty.to_str().unwrap(), "serve"])
        .said(2, "writ init");
}

#[test]
fn two_servers_on_one_directory_are_refused() {
    let site = {
        let mut site = Site::founded();
        site.serve();
        site
    };
    site.admin(&["serve", "--listen", "127.0.0.1:0"])
        .said(2, "another writ process");
    // On the same port, too: it is not the port that is in the way.
    site.admin(&["serve", "--listen", site.address()])
        .said(2, "another writ process");
    site.admin(&["status"]).ok();
}

#[test]
fn each_step_of_the_tour_answers_wrong_input() {
    let site = Site::open();
    let say = r"Host\Say";
    for (who, args, code, words) in [
        (
            "admin",
            &["person", "invite", "alice"][..],
            2,
            "alice@example.com",
        ),
        (
            "alice",
            &["person", "invite", "x@example.com"],
            3,
            "administrator",
        ),
        ("nobody", &["whoami"], 2, "login URL --as UPN"),
        (
            "admin",
            &[
                "group",
                "set",
                "g@example.com",
                "--add",
                "stranger@example.com",
            ],
            3,
            "stranger@example.com",
        ),
        (
            "admin",
            &["enable", "--admin-group", "nogroup@example.com"],
            3,
            "nogroup@example.com",
        ),
        (
            "admin",
            &["workload", "set", "Mars", "--connector", "rocket"],
            2,
            "command",
        ),
        (
            "admin",
            &["workload", "set", "Writ", "--connector", "command"],
            2,
            "reserved",
        ),
        (
            "admin",
            &["policy", "set", say, "--approval", "auto"],
            2,
            "requesters",
        ),
        (
            "admin",
            &[
                "policy",
                "set",
                say,
                "--approval",
                "manual",
                "--max-duration",
                "9 moons",
            ],
            2,
            "4h",
        ),
        (
            "admin",
            &[
                "policy",
                "set",
                say,
                "--approval",
                "manual",
                "--param",
                "word=like:x",
            ],
            2,
            "one_of",
        ),
        (
            "alice",
            &["request", say, "--reason", "x"],
            3,
            "No approval policy",
        ),
        (
            "alice",
            &["request", r"Host\Nothing", "--reason", "x"],
            3,
            "writ task list",
        ),
        (
            "alice",
            &["request", "Host", "--reason", "x"],
            2,
            r"Host\Restart-Service",
        ),
        ("alice", &["show", "zz"], 2, ""),
        ("alice", &["show", "0000"], 3, ""),
        ("alice", &["approve", "0123456789abcdef"], 3, ""),
        ("alice", &["frobnicate"], 2, "frobnicate"),
        ("alice", &["run"], 2, "TASK"),
        (
            "alice",
            &["log", "verify", "--server", "http://127.0.0.1:1"],
            6,
            "no answer",
        ),
    ] {
        let done = site.writ(who, args);
        let said = format!("{}{}", done.text(), done.stderr);
        assert!(
            done.code == code && said.contains(words),
            "{who} {args:?}: wanted {code} `{words}`, got {}\n{said}",
            done.code
        );
        assert!(!said.contains("panicked"), "{said}");
    }
    site.admin(&[
        "policy",
        "set",
        say,
        "--approval",
        "manual",
        "--max-duration",
        "2h",
    ])
    .ok();
    for (args, words) in [
        (&["request", say, "--reason", "x", "--for", "3h"][..], "2h"),
        (&["request", say, "--reason", "x", "--for", "1s"], "1m"),
        (
            &["request", say, "--reason", "x", "--param", "nothing=1"],
            "nothing",
        ),
        (
            &[
                "request",
                say,
                "--reason",
                "x",
                "--start",
                "2001-01-01T00:00:00Z",
            ],
            "start",
        ),
    ] {
        let done = site.writ("alice", args);
        assert!(
            [2, 3].contains(&done.code) && done.stderr.contains(words),
            "{args:?} {done:?}"
        );
    }
    site.writ("alice", &["request", say, "--reason", "  "])
        .said(2, "reason");
    site.admin(&["status"]).ok();
}

#[test]
fn a_task_file_with_a_mistake_names_the_place() {
    let site = Site::open();
    let file = site.path("bad.toml");
    let path = file.to_str().unwrap();
    for (text, words) in [
        (
            "[[task]]\nname = \"Host\"\nprogram = \"/bin/echo\"\nargs = []\n",
            "bad.toml",
        ),
        (
            "[[task]]\nname = \"Host\\\\X\"\nprogram = \"/bin/echo\"\nargz = []\n",
            "argz",
        ),
        (
            "[[task]]\nname = \"Host\\\\X\"\nprogram = \"/bin/unlisted\"\nargs = []\n",
            "/bin/unlisted",
        ),
        (
            "[[task]]\nname = \"Host\\\\X\"\nprogram = \"/bin/echo\"\nargs = [\"{nothing}\"]\n",
            "nothing",
        ),
        ("not toml at all", "bad.toml"),
    ] {
        fs::write(&file, text).unwrap();
        let done = site.admin(&["task", "set", "-f", path]);
        assert!(
            done.code == 2 && done.stderr.contains(words),
            "{text}: {done:?}"
        );
    }
    site.admin(&["task", "set", "-f", "missing.toml"])
        .said(2, "missing.toml");
}

#[test]
fn wrong_used_and_foreign_codes_are_refused() {
    let site = Site::open();
    site.login("dave", "ABCD-EFGH").said(2, "code");
    site.login("dave", "").said(2, "code");
    let invited = site
        .admin(&["person", "invite", &upn("dave"), "-o", "json"])
        .ok();
    let code = invited.json()["code"].as_str().unwrap().to_owned();
    // Right code, wrong person.
    let url = site.url();
    site.enter(
        "eve",
        &["login", &url, "--as", &upn("eve"), "--code-stdin"],
        &code,
    )
    .said(3, "");
    site.login("dave", &code.to_lowercase()).ok();
    let other = Site::open();
    let invited = other
        .admin(&["person", "invite", &upn("frank"), "-o", "json"])
        .ok();
    let foreign = invited.json()["code"].as_str().unwrap().to_owned();
    site.login("frank", &foreign)
        .said(2, "not for the organization");
}
