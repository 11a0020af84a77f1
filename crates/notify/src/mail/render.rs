//! Letters as one mail: plain text and HTML, in a message.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use data_encoding::BASE64;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use writ_core::digest::{Digest, RequestId};
use writ_core::time::Time;

use super::address::address;
use super::config::Config;
use super::list::{self, Group};
use super::text::{cut, safe};
use crate::Failure;
use crate::letter::{DECIDE, Letter, Row, Way};

/// How much of a text is shown. What people may type is shorter.
const LONGEST: usize = 4_000;
/// How much of a subject is shown.
const SUBJECT: usize = 200;
/// So many letters are whole in one mail at most; of more there is the list.
const WHOLE: usize = 12;
/// How much the list says of a letter, in characters, where there is room for it.
const BRIEF: usize = 160;
/// How large a mail of very many letters is at most, in bytes: some programs cut off
/// what is longer.
const SMALL: usize = 96 << 10;
/// How wide the labels of a plain text are made at most, in characters.
const LABEL: usize = 20;
/// How many bytes one encoded word of a header holds: 75 characters as it is
/// written (RFC 2047, 2).
const WORD: usize = 45;

/// What all letters of a mail have in common.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The address that it goes to.
    pub to: &'a str,
    /// Where the pages are: `https://writ.contoso.com`.
    pub site: &'a str,
    /// The newest checkpoint of the log: a signed note.
    pub checkpoint: &'a str,
    /// What time it is.
    pub now: Time,
}

/// A message that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    id: String,
    bytes: Vec<u8>,
}

impl Mail {
    /// Its `Message-ID`, the same for the same letters.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// All of it, header and body: ASCII, in lines of at most 998 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a>(&'a Page);

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a>(&'a Page);

/// What both forms show.
struct Page {
    subject: String,
    /// The letters, each whole; none where there are too many.
    letters: Vec<Section>,
    /// The list of them, where there are several.
    groups: Vec<Group>,
    checkpoint: Checkpoint,
}

/// One letter.
struct Section {
    headline: String,
    rows: Vec<Line>,
    open: String,
    link: String,
    /// Commands, by where they are typed.
    ways: Vec<(String, Vec<String>)>,
    because: String,
}

/// A label and what it stands for.
struct Line {
    label: String,
    value: String,
    /// What aligns the values of a plain text.
    space: String,
}

/// The three lines of a checkpoint that are signed.
struct Checkpoint {
    name: String,
    size: String,
    root: String,
}

impl Page {
    fn of(letters: &[(&str, &Letter)], about: &About<'_>, brief: usize) -> Self {
        let groups = match letters {
            [] | [_] => Vec::new(),
            several => list::of(several, about.site, brief),
        };
        let whole = match letters.len() > WHOLE {
            true => &[],
            false => letters,
        };
        Self {
            subject: subject(letters),
            letters: whole
                .iter()
                .map(|(_, letter)| Section::of(letter, about.site))
                .collect(),
            groups,
            checkpoint: Checkpoint::of(about.checkpoint),
        }
    }

    /// Whether it is of several letters.
    const fn is_list(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Which heading a letter has: below that of a mail of several.
    const fn level(&self) -> u8 {
        if self.is_list() { 2 } else { 1 }
    }
}

impl Section {
    fn of(letter: &Letter, site: &str) -> Self {
        let wide = |row: &Row| row.label.chars().count().min(LABEL);
        let width = letter.rows.iter().map(wide).max().unwrap_or_default();
        let line = |row: &Row| Line {
            label: shown(&row.label),
            value: shown(&row.value),
            space: " ".repeat(width.saturating_sub(wide(row)) + 2),
        };
        Self {
            headline: shown(&letter.headline),
            rows: letter.rows.iter().map(line).collect(),
            open: shown(&letter.open),
            link: link(site, &letter.page),
            ways: letter
                .ways
                .chunk_by(|one, next| one.surface == next.surface)
                .map(by_surface)
                .collect(),
            because: shown(&letter.because),
        }
    }
}

fn shown(text: &str) -> String {
    cut(text, LONGEST)
}

/// What is typed in one place.
fn by_surface(ways: &[Way]) -> (String, Vec<String>) {
    let surface = ways.first().map(|way| shown(&way.surface));
    let commands = ways.iter().map(|way| shown(&way.command)).collect();
    (surface.unwrap_or_default(), commands)
}

impl Checkpoint {
    fn of(note: &str) -> Self {
        let mut lines = note.lines().map(|line| cut(line, 200));
        let mut line = || lines.next().unwrap_or_default();
        Self {
            name: line(),
            size: line(),
            root: line(),
        }
    }
}

/// Makes one mail of letters, each with the id of its message in the outbox. The
/// same letters at the same time give the same bytes.
pub fn render(
    config: &Config,
    about: &About<'_>,
    letters: &[(&str, &Letter)],
) -> Result<Mail, Failure> {
    let to = address(about.to).map_err(|why| {
        Failure::Never(format!(
            "`{}` is no address: {why}",
            about.to.escape_debug()
        ))
    })?;
    let never = |why: &dyn std::fmt::Display| Failure::Never(format!("not made a mail: {why}"));
    let names = Names::of(config, about, letters);
    let made = |brief| {
        let page = Page::of(letters, about, brief);
        let text = Text(&page).render().map_err(|error| never(&error))?;
        let html = Html(&page).render().map_err(|error| never(&error))?;
        // Templates end without a line break.
        let forms = (text + "\n", html + "\n");
        let made = message(config, to.clone(), about.now, &page, &names, forms);
        made.map_err(|error| never(&error))
    };
    let mut mail = made(BRIEF)?;
    for brief in [BRIEF / 2, BRIEF / 4, BRIEF / 8, 0] {
        if letters.len() <= WHOLE || mail.bytes.len() <= SMALL {
            break;
        }
        mail = made(brief)?;
    }
    Ok(mail)
}

/// What a mail is called, and which others it belongs to.
struct Names {
    digest: Digest,
    id: String,
    thread: Option<String>,
}

impl Names {
    fn of(config: &Config, about: &About<'_>, letters: &[(&str, &Letter)]) -> Self {
        let mut named = format!("writ mail\n{}\n{}\n", about.site, about.to);
        for (id, _) in letters {
            named.push_str(id);
            named.push('\n');
        }
        let digest = Digest::of(named.as_bytes());
        let domain = config.from.email.domain();
        let mut requests = letters.iter().map(|(_, letter)| letter.request);
        let first: Option<RequestId> = requests.next().flatten();
        let one = first.filter(|_| requests.all(|request| request == first));
        Self {
            digest,
            id: format!("<{digest}@{domain}>"),
            thread: one.map(|request| format!("<request.{request}@{domain}>")),
        }
    }
}

fn message(
    config: &Config,
    to: Address,
    now: Time,
    page: &Page,
    names: &Names,
    (text, html): (String, String),
) -> Result<Mail, lettre::error::Error> {
    let Checkpoint { name, size, root } = &page.checkpoint;
    let checkpoint = format!("{name} {size} {root}");
    let since = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
    let mut builder = Message::builder()
        .from(config.from.clone())
        .to(Mailbox::new(None, to))
        .raw_header(header("Subject", &page.subject))
        .date(UNIX_EPOCH + since)
        .message_id(Some(names.id.clone()))
        .raw_header(header("Writ-Checkpoint", &checkpoint))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"));
    if let Some(thread) = &names.thread {
        builder = builder
            .in_reply_to(thread.clone())
            .references(thread.clone());
    }
    if let Some(reply_to) = &config.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    let part = |kind, body: String| {
        SinglePart::builder()
            .header(kind)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body)
    };
    // No part has `=_` as it is written: quoted-printable always has two digits there.
    let boundary = format!("=_{}", names.digest);
    let parts = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html));
    let bytes = builder.multipart(parts)?.formatted();
    Ok(Mail {
        id: names.id.clone(),
        bytes,
    })
}

fn subject(letters: &[(&str, &Letter)]) -> String {
    let text = match letters {
        [(_, letter)] => letter.subject.clone(),
        several if several.iter().all(|(_, letter)| letter.open == DECIDE) => {
            format!("{} requests wait for your decision", several.len())
        }
        several => format!("{} things from Writ", several.len()),
    };
    let words: Vec<_> = safe(&text).split_whitespace().map(str::to_owned).collect();
    cut(&words.join(" "), SUBJECT)
}

/// A header in lines that are short enough. What a mail program would decode, or
/// could not, is encoded: also what only looks as if it was.
fn header(name: &'static str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    let is_bare = |c: char| c == ' ' || c.is_ascii_graphic();
    if value.chars().all(is_bare) && !value.contains("=?") {
        return HeaderValue::new(name, value.to_owned());
    }
    let mut written = String::new();
    let mut word = String::new();
    for c in value.chars().map(Some).chain([None]) {
        if c.is_none_or(|c| word.len() + c.len_utf8() > WORD) {
            let space = if written.is_empty() { "" } else { "\r\n " };
            // Writing to a String does not fail.
            let _ = write!(
                written,
                "{space}=?utf-8?B?{}?=",
                BASE64.encode(word.as_bytes())
            );
            word.clear();
        }
        word.extend(c);
    }
    HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), written)
}

/// A page of the site. Whatever the path is, the link leads to the site.
pub(super) fn link(site: &str, page: &str) -> String {
    let path = page.strip_prefix('/').unwrap_or(page);
    let mut link = format!("{}/", site.trim_end_matches('/'));
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => link.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b'?' | b'&' | b'=' | b'%' | b'+' | b':' | b'@'
            | b',' | b'#' => link.push(char::from(byte)),
            // Writing to a String does not fail.
            _ => _ = write!(link, "%{byte:02X}"),
        }
    }
    link
}
