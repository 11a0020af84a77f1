//! What may stand where the cursor is: names of commands, of parameters, of what
//! there is, and of the properties of what comes down a pipeline.

use std::collections::BTreeMap;

use crate::binder::named;
use crate::cmdlets::{self, COMMON, Cmdlet, Kind};
use crate::help::bare;
use crate::letters::{is_dash, is_double, is_quote, is_single};

/// What there is that can be named.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Ids of requests.
    pub requests: Vec<String>,
    /// Names of tasks.
    pub tasks: Vec<String>,
    /// Addresses of groups.
    pub groups: Vec<String>,
    /// UPNs of people.
    pub people: Vec<String>,
    /// Names of variables.
    pub variables: Vec<String>,
    /// Names of parameters, by the task.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Names of properties, by the command that makes objects with them.
    pub properties: BTreeMap<String, Vec<String>>,
}

/// What may stand at the end of a text: from which byte on, and the texts.
pub fn complete(text: &str, known: &Known) -> (usize, Vec<String>) {
    let start = word_start(text);
    let (before, word) = text.split_at_checked(start).unwrap_or((text, ""));
    let command = command_start(before);
    let typed = before.get(command..).unwrap_or_default();
    let member = word.rsplit_once('.').filter(|_| word.starts_with('$'));
    let mut found: Vec<String> = if let Some((object, _)) = member {
        let names = match object {
            "$_" => properties(before, known),
            _ => Vec::new(),
        };
        names
            .iter()
            .map(|name| format!("{object}.{name}"))
            .collect()
    } else if word.starts_with('$') {
        let names = known.variables.iter().map(String::as_str);
        names
            .chain(["LASTEXITCODE", "?"])
            .map(|name| format!("${name}"))
            .collect()
    } else if word.starts_with('@') {
        known
            .variables
            .iter()
            .map(|name| format!("@{name}"))
            .collect()
    } else if typed.trim().is_empty() {
        commands(known)
    } else {
        let name = typed.split_whitespace().next().unwrap_or_default();
        match cmdlets::find(name) {
            Some(cmdlet) if word.starts_with(is_dash) => parameters(cmdlet),
            Some(cmdlet) => values(cmdlet, typed, before, known),
            None if word.starts_with(is_dash) => of_task(name, known),
            // Most tasks are about somebody.
            None => owned(&known.people),
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
        names.push(bare(task).to_owned());
    }
    names
}

fn parameters(cmdlet: &Cmdlet) -> Vec<String> {
    let all = cmdlet.parameters.iter().chain(&COMMON);
    all.map(|parameter| format!("-{}", parameter.name))
        .collect()
}

/// The parameters of a task, if it is known.
fn of_task(typed: &str, known: &Known) -> Vec<String> {
    let is_it =
        |task: &str| task.eq_ignore_ascii_case(typed) || bare(task).eq_ignore_ascii_case(typed);
    let found = known.parameters.iter().find(|(task, _)| is_it(task));
    let Some((_, names)) = found else {
        return Vec::new();
    };
    let common = COMMON.iter().map(|parameter| parameter.name);
    let names = names.iter().map(String::as_str).chain(common);
    names.map(|name| format!("-{name}")).collect()
}

fn owned(texts: &[String]) -> Vec<String> {
    let quoted = |text: &String| crate::session::quoted(text);
    texts.iter().map(quoted).collect()
}

/// What the parameter takes that was named last.
fn values(cmdlet: &'static Cmdlet, typed: &str, before: &str, known: &Known) -> Vec<String> {
    let is_about_properties = cmdlet.calculates()
        || matches!(
            cmdlet.name,
            "Where-Object" | "ForEach-Object" | "Measure-Object"
        );
    let parameter = match parameter_at(typed) {
        Some(name) => named(cmdlet, name).ok(),
        None if is_about_properties => return properties(before, known),
        None => cmdlet
            .parameters
            .iter()
            .find(|parameter| parameter.position == Some(0)),
    };
    let Some(parameter) = parameter else {
        return Vec::new();
    };
    let people_and_groups = || [owned(&known.people), owned(&known.groups)].concat();
    match (parameter.name, parameter.kind) {
        (_, Kind::Word(words)) => words.iter().map(|word| (*word).to_owned()).collect(),
        (_, Kind::Boolean) => vec!["$true".to_owned(), "$false".to_owned()],
        (_, Kind::Count) => vec!["Unlimited".to_owned()],
        ("Property" | "ExcludeProperty" | "ExpandProperty", _) => properties(before, known),
        ("Task", _) => owned(&known.tasks),
        ("RequestId", _) => owned(&known.requests),
        ("Identity", _) if cmdlet.name.ends_with("Policy") => owned(&known.tasks),
        ("Identity", _) if cmdlet.name.ends_with("Group") => owned(&known.groups),
        ("Identity", _) if cmdlet.name.ends_with("Execution") => Vec::new(),
        ("Identity", _) => owned(&known.requests),
        ("AdminGroup" | "ApproverGroup" | "Requesters" | "Stages", _) => owned(&known.groups),
        ("Members" | "Add" | "Remove" | "Member", _) => people_and_groups(),
        ("SystemAccounts" | "UserIds" | "RequestorUPN" | "UserPrincipalName", _) => {
            owned(&known.people)
        }
        ("Operations", _) => {
            let names = cmdlets::all().map(|cmdlet| cmdlet.name);
            names
                .filter(|name| name.contains("Elevated"))
                .map(ToOwned::to_owned)
                .collect()
        }
        ("Name", _) if cmdlet.name == "Get-Help" => commands(known),
        ("Name", _) if cmdlet.name == "Import-Module" => {
            vec!["ExchangeOnlineManagement".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// The name of the parameter whose value is being typed: the last word is it, or there
/// are only values with commas after it.
fn parameter_at(typed: &str) -> Option<&str> {
    let mut words = typed.split_whitespace().rev();
    let mut last = words.next()?;
    while last.ends_with(',') {
        last = words.next()?;
    }
    last.strip_prefix(is_dash)
}

/// The properties of what comes down the pipeline that a text ends in.
fn properties(before: &str, known: &Known) -> Vec<String> {
    let start = statement_start(before);
    let statement = before.get(start..).unwrap_or_default();
    // What is assigned, and what stands in brackets.
    let assigned = statement.split_once('=').filter(|(target, _)| {
        let target = target.trim();
        target.starts_with('$') && !target.contains(char::is_whitespace)
    });
    let source = assigned.map_or(statement, |(_, value)| value);
    let source = source.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let ends = |c: char| c.is_whitespace() || matches!(c, '|' | ')' | ';');
    let name = source.split(ends).next().unwrap_or_default();
    let spelled = crate::session::spelled(name).to_ascii_lowercase();
    let learned = known.properties.get(&spelled);
    let learned = learned.into_iter().flatten().cloned();
    let fixed = cmdlets::properties(crate::session::spelled(name));
    learned
        .chain(fixed.iter().map(|name| (*name).to_owned()))
        .collect()
}

/// Where the statement begins that a text ends in, brackets and quotes seen.
fn statement_start(text: &str) -> usize {
    let mut start = 0;
    let mut depth = 0_usize;
    let mut quote: Option<fn(char) -> bool> = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(closes) if closes(c) => quote = None,
            Some(_) => {}
            None if is_single(c) => quote = Some(is_single),
            None if is_double(c) => quote = Some(is_double),
            None => match c {
                '(' | '{' => depth += 1,
                ')' | '}' => depth = depth.saturating_sub(1),
                ';' if depth == 0 => start = at + 1,
                _ => {}
            },
        }
    }
    start
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
