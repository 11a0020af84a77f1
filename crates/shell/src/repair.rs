//! The line as it was probably meant: with the quote or the bracket that is
//! missing. What is suggested is only shown, and only if it can be read.

use crate::fault::{Fault, Place, Span};
use crate::letters::{is_blank, is_dash, is_double, is_quote};
use crate::parser::read;

/// Adds the repaired line to a fault, if one is found.
pub(crate) fn suggest(source: &str, fault: Fault) -> Fault {
    let at = fault.span.start;
    let Place { text, .. } = Place::of(source, at);
    let begin = source
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let line = Line {
        source,
        begin,
        text,
    };
    let candidates = match fault.id {
        "TerminatorExpectedAtEndOfString" => line.quotes(at),
        "UnexpectedToken" => line.open_bracket(fault.span),
        "MissingEndParenthesisInExpression" => vec![format!("{})", text.trim_end())],
        "MissingEndCurlyBrace" => vec![format!("{}}}", text.trim_end())],
        _ => Vec::new(),
    };
    let repaired = candidates
        .into_iter()
        .find(|candidate| line.is_mended_by(candidate, at));
    Fault { repaired, ..fault }
}

/// The line that a fault is on.
struct Line<'a> {
    source: &'a str,
    begin: usize,
    text: &'a str,
}

impl Line<'_> {
    /// Whether the input can be read with another line in its place, at least up
    /// to the end of that line.
    fn is_mended_by(&self, candidate: &str, at: usize) -> bool {
        let before = self.source.get(..self.begin).unwrap_or_default();
        let after = self
            .source
            .get(self.begin + self.text.len()..)
            .unwrap_or_default();
        match read(&format!("{before}{candidate}{after}")) {
            Ok(_) => true,
            // Another problem, further on.
            Err(other) => other.span.start > at.max(self.begin + candidate.len()),
        }
    }

    /// The line with a quote in the place where one may be missing.
    fn quotes(&self, at: usize) -> Vec<String> {
        let Some((before, after)) = self.text.split_at_checked(at.saturating_sub(self.begin))
        else {
            return Vec::new();
        };
        let quote = match after.starts_with(is_double) {
            true => '"',
            false => '\'',
        };
        let mut candidates = Vec::new();
        // It closes what was never opened: `a@b.c'`.
        let word = before
            .rfind(|c: char| is_blank(c) || matches!(c, ',' | '(' | '=' | ';' | '{'))
            .map_or(0, |at| {
                at + before
                    .get(at..)
                    .and_then(|s| s.chars().next())
                    .map_or(0, char::len_utf8)
            });
        if let Some((head, word)) = before.split_at_checked(word)
            && !word.is_empty()
            && !word.starts_with(is_quote)
            && !word.starts_with(is_dash)
        {
            candidates.push(format!("{head}{quote}{word}{after}"));
        }
        // It opens what is never closed.
        let ends = after
            .char_indices()
            .filter(|(at, c)| *at > 0 && matches!(c, ',' | ')' | '}' | '|' | ';'))
            .map(|(at, _)| at);
        let next = after.match_indices(" -").map(|(at, _)| at);
        let mut ends: Vec<_> = ends.chain(next).collect();
        ends.sort_unstable();
        ends.push(after.trim_end().len());
        for end in ends {
            if let Some((inside, rest)) = after.split_at_checked(end) {
                let inside = inside.trim_end();
                candidates.push(format!(
                    "{before}{inside}{quote}{}",
                    self.with_gap(rest, inside)
                ));
            }
        }
        candidates.truncate(8);
        candidates
    }

    /// The rest of a line, with the blank before it that is part of it.
    fn with_gap(&self, rest: &str, inside: &str) -> String {
        let needs = rest.starts_with('|') && !inside.is_empty();
        match needs {
            true => format!(" {rest}"),
            false => rest.to_owned(),
        }
    }

    /// The line with the bracket that a closing one is missing.
    fn open_bracket(&self, span: Span) -> Vec<String> {
        let at = span.start.saturating_sub(self.begin);
        match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(')') => {
                let indent = self.text.len() - self.text.trim_start().len();
                let (blank, rest) = self
                    .text
                    .split_at_checked(indent)
                    .unwrap_or(("", self.text));
                let mut candidates = vec![format!("{blank}({rest}")];
                if let Some((target, value)) = rest.split_once('=') {
                    candidates.push(format!("{blank}{target}= ({}", value.trim_start()));
                }
                candidates
            }
            Some(_) | None => Vec::new(),
        }
    }
}
