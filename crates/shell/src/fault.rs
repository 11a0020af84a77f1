//! What cannot be read, and why: where it stands, what PowerShell says of it,
//! and the line as it was meant, where that can be told.

use crate::format::columns;
use crate::letters::plain_lines;

/// A part of the input, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the beginning of one to the end of another.
    #[must_use]
    pub const fn to(self, end: Self) -> Self {
        Self {
            start: self.start,
            end: end.end,
        }
    }
}

/// Why the input is not run, none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub span: Span,
    /// As PowerShell names the problem.
    pub id: &'static str,
    /// As PowerShell says it.
    pub message: String,
    /// What else there is to say.
    pub hint: Option<String>,
    /// The line as it was probably meant; it can be read.
    pub repaired: Option<String>,
    /// Whether more input would mend it.
    pub is_incomplete: bool,
}

impl Fault {
    pub(crate) fn new(span: Span, id: &'static str, message: impl Into<String>) -> Self {
        Self {
            span,
            id,
            message: message.into(),
            hint: None,
            repaired: None,
            is_incomplete: false,
        }
    }

    /// Something of PowerShell that is not spoken here.
    pub(crate) fn refused(span: Span, what: &str) -> Self {
        let message = format!("This shell does not take {what}.");
        Self::new(span, "NotSupported", message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) const fn incomplete(mut self) -> Self {
        self.is_incomplete = true;
        self
    }

    /// The whole message, with the line it is about.
    pub fn shown(&self, source: &str) -> String {
        let Place { line, column, text } = Place::of(source, self.span.start);
        let within = self.span.end.saturating_sub(self.span.start);
        let marked = source
            .get(self.span.start..self.span.start + within)
            .and_then(|marked| marked.lines().next())
            .map_or(1, |marked| columns(&plain_lines(marked)).max(1));
        let shown = plain_lines(text);
        let before: String = shown.chars().take(column).collect();
        let blank = " ".repeat(columns(&before));
        let tildes = "~".repeat(marked);
        let mut message = format!(
            "At line:{line} char:{}\n+ {shown}\n+ {blank}{tildes}\n{}\n    \
             + CategoryInfo          : ParserError: (:) [], ParentContainsErrorRecordException\n    \
             + FullyQualifiedErrorId : {}",
            column + 1,
            plain_lines(&self.message),
            self.id
        );
        if let Some(hint) = &self.hint {
            message.push_str(&format!("\n\n{}", plain_lines(hint)));
        }
        if let Some(repaired) = &self.repaired {
            let repaired = plain_lines(repaired);
            message.push_str(&format!("\n\nNothing was run. Did you mean:\n\n{repaired}"));
        } else {
            message.push_str("\n\nNothing was run.");
        }
        message
    }
}

/// A place in the input.
pub(crate) struct Place<'a> {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 0.
    pub(crate) column: usize,
    /// The line without its end.
    pub(crate) text: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn of(source: &'a str, at: usize) -> Self {
        let mut at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        let (before, after) = source.split_at_checked(at).unwrap_or((source, ""));
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(source.len(), |end| at + end);
        let text = source.get(start..end).unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count(),
            text: text.trim_end_matches('\r'),
        }
    }
}
