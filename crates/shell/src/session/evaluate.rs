//! The values of what was read. There is nothing in it that could do anything
//! but name values and run pipelines.

use super::{Flow, Halt, Session};
use crate::binder::Given;
use crate::host::{Console, Host};
use crate::lexer::{Piece, Template};
use crate::record::{ErrorRecord, Reason};
use crate::syntax::{Argument, Condition, Expr, Member};
use crate::values::{Object, Value, call};

impl<H: Host> Session<H> {
    /// What a variable holds.
    pub(super) fn variable(&self, name: &str) -> Result<Value, ErrorRecord> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            "null" => Ok(Value::Null),
            "?" => Ok(Value::Boolean(!self.was_faulted)),
            "lastexitcode" => Ok(Value::Integer(self.task_code.into())),
            name => self.variables.get(name).cloned().ok_or_else(|| {
                let message = format!(
                    "The variable '${name}' cannot be retrieved because it has not been set."
                );
                ErrorRecord::new(Reason::Usage, "VariableIsUndefined", message)
            }),
        }
    }

    fn text(&self, template: &Template) -> Result<Value, ErrorRecord> {
        if let [Piece::Variable(name)] = template.0.as_slice() {
            return Ok(Value::Text(self.variable(name)?.text()));
        }
        let mut text = String::new();
        for piece in &template.0 {
            match piece {
                Piece::Text(more) => text.push_str(more),
                Piece::Variable(name) => text.push_str(&self.variable(name)?.text()),
            }
        }
        Ok(Value::Text(text))
    }

    /// The value of an expression. `numbers` says whether a bare number is one.
    pub(super) async fn value(
        &mut self,
        expr: &Expr,
        numbers: bool,
        console: &mut dyn Console,
    ) -> Result<Value, Halt> {
        match expr {
            Expr::Word(word) => {
                let text = self
                    .text(word)
                    .map_err(|e| self.report(&e, "", None, console))?;
                Ok(match numbers {
                    true => text.or_number(),
                    false => text,
                })
            }
            Expr::Quoted(text) => self
                .text(text)
                .map_err(|e| self.report(&e, "", None, console)),
            Expr::Variable(name, members) => {
                let value = self
                    .variable(name)
                    .map_err(|error| self.report(&error, "", None, console))?;
                self.below(value, members, console).await
            }
            Expr::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    // Lists in lists are one list.
                    let value = Box::pin(self.value(item, numbers, console)).await?;
                    if let Value::List(more) = value {
                        values.extend(more);
                    } else {
                        values.push(value);
                    }
                }
                Ok(Value::List(values))
            }
            Expr::Table(fields) => {
                let mut object = Object::new();
                for (name, expr) in fields {
                    let value = Box::pin(self.value(expr, true, console)).await?;
                    object.set(name, value);
                }
                Ok(Value::Table(object))
            }
            Expr::Member(names) => Ok(names.clone().into()),
            Expr::Pipeline(pipeline, members) => {
                match Box::pin(self.pipeline(pipeline, console)).await? {
                    Flow::Values(values) => {
                        let value = Value::List(values).unwrapped();
                        self.below(value, members, console).await
                    }
                    Flow::Shown(_) => {
                        let record = ErrorRecord::new(
                            Reason::Usage,
                            "FormatObject",
                            "What Format-List and Format-Table make is only shown.",
                        );
                        Err(self.report(&record, "", None, console))
                    }
                }
            }
        }
    }

    /// The values of arguments.
    pub(super) async fn given(
        &mut self,
        arguments: &[Argument],
        console: &mut dyn Console,
    ) -> Result<Vec<Given>, Halt> {
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            given.push(match argument {
                Argument::Splat(name, _) => {
                    let more = self
                        .splatted(name)
                        .map_err(|error| self.report(&error, "", None, console))?;
                    given.extend(more);
                    continue;
                }
                Argument::Named { name, value, .. } => {
                    let value = match value {
                        Some(value) => Some(Box::pin(self.value(value, false, console)).await?),
                        None => None,
                    };
                    Given::Named(name.clone(), value)
                }
                Argument::Value(value, _) => {
                    Given::Value(Box::pin(self.value(value, false, console)).await?)
                }
                // Only Where-Object and ForEach-Object have them, and take them.
                Argument::Condition(_) | Argument::Each(_) => continue,
            });
        }
        Ok(given)
    }

    /// Whether a condition holds.
    pub(super) async fn holds(
        &mut self,
        condition: &Condition,
        console: &mut dyn Console,
    ) -> Result<bool, Halt> {
        match condition {
            Condition::Is(expr) => Ok(self.value(expr, true, console).await?.is_true()),
            Condition::Not(inner) => Ok(!Box::pin(self.holds(inner, console)).await?),
            Condition::And(left, right) => Ok(Box::pin(self.holds(left, console)).await?
                && Box::pin(self.holds(right, console)).await?),
            Condition::Or(left, right) => Ok(Box::pin(self.holds(left, console)).await?
                || Box::pin(self.holds(right, console)).await?),
            Condition::Compare(left, operator, right) => {
                let left = self.value(left, true, console).await?;
                let right = self.value(right, true, console).await?;
                crate::pipe::holds(&left, *operator, &right).map_err(|problem| {
                    let record = ErrorRecord::new(Reason::Usage, "InvalidOperation", problem);
                    self.report(&record, "Where-Object", None, console)
                })
            }
        }
    }

    /// Does something with `$_` as one value.
    pub(super) fn set_this(&mut self, value: Option<Value>) -> Option<Value> {
        match value {
            Some(value) => self.variables.insert("_".to_owned(), value),
            None => self.variables.remove("_"),
        }
    }

    /// Members of a value, and members of these.
    async fn below(
        &mut self,
        mut value: Value,
        members: &[Member],
        console: &mut dyn Console,
    ) -> Result<Value, Halt> {
        for member in members {
            value = match member {
                Member::Property(name) => value.member(name),
                Member::Method(name, arguments) => {
                    let mut given = Vec::with_capacity(arguments.len());
                    for argument in arguments {
                        given.push(Box::pin(self.value(argument, true, console)).await?);
                    }
                    call(&value, name, &given).map_err(|problem| {
                        let record = ErrorRecord::new(Reason::Usage, "MethodException", problem);
                        self.report(&record, "", None, console)
                    })?
                }
            };
        }
        Ok(value)
    }

    /// What a variable holds, as arguments: a table by names, a list by place.
    fn splatted(&self, name: &str) -> Result<Vec<Given>, ErrorRecord> {
        let value = self.variable(name)?;
        Ok(match value.object() {
            Some(table) => table
                .fields()
                .map(|(name, value)| Given::Named(name.to_owned(), Some(value.clone())))
                .collect(),
            None => value.items().into_iter().map(Given::Value).collect(),
        })
    }

    /// The value of an expression that nothing need be run for.
    pub(super) fn at_hand(&self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Word(text) | Expr::Quoted(text) => self.text(text).ok(),
            Expr::Variable(name, members) if members.is_empty() => self.variable(name).ok(),
            Expr::List(items) => {
                let items = items.iter().map(|item| self.at_hand(item));
                items.collect::<Option<_>>().map(Value::List)
            }
            Expr::Variable(..) | Expr::Table(_) | Expr::Pipeline(..) | Expr::Member(_) => None,
        }
    }

    /// The arguments of a command, if nothing need be run for them.
    pub(super) fn given_at_hand(&self, arguments: &[Argument]) -> Option<Vec<Given>> {
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match argument {
                Argument::Named { name, value, .. } => {
                    let value = match value {
                        Some(value) => Some(self.at_hand(value)?),
                        None => None,
                    };
                    given.push(Given::Named(name.clone(), value));
                }
                Argument::Value(value, _) => given.push(Given::Value(self.at_hand(value)?)),
                Argument::Splat(name, _) => given.extend(self.splatted(name).ok()?),
                Argument::Condition(_) | Argument::Each(_) => return None,
            }
        }
        Some(given)
    }
}
