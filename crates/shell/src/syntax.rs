//! What was typed, as a tree. Nothing else is ever run.

use crate::fault::Span;
use crate::lexer::Template;

/// All of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// In order.
    pub statements: Vec<Statement>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The variable that takes the result.
    pub target: Option<String>,
    /// What makes it.
    pub pipeline: Pipeline,
}

/// Elements, each of which takes what the one before it makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// At least one.
    pub elements: Vec<Element>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// A command.
    Command(Command),
    /// A value; only the first element is one.
    Value(Expr),
}

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// As it was typed.
    pub name: String,
    /// In order.
    pub arguments: Vec<Argument>,
    /// Where it stands.
    pub span: Span,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `-Name`, or `-Name:value`.
    Named {
        /// As it was typed, without the dash.
        name: String,
        /// What follows the colon.
        value: Option<Expr>,
        /// Where it stands.
        span: Span,
    },
    /// A value.
    Value(Expr, Span),
    /// `@name`: what a variable holds, as arguments.
    Splat(String, Span),
    /// `{ … }` of Where-Object.
    Condition(Condition),
    /// `{ … }` of ForEach-Object.
    Each(Pipeline),
}

/// What has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// Text without quotes.
    Word(Template),
    /// Text in quotes.
    Quoted(Template),
    /// A variable, and members of what it holds.
    Variable(String, Vec<Member>),
    /// Several values.
    List(Vec<Expr>),
    /// Names and values, in order.
    Table(Vec<(String, Expr)>),
    /// What a pipeline makes, and members of that.
    Pipeline(Box<Pipeline>, Vec<Member>),
    /// `{$_.Name}` of a calculated property: which member of each object.
    Member(Vec<String>),
}

/// What stands after a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// `.Name`
    Property(String),
    /// `.Name(…)`, one of a few.
    Method(String, Vec<Expr>),
}

/// What Where-Object asks of each object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A value that counts as true.
    Is(Expr),
    /// A comparison.
    Compare(Expr, Operator, Expr),
    /// The contrary.
    Not(Box<Condition>),
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// What is compared.
    pub test: Test,
    /// Whether the contrary is meant.
    pub not: bool,
    /// Whether case counts.
    pub case: bool,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Equal.
    Eq,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// A pattern with `*` and `?`.
    Like,
    /// A regular expression.
    Match,
    /// The left has the right as an element.
    Contains,
    /// The right has the left as an element.
    In,
}

impl Operator {
    /// The operator of a name, as it stands after the dash.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let plain = |name: &str| {
            let (test, not) = match name {
                "eq" => (Test::Eq, false),
                "ne" => (Test::Eq, true),
                "lt" => (Test::Lt, false),
                "ge" => (Test::Lt, true),
                "le" => (Test::Le, false),
                "gt" => (Test::Le, true),
                "like" => (Test::Like, false),
                "notlike" => (Test::Like, true),
                "match" => (Test::Match, false),
                "notmatch" => (Test::Match, true),
                "contains" => (Test::Contains, false),
                "notcontains" => (Test::Contains, true),
                "in" => (Test::In, false),
                "notin" => (Test::In, true),
                _ => return None,
            };
            Some((test, not))
        };
        let (case, found) = match plain(&lower) {
            Some(found) => (false, Some(found)),
            None if lower.starts_with('c') => (true, lower.get(1..).and_then(plain)),
            None if lower.starts_with('i') => (false, lower.get(1..).and_then(plain)),
            None => (false, None),
        };
        found.map(|(test, not)| Self { test, not, case })
    }
}
