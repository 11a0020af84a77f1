//! The prompt: history, completion, commands of several lines. What is pasted is
//! taken as one text.

use std::borrow::Cow;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use reedline::{
    ColumnarMenu, Completer, CompletionResult, Emacs, KeyCode, KeyModifiers, MenuBuilder, Prompt,
    PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent, ReedlineMenu, Signal, Span,
    Suggestion, ValidationResult, Validator, default_emacs_keybindings,
};
use writ_shell::{Known, complete, goes_on};

use super::history::Remembered;

/// The name of the menu that Tab opens.
const MENU: &str = "completions";

/// Reads commands from a terminal.
pub(super) struct Editor {
    reedline: Reedline,
    known: Arc<Mutex<Known>>,
}

/// What was typed.
pub(super) enum Typed {
    /// Commands.
    Text(String),
    /// Nothing, or something that was given up.
    Nothing,
    /// That there is no more.
    End,
}

impl Editor {
    pub(super) fn new() -> Self {
        let known = Arc::new(Mutex::new(Known::default()));
        let mut keys = default_emacs_keybindings();
        let opens = vec![
            ReedlineEvent::Menu(MENU.to_owned()),
            ReedlineEvent::MenuNext,
        ];
        keys.add_binding(
            KeyModifiers::NONE,
            KeyCode::Tab,
            ReedlineEvent::UntilFound(opens),
        );
        let menu = ColumnarMenu::default().with_name(MENU);
        let reedline = Reedline::create()
            .with_validator(Box::new(Whole))
            .with_completer(Box::new(Names(Arc::clone(&known))))
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_ansi_colors(std::env::var_os("NO_COLOR").is_none())
            .with_quick_completions(true)
            .use_bracketed_paste(true)
            .with_history(Box::new(Remembered::open()));
        Self { reedline, known }
    }

    /// What can be named from now on.
    pub(super) fn know(&mut self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// The same, and more.
    pub(super) fn learn(&mut self, learn: impl FnOnce(&mut Known)) {
        learn(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks for a command.
    pub(super) fn read(&mut self) -> io::Result<Typed> {
        let signal = self.reedline.read_line(&Ps)?;
        if let Signal::Success(text) = signal {
            return Ok(match text.trim().is_empty() {
                true => Typed::Nothing,
                false => Typed::Text(text),
            });
        }
        Ok(match matches!(signal, Signal::CtrlD) {
            true => Typed::End,
            false => Typed::Nothing,
        })
    }
}

/// Whether a command is whole.
struct Whole;

impl Validator for Whole {
    fn validate(&self, text: &str) -> ValidationResult {
        match goes_on(text) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Complete,
        }
    }
}

/// What can be named.
struct Names(Arc<Mutex<Known>>);

impl Completer for Names {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, texts) = complete(line.get(..pos).unwrap_or(line), &known);
        let suggestions: Vec<_> = texts
            .into_iter()
            .map(|value| Suggestion {
                value,
                span: Span::new(start, pos),
                // A blank at the end of a line would make the command go on.
                append_whitespace: false,
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

/// `Writ> `, and `>> ` on the lines after the first.
struct Ps;

impl Prompt for Ps {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("Writ")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed(">> ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("(search: {}) ", search.term))
    }
}
