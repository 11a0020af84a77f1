//! At the prompt: whether a command goes on, and what may stand where the
//! cursor is.

use crate::binder::named;
use crate::cmdlets::{self, COMMON, Cmdlet, Kind};
use crate::letters::{is_blank, is_dash, is_double, is_quote, is_single};
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

/// What there is that can be named.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Ids of requests.
    pub requests: Vec<String>,
    /// Names of tasks.
    pub tasks: Vec<String>,
    /// Addresses of groups.
    pub groups: Vec<String>,
    /// Names of variables.
    pub variables: Vec<String>,
}

/// What may stand at the end of a text: from which byte on, and the texts.
pub fn complete(text: &str, known: &Known) -> (usize, Vec<String>) {
    let start = word_start(text);
    let (before, word) = text.split_at_checked(start).unwrap_or((text, ""));
    let command = command_start(before);
    let typed = before.get(command..).unwrap_or_default();
    let mut found = if word.starts_with('$') {
        known
            .variables
            .iter()
            .map(|name| format!("${name}"))
            .collect()
    } else if typed.trim().is_empty() {
        commands(known)
    } else {
        let name = typed.split_whitespace().next().unwrap_or_default();
        match cmdlets::find(name) {
            Some(cmdlet) if word.starts_with(is_dash) => parameters(cmdlet),
            Some(cmdlet) => values(cmdlet, typed, known),
            None => Vec::new(),
        }
    };
    let wanted = word.replace(is_dash, "-").to_lowercase();
    let wanted = wanted.trim_start_matches(is_quote);
    found.retain(|text| {
        text.trim_start_matches('\'')
            .to_lowercase()
            .starts_with(wanted)
    });
    found.sort();
    found.dedup();
    (start, found)
}

fn commands(known: &Known) -> Vec<String> {
    let mut names: Vec<String> = cmdlets::all()
        .map(|cmdlet| cmdlet.name.to_owned())
        .collect();
    for task in &known.tasks {
        names.push(task.clone());
        names.extend(task.strip_prefix("Exchange\\").map(ToOwned::to_owned));
    }
    names
}

fn parameters(cmdlet: &Cmdlet) -> Vec<String> {
    let all = cmdlet.parameters.iter().chain(&COMMON);
    all.map(|parameter| format!("-{}", parameter.name))
        .collect()
}

/// What the parameter takes that was named last.
fn values(cmdlet: &'static Cmdlet, typed: &str, known: &Known) -> Vec<String> {
    let last = typed.split_whitespace().next_back().unwrap_or_default();
    let parameter = match last.strip_prefix(is_dash) {
        Some(name) => named(cmdlet, name).ok(),
        None => cmdlet
            .parameters
            .iter()
            .find(|parameter| parameter.position == Some(0)),
    };
    let Some(parameter) = parameter else {
        return Vec::new();
    };
    let owned = |texts: &[String]| {
        texts
            .iter()
            .map(|text| crate::session::quoted(text))
            .collect()
    };
    match (parameter.name, parameter.kind) {
        (_, Kind::Word(words)) => words.iter().map(|word| (*word).to_owned()).collect(),
        (_, Kind::Boolean) => vec!["$true".to_owned(), "$false".to_owned()],
        ("Task", _) => owned(&known.tasks),
        ("RequestId", _) => owned(&known.requests),
        ("Identity", _) if cmdlet.name.ends_with("Policy") => owned(&known.tasks),
        ("Identity", _) if cmdlet.name.ends_with("Group") => owned(&known.groups),
        ("Identity", _) => owned(&known.requests),
        ("AdminGroup" | "ApproverGroup" | "Requesters" | "Stages", _) => owned(&known.groups),
        ("Name", _) if cmdlet.name == "Get-Help" => commands(&Known::default()),
        _ => Vec::new(),
    }
}

/// Where the word begins that a text ends with.
fn word_start(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '|' | ';' | '(' | '{' | ':');
    text.char_indices()
        .rfind(|(_, c)| ends(*c))
        .map_or(0, |(at, c)| at + c.len_utf8())
}

/// Where the command begins that a text ends in.
fn command_start(text: &str) -> usize {
    let mut start = 0;
    let mut quote: Option<fn(char) -> bool> = None;
    for (at, c) in text.char_indices() {
        let closes = quote.is_some_and(|closes| closes(c));
        if closes || c == '\n' {
            quote = None;
        } else if quote.is_none() && is_single(c) {
            quote = Some(is_single);
        } else if quote.is_none() && is_double(c) {
            quote = Some(is_double);
        }
        let is_continued = |rest: &str| {
            let rest = rest.trim_start();
            rest.is_empty() || rest.starts_with(is_dash)
        };
        let ends = match c {
            '|' | ';' | '(' | '{' => quote.is_none(),
            '\n' => !text.get(at + 1..).is_some_and(is_continued),
            _ => false,
        };
        if ends {
            start = at + c.len_utf8();
        }
    }
    start
}
