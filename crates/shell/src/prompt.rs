//! At the prompt: whether a command goes on, and whether it may be remembered.

use crate::binder::named;
use crate::cmdlets::{self, Cmdlet, Kind};
use crate::letters::is_blank;
use crate::parser::read;
use crate::syntax::{Argument, Element};

/// Whether what was typed so far goes on on the next line: it is not whole, its
/// line ends in a blank, or a mandatory parameter is missing. An empty line ends
/// it.
pub fn goes_on(text: &str) -> bool {
    let last = text.rsplit('\n').next().unwrap_or(text);
    if last.trim().is_empty() {
        return false;
    }
    if last.ends_with(is_blank) {
        return true;
    }
    let script = match read(text) {
        Ok(script) => script,
        Err(fault) => return fault.is_incomplete,
    };
    let Some(statement) = script.statements.last() else {
        return false;
    };
    let elements = &statement.pipeline.elements;
    match elements.last() {
        Some(Element::Command(command)) => cmdlets::find(&command.name)
            .is_some_and(|cmdlet| lacks(cmdlet, &command.arguments, elements.len() > 1)),
        Some(Element::Value(_)) | None => false,
    }
}

/// Whether a mandatory parameter is missing.
fn lacks(cmdlet: &'static Cmdlet, arguments: &[Argument], piped: bool) -> bool {
    let mut given = Vec::new();
    let mut places = 0_usize;
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Named { name, value, .. } => {
                let Ok(parameter) = named(cmdlet, name) else {
                    // It is wrong, and more lines do not mend it.
                    return false;
                };
                given.push(parameter.name);
                if value.is_none() && parameter.kind != Kind::Switch {
                    arguments.next_if(|next| matches!(next, Argument::Value(..)));
                }
            }
            Argument::Value(..) => places += 1,
            // What it brings is not known yet.
            Argument::Splat(..) => return false,
            Argument::Condition(_) | Argument::Each(_) => {}
        }
    }
    let mut open: Vec<_> = cmdlet
        .parameters
        .iter()
        .filter(|parameter| !given.contains(&parameter.name))
        .collect();
    open.sort_by_key(|parameter| parameter.position.unwrap_or(u8::MAX));
    let mut missing = open.into_iter().filter(|parameter| {
        let is_placed = parameter.position.is_some() && places > 0;
        if is_placed {
            places -= 1;
        }
        !is_placed && parameter.mandatory && (!piped || parameter.from.is_empty())
    });
    missing.next().is_some()
}

/// What a line holds that no file may keep.
const SENSITIVE: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "securestring",
    "asplaintext",
    "credential",
    "apikey",
    "accesstoken",
    "privatekey",
];

/// Whether a line may hold a secret: it is not written into the history.
pub fn is_sensitive(line: &str) -> bool {
    let plain: String = line
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    SENSITIVE.iter().any(|word| plain.contains(word))
}
