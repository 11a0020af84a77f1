//! Get-Command and Get-Help: out of the tables of cmdlets, and nothing else.

use crate::binder::Bound;
use crate::cmdlets::{self, COMMON, Cmdlet, Kind, Parameter};
use crate::host::{Described, Listed, Taken};
use crate::pipe::wildcard;
use crate::record::{ErrorRecord, Reason};
use crate::session::WORKLOAD;
use crate::values::{Object, Value};

/// What can be typed: cmdlets, and tasks by the names that they are run by.
pub(crate) fn commands(bound: &Bound, tasks: &[Listed]) -> Vec<Value> {
    let fits = |parameter: &str, text: &str| {
        let patterns = bound.texts(parameter);
        patterns.is_none_or(|patterns| patterns.iter().any(|p| wildcard(p, text, false)))
    };
    let cmdlets = cmdlets::all().map(|cmdlet| ("Cmdlet", cmdlet.name, cmdlet.synopsis));
    let tasks = tasks
        .iter()
        .map(|listed| ("Task", bare(&listed.task), listed.title.as_str()));
    cmdlets
        .chain(tasks)
        .filter(|(kind, name, _)| {
            let command = name.rsplit('\\').next().unwrap_or(name);
            let (verb, noun) = command.split_once('-').unwrap_or((command, ""));
            fits("CommandType", kind)
                && fits("Name", name)
                && fits("Verb", verb)
                && fits("Noun", noun)
        })
        .map(|(kind, name, what)| {
            let object = Object::new()
                .with("CommandType", kind)
                .with("Name", name)
                .with("Synopsis", what);
            Value::Object(object)
        })
        .collect()
}

/// A task as it is typed: without the workload that a bare name means.
pub(crate) fn bare(task: &str) -> &str {
    match task.split_once('\\') {
        Some((workload, command)) if workload.eq_ignore_ascii_case(WORKLOAD) => command,
        Some(_) | None => task,
    }
}

/// Where to begin.
pub(crate) fn overview() -> Vec<Value> {
    vec![Value::from(OVERVIEW)]
}

/// How a cmdlet is used.
pub(crate) fn of_cmdlet(cmdlet: &Cmdlet, only_examples: bool) -> Vec<Value> {
    vec![Value::Text(page(cmdlet, only_examples))]
}

/// What is called so.
pub(crate) fn that_fit(pattern: &str, tasks: &[Listed]) -> Result<Vec<Value>, ErrorRecord> {
    let cmdlets = cmdlets::all().map(|cmdlet| ("Cmdlet", cmdlet.name, cmdlet.synopsis));
    let tasks = tasks
        .iter()
        .map(|listed| ("Task", bare(&listed.task), listed.title.as_str()));
    let found: Vec<_> = cmdlets
        .chain(tasks)
        .filter(|(_, name, _)| wildcard(pattern, name, false))
        .map(|(category, name, what)| {
            let row = Object::new()
                .with("Name", name)
                .with("Category", category)
                .with("Synopsis", what);
            Value::Object(row)
        })
        .collect();
    match found.is_empty() {
        true => Err(not_found(pattern)),
        false => Ok(found),
    }
}

/// There is no such command.
pub(crate) fn not_found(name: &str) -> ErrorRecord {
    let message =
        format!("Get-Help could not find {name}: it is no cmdlet here, and no task that is known.");
    ErrorRecord::new(Reason::Usage, "HelpNotFound", message).with_next("Get-Command")
}

/// The name could be a task's, and nothing is known of it.
pub(crate) fn not_known(task: &Described) -> ErrorRecord {
    let message = format!(
        "Get-Help could not find {}: it is no cmdlet here. If the workload has it, it can be asked \
         for and run as {}, but nothing is known of it here.",
        bare(&task.task),
        task.task
    );
    ErrorRecord::new(Reason::Usage, "HelpNotFound", message)
        .with_next("Get-Command -CommandType Task")
}

/// What a task takes.
pub(crate) fn of_task(task: &Described) -> Vec<Value> {
    let name = bare(&task.task);
    let mut text = format!("\nNAME\n    {name}\n");
    if !task.title.is_empty() {
        text.push_str(&format!("\nSYNOPSIS\n{}", folded(&task.title, 4)));
    }
    let mut syntax = vec![name.to_owned()];
    for Taken {
        name,
        kind,
        required,
        ..
    } in &task.parameters
    {
        let whole = format!("-{name} <{kind}>");
        syntax.push(match required {
            true => whole,
            false => format!("[{whole}]"),
        });
    }
    text.push_str(&format!(
        "\nSYNTAX\n    {}\n",
        folded(&syntax.join(" "), 4).trim()
    ));
    let open = match task.is_open {
        true => " It takes other parameters, too, as the workload knows them.",
        false => "",
    };
    let about = format!(
        "A task: whoever runs it needs a live grant for {}.{open} Each run is recorded, also one \
         that is refused.",
        task.task
    );
    text.push_str(&format!("\nDESCRIPTION\n{}", folded(&about, 4)));
    if !task.parameters.is_empty() {
        text.push_str("\nPARAMETERS\n");
    }
    for taken in &task.parameters {
        let mut notes = taken.notes.clone();
        if taken.required {
            notes.insert(0, "required".to_owned());
        }
        let notes = match notes.is_empty() {
            true => String::new(),
            false => format!("  ({})", notes.join("; ")),
        };
        text.push_str(&format!("    -{} <{}>{notes}\n", taken.name, taken.kind));
    }
    text.push_str(&format!(
        "\nEXAMPLES\n        New-ElevatedAccessRequest -Task {} -Reason 'why'\n",
        crate::session::quoted(&task.task)
    ));
    vec![Value::Text(text)]
}

const OVERVIEW: &str = "
Privileged access: ask for one task, get it approved, run it by its name.

    New-ElevatedAccessRequest -Task 'Exchange\\New-MoveRequest' -Reason 'why' -DurationHours 4
    Get-ElevatedAccessRequest
    New-MoveRequest -Identity alice -TargetDatabase DB01

    Get-Command                  lists all cmdlets, and the tasks that are set
    Get-Help CMDLET              says how one is used
    Get-Help TASK                says what a task takes
    exit                         ends the shell

A name that is no cmdlet is a task of the workload Exchange; a task of another
workload is typed with it: Host\\Restart-Service -Name web. Each task that is
typed becomes an entry of the log, also one that is mistyped, with its values.
";

fn page(cmdlet: &Cmdlet, only_examples: bool) -> String {
    let mut text = format!("\nNAME\n    {}\n", cmdlet.name);
    if !only_examples {
        text.push_str(&format!("\nSYNOPSIS\n    {}\n", cmdlet.synopsis));
        text.push_str(&format!("\nSYNTAX\n    {}\n", syntax(cmdlet)));
        if !cmdlet.description.is_empty() {
            text.push_str(&format!("\nDESCRIPTION\n{}", folded(cmdlet.description, 4)));
        }
        if !cmdlet.aliases.is_empty() {
            text.push_str(&format!("\nALIASES\n    {}\n", cmdlet.aliases.join(", ")));
        }
        if !cmdlet.parameters.is_empty() {
            text.push_str("\nPARAMETERS\n");
        }
        for parameter in cmdlet.parameters {
            text.push_str(&described(parameter));
        }
    }
    text.push_str("\nEXAMPLES\n");
    for (command, what) in cmdlet.examples {
        text.push_str(&format!("{}{}\n", folded(what, 4), indented(command)));
    }
    text
}

fn indented(command: &str) -> String {
    format!("        {command}\n")
}

/// How a cmdlet is typed.
fn syntax(cmdlet: &Cmdlet) -> String {
    let mut parts = vec![cmdlet.name.to_owned()];
    for parameter in cmdlet.parameters.iter().chain(&COMMON) {
        let name = match parameter.position {
            Some(_) => format!("[-{}]", parameter.name),
            None => format!("-{}", parameter.name),
        };
        let whole = match parameter.kind == Kind::Switch {
            true => name,
            false => format!("{name} <{}>", parameter.kind.short()),
        };
        parts.push(match parameter.mandatory {
            true => whole,
            false => format!("[{whole}]"),
        });
    }
    folded(&parts.join(" "), 4).trim().to_owned()
}

fn described(parameter: &Parameter) -> String {
    let mut text = format!("    -{}", parameter.name);
    if parameter.kind != Kind::Switch {
        text.push_str(&format!(" <{}>", parameter.kind.short()));
    }
    let mut notes = Vec::new();
    if parameter.mandatory {
        notes.push("required".to_owned());
    }
    if let Kind::Word(words) = parameter.kind {
        notes.push(words.join(", "));
    }
    if !parameter.aliases.is_empty() {
        notes.push(format!("also -{}", parameter.aliases.join(", -")));
    }
    if !notes.is_empty() {
        text.push_str(&format!("  ({})", notes.join("; ")));
    }
    format!("{text}\n{}", folded(parameter.help, 8))
}

/// Text in lines of at most 80 characters.
fn folded(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let mut lines = Vec::new();
    let mut line = indent.clone();
    for word in text.split_whitespace() {
        let is_begun = line.len() > indent.len();
        if is_begun && line.chars().count() + 1 + word.chars().count() > 80 {
            lines.push(std::mem::replace(&mut line, indent.clone()));
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n") + "\n"
}
