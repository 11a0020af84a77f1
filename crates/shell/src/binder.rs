//! From arguments to parameters.
//!
//! A name may be shortened as long as it means one parameter. Each value takes
//! the type of its parameter, or is refused.

mod convert;

use crate::cmdlets::{COMMON, Cmdlet, Kind, Parameter};
use crate::record::ErrorRecord;
use crate::values::Value;

pub use convert::read_duration;

/// An argument whose value is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// `-Name`, or `-Name:value`.
    Named(String, Option<Value>),
    /// A value.
    Value(Value),
}

/// What an error does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorAction {
    /// It is shown, and the script goes on.
    #[default]
    Continue,
    /// It is not shown, and the script goes on.
    Quiet,
    /// It is shown, and ends the script.
    Stop,
}

/// What was said by the parameters that every cmdlet takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// Nothing is to be done.
    pub what_if: bool,
    /// Whether to ask first, if that was said.
    pub confirm: Option<bool>,
    /// What an error does, if that was said.
    pub error_action: Option<ErrorAction>,
    /// Whether errors are shown whole.
    pub verbose: bool,
}

/// A cmdlet with the values of its parameters.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Which.
    pub cmdlet: &'static Cmdlet,
    /// What every cmdlet takes.
    pub common: Common,
    values: Vec<(&'static str, Value)>,
}

impl Bound {
    /// Without any values.
    pub const fn new(cmdlet: &'static Cmdlet) -> Self {
        Self {
            cmdlet,
            common: Common {
                what_if: false,
                confirm: None,
                error_action: None,
                verbose: false,
            },
            values: Vec::new(),
        }
    }

    /// The value of a parameter, if it was given.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = self.values.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Value::text)
    }

    /// The same as texts; none if it was not given.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.get(name)?.clone().items();
        Some(items.iter().map(Value::text).collect())
    }

    /// The same as a number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::number)
    }

    /// Whether a switch was given, and not as `$false`.
    pub fn switch(&self, name: &str) -> bool {
        self.get(name).is_some_and(Value::is_true)
    }

    /// Gives a parameter a value of its type.
    pub fn give(&mut self, parameter: &'static Parameter, value: Value) -> Result<(), ErrorRecord> {
        let cmdlet = self.cmdlet.name;
        if self.get(parameter.name).is_some() {
            return Err(twice(cmdlet, parameter.name));
        }
        let value = convert::to(parameter, value).map_err(|problem| {
            ErrorRecord::binding(cmdlet, "ParameterArgumentTransformationError", problem)
        })?;
        self.values.push((parameter.name, value));
        Ok(())
    }

    /// The same for each value of what takes one at a time.
    pub(crate) fn each(self) -> Vec<Self> {
        let several = self.cmdlet.parameters.iter().find(|parameter| {
            let count = self
                .get(parameter.name)
                .map(|value| value.clone().items().len());
            parameter.kind == Kind::Each && count.is_some_and(|count| count > 1)
        });
        let Some(parameter) = several else {
            return vec![self];
        };
        let values = self.get(parameter.name).cloned().unwrap_or_default();
        let one = |value: Value| {
            let mut bound = self.clone();
            for (name, of) in &mut bound.values {
                if *name == parameter.name {
                    *of = Value::List(vec![value.clone()]);
                }
            }
            bound
        };
        values.items().into_iter().map(one).collect()
    }

    /// The mandatory parameters that have no value.
    pub fn missing(&self) -> impl Iterator<Item = &'static Parameter> {
        let parameters = self.cmdlet.parameters.iter();
        parameters.filter(|parameter| parameter.mandatory && self.get(parameter.name).is_none())
    }

    /// The same with what an object of the pipeline gives, for what was not given.
    pub fn with_piped(&self, item: &Value) -> Result<Self, ErrorRecord> {
        let mut bound = self.clone();
        let mut has_taken = false;
        for parameter in self.cmdlet.parameters {
            if parameter.from.is_empty() || bound.get(parameter.name).is_some() {
                continue;
            }
            let found = match item.object() {
                Some(object) => parameter
                    .from
                    .iter()
                    .find_map(|name| object.get(name).map(|(_, value)| value.clone())),
                None => Some(item.clone()),
            };
            if let Some(value) = found {
                bound.give(parameter, value)?;
                has_taken = true;
            }
        }
        match has_taken {
            true => Ok(bound),
            false => Err(not_piped(self.cmdlet.name)),
        }
    }
}

/// Binds arguments to the parameters of a cmdlet. Mandatory ones may still miss.
pub fn bind(cmdlet: &'static Cmdlet, given: Vec<Given>) -> Result<Bound, ErrorRecord> {
    let mut bound = Bound::new(cmdlet);
    let mut positional = Vec::new();
    let mut given = given.into_iter().peekable();
    while let Some(argument) = given.next() {
        let (name, value) = match argument {
            Given::Value(value) => {
                positional.push(value);
                continue;
            }
            Given::Named(name, value) => (name, value),
        };
        let parameter = named(cmdlet, &name)?;
        let value = match (value, parameter.kind) {
            (Some(value), _) => value,
            (None, Kind::Switch) => Value::Boolean(true),
            (None, _) => match given.next_if(|next| matches!(next, Given::Value(_))) {
                Some(Given::Value(value)) => value,
                Some(Given::Named(..)) | None => return Err(without(cmdlet.name, parameter)),
            },
        };
        match COMMON.iter().find(|common| common.name == parameter.name) {
            Some(common) => give_common(&mut bound, common, value)?,
            None => bound.give(parameter, value)?,
        }
    }
    let mut places: Vec<_> = cmdlet
        .parameters
        .iter()
        .filter(|parameter| parameter.position.is_some() && bound.get(parameter.name).is_none())
        .collect();
    places.sort_by_key(|parameter| parameter.position);
    let mut places = places.into_iter();
    let mut positional = positional.into_iter();
    while let Some(value) = positional.next() {
        match places.next() {
            Some(parameter) if parameter.kind == Kind::Rest => {
                let rest = std::iter::once(value).chain(positional);
                bound.give(
                    parameter,
                    Value::List(rest.flat_map(Value::items).collect()),
                )?;
                break;
            }
            Some(parameter) => bound.give(parameter, value)?,
            None => return Err(no_place(cmdlet.name, &value)),
        }
    }
    Ok(bound)
}

/// What was said by the parameters that every cmdlet takes, and the rest: for a
/// command of which only the server knows the parameters.
pub(crate) fn bind_common(
    command: &'static Cmdlet,
    given: Vec<Given>,
) -> Result<(Common, Vec<Given>), ErrorRecord> {
    let mut bound = Bound::new(command);
    let mut rest = Vec::new();
    let mut given = given.into_iter().peekable();
    while let Some(argument) = given.next() {
        let Given::Named(name, value) = argument else {
            rest.push(argument);
            continue;
        };
        let common = COMMON.iter().find(|common| {
            common
                .names()
                .any(|known| known.eq_ignore_ascii_case(&name))
        });
        let Some(common) = common else {
            rest.push(Given::Named(name, value));
            continue;
        };
        let value = match (value, common.kind) {
            (Some(value), _) => value,
            (None, Kind::Switch) => Value::Boolean(true),
            (None, _) => match given.next_if(|next| matches!(next, Given::Value(_))) {
                Some(Given::Value(value)) => value,
                Some(Given::Named(..)) | None => return Err(without(command.name, common)),
            },
        };
        give_common(&mut bound, common, value)?;
    }
    Ok((bound.common, rest))
}

fn give_common(
    bound: &mut Bound,
    parameter: &'static Parameter,
    value: Value,
) -> Result<(), ErrorRecord> {
    let cmdlet = bound.cmdlet.name;
    let value = convert::to(parameter, value).map_err(|problem| {
        ErrorRecord::binding(cmdlet, "ParameterArgumentTransformationError", problem)
    })?;
    let common = &mut bound.common;
    let is_twice = match parameter.name {
        "WhatIf" => std::mem::replace(&mut common.what_if, value.is_true()),
        "Confirm" => common.confirm.replace(value.is_true()).is_some(),
        "Verbose" => std::mem::replace(&mut common.verbose, value.is_true()),
        _ => {
            let action = error_action(&value);
            common.error_action.replace(action).is_some()
        }
    };
    match is_twice {
        true => Err(twice(cmdlet, parameter.name)),
        false => Ok(()),
    }
}

/// What an error does, by its name.
pub(crate) fn error_action(value: &Value) -> ErrorAction {
    let text = value.text();
    if text.eq_ignore_ascii_case("Stop") {
        ErrorAction::Stop
    } else if text.eq_ignore_ascii_case("SilentlyContinue") || text.eq_ignore_ascii_case("Ignore") {
        ErrorAction::Quiet
    } else {
        ErrorAction::Continue
    }
}

/// The parameter that a name means, whole or shortened.
pub fn named(cmdlet: &'static Cmdlet, name: &str) -> Result<&'static Parameter, ErrorRecord> {
    let all = || cmdlet.parameters.iter().chain(&COMMON);
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    if let Some(exact) = all().find(|parameter| parameter.names().any(|known| is(&known))) {
        return Ok(exact);
    }
    let begins = |known: &str| {
        known
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let mut found: Vec<_> = all().filter(|parameter| begins(parameter.name)).collect();
    if found.is_empty() {
        found = all()
            .filter(|parameter| parameter.aliases.iter().any(|alias| begins(alias)))
            .collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let message =
                format!("A parameter cannot be found that matches parameter name '{name}'.");
            let record = ErrorRecord::binding(cmdlet.name, "NamedParameterNotFound", message);
            Err(record.with_next(format!("Get-Help {}", cmdlet.name)))
        }
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|parameter| format!("-{}", parameter.name))
                .collect();
            let message = format!(
                "Parameter cannot be processed because the parameter name '{name}' is ambiguous. \
                 Possible matches include: {}.",
                names.join(" ")
            );
            Err(ErrorRecord::binding(
                cmdlet.name,
                "AmbiguousParameter",
                message,
            ))
        }
    }
}

pub(crate) fn not_piped(cmdlet: &str) -> ErrorRecord {
    let message = "The input object cannot be bound to any parameters for the command either because \
                   the command does not take pipeline input or the input and its properties do not \
                   match any of the parameters that take pipeline input.";
    ErrorRecord::binding(cmdlet, "InputObjectNotBound", message)
}

pub(crate) fn without(cmdlet: &str, parameter: &Parameter) -> ErrorRecord {
    let message = format!(
        "Missing an argument for parameter '{}'. Specify a parameter of type '{}' and try again.",
        parameter.name,
        parameter.kind.name()
    );
    ErrorRecord::binding(cmdlet, "MissingArgument", message)
}

pub(crate) fn twice(cmdlet: &str, name: &str) -> ErrorRecord {
    let message = format!(
        "Cannot bind parameter because parameter '{name}' is specified more than once. To provide \
         multiple values to parameters that can accept multiple values, use the array syntax. For \
         example, \"-parameter value1,value2,value3\"."
    );
    ErrorRecord::binding(cmdlet, "ParameterAlreadyBound", message)
}

pub(crate) fn no_place(cmdlet: &str, value: &Value) -> ErrorRecord {
    let message = format!(
        "A positional parameter cannot be found that accepts argument '{}'.",
        value.text()
    );
    ErrorRecord::binding(cmdlet, "PositionalParameterNotFound", message)
}
