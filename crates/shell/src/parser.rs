//! From tokens to a tree: all of an input, or none of it.
//!
//! A line that begins with a parameter or with `|` goes on with the command on
//! the line before it, since that is how commands are printed. An empty line
//! ends a command.

mod block;

use crate::cmdlets::{self, Cmdlet};
use crate::fault::{Fault, Span};
use crate::lexer::{Bracket, Kind, Template, Token, tokens};
use crate::pipe::is_expression;
use crate::repair;
use crate::syntax::{Argument, Command, Element, Expr, Member, Pipeline, Script, Statement};
use crate::values::Fraction;

/// How deep brackets may stand in brackets.
const MAX_DEPTH: usize = 24;

/// Words that begin what this shell does not take.
const KEYWORDS: [&str; 26] = [
    "begin",
    "break",
    "class",
    "continue",
    "data",
    "do",
    "dynamicparam",
    "else",
    "end",
    "enum",
    "filter",
    "finally",
    "for",
    "function",
    "if",
    "param",
    "process",
    "return",
    "switch",
    "throw",
    "trap",
    "try",
    "until",
    "using",
    "while",
    "workflow",
];

/// Reads an input.
pub fn parse(source: &str) -> Result<Script, Fault> {
    read(source).map_err(|fault| repair::suggest(source, fault))
}

/// Reads an input, and looks for no repair.
pub(crate) fn read(source: &str) -> Result<Script, Fault> {
    let mut parser = Parser {
        tokens: tokens(source)?,
        at: 0,
        depth: 0,
        end: source.len(),
        calculates: false,
    };
    parser.script()
}

pub(crate) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Where the input ends.
    end: usize,
    /// Whether tables here may be calculated properties.
    calculates: bool,
}

impl Parser {
    fn kind(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn kind_after(&self, count: usize) -> Option<&Kind> {
        self.tokens.get(self.at + count).map(|token| &token.kind)
    }

    fn span(&self) -> Span {
        let end = Span {
            start: self.end,
            end: self.end,
        };
        self.tokens.get(self.at).map_or(end, |token| token.span)
    }

    fn last_span(&self) -> Span {
        let last = self.at.checked_sub(1);
        let last = last.and_then(|at| self.tokens.get(at));
        last.map_or_else(Span::default, |token| token.span)
    }

    fn next(&mut self) -> Option<Kind> {
        let kind = self.kind().cloned();
        self.at += 1;
        kind
    }

    fn skip_lines(&mut self) {
        while self.kind() == Some(&Kind::NewLine) {
            self.at += 1;
        }
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(Fault::new(
                self.span(),
                "TooDeep",
                "There are too many brackets in one another.",
            )),
            false => Ok(()),
        }
    }

    fn script(&mut self) -> Result<Script, Fault> {
        let mut script = Script::default();
        loop {
            while matches!(self.kind(), Some(Kind::NewLine | Kind::Semicolon)) {
                self.at += 1;
            }
            if self.kind().is_none() {
                return Ok(script);
            }
            script.statements.push(self.statement()?);
            match self.kind() {
                None | Some(Kind::NewLine | Kind::Semicolon) => {}
                Some(_) => return Err(self.unexpected()),
            }
        }
    }

    fn statement(&mut self) -> Result<Statement, Fault> {
        let target = match (self.kind(), self.kind_after(1)) {
            (Some(Kind::Variable(name)), Some(Kind::Equals)) => {
                let name = name.clone();
                let fixed = ["true", "false", "null", "_", "?", "lastexitcode"];
                if fixed.iter().any(|fixed| name.eq_ignore_ascii_case(fixed)) {
                    return Err(Fault::new(
                        self.span(),
                        "VariableNotWritable",
                        format!(
                            "Cannot overwrite variable {name} because it is read-only or constant."
                        ),
                    ));
                }
                self.at += 2;
                self.skip_lines();
                Some(name)
            }
            _ => None,
        };
        let pipeline = self.pipeline(target.is_some())?;
        Ok(Statement { target, pipeline })
    }

    /// A pipeline, up to what ends it. A bare number is a value where one is due.
    fn pipeline(&mut self, is_value: bool) -> Result<Pipeline, Fault> {
        self.deeper()?;
        let calculates = std::mem::take(&mut self.calculates);
        let mut elements = vec![self.first_element(is_value)?];
        while self.goes_on_with(&Kind::Pipe) {
            self.at += 1;
            self.skip_lines();
            match self.kind() {
                None => {
                    return Err(empty_element(self.last_span())
                        .hint("The input ends after `|`: a command must follow.")
                        .incomplete());
                }
                Some(Kind::Word(_)) => {}
                Some(Kind::Pipe | Kind::Semicolon | Kind::Close(_)) => {
                    return Err(empty_element(self.span()));
                }
                Some(_) => {
                    return Err(Fault::new(
                        self.span(),
                        "ExpressionsMustBeFirstInPipeline",
                        "Expressions are only allowed as the first element of a pipeline.",
                    ));
                }
            }
            elements.push(self.command()?);
        }
        self.depth -= 1;
        self.calculates = calculates;
        Ok(Pipeline { elements })
    }

    /// Whether the next token, or the first of the next line, is this; a line
    /// break before it is taken.
    fn goes_on_with(&mut self, wanted: &Kind) -> bool {
        if self.kind() == Some(&Kind::NewLine) && self.kind_after(1) == Some(wanted) {
            self.at += 1;
        }
        self.kind() == Some(wanted)
    }

    fn first_element(&mut self, is_value: bool) -> Result<Element, Fault> {
        let span = self.span();
        match self.kind() {
            Some(Kind::Parameter { name, .. }) => Err(orphan(span, name)),
            Some(Kind::Pipe) => Err(empty_element(span).hint(
                "A line that begins with `|` goes on with the line before it, and there is none.",
            )),
            Some(Kind::Word(word)) => match word.literal() {
                Some(text) if is_value && Fraction::read(&text).is_some() => {
                    Ok(Element::Value(self.value()?))
                }
                Some(text) => self.first_word(&text),
                None => Err(Fault::refused(span, "commands whose name is in a variable")),
            },
            Some(Kind::Quoted(_) | Kind::Variable(_) | Kind::Open(_)) => {
                if self.kind() == Some(&Kind::Open(Bracket::Block)) {
                    return Err(block(span));
                }
                let value = self.value()?;
                match self.kind() {
                    Some(Kind::Parameter { .. } | Kind::Word(_)) => Err(self.unexpected()),
                    _ => Ok(Element::Value(value)),
                }
            }
            _ => Err(self.unexpected()),
        }
    }

    fn first_word(&mut self, word: &str) -> Result<Element, Fault> {
        let span = self.span();
        let lower = word.to_ascii_lowercase();
        let is_loop = lower == "foreach" && self.kind_after(1) == Some(&Kind::Open(Bracket::Paren));
        if is_loop || KEYWORDS.contains(&lower.as_str()) {
            let what = format!("statements of the language such as '{lower}'");
            return Err(Fault::refused(span, &what)
                .hint("It takes commands, pipelines of them, and variables."));
        }
        self.command()
    }

    fn command(&mut self) -> Result<Element, Fault> {
        let span = self.span();
        let Some(Kind::Word(word)) = self.next() else {
            return Err(self.unexpected());
        };
        let name = match word.literal() {
            Some(name) => checked_name(name, span)?,
            None => return Err(Fault::refused(span, "commands whose name is in a variable")),
        };
        self.calculates = cmdlets::find(&name).is_some_and(Cmdlet::calculates);
        let mut arguments = Vec::new();
        loop {
            let goes_on = self.kind() == Some(&Kind::NewLine)
                && matches!(self.kind_after(1), Some(Kind::Parameter { .. }));
            if goes_on {
                self.at += 1;
            }
            match self.kind() {
                Some(Kind::Parameter { .. }) => arguments.push(self.named()?),
                Some(Kind::Open(Bracket::Block)) => arguments.push(self.block(&name)?),
                Some(Kind::Splat(variable)) => {
                    let splat = Argument::Splat(variable.clone(), self.span());
                    self.at += 1;
                    arguments.push(splat);
                }
                Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Variable(_) | Kind::Open(_)) => {
                    let start = self.span();
                    let value = self.value()?;
                    arguments.push(Argument::Value(value, start.to(self.last_span())));
                }
                Some(Kind::Bang | Kind::Equals | Kind::Comma | Kind::Member(_)) => {
                    return Err(self.unexpected());
                }
                None | Some(Kind::NewLine | Kind::Semicolon | Kind::Pipe | Kind::Close(_)) => break,
            }
        }
        self.calculates = false;
        let span = span.to(self.last_span());
        Ok(Element::Command(Command {
            name,
            arguments,
            span,
        }))
    }

    fn named(&mut self) -> Result<Argument, Fault> {
        let span = self.span();
        let Some(Kind::Parameter { name, colon }) = self.next() else {
            return Err(self.unexpected());
        };
        let value = match colon {
            true => Some(self.value()?),
            false => None,
        };
        let span = span.to(self.last_span());
        Ok(Argument::Named { name, value, span })
    }

    /// One value, or several with commas between.
    fn value(&mut self) -> Result<Expr, Fault> {
        let first = self.single()?;
        if self.kind() != Some(&Kind::Comma) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.kind() == Some(&Kind::Comma) {
            self.at += 1;
            self.skip_lines();
            if self.kind().is_none() {
                return Err(Fault::new(
                    self.last_span(),
                    "MissingExpressionAfterToken",
                    "Missing expression after ','.",
                )
                .incomplete());
            }
            items.push(self.single()?);
        }
        Ok(Expr::List(items))
    }

    fn single(&mut self) -> Result<Expr, Fault> {
        let span = self.span();
        match self.kind() {
            Some(Kind::Open(Bracket::Paren)) => self.parens(),
            Some(Kind::Open(Bracket::Array)) => self.array(),
            Some(Kind::Open(Bracket::Table)) => self.table(),
            Some(Kind::Open(Bracket::Block)) => Err(block(span)),
            Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Variable(_)) => match self.next() {
                Some(Kind::Word(word)) => Ok(Expr::Word(word)),
                Some(Kind::Quoted(text)) => Ok(Expr::Quoted(text)),
                Some(Kind::Variable(name)) => {
                    let members = self.members()?;
                    Ok(Expr::Variable(name, members))
                }
                _ => Err(self.unexpected()),
            },
            _ => Err(self.unexpected()),
        }
    }

    fn members(&mut self) -> Result<Vec<Member>, Fault> {
        let mut members = Vec::new();
        while let Some(Kind::Member(name)) = self.kind() {
            let name = name.clone();
            let end = self.span().end;
            self.at += 1;
            let is_called =
                self.kind() == Some(&Kind::Open(Bracket::Paren)) && self.span().start == end;
            members.push(match is_called {
                true => Member::Method(name, self.call()?),
                false => Member::Property(name),
            });
        }
        Ok(members)
    }

    /// `( … )` of a method: values with commas between, or none.
    fn call(&mut self) -> Result<Vec<Expr>, Fault> {
        let open = self.span();
        self.deeper()?;
        self.at += 1;
        self.skip_lines();
        let given = match self.kind() {
            None | Some(Kind::Close(_)) => Vec::new(),
            Some(_) => vec![self.value()?],
        };
        self.skip_lines();
        self.depth -= 1;
        self.closed(')', open, "MissingEndParenthesisInExpression", "expression")?;
        // Several values stand with commas between.
        Ok(match given.as_slice() {
            [Expr::List(items)] => items.clone(),
            _ => given,
        })
    }

    /// `( … )`: what a pipeline makes.
    fn parens(&mut self) -> Result<Expr, Fault> {
        let open = self.span();
        self.at += 1;
        self.skip_lines();
        let pipeline = self.pipeline(true)?;
        self.skip_lines();
        self.closed(')', open, "MissingEndParenthesisInExpression", "expression")?;
        let members = self.members()?;
        Ok(Expr::Pipeline(Box::new(pipeline), members))
    }

    /// `@( … )`: several values, or none.
    fn array(&mut self) -> Result<Expr, Fault> {
        let open = self.span();
        self.deeper()?;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            while matches!(
                self.kind(),
                Some(Kind::NewLine | Kind::Semicolon | Kind::Comma)
            ) {
                self.at += 1;
            }
            match self.kind() {
                None | Some(Kind::Close(_)) => break,
                Some(Kind::Word(word)) if is_command(word) => {
                    return Err(Fault::refused(self.span(), "commands in @( )")
                        .hint("Put the command into parentheses of its own: @((Get-…))"));
                }
                Some(_) => items.push(self.single()?),
            }
        }
        self.depth -= 1;
        self.closed(')', open, "MissingEndParenthesisInExpression", "expression")?;
        Ok(Expr::List(items))
    }

    /// `@{ name = value; … }`
    fn table(&mut self) -> Result<Expr, Fault> {
        let open = self.span();
        self.deeper()?;
        self.at += 1;
        let mut fields: Vec<(String, Expr)> = Vec::new();
        loop {
            while matches!(self.kind(), Some(Kind::NewLine | Kind::Semicolon)) {
                self.at += 1;
            }
            let span = self.span();
            let name = match self.kind() {
                None | Some(Kind::Close(_)) => break,
                Some(Kind::Word(name) | Kind::Quoted(name)) => name.literal(),
                Some(_) => None,
            };
            let incomplete = || {
                Fault::new(
                    span,
                    "IncompleteHashLiteral",
                    "The hash literal was incomplete.",
                )
                .hint("Each line of it is: name = value")
            };
            let name = name.ok_or_else(incomplete)?;
            self.at += 1;
            if self.kind() != Some(&Kind::Equals) {
                return Err(incomplete());
            }
            self.at += 1;
            self.skip_lines();
            let is_block = self.kind() == Some(&Kind::Open(Bracket::Block));
            let value = match is_block && self.calculates && is_expression(&name) {
                true => self.expression()?,
                false => self.value()?,
            };
            if fields
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(&name))
            {
                let message = format!("Duplicate keys '{name}' are not allowed in hash literals.");
                return Err(Fault::new(span, "DuplicateKeyInHashLiteral", message));
            }
            fields.push((name, value));
        }
        self.depth -= 1;
        self.closed('}', open, "MissingEndCurlyBrace", "hash literal")?;
        Ok(Expr::Table(fields))
    }

    /// The bracket that closes what was opened.
    fn closed(
        &mut self,
        bracket: char,
        open: Span,
        id: &'static str,
        what: &str,
    ) -> Result<(), Fault> {
        match self.kind() {
            Some(Kind::Close(c)) if *c == bracket => {
                self.at += 1;
                Ok(())
            }
            None => Err(
                Fault::new(open, id, format!("Missing closing '{bracket}' in {what}."))
                    .incomplete(),
            ),
            Some(_) => Err(Fault::new(
                self.span(),
                id,
                format!("Missing closing '{bracket}' in {what}."),
            )),
        }
    }

    fn unexpected(&self) -> Fault {
        let found = match self.kind() {
            None => "end of input".to_owned(),
            Some(Kind::NewLine) => "line break".to_owned(),
            Some(Kind::Semicolon) => ";".to_owned(),
            Some(Kind::Pipe) => "|".to_owned(),
            Some(Kind::Comma) => ",".to_owned(),
            Some(Kind::Equals) => "=".to_owned(),
            Some(Kind::Bang) => "!".to_owned(),
            Some(Kind::Open(Bracket::Paren)) => "(".to_owned(),
            Some(Kind::Open(Bracket::Array)) => "@(".to_owned(),
            Some(Kind::Open(Bracket::Table)) => "@{".to_owned(),
            Some(Kind::Open(Bracket::Block)) => "{".to_owned(),
            Some(Kind::Close(c)) => c.to_string(),
            Some(Kind::Parameter { name, .. }) => format!("-{name}"),
            Some(Kind::Word(text) | Kind::Quoted(text)) => text.literal().unwrap_or_default(),
            Some(Kind::Variable(name)) => format!("${name}"),
            Some(Kind::Member(name)) => format!(".{name}"),
            Some(Kind::Splat(name)) => format!("@{name}"),
        };
        let message = format!("Unexpected token '{found}' in expression or statement.");
        let fault = Fault::new(self.span(), "UnexpectedToken", message);
        match self.kind() {
            None => fault.incomplete(),
            Some(_) => fault,
        }
    }
}

fn is_command(word: &Template) -> bool {
    word.literal()
        .is_some_and(|name| cmdlets::find(&name).is_some())
}

fn block(span: Span) -> Fault {
    Fault::refused(
        span,
        "script blocks other than those of Where-Object and ForEach-Object",
    )
}

fn empty_element(span: Span) -> Fault {
    Fault::new(
        span,
        "EmptyPipeElement",
        "An empty pipe element is not allowed.",
    )
}

/// A parameter that belongs to no command.
fn orphan(span: Span, name: &str) -> Fault {
    let message = format!("Unexpected token '-{name}' in expression or statement.");
    Fault::new(span, "UnexpectedToken", message).hint(format!(
        "This line begins with the parameter -{name}, and no command stands before it. Type the \
         command again with all its parameters on one line, or leave a blank at the end of each \
         line that another one follows. An empty line ends a command."
    ))
}

fn checked_name(name: String, span: Span) -> Result<String, Fault> {
    if name.starts_with('.') {
        return Err(Fault::refused(span, "scripts and dot-sourcing")
            .hint("To run a file of commands: writ shell FILE"));
    }
    let is_name = !name.is_empty()
        && name.len() <= 140
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\\' | '?' | '%'));
    match is_name {
        true => Ok(name),
        false => {
            let message = format!("'{name}' cannot be the name of a command.");
            Err(Fault::new(span, "UnexpectedToken", message))
        }
    }
}
