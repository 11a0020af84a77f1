//! The two blocks that are taken: what Where-Object asks of each object, and
//! what ForEach-Object does with each.

use super::{Parser, block};
use crate::cmdlets;
use crate::fault::Fault;
use crate::lexer::{Bracket, Kind};
use crate::syntax::{Argument, Condition, Expr, Member, Operator};
use crate::values::Fraction;

impl Parser {
    /// `{ … }` after a command.
    pub(super) fn block(&mut self, command: &str) -> Result<Argument, Fault> {
        let open = self.span();
        let name = cmdlets::find(command).map(|cmdlet| cmdlet.name);
        let argument = match name {
            Some("Where-Object") => {
                self.deeper()?;
                self.at += 1;
                self.skip_lines();
                let condition = self.condition()?;
                self.depth -= 1;
                Argument::Condition(condition)
            }
            Some("ForEach-Object") => {
                self.at += 1;
                self.skip_lines();
                Argument::Each(self.pipeline(true)?)
            }
            Some(_) | None => return Err(block(open)),
        };
        self.skip_lines();
        self.closed(
            '}',
            open,
            "MissingEndCurlyBrace",
            "statement block or type definition",
        )?;
        Ok(argument)
    }

    /// `{$_.Name}` of a calculated property.
    pub(super) fn expression(&mut self) -> Result<Expr, Fault> {
        let open = self.span();
        let refused = || {
            block(open).hint(
                "The expression of a calculated property is {$_.Name}, and nothing else; the \
                 property of a property is {$_.Name.Other}.",
            )
        };
        self.at += 1;
        self.skip_lines();
        match self.kind() {
            Some(Kind::Variable(name)) if name == "_" => self.at += 1,
            _ => return Err(refused()),
        }
        let members: Option<Vec<String>> = self
            .members()?
            .into_iter()
            .map(|member| match member {
                Member::Property(name) => Some(name),
                Member::Method(..) => None,
            })
            .collect();
        let members = members.ok_or_else(refused)?;
        self.skip_lines();
        match self.kind() {
            None => self.closed('}', open, "MissingEndCurlyBrace", "statement block")?,
            Some(Kind::Close('}')) => self.at += 1,
            Some(_) => return Err(refused()),
        }
        Ok(Expr::Member(members))
    }

    /// Conditions with -and and -or between, which bind alike, from the left.
    fn condition(&mut self) -> Result<Condition, Fault> {
        let mut left = self.negated()?;
        loop {
            self.skip_lines();
            let joins = match self.kind() {
                Some(Kind::Parameter { name, .. }) if name.eq_ignore_ascii_case("and") => {
                    Condition::And
                }
                Some(Kind::Parameter { name, .. }) if name.eq_ignore_ascii_case("or") => {
                    Condition::Or
                }
                _ => return Ok(left),
            };
            self.at += 1;
            self.skip_lines();
            let right = self.negated()?;
            left = joins(Box::new(left), Box::new(right));
        }
    }

    fn negated(&mut self) -> Result<Condition, Fault> {
        let is_not = match self.kind() {
            Some(Kind::Bang) => true,
            Some(Kind::Parameter { name, .. }) => name.eq_ignore_ascii_case("not"),
            _ => false,
        };
        self.deeper()?;
        let condition = if is_not {
            self.at += 1;
            Condition::Not(Box::new(self.negated()?))
        } else if self.kind() == Some(&Kind::Open(Bracket::Paren)) {
            let open = self.span();
            self.at += 1;
            self.skip_lines();
            let inner = self.condition()?;
            self.skip_lines();
            self.closed(')', open, "MissingEndParenthesisInExpression", "expression")?;
            if matches!(self.kind(), Some(Kind::Member(_))) {
                return Err(self.unexpected());
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, Fault> {
        let left = self.operand()?;
        let Some(Kind::Parameter { name, colon }) = self.kind() else {
            return Ok(Condition::Is(left));
        };
        if ["and", "or"]
            .iter()
            .any(|join| name.eq_ignore_ascii_case(join))
        {
            return Ok(Condition::Is(left));
        }
        let operator = Operator::named(name).filter(|_| !colon);
        let operator = operator.ok_or_else(|| {
            self.unexpected().hint(
                "The operators are -eq -ne -gt -ge -lt -le -like -notlike -match -notmatch \
                 -contains -notcontains -in -notin -and -or -not.",
            )
        })?;
        self.at += 1;
        self.skip_lines();
        let right = self.operand()?;
        Ok(Condition::Compare(left, operator, right))
    }

    /// A value; words are none here, but numbers are.
    fn operand(&mut self) -> Result<Expr, Fault> {
        if let Some(Kind::Word(word)) = self.kind() {
            let number = word
                .literal()
                .is_some_and(|text| Fraction::read(&text).is_some());
            if !number {
                return Err(self
                    .unexpected()
                    .hint("In braces, a property is $_.Name, and text stands in quotes."));
            }
        }
        self.value()
    }
}
