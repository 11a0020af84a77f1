//! Fields: the parameters of a task as a form asks for them.
//!
//! A request says what a parameter must **equal**, a run gives it a value; so
//! the same field is read in one of two ways. The page's script makes the
//! statement; the rules decide whether it fits.

use writ_core::names::ParameterName;
use writ_core::object::Task;
use writ_core::value::{Constraint, Constraints, Schema, Value, ValueType, Values};

/// What a field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What a request or an approval fixes; left empty, it is any.
    Constraint,
    /// What a run gives.
    Value,
}

/// How a field is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Line,
    Text,
    Choice,
    Secret,
}

/// One parameter.
pub(super) struct Field {
    pub(super) name: ParameterName,
    pub(super) title: String,
    pub(super) input: Input,
    /// How the page's script reads it.
    pub(super) form: String,
    pub(super) required: bool,
    pub(super) value: String,
    pub(super) choices: Vec<String>,
    pub(super) hint: String,
}

/// The fields of a task, filled in where a value is given or fixed.
pub(super) fn fields(
    task: &Task,
    purpose: Purpose,
    limits: &[Constraints],
    given: &Values,
) -> Vec<Field> {
    let field = |(name, schema): (&ParameterName, &Schema)| {
        let said = limits.iter().filter_map(|limits| limits.get(name));
        let said: Vec<&Constraint> = said.collect();
        field(name, schema, purpose, &said, given.get(name))
    };
    let fields = task.parameters.iter().map(field);
    // Nobody fixes a secret: only whoever runs the task knows it.
    let is_asked = |field: &Field| purpose == Purpose::Value || field.input != Input::Secret;
    fields.filter(is_asked).collect()
}

fn field(
    name: &ParameterName,
    schema: &Schema,
    purpose: Purpose,
    said: &[&Constraint],
    given: Option<&Value>,
) -> Field {
    let fixed = said.iter().find_map(|constraint| match constraint {
        Constraint::Equals(value) => Some(value),
        Constraint::OneOf(_)
        | Constraint::Glob(_)
        | Constraint::Range(_)
        | Constraint::SubsetOf(_)
        | Constraint::Absent => None,
    });
    let (input, reading) = match schema.value_type {
        ValueType::Secret => (Input::Secret, "exact"),
        ValueType::Boolean => (Input::Choice, "boolean"),
        ValueType::Integer if schema.one_of.is_some() => (Input::Choice, "integer"),
        ValueType::Integer => (Input::Line, "integer"),
        ValueType::String if schema.one_of.is_some() => (Input::Choice, "exact"),
        ValueType::String if schema.multiline => (Input::Text, "exact"),
        ValueType::String => (Input::Line, "exact"),
        ValueType::List => (Input::Text, "lines"),
        ValueType::Table => (Input::Text, "table"),
    };
    let form = match (purpose, reading) {
        (Purpose::Value, reading) => reading.to_owned(),
        (Purpose::Constraint, "exact") => "equals text".to_owned(),
        (Purpose::Constraint, reading) => format!("equals {reading}"),
    };
    let choices = match (schema.value_type, &schema.one_of) {
        (ValueType::Boolean, _) => vec!["true".to_owned(), "false".to_owned()],
        (_, Some(values)) => values.iter().map(typed).collect(),
        (_, None) => Vec::new(),
    };
    Field {
        name: name.clone(),
        title: schema.title.clone().unwrap_or_else(|| name.to_string()),
        input,
        form,
        required: schema.required && purpose == Purpose::Value,
        value: given.or(fixed).map(typed).unwrap_or_default(),
        choices,
        hint: hint(schema, said),
    }
}

/// A value as somebody would type it into its field.
pub(super) fn typed(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::List(items) => items.iter().map(typed).collect::<Vec<_>>().join("\n"),
        Value::Table(members) => members
            .iter()
            .map(|(name, value)| format!("{name}={}", typed(value)))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn hint(schema: &Schema, said: &[&Constraint]) -> String {
    let form = match schema.value_type {
        ValueType::List => Some("one a line".to_owned()),
        ValueType::Table => Some("one name=value a line".to_owned()),
        ValueType::Integer => match (schema.min, schema.max) {
            (Some(min), Some(max)) => Some(format!("a whole number from {min} to {max}")),
            (Some(min), None) => Some(format!("a whole number, at least {min}")),
            (None, Some(max)) => Some(format!("a whole number, at most {max}")),
            (None, None) => Some("a whole number".to_owned()),
        },
        ValueType::String | ValueType::Boolean | ValueType::Secret => None,
    };
    let limits = said
        .iter()
        .map(|constraint| format!("must be {constraint}"));
    let limits = limits.map(|limit| limit.replace("must be = ", "must be "));
    form.into_iter()
        .chain(limits)
        .collect::<Vec<_>>()
        .join("; ")
}
