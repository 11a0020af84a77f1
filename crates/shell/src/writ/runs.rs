//! Tasks, run by their names.

use std::collections::BTreeMap;

use writ_client::{Client, Error, Started};
use writ_core::names::{ParameterName, TaskName};
use writ_core::secret::Secret;
use writ_core::value::{Schema, Values};
use writ_core::view::{ExecutionView, RunStatus};

use super::refused::{insufficient, refused};
use super::typed::Parameters;
use super::{Done, usage};
use crate::binder::no_place;
use crate::cmdlets::{COMMON, Parameter};
use crate::help::bare;
use crate::host::{Console, Described, Invocation, Listed, Taken};
use crate::letters::plain_lines;
use crate::record::{ErrorRecord, Reason};
use crate::session::quoted;
use crate::values::Value;

/// What is known of a task: its name as it is spelled, and its parameters.
pub(super) struct Known {
    pub(super) name: TaskName,
    pub(super) parameters: Parameters,
}

/// What is known of a task; none if there is no such task.
pub(super) async fn known(client: &Client, task: &TaskName) -> Result<Option<Known>, ErrorRecord> {
    let task = client.known_task(task).await.map_err(refused)?;
    Ok(task.map(|task| Known {
        name: task.name.clone(),
        parameters: task.into(),
    }))
}

/// The tasks that somebody set, and those that have a policy of their own.
pub(super) async fn listed(client: &Client) -> Result<Vec<Listed>, ErrorRecord> {
    let tasks = client.tasks().await.map_err(refused)?.value;
    let policies = client.policies().await.map_err(refused)?.value;
    let mut all: BTreeMap<TaskName, String> = tasks
        .into_iter()
        .map(|task| (task.name, task.title.unwrap_or_default()))
        .collect();
    for policy in policies {
        if let Ok(name) = TaskName::parse(policy.task.as_str()) {
            all.entry(name).or_default();
        }
    }
    let listed = all.into_iter().map(|(name, title)| Listed {
        task: name.to_string(),
        title,
    });
    Ok(listed.collect())
}

pub(super) async fn run(client: &Client, run: &Invocation, console: &mut dyn Console) -> Done {
    let task = TaskName::parse(&run.task).map_err(|error| usage(error.to_string()))?;
    let Some(Known { name, parameters }) = known(client, &task).await? else {
        return Err(unknown(&task));
    };
    let run = &placed(run, &name, &parameters)?;
    let (values, secrets) = given(run, &name, &parameters, console)?;
    let started = match client.invoke(name, values, secrets, None).await {
        Ok(started) => started,
        Err(Error::Refused { code, receipt, .. }) if code == "insufficient" => {
            return Err(insufficient(client, run, receipt.as_deref()));
        }
        Err(error) => return Err(refused(error)),
    };
    let lost = |error: Error| lost(&started, &error);
    let view = client.outcome(started.execution).await.map_err(lost)?;
    let output = client.output(&view).await.map_err(lost)?;
    came(&view, &output, console)
}

/// Of how many tasks the prompt knows the parameters.
const MOST_KNOWN: usize = 50;

/// The names of the parameters of tasks, as far as they are known.
pub(super) async fn parameters(client: &Client, tasks: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for task in tasks.iter().take(MOST_KNOWN) {
        if let Ok(Some(known)) = described(client, task).await {
            let names = known.parameters.into_iter().map(|taken| taken.name);
            all.insert(known.task, names.collect());
        }
    }
    all
}

/// What a task takes; none if there is no such task.
pub(super) async fn described(
    client: &Client,
    task: &str,
) -> Result<Option<Described>, ErrorRecord> {
    let task = TaskName::parse(task).map_err(|error| usage(error.to_string()))?;
    let task = client.known_task(&task).await.map_err(refused)?;
    Ok(task.map(|task| Described {
        task: task.name.to_string(),
        title: task.title.clone().unwrap_or_default(),
        parameters: task
            .parameters
            .iter()
            // The shell takes these by itself.
            .filter(|(name, _)| !is_common(name))
            .map(taken)
            .collect(),
        is_open: task.open,
    }))
}

fn is_common(name: &ParameterName) -> bool {
    let mut all = COMMON.iter().flat_map(Parameter::names);
    all.any(|known| known.eq_ignore_ascii_case(name.as_str()))
}

fn taken((name, schema): (&ParameterName, &Schema)) -> Taken {
    let mut notes: Vec<String> = schema.title.iter().cloned().collect();
    if let Some(values) = &schema.one_of {
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        notes.push(format!("one of {}", values.join(", ")));
    }
    match (schema.min, schema.max) {
        (None, None) => {}
        (Some(min), None) => notes.push(format!("{min} or more")),
        (None, Some(max)) => notes.push(format!("{max} or less")),
        (Some(min), Some(max)) => notes.push(format!("{min} to {max}")),
    }
    if schema.is_secret() {
        notes.push("asked for, never typed".to_owned());
    }
    Taken {
        name: name.to_string(),
        kind: schema.value_type.to_string(),
        required: schema.required,
        notes,
    }
}

fn unknown(task: &TaskName) -> ErrorRecord {
    ErrorRecord::unknown_command(bare(task.as_str())).with_next("Get-Command -CommandType Task")
}

/// The same under the task's own name, with a name for the value that has none.
fn placed(
    run: &Invocation,
    task: &TaskName,
    parameters: &Parameters,
) -> Result<Invocation, ErrorRecord> {
    let mut placed = Invocation {
        task: task.to_string(),
        positional: Vec::new(),
        ..run.clone()
    };
    let typed = bare(task.as_str());
    let is_named = |name: &ParameterName| {
        let mut typed = run.parameters.iter();
        typed.any(|(typed, _)| super::typed::name(typed, parameters).is_ok_and(|is| is == *name))
    };
    let place = parameters.first().filter(|name| !is_named(name));
    let mut values = run.positional.iter();
    if let (Some(name), Some(value)) = (place, values.clone().next()) {
        values.next();
        let named = (name.to_string(), Some(value.clone()));
        placed.parameters.insert(0, named);
    }
    let Some(value) = values.next() else {
        return Ok(placed);
    };
    // The parameter that it may be meant for, if the task says which it needs.
    let mut needed = parameters.schemas.iter();
    let needed = needed.find(|(name, schema)| {
        schema.required && !schema.is_secret() && !is_named(name) && place != Some(*name)
    });
    let name = needed.map_or("NAME", |(name, _)| name.as_str());
    let record = no_place(typed, value);
    let message = format!("{} Write the name of its parameter.", record.message);
    Err(ErrorRecord { message, ..record }
        .with_next(format!("{typed} -{name} {}", quoted(&value.text()))))
}

/// What was given, sorted into values and secrets; a secret that the task needs
/// is asked for.
fn given(
    run: &Invocation,
    task: &TaskName,
    parameters: &Parameters,
    console: &mut dyn Console,
) -> Result<(Values, BTreeMap<ParameterName, Secret>), ErrorRecord> {
    let wrong = |message: String| {
        ErrorRecord::binding(task.as_str(), "ParameterBindingFailed", message)
            .with_next(format!("Get-Help {}", quoted(bare(task.as_str()))))
    };
    let mut values = Values::new();
    for (typed, value) in &run.parameters {
        let name = super::typed::name(typed, parameters).map_err(wrong)?;
        let switch = Value::Boolean(true);
        let value = value.as_ref().unwrap_or(&switch);
        let schema = parameters.schemas.get(&name);
        let value = super::typed::value(&name, value, schema).map_err(wrong)?;
        if values.insert(name.clone(), value).is_some() {
            return Err(wrong(format!(
                "Cannot bind parameter because parameter '{name}' is specified more than once."
            )));
        }
    }
    let mut secrets = BTreeMap::new();
    for (name, schema) in &parameters.schemas {
        if schema.is_secret() && schema.required {
            let secret = match run.common.what_if {
                // Nothing is run with it.
                true => Some(Secret::new(b"-".to_vec())),
                false => console.ask_secret(&format!("{name}: ")),
            };
            let secret = secret.ok_or_else(|| {
                wrong(format!(
                    "The secret parameter '{name}' is needed, and there is nobody to ask. Type the \
                     task at a prompt; without one, outside of the shell, a file may hold it: writ \
                     run '{task}' --param {name}=@FILE"
                ))
            })?;
            secrets.insert(name.clone(), secret);
        }
    }
    Ok((values, secrets))
}

/// The run is authorised and goes on; only what became of it was not seen.
fn lost(started: &Started, error: &Error) -> ErrorRecord {
    let id = started.execution.brief();
    ErrorRecord::new(
        Reason::Unknown,
        "OutcomeNotSeen",
        format!(
            "The run was authorised, and its outcome was not seen: {error}. Do not repeat it; see \
             what became of it first."
        ),
    )
    .with_next(format!("Get-ElevatedAccessExecution {id}"))
}

/// What came of a run: its output, all of it, or an error.
fn came(view: &ExecutionView, output: &[u8], console: &mut dyn Console) -> Done {
    let next = format!("Get-ElevatedAccessExecution {}", view.id.brief());
    let note = view.note.as_deref().unwrap_or("no more is known");
    let problem = match view.status {
        RunStatus::Succeeded => None,
        RunStatus::Failed => Some((
            Reason::TaskFailed,
            "TaskFailed",
            format!("The task failed: {note}"),
        )),
        RunStatus::Unknown | RunStatus::Authorized => Some((
            Reason::Unknown,
            "OutcomeUnknown",
            format!(
                "What became of the task is not known: {note}. It is not run again by itself: look \
                 at the target first."
            ),
        )),
    };
    if let Some((reason, id, message)) = problem {
        let text = plain_lines(&String::from_utf8_lossy(output));
        if !text.trim().is_empty() {
            console.err(text.trim_end());
        }
        return Err(ErrorRecord::new(reason, id, message).with_next(next));
    }
    let kept = output.len() as u64;
    if view.output.is_some_and(|output| output.size > kept) {
        let message = format!(
            "The task succeeded, and only the first {kept} bytes of its output were kept: nothing \
             of it goes down the pipeline."
        );
        return Err(ErrorRecord::new(Reason::Broken, "OutputCut", message).with_next(next));
    }
    if let Some(note) = &view.note {
        console.err(&format!("WARNING: {}", plain_lines(note)));
    }
    Ok(objects(&String::from_utf8_lossy(output)))
}

/// Objects, if the output is JSON, or if each of its lines is; else its lines.
pub(super) fn objects(output: &str) -> Vec<Value> {
    let text = output.trim();
    if text.starts_with(['{', '['])
        && let Ok(value) = crate::pipe::from_json(text)
    {
        let inner = value.object().and_then(|object| object.get("value"));
        return match inner {
            Some((_, Value::List(items))) => items.clone(),
            Some(_) | None => value.items(),
        };
    }
    if text.starts_with('{') {
        let rows = text.lines().map(crate::pipe::from_json);
        if let Ok(rows) = rows.collect() {
            return rows;
        }
    }
    output.lines().map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_objects_or_lines() {
        for (output, count, first) in [
            ("", 0, ""),
            ("a\nb\n", 2, "a"),
            ("{\"a\": 1}", 1, "@{a=1}"),
            ("[{\"a\": 1}, {\"a\": 2}]\n", 2, "@{a=1}"),
            (
                "{\"@odata.context\": \"x\", \"value\": [{\"b\": 1, \"a\": 2}]}",
                1,
                "@{b=1; a=2}",
            ),
            ("{\"a\": 1}\n{\"a\": 2}\n", 2, "@{a=1}"),
            ("{\"a\": 1}\nand no more\n", 2, "{\"a\": 1}"),
            ("{not json", 1, "{not json"),
        ] {
            let objects = objects(output);
            assert_eq!(objects.len(), count, "{output}");
            let text = objects.first().map(Value::text).unwrap_or_default();
            assert_eq!(text, first, "{output}");
        }
    }
}
