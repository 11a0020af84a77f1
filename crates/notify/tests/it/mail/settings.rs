//! `[mail]`: what it may say, and what each error says.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{checked, private};

const LEAST: &str = "host = \"mail.contoso.example\"\nfrom = \"writ@contoso.example\"\n";

#[test]
fn little_is_needed() {
    let folder = TempDir::new().unwrap();
    let config = checked(folder.path(), LEAST).unwrap();
    assert_eq!(config.at(), "mail.contoso.example:587");
    assert_eq!(config.from(), "writ@contoso.example");
    assert_eq!(config.time_zone().iana_name(), Some("UTC"));
    assert_eq!(config.digest_at(), jiff::civil::time(8, 0, 0, 0));
    for (more, at) in [
        ("tls = \"tls\"", "mail.contoso.example:465"),
        (
            "tls = \"starttls\"\nport = 2525",
            "mail.contoso.example:2525",
        ),
    ] {
        let config = checked(folder.path(), &format!("{LEAST}{more}\n")).unwrap();
        assert_eq!(config.at(), at);
    }
    for host in ["localhost", "127.0.0.1", "::1"] {
        let text = format!("host = \"{host}\"\ntls = \"none\"\nfrom = \"writ@contoso.example\"\n");
        let config = checked(folder.path(), &text).unwrap();
        assert!(config.at().ends_with(":25"), "{config:?}");
    }
}

#[test]
fn all_of_it() {
    let folder = TempDir::new().unwrap();
    private(&folder.path().join("mail-password"), "correct horse\r\n");
    super::server::certify(folder.path(), "mail.contoso.example");
    let text = format!(
        "{LEAST}port = 587\ntls = \"starttls\"\nreply_to = \"IT <it@contoso.example>\"\n\
         user = \"writ\"\npassword_file = \"mail-password\"\nca_file = \"ca.pem\"\n\
         time_zone = \"Europe/Zurich\"\ndigest_at = \"06:30\"\n"
    );
    let config = checked(folder.path(), &text).unwrap();
    assert_eq!(config.time_zone().iana_name(), Some("Europe/Zurich"));
    assert_eq!(config.digest_at(), jiff::civil::time(6, 30, 0, 0));
    assert!(!format!("{config:?}").contains("horse"));
}

#[test]
fn each_error_names_its_key_and_its_place() {
    let folder = TempDir::new().unwrap();
    let open = folder.path().join("open");
    private(&open, "correct horse\n");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o640)).unwrap();
    private(&folder.path().join("empty"), "\n");
    private(&folder.path().join("two"), "correct\nhorse\n");
    private(&folder.path().join("good"), "correct horse\n");
    let chmod = format!("chmod 600 {}", open.display());
    let user = "user = \"writ\"\n";
    for (more, key, at, words) in [
        ("port = 0\n", "mail.port", "0", "from 1 to 65535"),
        (
            "tls = \"none\"\n",
            "mail.tls",
            "\"none\"",
            "only for a mail server on this host",
        ),
        (
            "reply_to = \"it\"\n",
            "mail.reply_to",
            "\"it\"",
            "write it as \"writ@contoso.com\"",
        ),
        (
            "reply_to = \"a\\nb <it@contoso.example>\"\n",
            "mail.reply_to",
            "\"a\\nb <it@contoso.example>\"",
            "cannot be seen",
        ),
        (
            "password = \"correct horse\"\n",
            "mail.password",
            "\"correct horse\"",
            "name that in password_file",
        ),
        (
            "password_file = \"good\"\n",
            "mail.password_file",
            "\"good\"",
            "there is no user",
        ),
        (user, "mail.user", "\"writ\"", "there is no password_file"),
        (
            "user = \"\"\npassword_file = \"good\"\n",
            "mail.user",
            "\"\"",
            "it is empty",
        ),
        (
            &format!("{user}password_file = \"open\"\n"),
            "mail.password_file",
            "\"open\"",
            &chmod,
        ),
        (
            &format!("{user}password_file = \"none\"\n"),
            "mail.password_file",
            "\"none\"",
            "No such file",
        ),
        (
            &format!("{user}password_file = \".\"\n"),
            "mail.password_file",
            "\".\"",
            "it is not a file",
        ),
        (
            &format!("{user}password_file = \"empty\"\n"),
            "mail.password_file",
            "\"empty\"",
            "one line with a password",
        ),
        (
            &format!("{user}password_file = \"two\"\n"),
            "mail.password_file",
            "\"two\"",
            "one line with a password",
        ),
        (
            "ca_file = \"good\"\n",
            "mail.ca_file",
            "\"good\"",
            "no certificate in PEM",
        ),
        (
            "time_zone = \"Zürich\"\n",
            "mail.time_zone",
            "\"Zürich\"",
            "Europe/Zurich",
        ),
        (
            "digest_at = \"25:00\"\n",
            "mail.digest_at",
            "\"25:00\"",
            "\"08:00\"",
        ),
        (
            "digest_at = \"8:00\"\n",
            "mail.digest_at",
            "\"8:00\"",
            "\"08:00\"",
        ),
    ] {
        let text = format!("{LEAST}{more}");
        let wrong = checked(folder.path(), &text).unwrap_err();
        assert_eq!(wrong.key, key, "{wrong}");
        assert_eq!(&text[wrong.at.clone()], at, "{wrong}");
        assert!(wrong.problem.contains(words), "{words}: {wrong}");
        assert!(!wrong.to_string().contains("correct"), "{wrong}");
    }
    for (text, key) in [
        (
            "host = \"a b\"\nfrom = \"writ@contoso.example\"\n",
            "mail.host",
        ),
        (
            "host = \"\"\nfrom = \"writ@contoso.example\"\n",
            "mail.host",
        ),
        (
            "host = \"mail.contoso.example\"\nfrom = \"Writ\"\n",
            "mail.from",
        ),
        (
            "host = \"mail.contoso.example\"\nfrom = \"Writ <wrït@contoso.example>\"\n",
            "mail.from",
        ),
    ] {
        assert_eq!(checked(folder.path(), text).unwrap_err().key, key, "{text}");
    }
}

#[test]
fn what_is_not_known_is_refused() {
    for more in [
        "hosts = \"x\"\n",
        "tls = \"opportunistic\"\n",
        "port = 70000\n",
    ] {
        let text = format!("{LEAST}{more}");
        assert!(
            toml::from_str::<writ_notify::mail::Settings>(&text).is_err(),
            "{more}"
        );
    }
    let error = toml::from_str::<writ_notify::mail::Settings>("from = \"a@b.c\"\n");
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("missing field `host`")
    );
}
