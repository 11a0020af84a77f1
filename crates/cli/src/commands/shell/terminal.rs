//! What the shell shows and asks, on this terminal.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;

use reedline::{Prompt, PromptEditMode, PromptHistorySearch, Reedline, Signal};
use writ_core::secret::Secret;
use writ_shell::{Console, Writing};

use crate::output::{is_interactive, print, remark};
use crate::typed;

/// How long a line is where nobody looks at it: hardly anything is cut.
const UNCUT: usize = 10_000;
/// How long a line is on a terminal that does not say it.
const USUAL: usize = 80;

/// This terminal, or whatever is in its place.
pub(super) struct Terminal;

impl Console for Terminal {
    fn out(&mut self, text: &str) {
        print(text);
    }

    fn err(&mut self, text: &str) {
        remark(text);
    }

    fn is_interactive(&self) -> bool {
        is_interactive()
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        if !is_interactive() {
            return None;
        }
        // Ctrl-C gives up the question, and with it what was to be done.
        match Reedline::create().read_line(&Question(question)) {
            Ok(Signal::Success(line)) => Some(line),
            Ok(_) | Err(_) => None,
        }
    }

    fn ask_secret(&mut self, question: &str) -> Option<Secret> {
        typed::ask(question.trim_end_matches([' ', ':']), "use a terminal").ok()
    }

    fn width(&self) -> usize {
        let out = io::stdout();
        if !out.is_terminal() {
            return UNCUT;
        }
        match rustix::termios::tcgetwinsize(&out) {
            Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
            Ok(_) | Err(_) => USUAL,
        }
    }

    fn clear(&mut self) {
        if io::stdout().is_terminal() {
            print("\x1b[H\x1b[2J\x1b[3J");
        }
    }

    fn try_file(&mut self, path: &str, how: Writing) -> Result<(), String> {
        try_file(Path::new(path), how).map_err(|error| error.to_string())
    }

    fn first_line(&mut self, path: &str) -> Result<Option<String>, String> {
        first_line(Path::new(path)).map_err(|error| error.to_string())
    }

    fn write_file(&mut self, path: &str, text: &str, how: Writing) -> Result<(), String> {
        let file = match how {
            Writing::New => File::create_new(path),
            Writing::Over => File::create(path),
            Writing::After => File::options().create(true).append(true).open(path),
        };
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| error.to_string())
    }
}

/// Whether a file can be written. What is in it stays, and one that is not there is not
/// left behind.
fn try_file(path: &Path, how: Writing) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(_) if how == Writing::New => Err(io::ErrorKind::AlreadyExists.into()),
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if there.is_file() => File::options().append(true).open(path).map(drop),
        // Opening a pipe or a device may do something.
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            File::create_new(path)?;
            std::fs::remove_file(path)
        }
        Err(error) => Err(error),
    }
}

/// The longest first line that is looked for, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

fn first_line(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) if file.metadata()?.is_file() => file,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut line = String::new();
    BufReader::new(file.take(LONGEST_LINE)).read_line(&mut line)?;
    let line = line.trim_end_matches(['\r', '\n']);
    Ok(Some(line.to_owned()).filter(|line| !line.is_empty()))
}

/// A question as a prompt.
struct Question<'a>(&'a str);

impl Prompt for Question<'_> {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_history_search_indicator(&self, _: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
}
