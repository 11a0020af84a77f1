//! What can be known to be wrong before anything is run: commands that there are
//! not, parameters that a cmdlet does not have, values that it does not take.

use super::perform::{invocation_name, ours};
use crate::binder::{Bound, named, no_place, not_piped, twice, without};
use crate::cmdlets::{Cmdlet, Effect, Kind};
use crate::record::{ErrorRecord, Reason};
use crate::syntax::{Argument, Command, Condition, Element, Expr, Member, Pipeline, Script};
use crate::values::{Object, Value};

/// The first problem, and the name of the command that has it.
type Found = Result<(), Box<(ErrorRecord, String)>>;

/// Looks through a script. What is missing is asked for, if there is somebody.
pub(super) fn script(script: &Script, asks: bool) -> Found {
    let mut statements = script.statements.iter();
    statements.try_for_each(|statement| pipeline(&statement.pipeline, asks))
}

fn pipeline(all: &Pipeline, asks: bool) -> Found {
    let mut is_shown = false;
    for (at, element) in all.elements.iter().enumerate() {
        let command = match element {
            Element::Value(value) => {
                expr(value, asks)?;
                continue;
            }
            Element::Command(command) => command,
        };
        let cmdlet = ours(&command.name);
        let name = cmdlet.map_or(command.name.as_str(), |cmdlet| cmdlet.name);
        let found = |record| Box::new((record, name.to_owned()));
        if is_shown && !matches!(name, "Out-File" | "Out-Null") {
            return Err(found(format_object()));
        }
        is_shown = matches!(name, "Format-List" | "Format-Table");
        match cmdlet {
            Some(cmdlet) => bound(cmdlet, command, at > 0, asks).map_err(found)?,
            None if super::is_exit(&command.name) && all.elements.len() == 1 => {}
            None => {
                invocation_name(&command.name, at > 0).map_err(found)?;
            }
        }
        for argument in &command.arguments {
            match argument {
                Argument::Named {
                    value: Some(value), ..
                }
                | Argument::Value(value, _) => expr(value, asks)?,
                Argument::Each(each) => pipeline(each, asks)?,
                Argument::Condition(condition) => conditions(condition, asks)?,
                Argument::Named { value: None, .. } | Argument::Splat(..) => {}
            }
        }
    }
    Ok(())
}

/// What Format-List makes is only for people.
pub(super) fn format_object() -> ErrorRecord {
    ErrorRecord::new(
        Reason::Usage,
        "FormatObject",
        "Format-List and Format-Table stand at the end of a pipeline.",
    )
}

/// The pipelines in an expression.
fn expr(value: &Expr, asks: bool) -> Found {
    match value {
        Expr::Pipeline(inner, members) => {
            pipeline(inner, asks)?;
            called(members, asks)
        }
        Expr::Variable(_, members) => called(members, asks),
        Expr::List(items) => items.iter().try_for_each(|item| expr(item, asks)),
        Expr::Table(fields) => fields.iter().try_for_each(|(_, field)| expr(field, asks)),
        Expr::Word(_) | Expr::Quoted(_) | Expr::Member(_) => Ok(()),
    }
}

/// The pipelines in what methods are given.
fn called(members: &[Member], asks: bool) -> Found {
    members.iter().try_for_each(|member| match member {
        Member::Property(_) => Ok(()),
        Member::Method(_, given) => given.iter().try_for_each(|given| expr(given, asks)),
    })
}

/// The pipelines in a condition.
fn conditions(condition: &Condition, asks: bool) -> Found {
    match condition {
        Condition::Is(value) => expr(value, asks),
        Condition::Compare(left, _, right) => {
            expr(left, asks)?;
            expr(right, asks)
        }
        Condition::Not(inner) => conditions(inner, asks),
        Condition::And(left, right) | Condition::Or(left, right) => {
            conditions(left, asks)?;
            conditions(right, asks)
        }
    }
}

/// Whether the arguments of a cmdlet fit it, as far as their values are known.
fn bound(
    cmdlet: &'static Cmdlet,
    command: &Command,
    piped: bool,
    asks: bool,
) -> Result<(), ErrorRecord> {
    let is_free = matches!(cmdlet.name, "Where-Object" | "ForEach-Object");
    if is_free || asks_help(&command.arguments) {
        return Ok(());
    }
    let takes_piped = cmdlet.parameters.iter().any(|p| !p.from.is_empty());
    if piped && cmdlet.effect != Effect::Pipeline && !takes_piped {
        return Err(not_piped(cmdlet.name));
    }
    let mut is_splatted = false;
    let mut given = Vec::new();
    let mut unnamed = Vec::new();
    let mut arguments = command.arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument {
            Argument::Named { name, value, .. } => (name, value.as_ref()),
            Argument::Value(value, _) => {
                unnamed.push(value);
                continue;
            }
            Argument::Splat(..) => {
                is_splatted = true;
                continue;
            }
            Argument::Condition(_) | Argument::Each(_) => continue,
        };
        let parameter = named(cmdlet, name)?;
        let value = match (value, parameter.kind) {
            (None, Kind::Switch) => None,
            (Some(value), _) => Some(value),
            (None, _) => match arguments.next_if(|next| matches!(next, Argument::Value(..))) {
                Some(Argument::Value(value, _)) => Some(value),
                Some(_) | None => return Err(without(cmdlet.name, parameter)),
            },
        };
        if given.contains(&parameter.name) {
            return Err(twice(cmdlet.name, parameter.name));
        }
        given.push(parameter.name);
        if let Some(value) = value.and_then(known) {
            Bound::new(cmdlet).give(parameter, value)?;
        }
    }
    // What a variable brings is known when it is run.
    if is_splatted {
        return Ok(());
    }
    let mut places: Vec<_> = cmdlet
        .parameters
        .iter()
        .filter(|parameter| parameter.position.is_some() && !given.contains(&parameter.name))
        .collect();
    places.sort_by_key(|parameter| parameter.position);
    let mut places = places.into_iter();
    for value in unnamed {
        match (places.next(), known(value)) {
            (Some(parameter), _) if parameter.kind == Kind::Rest => {
                given.push(parameter.name);
                break;
            }
            (Some(parameter), value) => {
                given.push(parameter.name);
                if let Some(value) = value {
                    Bound::new(cmdlet).give(parameter, value)?;
                }
            }
            (None, value) => {
                let unseen = || Value::from("…");
                return Err(no_place(cmdlet.name, &value.unwrap_or_else(unseen)));
            }
        }
    }
    // Where somebody is there, they are asked for it, but not in a pipeline's midst.
    if asks && cmdlet.effect != Effect::Pipeline {
        return Ok(());
    }
    let missing: Vec<_> = cmdlet
        .parameters
        .iter()
        .filter(|parameter| parameter.mandatory && !given.contains(&parameter.name))
        .filter(|parameter| !piped || parameter.from.is_empty())
        .map(|parameter| parameter.name)
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(super::perform::lacking(cmdlet.name, &missing)),
    }
}

/// Whether how it is used is asked for: `-?`.
pub(super) fn asks_help(arguments: &[Argument]) -> bool {
    arguments
        .iter()
        .any(|argument| matches!(argument, Argument::Named { name, .. } if name == "?"))
}

/// The value of what is no variable and no command.
fn known(value: &Expr) -> Option<Value> {
    match value {
        Expr::Word(text) | Expr::Quoted(text) => text.literal().map(Value::Text),
        Expr::List(items) => items
            .iter()
            .map(known)
            .collect::<Option<_>>()
            .map(Value::List),
        Expr::Table(fields) => {
            let field = |(name, value): &(String, Expr)| Some((name.clone(), known(value)?));
            let fields: Option<Object> = fields.iter().map(field).collect();
            fields.map(Value::Table)
        }
        Expr::Member(names) => Some(names.clone().into()),
        Expr::Variable(..) | Expr::Pipeline(..) => None,
    }
}
