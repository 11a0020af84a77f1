//! What the shell shows and asks, on this terminal.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, IsTerminal, Write};

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
