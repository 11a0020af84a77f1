//! What is checked at start, and the place that an error names.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Bench, private};

const BEGIN: &str = "[[webhook]]\nname = \"audit\"\n";

#[test]
fn errors_name_the_place_and_what_to_do() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    private(folder, "open.key", super::KEY);
    fs::set_permissions(folder.join("open.key"), fs::Permissions::from_mode(0o640)).unwrap();
    private(folder, "short.key", "short");
    private(folder, "empty", "\n");
    private(folder, "url", "https://hooks.example/T0/secret");
    fs::write(folder.join("not.pem"), "no certificate").unwrap();
    let events = "url = \"https://hooks.example/\"\nsecret_files = [\"new.key\"]\n";
    let app = "format = \"slack\"\nchannel = \"C0\"\n";
    for (rest, key, at, problem) in [
        ("", "url", "\"audit\"", "is missing: where to call"),
        ("url = \"hooks\"\n", "url", "\"hooks\"", "is no URL"),
        (
            "url = \"ftp://hooks.example\"\n",
            "url",
            "\"ftp",
            "not over ftp",
        ),
        (
            "url = \"http://hooks.example\"\n",
            "url",
            "\"http",
            "allow = [\"hooks.example\"]",
        ),
        (
            "url = \"https://a:b@hooks.example\"\n",
            "url",
            "\"https",
            "a user or a password",
        ),
        (
            "url = \"https://hooks.example\"\n",
            "secret_files",
            "\"audit\"",
            "openssl rand",
        ),
        (
            "url = \"https://hooks.example\"\nsecret_files = []\n",
            "secret_files",
            "[]",
            "name one file, or two",
        ),
        (
            "url = \"https://hooks.example\"\nsecret_files = [\"none.key\"]\n",
            "secret_files",
            "\"none.key\"",
            "No such file",
        ),
        (
            "url = \"https://hooks.example\"\nsecret_files = [\"new.key\", \"open.key\"]\n",
            "secret_files",
            "\"open.key\"",
            "others may read it; type: chmod 600 ",
        ),
        (
            "url = \"https://hooks.example\"\nsecret_files = [\"short.key\"]\n",
            "secret_files",
            "\"short.key\"",
            "has 5 bytes and needs 32",
        ),
        (
            &format!("{events}events = [\"request-*\", \"request-raise\"]\n"),
            "events",
            "\"request-raise\"",
            "the nearest is `request-raised`",
        ),
        (
            &format!("{events}events = []\n"),
            "events",
            "\"audit\"",
            "names no event",
        ),
        (
            &format!("{events}tasks = ['a b']\n"),
            "tasks",
            "'a b'",
            "a b",
        ),
        (
            &format!("{events}allow = [\"10.0.0.0/1\"]\n"),
            "allow",
            "\"10.",
            "8 to 32 bits",
        ),
        (
            &format!("{events}allow = [\"other\"]\n"),
            "allow",
            "\"other\"",
            "not to `other`",
        ),
        (
            &format!("{events}url_file = \"url\"\n"),
            "url",
            "\"https",
            "either url or url_file",
        ),
        (
            &format!("{events}ca_file = \"not.pem\"\n"),
            "ca_file",
            "\"not.pem\"",
            "no certificate",
        ),
        (
            &format!("{events}channel = \"C0\"\n"),
            "channel",
            "\"C0\"",
            "only with format",
        ),
        (
            &format!("{events}format = \"teams\"\n"),
            "secret_files",
            "[",
            "only calls of format",
        ),
        (app, "token_file", "\"C0\"", "is missing"),
        (
            &format!("{app}token_file = \"empty\"\n"),
            "token_file",
            "\"empty\"",
            "no token",
        ),
        (
            &format!("{app}token_file = \"slack.token\"\nurl = \"https://a.example\"\n"),
            "url",
            "\"https",
            "either a url, or a channel",
        ),
        (
            &format!("{app}token_file = \"slack.token\"\napi = \"http://a.example\"\n"),
            "api",
            "\"http",
            "calls go over https",
        ),
    ] {
        let toml = format!("{BEGIN}{rest}");
        let error = bench.check(&toml).unwrap_err();
        assert_eq!(error.key, format!("webhook.{key}"), "{toml}{error}");
        assert!(error.problem.contains(problem), "{toml}{error}");
        assert!(toml[error.at.clone()].starts_with(at), "{toml}{error:?}");
        assert!(!error.to_string().contains("T0/secret"), "{error}");
    }
    let other = events.replace("new.key", "old.key");
    let same = format!("{BEGIN}{events}{}{events}", BEGIN.replace("audit", "other"));
    let error = bench.check(&same).unwrap_err().to_string();
    assert!(
        error.starts_with("webhook.secret_files: is named twice"),
        "{error}"
    );
    let mail = format!("{}{events}", BEGIN.replace("audit", "Mail"));
    let error = bench.check(&mail).unwrap_err().to_string();
    assert_eq!(
        error,
        "webhook.name: `mail` is what the sink of mails is called"
    );
    let two = format!("{BEGIN}{events}{}{other}", BEGIN.replace("audit", "Audit"));
    let error = bench.check(&two).unwrap_err();
    assert_eq!(
        error.to_string(),
        "webhook.name: another webhook is called `Audit`"
    );
    assert!(error.at.start > 50);
}

#[test]
fn a_url_and_a_token_are_not_shown() {
    let bench = Bench::new();
    private(
        bench.folder.path(),
        "url",
        "https://hooks.slack.com/services/T0/B0/hidden\n",
    );
    for more in [
        "format = \"slack\"\nurl_file = \"url\"\n",
        "format = \"teams\"\nurl = \"https://hooks.example/hidden?sig=hidden\"\n",
        "format = \"slack\"\nchannel = \"C0\"\ntoken_file = \"slack.token\"\n",
    ] {
        let toml = format!("{BEGIN}{more}");
        let file: super::File = toml::from_str(&toml).unwrap();
        let config = bench.check(&toml).unwrap().remove(0);
        assert_eq!(config.name(), "audit");
        let shown = format!(
            "{:?} {config:?} {:?}",
            file.webhook,
            bench.with(config.clone())
        );
        assert!(
            !shown.contains("hidden") && !shown.contains("xoxb"),
            "{shown}"
        );
    }
}

#[test]
fn a_key_that_is_unknown_is_an_error() {
    let toml = format!("{BEGIN}url = \"https://hooks.example\"\nsecret = \"x\"\n");
    let error = toml::from_str::<super::File>(&toml)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("unknown field `secret`"), "{error}");
}
