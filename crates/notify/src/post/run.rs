//! The command that runs what was approved.

use std::collections::{BTreeMap, BTreeSet};

use writ_core::names::ParameterName;
use writ_core::object::Task;
use writ_core::record::RequestRecord;
use writ_core::value::{Constraint, Value, plain};

use super::compose::quoted;

/// The command, and which of its parameters whoever types it chooses.
pub(super) fn command(
    task: Option<&Task>,
    request: &RequestRecord,
) -> (String, BTreeSet<ParameterName>) {
    let granted = request.grant.iter().flat_map(|grant| &grant.limits);
    let limits = granted.chain([&request.parameters]).flatten();
    let mut only: BTreeMap<&ParameterName, Option<&Value>> = BTreeMap::new();
    for (name, constraint) in limits {
        let value = match constraint {
            Constraint::Absent => continue,
            Constraint::Equals(value) => Some(value),
            Constraint::OneOf(values) => match values.as_slice() {
                [value] => Some(value),
                _ => None,
            },
            Constraint::Glob(_)
            | Constraint::Range(_)
            | Constraint::SubsetOf(_)
            | Constraint::SupersetOf(_) => None,
        };
        let known = only.entry(name).or_default();
        *known = known.or(value);
    }
    let schemas = task.iter().flat_map(|task| &task.parameters);
    for (name, _) in schemas.filter(|(_, schema)| schema.required) {
        only.entry(name).or_default();
    }
    let mut command = format!("writ run {}", quoted(request.task.as_str()));
    let mut chosen = BTreeSet::new();
    for (name, value) in only {
        let typed = value.and_then(|value| typed(name, value));
        let typed = typed.unwrap_or_else(|| {
            chosen.insert(name.clone());
            format!("{name}=VALUE")
        });
        command += &format!(" --param {}", quoted(&typed));
    }
    (command, chosen)
}

/// A value as `--param` takes it, where it is one line.
fn typed(name: &ParameterName, value: &Value) -> Option<String> {
    let typed = match value {
        Value::Text(text) if text.starts_with('@') => format!("{name}=@{text}"),
        Value::Text(text) => format!("{name}={text}"),
        Value::Integer(_) | Value::Boolean(_) => format!("{name}={value}"),
        Value::List(_) | Value::Table(_) => {
            format!("{name}:={}", serde_json::to_string(value).ok()?)
        }
    };
    (plain(&typed) == typed).then_some(typed)
}
