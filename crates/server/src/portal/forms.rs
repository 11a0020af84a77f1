//! Forms: an object as the fields of the form that changes it.
//!
//! A form says the whole object. What it does not ask for stands in a hidden
//! field as JSON, as it was, so an edit keeps what the page does not show.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use writ_core::names::ParameterName;
use writ_core::object::{Noun, Stage, Template};
use writ_core::value::{Constraint, Constraints, Range, Schema, Schemas, Value, ValueType};

use super::fields::typed;

/// What a form of an object does not ask for, as JSON.
pub(super) fn rest(object: &impl Serialize, asked: &[&str]) -> String {
    match serde_json::to_value(object) {
        Ok(Json::Object(mut members)) => {
            for name in asked {
                members.remove(*name);
            }
            Json::Object(members).to_string()
        }
        Ok(_) | Err(_) => "{}".to_owned(),
    }
}

/// An object that nobody set yet.
pub(super) fn nothing() -> String {
    Json::Object(Map::new()).to_string()
}

/// What a form tells its script of the object as it was, so that what is signed
/// is told as what it changes.
pub(super) fn was(noun: Noun, object: &impl Serialize) -> String {
    json!({ "was": { noun.to_string(): object } }).to_string()
}

/// The same of a key that is revoked.
pub(super) fn of_key(label: &str, signed_in: bool, only: bool) -> String {
    json!({ "label": label, "signedIn": signed_in, "only": only }).to_string()
}

/// Values as JSON that people read and change.
pub(super) fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A parameter of a task, as a row.
#[derive(Default)]
pub(super) struct ParameterRow {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) title: String,
    pub(super) one_of: String,
    pub(super) min: String,
    pub(super) max: String,
    pub(super) max_length: String,
    pub(super) multiline: bool,
    pub(super) leading_dash: bool,
}

impl ParameterRow {
    /// The rows of a task.
    pub(super) fn all(schemas: &Schemas) -> Vec<Self> {
        schemas.iter().map(Self::new).collect()
    }

    fn new((name, schema): (&ParameterName, &Schema)) -> Self {
        let number = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
        let choices = schema.one_of.iter().flatten().map(typed);
        Self {
            name: name.to_string(),
            kind: schema.value_type.to_string(),
            required: schema.required,
            title: schema.title.clone().unwrap_or_default(),
            one_of: choices.collect::<Vec<_>>().join("\n"),
            min: number(schema.min),
            max: number(schema.max),
            max_length: schema.max_length.to_string(),
            multiline: schema.multiline,
            leading_dash: schema.leading_dash,
        }
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }
}

/// Whether rows can say these parameters: choices of texts and numbers that
/// stand on one line each.
pub(super) fn in_rows(schemas: &Schemas) -> bool {
    let plain = |schema: &Schema| match (schema.value_type, &schema.one_of) {
        (_, None) | (ValueType::Integer | ValueType::Boolean, Some(_)) => true,
        (ValueType::String, Some(values)) => values.iter().all(is_line),
        (ValueType::List | ValueType::Table | ValueType::Secret, Some(_)) => false,
    };
    schemas.values().all(plain)
}

/// A constraint of a policy, as a row.
#[derive(Default)]
pub(super) struct ConstraintRow {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) value: String,
}

impl ConstraintRow {
    /// The rows of a policy.
    pub(super) fn all(constraints: &Constraints) -> Vec<Self> {
        constraints.iter().map(Self::new).collect()
    }

    fn new((name, constraint): (&ParameterName, &Constraint)) -> Self {
        let lines = |values: &[Value]| values.iter().map(typed).collect::<Vec<_>>().join("\n");
        let (kind, value) = match constraint {
            Constraint::Equals(Value::Integer(number)) => ("equals integer", number.to_string()),
            Constraint::Equals(Value::Boolean(truth)) => ("equals boolean", truth.to_string()),
            Constraint::Equals(Value::Text(text)) => ("equals exact", text.clone()),
            Constraint::Equals(value) => ("equals json", pretty(value)),
            Constraint::OneOf(values) if values.iter().all(is_number) => {
                ("one_of integers", lines(values))
            }
            Constraint::OneOf(values) if values.iter().all(is_line) => {
                ("one_of lines", lines(values))
            }
            Constraint::OneOf(values) => ("one_of json", pretty(values)),
            Constraint::Glob(pattern) => ("glob exact", pattern.clone()),
            Constraint::Range(Range { min, max }) => {
                let end = |end: &Option<i64>| end.map(|it| it.to_string()).unwrap_or_default();
                ("range range", format!("{}..{}", end(min), end(max)))
            }
            Constraint::SubsetOf(values) if values.iter().all(is_line) => {
                ("subset_of lines", lines(values))
            }
            Constraint::SubsetOf(values) => ("subset_of json", pretty(values)),
            Constraint::SupersetOf(values) if values.iter().all(is_line) => {
                ("superset_of lines", lines(values))
            }
            Constraint::SupersetOf(values) => ("superset_of json", pretty(values)),
            Constraint::Absent => ("absent", String::new()),
        };
        Self {
            name: name.to_string(),
            kind,
            value,
        }
    }

    pub(super) fn says(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// What can be said of a parameter, and how that is called.
    pub(super) const KINDS: [(&str, &str); 14] = [
        ("equals exact", "is the text"),
        ("equals integer", "is the number"),
        ("equals boolean", "is true or false"),
        ("one_of lines", "is one of these texts"),
        ("one_of integers", "is one of these numbers"),
        ("glob exact", "is like (with * and ?)"),
        ("range range", "is from..to"),
        ("subset_of lines", "has only these texts"),
        ("superset_of lines", "has at least these texts"),
        ("absent", "is not given"),
        ("equals json", "is this JSON"),
        ("one_of json", "is one of this JSON list"),
        ("subset_of json", "has only what is in this JSON list"),
        ("superset_of json", "has at least what is in this JSON list"),
    ];
}

/// A stage of a policy, as a row.
#[derive(Default)]
pub(super) struct StageRow {
    pub(super) group: String,
    pub(super) approvals: String,
}

impl StageRow {
    /// The rows of a policy.
    pub(super) fn all(stages: &[Stage]) -> Vec<Self> {
        let row = |stage: &Stage| Self {
            group: stage.group.to_string(),
            approvals: stage.approvals.to_string(),
        };
        stages.iter().map(row).collect()
    }
}

/// The program of a template and its arguments, one a line; none if this
/// template says something else.
pub(super) fn command(template: &Template) -> Option<(String, String)> {
    if template
        .keys()
        .any(|name| name != "program" && name != "args")
    {
        return None;
    }
    let Some(Value::Text(program)) = template.get("program") else {
        return None;
    };
    let lines: Option<Vec<&str>> = match template.get("args") {
        None => Some(Vec::new()),
        Some(Value::List(items)) => items.iter().map(line).collect(),
        Some(_) => None,
    };
    let lines = lines?;
    // A last empty line would not be seen.
    let is_clear = !lines.last().is_some_and(|last| last.is_empty());
    is_clear.then(|| (program.clone(), lines.join("\n")))
}

fn line(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) if !text.contains(['\n', '\r']) => Some(text),
        Value::Text(_)
        | Value::Integer(_)
        | Value::Boolean(_)
        | Value::List(_)
        | Value::Table(_) => None,
    }
}

/// Whether a value is a text that stands on a line of its own as it is.
fn is_line(value: &Value) -> bool {
    line(value).is_some_and(|text| !text.is_empty() && text.trim() == text)
}

const fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_form_keeps_what_it_does_not_ask_for() {
        let object = serde_json::json!({ "a": 1, "b": { "c": [2] } });
        assert_eq!(rest(&object, &["a"]), r#"{"b":{"c":[2]}}"#);
        assert_eq!(rest(&object, &["a", "b"]), nothing());
    }

    #[test]
    fn a_command_is_lines_only_where_lines_say_it() {
        let template = |args: Vec<Value>| {
            let program = ("program".to_owned(), text("/bin/echo"));
            Template::from([program, ("args".to_owned(), Value::List(args))])
        };
        let lines = |args| command(&template(args)).map(|(_, lines)| lines);
        assert_eq!(
            lines(vec![text("-n"), text(" {word} ")]).as_deref(),
            Some("-n\n {word} ")
        );
        assert_eq!(lines(vec![text(""), text("a")]).as_deref(), Some("\na"));
        for odd in [text("a\nb"), Value::Integer(1), text("")] {
            assert_eq!(lines(vec![odd]), None);
        }
        assert_eq!(command(&Template::new()), None);
    }

    #[test]
    fn a_constraint_that_lines_cannot_say_is_json() {
        let kind = |constraint| {
            ConstraintRow::new((&ParameterName::parse("x").unwrap(), &constraint)).kind
        };
        assert_eq!(
            kind(Constraint::OneOf(vec![text("a"), text("b c")])),
            "one_of lines"
        );
        assert_eq!(kind(Constraint::OneOf(vec![text(" a")])), "one_of json");
        assert_eq!(
            kind(Constraint::OneOf(vec![Value::Integer(1)])),
            "one_of integers"
        );
        assert_eq!(
            kind(Constraint::OneOf(vec![Value::Integer(1), text("1")])),
            "one_of json"
        );
    }
}
