//! From text to tokens.
//!
//! PowerShell has several ways to read the same letters. Here there is one, the
//! way it reads the arguments of commands: a word is text, unless it begins with
//! a quote, `$`, `@(`, `@{`, `(` or a dash before a letter. What a token could
//! do beyond naming a value is refused by name, here, before there is a tree.

mod quoted;

use crate::fault::{Fault, Span};
use crate::letters::{is_blank, is_break, is_dash, is_quote, is_single, is_unseen};
use crate::values::METHODS;

/// The longest input that is read, in bytes.
pub const MAX_INPUT: usize = 1 << 20;

/// Text with variables in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// A piece of such a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// What a variable holds.
    Variable(String),
}

impl Template {
    /// The text, if there is no variable in it.
    pub fn literal(&self) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(more) => text.push_str(more),
                Piece::Variable(_) => return None,
            }
        }
        Some(text)
    }

    fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text.push(c),
            Some(Piece::Variable(_)) | None => self.0.push(Piece::Text(c.to_string())),
        }
    }
}

/// What brackets are around something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bracket {
    /// `(`
    Paren,
    /// `@(`
    Array,
    /// `@{`
    Table,
    /// `{`
    Block,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    NewLine,
    Semicolon,
    Pipe,
    Comma,
    Equals,
    Bang,
    Open(Bracket),
    Close(char),
    /// `-Name`, and whether a colon follows at once.
    Parameter {
        name: String,
        colon: bool,
    },
    Word(Template),
    Quoted(Template),
    Variable(String),
    /// `.Name`, at once after a variable or a bracket.
    Member(String),
    /// `@name`
    Splat(String),
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// The brackets that are open.
    open: Vec<Bracket>,
    /// Whether this line holds nothing but a comment so far.
    only_comment: bool,
}

/// The tokens of an input.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, Fault> {
    if source.len() > MAX_INPUT {
        let message = format!("The input is longer than {MAX_INPUT} bytes.");
        return Err(Fault::new(Span::default(), "InputTooLong", message));
    }
    let mut lexer = Lexer {
        source,
        at: 0,
        tokens: Vec::new(),
        open: Vec::new(),
        only_comment: false,
    };
    if source.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    while let Some(c) = lexer.peek() {
        lexer.next_token(c)?;
    }
    Ok(lexer.tokens)
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn from(&self, start: usize) -> Span {
        Span {
            start,
            end: self.at,
        }
    }

    /// The span of so many characters from here.
    fn here(&self, count: usize) -> Span {
        let length: usize = self.rest().chars().take(count).map(char::len_utf8).sum();
        Span {
            start: self.at,
            end: self.at + length,
        }
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let span = self.from(start);
        self.only_comment = false;
        self.tokens.push(Token { kind, span });
    }

    /// One character that is a token.
    fn single(&mut self, kind: Kind) {
        let start = self.at;
        self.bump();
        self.push(kind, start);
    }

    fn next_token(&mut self, c: char) -> Result<(), Fault> {
        match c {
            c if is_blank(c) => self.bump(),
            c if is_break(c) => self.line_break(),
            '`' => return self.continuation(),
            '#' => self.comment(),
            '<' if self.second() == Some('#') => return self.long_comment(),
            ';' => self.single(Kind::Semicolon),
            ',' => self.single(Kind::Comma),
            '|' if self.second() == Some('|') => return Err(self.chain("||")),
            '|' => self.single(Kind::Pipe),
            '=' if self.is_assigned() => self.single(Kind::Equals),
            '!' if self.is_within(Bracket::Block) => self.single(Kind::Bang),
            '(' => self.open(Bracket::Paren, 1),
            '{' => self.open(Bracket::Block, 1),
            ')' | '}' => self.close(c)?,
            '@' => return self.at_sign(),
            '$' => return self.variable(),
            '&' if self.second() == Some('&') => return Err(self.chain("&&")),
            '&' | '<' | '>' | '[' => return Err(self.not_spoken(c)),
            c if is_quote(c) => return self.quoted_token(c),
            c if is_dash(c) && self.asks_help() => {
                let start = self.at;
                self.bump();
                self.single(Kind::Parameter {
                    name: "?".to_owned(),
                    colon: false,
                });
                if let Some(token) = self.tokens.last_mut() {
                    token.span.start = start;
                }
            }
            c if is_dash(c) && self.second().is_some_and(begins_name) => return self.parameter(),
            c if is_unseen(c) => return Err(self.unseen(c)),
            _ => return self.word(),
        }
        Ok(())
    }

    /// `-?`, and nothing more.
    fn asks_help(&self) -> bool {
        let mut after = self.rest().chars().skip(1);
        after.next() == Some('?') && after.next().is_none_or(ends_word)
    }

    fn is_within(&self, bracket: Bracket) -> bool {
        self.open.contains(&bracket)
    }

    /// Whether an equals sign gives something a value here.
    fn is_assigned(&self) -> bool {
        let after_variable = self
            .tokens
            .last()
            .is_some_and(|token| matches!(token.kind, Kind::Variable(_)));
        self.open.last() == Some(&Bracket::Table) || after_variable
    }

    fn line_break(&mut self) {
        let start = self.at;
        if self.peek() == Some('\r') {
            self.bump();
        }
        if self.peek() == Some('\n') {
            self.bump();
        }
        // A line that is only a comment is not there at all.
        match self.only_comment {
            true => self.only_comment = false,
            false => self.push(Kind::NewLine, start),
        }
    }

    /// A backtick at the end of a line, blanks after it or not.
    fn continuation(&mut self) -> Result<(), Fault> {
        let after = self.rest().trim_start_matches('`');
        let ends = after.trim_start_matches(is_blank);
        if ends.is_empty() {
            return Err(Fault::new(
                self.here(1),
                "IncompleteParseException",
                "The input ends after a backtick: another line must follow.",
            )
            .incomplete());
        }
        if !ends.starts_with(is_break) {
            return self.word();
        }
        self.bump();
        while self.peek().is_some_and(is_blank) {
            self.bump();
        }
        if self.peek() == Some('\r') {
            self.bump();
        }
        if self.peek() == Some('\n') {
            self.bump();
        }
        Ok(())
    }

    fn is_line_start(&self) -> bool {
        self.tokens
            .last()
            .is_none_or(|token| token.kind == Kind::NewLine)
    }

    fn comment(&mut self) {
        self.only_comment |= self.is_line_start();
        while self.peek().is_some_and(|c| !is_break(c)) {
            self.bump();
        }
    }

    fn long_comment(&mut self) -> Result<(), Fault> {
        let Some(end) = self.rest().find("#>") else {
            return Err(Fault::new(
                self.here(2),
                "MissingTerminatorMultiLineComment",
                "The terminator '#>' is missing from the multiline comment.",
            )
            .incomplete());
        };
        self.only_comment |= self.is_line_start();
        self.at += end + 2;
        Ok(())
    }

    fn open(&mut self, bracket: Bracket, letters: usize) {
        let start = self.at;
        for _ in 0..letters {
            self.bump();
        }
        self.open.push(bracket);
        self.push(Kind::Open(bracket), start);
    }

    fn close(&mut self, c: char) -> Result<(), Fault> {
        self.open.pop();
        self.single(Kind::Close(c));
        if c == ')' {
            self.members()?;
        }
        Ok(())
    }

    fn at_sign(&mut self) -> Result<(), Fault> {
        match self.second() {
            Some('(') => self.open(Bracket::Array, 2),
            Some('{') => self.open(Bracket::Table, 2),
            Some(c) if is_quote(c) => {
                return Err(Fault::refused(self.here(2), "here-strings").hint(
                    "Write the text in quotes on one line; `n in double quotes is a line break.",
                ));
            }
            Some(c) if begins_name(c) => {
                let start = self.at;
                let name = self.variable_name()?;
                self.push(Kind::Splat(name), start);
            }
            Some(_) | None => return Err(Fault::refused(self.here(2), "an @ alone")),
        }
        Ok(())
    }

    /// `$name` and its members.
    fn variable(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let name = self.variable_name()?;
        self.push(Kind::Variable(name), start);
        self.members()?;
        match self.peek() {
            Some('[') => {
                Err(Fault::refused(self.here(1), "indexes").hint("Use: | Select-Object -First 1"))
            }
            Some(c) if ends_variable(c) => Ok(()),
            None => Ok(()),
            Some(_) => Err(Fault::new(
                self.here(1),
                "UnexpectedToken",
                "A variable is followed by text at once.",
            )
            .hint("Put both into double quotes.")),
        }
    }

    /// The name after a `$`, which is taken too.
    fn variable_name(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.bump();
        if self.peek() == Some('(') {
            return Err(
                Fault::refused(self.from(start).to(self.here(1)), "subexpressions, $( )")
                    .hint("Put the value into a variable first, and name the variable."),
            );
        }
        if self.peek() == Some('{') {
            return Err(Fault::refused(
                self.from(start).to(self.here(1)),
                "variables in braces",
            ));
        }
        let length = self
            .rest()
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(self.rest().len());
        // Whether the last command went well.
        let length = if self.peek() == Some('?') { 1 } else { length };
        let name = self.rest().get(..length).unwrap_or_default().to_owned();
        self.at += length;
        if name.is_empty() {
            return Err(Fault::refused(self.from(start), "this variable")
                .hint("In single quotes, a dollar sign is one."));
        }
        let is_scope = self.peek() == Some(':') && self.second().is_some_and(begins_name);
        if is_scope {
            return Err(Fault::refused(
                self.from(start).to(self.here(1)),
                "variables of a scope or a drive",
            ));
        }
        Ok(name)
    }

    fn members(&mut self) -> Result<(), Fault> {
        while self.peek() == Some('.') && self.second().is_some_and(begins_name) {
            let start = self.at;
            self.bump();
            let length = self
                .rest()
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(self.rest().len());
            let name = self.rest().get(..length).unwrap_or_default().to_owned();
            self.at += length;
            let is_method = |known: &&str| known.eq_ignore_ascii_case(&name);
            if self.peek() == Some('(') && !METHODS.iter().any(is_method) {
                let what = format!("the method '{name}'");
                let hint = format!("The methods are {}.", METHODS.join(", "));
                return Err(Fault::refused(self.from(start).to(self.here(1)), &what).hint(hint));
            }
            self.push(Kind::Member(name), start);
        }
        Ok(())
    }

    /// `-Name` or `-Name:`
    fn parameter(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.bump();
        let length = self
            .rest()
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || is_dash(c)))
            .unwrap_or(self.rest().len());
        let name = self.rest().get(..length).unwrap_or_default().to_owned();
        self.at += length;
        let colon = self.peek() == Some(':');
        if colon {
            self.bump();
        } else if self.peek().is_some_and(|c| !ends_quoted(c)) {
            let message = format!("Text follows the parameter name '-{name}' at once.");
            return Err(Fault::new(self.here(1), "UnexpectedToken", message).hint(
                "Leave a blank between them; text that begins with a dash goes into quotes.",
            ));
        }
        self.push(Kind::Parameter { name, colon }, start);
        Ok(())
    }

    /// Text without quotes, or with some inside.
    fn word(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut template = Template::default();
        while let Some(c) = self.peek() {
            match c {
                '`' if self.is_continued() => break,
                '`' => self.escape(&mut template)?,
                '$' if self.second().is_some_and(begins_name) => {
                    let name = self.variable_name()?;
                    template.0.push(Piece::Variable(name));
                }
                '$' if self.second() == Some('(') => {
                    self.variable_name()?;
                }
                c if is_quote(c) => self.quoted(c, &mut template)?,
                '=' if self.open.last() == Some(&Bracket::Table) => break,
                c if ends_word(c) => break,
                c if is_unseen(c) => return Err(self.unseen(c)),
                c => {
                    template.push(c);
                    self.bump();
                }
            }
        }
        self.push(Kind::Word(template), start);
        Ok(())
    }

    fn is_continued(&self) -> bool {
        let after = self
            .rest()
            .trim_start_matches('`')
            .trim_start_matches(is_blank);
        after.is_empty() || after.starts_with(is_break)
    }

    fn quoted_token(&mut self, quote: char) -> Result<(), Fault> {
        let start = self.at;
        let mut template = Template::default();
        self.quoted(quote, &mut template)?;
        match self.peek() {
            Some(c) if !ends_quoted(c) => {
                let terminator = if is_single(quote) { "'" } else { "\"" };
                Err(Fault::new(
                    self.here(1),
                    "UnexpectedToken",
                    format!("Text follows the closing {terminator} at once."),
                )
                .hint("Leave a blank between them, or put all of it into one pair of quotes."))
            }
            Some(_) | None => {
                self.push(Kind::Quoted(template), start);
                Ok(())
            }
        }
    }

    fn chain(&self, operator: &str) -> Fault {
        let message =
            format!("The token '{operator}' is not a valid statement separator in this version.");
        Fault::new(self.here(2), "InvalidEndOfLine", message).hint("Write two lines.")
    }

    fn not_spoken(&self, c: char) -> Fault {
        let one = self.here(1);
        match c {
            '&' => Fault::new(
                one,
                "AmpersandNotAllowed",
                "The ampersand (&) character is not allowed. The & operator is reserved for \
                 future use; wrap an ampersand in double quotation marks (\"&\") to pass it as \
                 part of a string.",
            ),
            '<' => {
                let fault = Fault::new(
                    one,
                    "RedirectionNotSupported",
                    "The '<' operator is reserved for future use.",
                );
                let end = self.rest().find('>').filter(|end| *end < 80);
                match end.and_then(|end| self.rest().get(..=end)) {
                    Some(placeholder) if !placeholder.contains('\n') => fault.hint(format!(
                        "{placeholder} stands for a value: write the value in its place."
                    )),
                    Some(_) | None => fault,
                }
            }
            '>' => Fault::refused(one, "redirections, '>'")
                .hint("To write a file, end the pipeline with: | Export-Csv -Path FILE"),
            _ => Fault::refused(one, "types and casts, [ ]").hint("In quotes, brackets are text."),
        }
    }

    fn unseen(&self, c: char) -> Fault {
        let message = format!(
            "There is a character here that cannot be seen (U+{:04X}).",
            u32::from(c)
        );
        Fault::new(self.here(1), "UnseenCharacter", message).hint("Leave it out.")
    }
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn ends_word(c: char) -> bool {
    is_blank(c)
        || is_break(c)
        || matches!(c, ',' | ';' | '|' | '(' | ')' | '{' | '}' | '&' | '<' | '>')
}

fn ends_variable(c: char) -> bool {
    ends_word(c) || matches!(c, '=' | '#' | '`')
}

fn ends_quoted(c: char) -> bool {
    ends_word(c) || matches!(c, '=' | '`')
}
