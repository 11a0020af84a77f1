//! How mails look: in files, so that a change of it shows in a review. To write
//! them anew: `WRIT_WRITE=1 cargo test --release -p writ-notify`.

use std::path::PathBuf;
use std::{env, fs};

use writ_core::digest::{Digest, RequestId};
use writ_notify::letter::{DECIDE, Letter};
use writ_notify::mail::{Mail, render};

use super::reader::Reader;
use super::{about, config, many, policy, rendered, to_decide};

/// Compares a text with a file, or writes the file.
#[track_caller]
fn compare(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/mails")
        .join(name);
    if env::var_os("WRIT_WRITE").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = found.lines().zip(text.lines()).zip(1..);
    let differs = lines.find(|((found, wanted), _)| found != wanted);
    assert!(
        found == text,
        "{} differs: {differs:?}\nIf that is meant: WRIT_WRITE=1 cargo test --release -p \
         writ-notify, and look at the diff.",
        path.display()
    );
}

/// What holds for every mail.
#[track_caller]
pub(crate) fn is_sound(mail: &Mail) {
    let bytes = mail.bytes();
    assert!(bytes.is_ascii());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        assert!(
            line.ends_with(b"\r\n") || !line.contains(&b'\n'),
            "{line:?}"
        );
        let within = line.strip_suffix(b"\r\n").unwrap_or(line);
        assert!(!within.contains(&b'\r') && !within.contains(&0), "{line:?}");
        assert!(within.len() <= 998, "{} bytes: {line:?}", within.len());
    }
}

#[test]
fn mails_look_like_this() {
    let mut reader = Reader::start();
    let config = config();
    let many = many();
    let digest: Vec<(&str, &Letter)> = many
        .iter()
        .map(|(id, letter)| (id.as_str(), letter))
        .collect();
    for (name, mail) in [
        (
            "request",
            rendered("mira@contoso.example", "stage 1 mira", &to_decide()).unwrap(),
        ),
        (
            "policy",
            rendered("mira@contoso.example", "set 4710 mira", &policy()).unwrap(),
        ),
        (
            "digest",
            render(&config, &about("mira@contoso.example"), &digest).unwrap(),
        ),
    ] {
        is_sound(&mail);
        let text = String::from_utf8(mail.bytes().to_vec()).unwrap();
        let (header, _) = text.split_once("\r\n\r\n").unwrap();
        let read = reader.read(&mail);
        assert_eq!(read.faults, Vec::<String>::new());
        let header = header.replace("\r\n", "\n");
        compare(
            &format!("{name}.txt"),
            &format!("{header}\n\n{}", read.text),
        );
        compare(&format!("{name}.html"), &read.html);
    }
}

/// Whoever gets very many letters sees what each is about, and no program cuts it off.
#[test]
fn a_list_of_very_many_says_what_each_is_and_stays_small() {
    let mut reader = Reader::start();
    for reason in ["字".repeat(2_000), "words ".repeat(300)] {
        let mut letter = to_decide();
        DECIDE.clone_into(&mut letter.open);
        letter.rows[3].value = reason;
        let all: Vec<(String, Letter)> = (0..100)
            .map(|number: u8| {
                let request = RequestId(Digest::of(&[number]));
                let page = format!("/requests/{request}");
                (
                    format!("letter {number}"),
                    Letter {
                        page,
                        ..letter.clone()
                    },
                )
            })
            .collect();
        let all: Vec<_> = all
            .iter()
            .map(|(id, letter)| (id.as_str(), letter))
            .collect();
        let mail = render(&config(), &about("mira@contoso.example"), &all).unwrap();
        is_sound(&mail);
        assert!(mail.bytes().len() <= 100_000, "{}", mail.bytes().len());
        let read = reader.read(&mail);
        assert_eq!(read.faults, Vec::<String>::new());
        assert_eq!(
            read.header("Subject"),
            "100 requests wait for your decision"
        );
        for (_, letter) in &all {
            assert!(read.text.contains(&letter.page) && read.html.contains(&letter.page));
        }
        assert_eq!(read.text.matches("Exchange\\New-Move").count(), 100);
    }
}

#[test]
fn the_headers_say_what_it_is() {
    let mut reader = Reader::start();
    let mail = rendered("mira@contoso.example", "stage 1 mira", &to_decide()).unwrap();
    let read = reader.read(&mail);
    assert_eq!(
        read.names(),
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Writ-Checkpoint",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "In-Reply-To",
            "References",
            "Reply-To",
            "MIME-Version",
            "Content-Type",
        ]
    );
    assert_eq!(
        read.to,
        [(String::new(), "mira@contoso.example".to_owned())]
    );
    let of = ["text/plain", "text/html"].map(|kind| (kind.to_owned(), "utf-8".to_owned()));
    assert_eq!(read.parts, of);
    for (name, value) in [
        ("Subject", "Ana Ruiz asks for Move a mailbox"),
        ("From", "Writ <writ@contoso.example>"),
        ("Reply-To", "it@contoso.example"),
        (
            "Writ-Checkpoint",
            "contoso.example/writ/3fd1c2a0-93b4-41c5-8f60-1d2c3b4a5968 4711 \
             qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=",
        ),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Message-ID", mail.id()),
        ("In-Reply-To", read.header("References")),
        ("Date", "Sun, 22 Nov 2026 11:18:31 +0000"),
    ] {
        assert_eq!(read.header(name), value, "{name}");
    }
    let request = to_decide().request.unwrap();
    let thread = format!("<request.{request}@contoso.example>");
    assert_eq!(read.header("References"), thread);
}

#[test]
fn the_same_letters_are_the_same_mail_and_others_are_not() {
    let letter = to_decide();
    let once = rendered("mira@contoso.example", "one", &letter).unwrap();
    assert_eq!(
        once,
        rendered("mira@contoso.example", "one", &letter).unwrap()
    );
    let other = rendered("mira@contoso.example", "two", &letter).unwrap();
    assert_ne!(once.id(), other.id());
    let other = rendered("bo@contoso.example", "one", &letter).unwrap();
    assert_ne!(once.id(), other.id());
    let config = config();
    let mut about = about("mira@contoso.example");
    about.site = "https://other.contoso.example";
    let other = render(&config, &about, &[("one", &letter)]).unwrap();
    assert_ne!(once.id(), other.id());
}

#[test]
fn a_digest_is_of_the_thread_that_all_its_letters_are_of() {
    let (mut reader, config, about) = (Reader::start(), config(), about("mira@contoso.example"));
    let letter = to_decide();
    let of_one = render(&config, &about, &[("one", &letter), ("two", &letter)]).unwrap();
    let read = reader.read(&of_one);
    assert_eq!(read.header("Subject"), "2 things from Writ");
    let request = letter.request.unwrap();
    assert_eq!(
        read.header("References"),
        format!("<request.{request}@contoso.example>")
    );
    let mut other = to_decide();
    for request in [None, Some(RequestId(Digest::of(b"another")))] {
        other.request = request;
        let mixed = render(&config, &about, &[("one", &letter), ("two", &other)]).unwrap();
        assert_eq!(reader.read(&mixed).header("References"), "");
    }
}
