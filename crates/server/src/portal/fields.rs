//! Fields: the parameters of a task as a form asks for them.
//!
//! A request says what a parameter must **equal**, a run gives it a value; so
//! the same field is read in one of two ways. The page's script makes the
//! statement; the rules decide whether it fits.

use writ_core::names::ParameterName;
use writ_core::object::Task;
use writ_core::state::State;
use writ_core::value::{Constraint, Constraints, Schema, Value, ValueType, Values};

use crate::app::App;

/// With more fields than this, those that are seldom given are folded away.
const FEW: usize = 8;

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
    /// What choosing none of them means.
    pub(super) none: &'static str,
    pub(super) hint: String,
}

impl Field {
    fn is_text(&self) -> bool {
        self.input == Input::Text
    }
}

/// The fields of a task, as a form shows them.
#[derive(Default)]
pub(super) struct Fields {
    /// What must be given, what is limited or filled in, and what is usual.
    pub(super) first: Vec<Field>,
    /// What is seldom given.
    pub(super) rest: Vec<Field>,
    /// How what the task does not name is read, where it takes such.
    pub(super) others: Option<&'static str>,
}

impl Fields {
    /// The fields of a task, filled in where a value is given or fixed.
    pub(super) fn of(
        state: &State,
        app: &App,
        task: &Task,
        purpose: Purpose,
        limits: &[Constraints],
        given: &Values,
    ) -> Self {
        let is_set = state.task(&task.name).is_some();
        let hint = app.engine().hint(&task.name).1.filter(|_| !is_set);
        let usual = hint.map(|hint| hint.usual).unwrap_or_default();
        let schemas = task.parameters.iter();
        // Nobody fixes a secret: only whoever runs the task knows it.
        let asked = schemas.filter(|(_, schema)| purpose == Purpose::Value || !schema.is_secret());
        let ranked = asked.map(|(name, schema)| {
            let said = limits.iter().filter_map(|limits| limits.get(name));
            let said: Vec<&Constraint> = said.collect();
            let is_said = !said.is_empty() || given.contains_key(name);
            let rank = match schema.required {
                true => 0,
                false if is_said => 1,
                false if usual.contains(name) => 2,
                false => 3,
            };
            let mut field = field(name, schema, purpose, &said, given.get(name));
            // What is only known of a parameter says of every text that it may be long.
            let is_long = ["Text", "Comment"]
                .iter()
                .any(|it| name.as_str().ends_with(it));
            if !is_set && schema.value_type == ValueType::String && field.is_text() && !is_long {
                field.input = Input::Line;
            }
            (rank, field)
        });
        let mut ranked: Vec<(u8, Field)> = ranked.collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let is_folded = ranked.len() > FEW && ranked.iter().any(|(rank, _)| *rank < 3);
        let (first, rest): (Vec<_>, Vec<_>) = ranked
            .into_iter()
            .partition(|(rank, _)| !is_folded || *rank < 3);
        let alone = |ranked: Vec<(u8, Field)>| ranked.into_iter().map(|(_, field)| field).collect();
        Self {
            first: alone(first),
            rest: alone(rest),
            others: task.open.then_some(match purpose {
                Purpose::Constraint => "equals others",
                Purpose::Value => "others",
            }),
        }
    }

    /// Whether there is nothing to fill in.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.rest.is_empty() && self.others.is_none()
    }
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
        | Constraint::SupersetOf(_)
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
        none: match purpose {
            Purpose::Constraint => "any",
            Purpose::Value if schema.required => "choose",
            Purpose::Value => "not given",
        },
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
