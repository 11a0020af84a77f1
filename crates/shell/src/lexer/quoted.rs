//! Text in quotes: it ends on its line.

use super::{Lexer, Piece, Template, begins_name};
use crate::fault::Fault;
use crate::letters::{is_break, is_double, is_single, is_unseen};

impl Lexer<'_> {
    /// Text in quotes, from the quote on.
    pub(super) fn quoted(&mut self, quote: char, template: &mut Template) -> Result<(), Fault> {
        let start = self.at;
        self.bump();
        if template.0.is_empty() {
            // An empty text is a text.
            template.0.push(Piece::Text(String::new()));
        }
        let closes = if is_single(quote) {
            is_single
        } else {
            is_double
        };
        loop {
            match self.peek() {
                None => return Err(self.unterminated(start, quote)),
                Some(c) if is_break(c) => return Err(self.unterminated(start, quote)),
                Some(c) if closes(c) && self.second().is_some_and(closes) => {
                    template.push(c);
                    self.bump();
                    self.bump();
                }
                Some(c) if closes(c) => {
                    self.bump();
                    return Ok(());
                }
                Some('`') if is_double(quote) => self.escape(template)?,
                Some('$') if is_double(quote) => self.expanded(template)?,
                Some(c) if is_unseen(c) => return Err(self.unseen(c)),
                Some(c) => {
                    template.push(c);
                    self.bump();
                }
            }
        }
    }

    /// A dollar sign in double quotes: a variable, or itself.
    fn expanded(&mut self, template: &mut Template) -> Result<(), Fault> {
        match self.second() {
            Some(c) if begins_name(c) || matches!(c, '(' | '{' | '?') => {
                let name = self.variable_name()?;
                template.0.push(Piece::Variable(name));
            }
            Some(_) | None => {
                template.push('$');
                self.bump();
            }
        }
        Ok(())
    }

    /// A backtick and what it stands before.
    pub(super) fn escape(&mut self, template: &mut Template) -> Result<(), Fault> {
        let meant = match self.second() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(c) if c.is_ascii_alphanumeric() => {
                let what = format!("the escape `{c}");
                return Err(Fault::refused(self.here(2), &what));
            }
            Some(c) if is_break(c) || is_unseen(c) => return Err(self.unseen(c)),
            Some(c) => c,
            None => return Err(self.unseen('`')),
        };
        template.push(meant);
        self.bump();
        self.bump();
        Ok(())
    }

    fn unterminated(&self, start: usize, quote: char) -> Fault {
        let terminator = if is_single(quote) { '\'' } else { '"' };
        let mut span = self.from(start);
        span.end = span.start + quote.len_utf8();
        Fault::new(
            span,
            "TerminatorExpectedAtEndOfString",
            format!("The string is missing the terminator: {terminator}."),
        )
        .hint("Text in quotes ends on its line here.")
    }
}
