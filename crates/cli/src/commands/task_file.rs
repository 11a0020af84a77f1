//! Task files: tasks as people write them, in TOML.
//!
//! ```toml
//! [[task]]
//! name = "Host\\Restart-Service"
//! title = "Restart a service"
//! program = "/usr/bin/systemctl"
//! args = ["restart", "--", "{unit}"]
//! sha256 = "…"   # of the program's file; optional
//! deadline = "2m"
//! [task.parameters.unit]
//! type = "string"
//! required = true
//! ```

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use writ_core::names::TaskName;
use writ_core::object::{Object, Risk, Task, Template};
use writ_core::value::{Schemas, Value};

use crate::parse;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    task: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: TaskName,
    title: Option<String>,
    #[serde(default)]
    risk: Risk,
    #[serde(default)]
    parameters: Schemas,
    #[serde(default)]
    open: bool,
    program: Option<String>,
    args: Option<Vec<String>>,
    sha256: Option<String>,
    template: Option<Template>,
    deadline: Option<String>,
    output_cap: Option<u64>,
}

/// Reads a file; the error says where and what.
pub(crate) fn read(path: &Path) -> Result<Vec<Task>, String> {
    let bad = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
    parse(&text).map_err(|error| bad(&error))
}

fn parse(text: &str) -> Result<Vec<Task>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let tasks = file.task.into_iter().map(task);
    let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
    let mut names = BTreeSet::new();
    match tasks.iter().find(|task| !names.insert(&task.name)) {
        Some(twice) => Err(format!("the task {} stands there twice", twice.name)),
        None => Ok(tasks),
    }
}

fn task(entry: Entry) -> Result<Task, String> {
    let name = entry.name.clone();
    let task = entry
        .into_task()
        .map_err(|problem| format!("task {name}: {problem}"))?;
    Object::Task(task.clone().into())
        .check()
        .map_err(|problem| format!("task {name}: {problem}"))?;
    Ok(task)
}

impl Entry {
    fn into_task(self) -> Result<Task, String> {
        let template = match (self.template, self.program) {
            (Some(_), Some(_)) => {
                return Err("give either `template`, or `program`, `args` and `sha256`".into());
            }
            (Some(template), None) if self.args.is_none() && self.sha256.is_none() => template,
            (None, Some(program)) => command(program, self.args.unwrap_or_default(), self.sha256),
            (Some(_), None) | (None, None) => {
                return Err("name the `program` that it runs, and its `args`".into());
            }
        };
        let mut task = Task::new(self.name, template);
        task.title = self.title;
        task.risk = self.risk;
        task.parameters = self.parameters;
        task.open = self.open;
        if let Some(deadline) = self.deadline {
            task.deadline_s = parse::duration(&deadline)?;
        }
        task.output_cap = self.output_cap.unwrap_or(task.output_cap);
        Ok(task)
    }
}

/// What the connector `command` reads.
fn command(program: String, args: Vec<String>, sha256: Option<String>) -> Template {
    let args = args.into_iter().map(Value::Text).collect();
    let mut template = Template::from([
        ("program".to_owned(), Value::Text(program)),
        ("args".to_owned(), Value::List(args)),
    ]);
    template.extend(sha256.map(|digits| ("sha256".to_owned(), Value::Text(digits))));
    template
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_tasks() {
        let text = r#"
            [[task]]
            name = "Host\\Say"
            risk = "low"
            program = "/bin/echo"
            args = ["{word}"]
            sha256 = "ab"
            deadline = "2m"
            [task.parameters.word]
            type = "string"
            one_of = ["a", "b"]
            [[task]]
            name = "Mail\\Get"
            template = { cmdlet = "Get-Mailbox" }
        "#;
        let tasks = parse(text).unwrap();
        assert_eq!(tasks.len(), 2);
        assert_eq!(tasks[0].deadline_s.0, 120);
        assert_eq!(tasks[0].template["args"].to_string(), "{word}");
        assert_eq!(tasks[0].template["sha256"].to_string(), "ab");
        assert_eq!(tasks[1].template["cmdlet"].to_string(), "Get-Mailbox");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("", "task"),
            ("[[task]]\nname = \"Host\"\nprogram = \"/x\"", "Host"),
            ("[[task]]\nname = \"H\\\\x\"", "program"),
            (
                "[[task]]\nname = \"H\\\\x\"\nprogram = \"/x\"\n[[task]]\nname = \"h\\\\X\"\nprogram = \"/x\"",
                "twice",
            ),
            (
                "[[task]]\nname = \"H\\\\x\"\nprogram = \"/x\"\nargz = []",
                "argz",
            ),
            (
                "[[task]]\nname = \"H\\\\x\"\nprogram = \"/x\"\ndeadline = \"soon\"",
                "4h",
            ),
            (
                "[[task]]\nname = \"H\\\\x\"\nprogram = \"/x\"\ndeadline = \"2d\"",
                "24 hours",
            ),
            (
                "[[task]]\nname = \"H\\\\x\"\nprogram = \"/x\"\ntemplate = {}",
                "either",
            ),
            (
                "[[task]]\nname = \"H\\\\x\"\nprogram = \"/x\"\n[task.parameters.a]\ntype = \"text\"",
                "text",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
