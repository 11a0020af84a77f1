//! What is printed: tables and JSON on standard output, remarks on standard
//! error. Colour and moving lines on terminals only, and not with `NO_COLOR`.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tokio::time::Instant;
use writ_core::time::Time;
pub(crate) use writ_core::value::plain;

use crate::context::Form;
use crate::yaml;

/// A colour of one word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    /// For what went wrong.
    Red,
    /// For what needs a look.
    Yellow,
}

/// Writes bytes to standard output. Whoever closed it wants no more.
pub(crate) fn print_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Prints a line, or several.
pub(crate) fn print(text: &str) {
    print_bytes(format!("{text}\n").as_bytes());
}

/// The form of everything that this process prints.
static FORM: OnceLock<Form> = OnceLock::new();

/// Chooses the form, once.
pub(crate) fn choose(form: Form) {
    // It was chosen already.
    let _ = FORM.set(form);
}

/// The form that was chosen.
pub(crate) fn form() -> Form {
    FORM.get().copied().unwrap_or_default()
}

/// Prints a value for programs: JSON, or YAML where that was chosen.
pub(crate) fn print_json(value: &impl Serialize) {
    match for_programs(value) {
        Ok(text) => print(&text),
        Err(error) => complain(Colour::Red, "error", &error.to_string()),
    }
}

/// A value as programs read it, without a line break at its end.
pub(crate) fn for_programs(value: &impl Serialize) -> serde_json::Result<String> {
    match form() {
        Form::Yaml => {
            let yaml = yaml::write(&serde_json::to_value(value)?);
            Ok(yaml.trim_end().to_owned())
        }
        Form::Json | Form::Table => serde_json::to_string_pretty(value),
    }
}

/// Prints a listing as `{"items": […]}`.
pub(crate) fn print_items(items: &impl Serialize) {
    print_json(&serde_json::json!({ "items": items }));
}

/// Prints a table, or what there is to say if it is empty.
pub(crate) fn print_table(head: &[&str], rows: Vec<Vec<String>>, if_empty: &str) {
    if rows.is_empty() {
        return remark(if_empty);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(head.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    let last = head.len().saturating_sub(1);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if at == last { 0 } else { 2 }));
    }
    for line in table.lines() {
        print(line.trim_end());
    }
}

/// Prints names and values, one below the other; leaves out empty ones.
pub(crate) fn print_fields(fields: &[(&str, String)]) {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let mut lines = value.lines();
        let first = lines.next().unwrap_or_default();
        print(&format!("{name:width$}  {}", plain(first)));
        for line in lines {
            print(&format!("{:width$}  {}", "", plain(line)));
        }
    }
}

/// Says something beside the result.
pub(crate) fn remark(text: &str) {
    // Nobody reads it any more.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says something beside the result, after a word in colour.
pub(crate) fn complain(colour: Colour, word: &str, text: &str) {
    let code = match colour {
        Colour::Red => "31",
        Colour::Yellow => "33",
    };
    match io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        true => remark(&format!("\x1b[1;{code}m{word}:\x1b[0m {text}")),
        false => remark(&format!("{word}: {text}")),
    }
}

/// Whether there is somebody to ask.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// An instant as people here read it.
pub(crate) fn local(time: Time) -> String {
    match Timestamp::from_millisecond(time.0) {
        Ok(instant) => instant
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        Err(_) => time.to_string(),
    }
}

/// A line that says how far something is, once it takes more than a second.
pub(crate) struct Progress {
    begun: Instant,
    shown: Instant,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            shown: now,
            is_shown: false,
        }
    }

    /// How far it is now.
    pub(crate) fn at(&mut self, text: impl FnOnce(Duration) -> String) {
        let now = Instant::now();
        let (since, pause) = (now - self.begun, now - self.shown);
        let is_due = since >= Duration::from_secs(1) && pause >= Duration::from_millis(200);
        if is_due && io::stderr().is_terminal() {
            (self.shown, self.is_shown) = (now, true);
            let mut err = io::stderr();
            // Nobody reads it any more.
            let _ = write!(err, "\r\x1b[K{}", text(since)).and_then(|()| err.flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            // Nobody reads it any more.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
