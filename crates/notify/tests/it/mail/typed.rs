//! Whatever people type, a mail has the headers and the tags that it would have.

use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};
use serde_json::Value;
use writ_notify::letter::Letter;
use writ_notify::mail::render;

use super::reader::{Read, Reader};
use super::rendered::is_sound;
use super::{about, config, rendered, row, to_decide, way};

const HOSTILE: [&str; 24] = [
    "\r\nBcc: eve@evil.example\r\n",
    "\n\n<script>alert(1)</script>",
    "\r",
    "</td></tr></table><img src=https://evil.example/x.png>",
    "\" onmouseover=\"alert(1)",
    "' style='display:none",
    "--><!--",
    "<![CDATA[",
    "&lt;b&gt;&amp;&#x202e;",
    "{{ 7 * 7 }}{% raw %}",
    "=?utf-8?B?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
    "=?utf-8?Q?=E2=80=AE?=",
    "=20=\r\n",
    "\u{202e}gpj.exe\u{2066}",
    "\u{200f}\u{61c}שלום عربى",
    "👩‍👩‍👧‍👦🏳️‍🌈e\u{301}",
    "\0\u{1b}[2J\u{7f}\u{85}\u{2028}",
    "\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n",
    "From eve",
    "--=_",
    ".",
    "-- \n",
    " \t ",
    "\u{e0041}\u{feff}\u{fffe}",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "[ -~]{0,300}",
        1 => "x{900,1100}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// A letter all of whose texts are somebody's.
fn letter(texts: &[String; 8]) -> Letter {
    let [
        subject,
        headline,
        label,
        value,
        open,
        page,
        command,
        because,
    ] = texts;
    Letter {
        subject: subject.clone(),
        headline: headline.clone(),
        rows: vec![row(label, value), row("Reason", value)],
        page: page.clone(),
        open: open.clone(),
        ways: vec![way(label, command)],
        because: because.clone(),
        request: to_decide().request,
    }
}

/// The tags, with what links lead to taken out.
fn tags(read: &Read) -> Vec<(String, Vec<(String, Value)>)> {
    let mut tags = read.tags.clone();
    for (name, value) in tags.iter_mut().flat_map(|(_, attributes)| attributes) {
        if name == "href" {
            let link = value.as_str().unwrap();
            assert!(link.starts_with("https://writ.contoso.example/"), "{link}");
            assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "{link}");
            *value = Value::Null;
        }
    }
    tags
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')
        || (c.is_control() && c != '\n')
}

#[test]
fn what_people_type_stays_text() {
    let mut reader = Reader::start();
    let plain = letter(&std::array::from_fn(|_| "text".to_owned()));
    let both = |letter: &Letter| {
        let about = about("mira@contoso.example");
        render(&config(), &about, &[("one", letter), ("two", letter)]).unwrap()
    };
    let plain_digest = reader.read(&both(&plain));
    let plain = reader.read(&rendered("mira@contoso.example", "id", &plain).unwrap());
    let reader = std::cell::RefCell::new(reader);
    let texts = proptest::collection::vec(text(), 8);
    let mut runner = TestRunner::new(Runs {
        failure_persistence: None,
        ..Runs::with_cases(400)
    });
    let held = runner.run(&(texts, text()), |(texts, id)| {
        let texts: [String; 8] = texts.try_into().unwrap();
        let mail = rendered("mira@contoso.example", &id, &letter(&texts)).unwrap();
        is_sound(&mail);
        let read = reader.borrow_mut().read(&mail);
        prop_assert_eq!(&read.faults, &Vec::<String>::new());
        prop_assert_eq!(read.names(), plain.names());
        prop_assert_eq!(&read.to, &plain.to);
        prop_assert_eq!(&read.parts, &plain.parts);
        for name in ["From", "Date", "Writ-Checkpoint", "References", "Reply-To"] {
            prop_assert_eq!(read.header(name), plain.header(name));
        }
        prop_assert_eq!(tags(&read), tags(&plain));
        // A text is one line, whatever it holds, so none looks like several.
        prop_assert_eq!(read.text.lines().count(), plain.text.lines().count());
        for shown in [&read.text, &read.html, &read.shown] {
            prop_assert!(!shown.contains(is_hidden), "{:?}", shown);
        }
        prop_assert!(!read.header("Subject").contains(is_hidden));
        prop_assert!(!read.header("Subject").contains('\n'));

        let digest = both(&letter(&texts));
        is_sound(&digest);
        let read = reader.borrow_mut().read(&digest);
        prop_assert_eq!(read.names(), plain_digest.names());
        prop_assert_eq!(tags(&read), tags(&plain_digest));
        prop_assert_eq!(read.text.lines().count(), plain_digest.text.lines().count());
        Ok(())
    });
    held.unwrap();
}

#[test]
fn what_can_be_read_is_shown_as_it_is() {
    let mut reader = Reader::start();
    for text in [
        "Grüße aus Zürich",
        "a < b & c > d \"e\" 'f'",
        "שלום",
        "日本語 🦀",
        "C:\\x=?y",
    ] {
        let letter = letter(&std::array::from_fn(|_| text.to_owned()));
        let read = reader.read(&rendered("mira@contoso.example", "id", &letter).unwrap());
        assert_eq!(read.header("Subject"), text);
        assert!(read.text.contains(text), "{}", read.text);
        assert!(read.shown.contains(text), "{}", read.shown);
    }
    let long = "wörter ".repeat(60);
    let letter = letter(&std::array::from_fn(|_| long.clone()));
    let read = reader.read(&rendered("mira@contoso.example", "id", &letter).unwrap());
    let subject = read.header("Subject");
    assert_eq!(subject.chars().count(), 201);
    assert!(long.starts_with(subject.trim_end_matches('…')), "{subject}");
}
