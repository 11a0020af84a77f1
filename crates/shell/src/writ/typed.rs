//! Values as a task's schemas want them: what was typed has no types of its own.

use std::collections::BTreeMap;

use writ_core::names::ParameterName;
use writ_core::object::Task;
use writ_core::value::{Constraint, Constraints, Range, Schema, Schemas, Value as Core, ValueType};

use crate::values::Value;

/// What a task says of its parameters.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters {
    /// Those that it names.
    pub(super) schemas: Schemas,
    /// Whether it takes others too.
    pub(super) is_open: bool,
}

impl Parameters {
    /// The parameter that a value without a name is for: where a task has one of
    /// these, it says on what it acts.
    pub(super) fn first(&self) -> Option<&ParameterName> {
        let named = |wanted: &&str| {
            let mut all = self.schemas.iter();
            let found = all.find(|(name, _)| name.as_str().eq_ignore_ascii_case(wanted));
            found.filter(|(_, schema)| schema.value_type == ValueType::String)
        };
        let found = ["Identity", "Name"].iter().find_map(named);
        found.map(|(name, _)| name)
    }
}

impl From<Task> for Parameters {
    fn from(task: Task) -> Self {
        Self {
            schemas: task.parameters,
            is_open: task.open,
        }
    }
}

/// The parameter of a task that a name means, whole or shortened. What a task
/// does not know is left as it was typed: the rules say what is wrong with it.
pub(super) fn name(typed: &str, parameters: &Parameters) -> Result<ParameterName, String> {
    let schemas = &parameters.schemas;
    let exact = schemas
        .keys()
        .find(|known| known.as_str().eq_ignore_ascii_case(typed));
    if let Some(exact) = exact {
        return Ok(exact.clone());
    }
    let begins = |known: &&ParameterName| {
        known
            .as_str()
            .get(..typed.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(typed))
    };
    let found: Vec<_> = schemas.keys().filter(begins).collect();
    match found.as_slice() {
        // It may as well be short for one that is not known here.
        [one, ..] if parameters.is_open => Err(format!(
            "Parameters of this task are not shortened, since it has others than are known here. \
             Write the whole name, such as -{one}."
        )),
        [one] => Ok((*one).clone()),
        [] if parameters.is_open || schemas.is_empty() => {
            ParameterName::parse(typed).map_err(|error| error.to_string())
        }
        [] => Err(format!(
            "A parameter cannot be found that matches parameter name '{typed}'."
        )),
        several => {
            let names: Vec<_> = several.iter().map(|name| format!("-{name}")).collect();
            Err(format!(
                "Parameter cannot be processed because the parameter name '{typed}' is ambiguous. \
                 Possible matches include: {}.",
                names.join(" ")
            ))
        }
    }
}

/// A value of the type that a parameter takes.
pub(super) fn value(
    name: &ParameterName,
    value: &Value,
    schema: Option<&Schema>,
) -> Result<Core, String> {
    let wrong = |what: &str| {
        let shown: String = value.text().chars().take(80).collect();
        format!(
            "Cannot bind parameter '{name}'. Cannot convert value \"{shown}\" to type \"{what}\"."
        )
    };
    if *value == Value::Null {
        return Err(format!(
            "Cannot bind argument to parameter '{name}' because it is null. Leave it out, or give a \
             value."
        ));
    }
    match (schema.map(|schema| schema.value_type), value) {
        (Some(ValueType::Integer), _) => value
            .number()
            .map(Core::Integer)
            .ok_or_else(|| wrong("System.Int64")),
        (Some(ValueType::Boolean), Value::Boolean(boolean)) => Ok(Core::Boolean(*boolean)),
        (Some(ValueType::Boolean), _) => match value.text().to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Core::Boolean(true)),
            "false" | "0" => Ok(Core::Boolean(false)),
            _ => Err(wrong("System.Boolean")),
        },
        (Some(ValueType::List), _) => {
            let items = value.clone().items();
            Ok(Core::List(
                items.iter().map(untyped).collect::<Result<_, _>>()?,
            ))
        }
        (Some(ValueType::Table), _) => match value.object() {
            Some(_) => untyped(value),
            None => Err(wrong("System.Collections.Hashtable")),
        },
        (Some(ValueType::Secret), _) => Err(format!(
            "The parameter '{name}' is a secret, and a command line is none. Take what was typed \
             for known. Leave it out to be asked."
        )),
        (Some(ValueType::String), Value::List(_) | Value::Table(_) | Value::Object(_)) => {
            Err(wrong("System.String"))
        }
        (Some(ValueType::String), _) => Ok(Core::Text(value.text())),
        (None, _) => untyped(value),
    }
}

fn untyped(value: &Value) -> Result<Core, String> {
    Ok(match value {
        Value::Null => return Err("$null is no value for a task; leave it out.".to_owned()),
        Value::Boolean(boolean) => Core::Boolean(*boolean),
        Value::Integer(number) => Core::Integer(*number),
        // The log knows whole numbers only.
        Value::Number(_) | Value::Text(_) | Value::Time(_) => Core::Text(value.text()),
        Value::List(items) => Core::List(items.iter().map(untyped).collect::<Result<_, _>>()?),
        Value::Table(object) | Value::Object(object) => {
            let mut members = BTreeMap::new();
            for (name, member) in object.fields() {
                members.insert(name.to_owned(), untyped(member)?);
            }
            Core::Table(members)
        }
    })
}

/// What `-Parameters` says: a value; one of several; a form with `*`; a range
/// such as 1..9; `$null`, which means that it is not given.
pub(super) fn constraints(
    value_given: &Value,
    parameters: &Parameters,
) -> Result<Constraints, String> {
    let mut constraints = Constraints::new();
    let Some(table) = value_given.object() else {
        return Ok(constraints);
    };
    for (typed, said) in table.fields() {
        if let Some((name, denied)) = deny_list(typed, said, parameters)? {
            constraints.insert(name, denied);
            continue;
        }
        let name = name(typed, parameters)?;
        let schema = parameters.schemas.get(&name);
        let value_type = schema.map(|schema| schema.value_type);
        let constraint = match said {
            Value::Null => Constraint::Absent,
            Value::List(items) if value_type == Some(ValueType::List) => {
                Constraint::SubsetOf(items.iter().map(untyped).collect::<Result<_, _>>()?)
            }
            Value::List(items) => {
                let values = items.iter().map(|item| value(&name, item, schema));
                Constraint::OneOf(values.collect::<Result<_, _>>()?)
            }
            Value::Text(text) => match (value_type, range(text)) {
                (Some(ValueType::Integer), Some(range)) => Constraint::Range(range),
                (None | Some(ValueType::String), _) if text.contains('*') => {
                    Constraint::Glob(text.clone())
                }
                _ => Constraint::Equals(value(&name, said, schema)?),
            },
            Value::Boolean(_)
            | Value::Integer(_)
            | Value::Number(_)
            | Value::Time(_)
            | Value::Table(_)
            | Value::Object(_) => Constraint::Equals(value(&name, said, schema)?),
        };
        constraint
            .check()
            .map_err(|problem| format!("The parameter '{name}': {problem}."))?;
        if constraints.insert(name.clone(), constraint).is_some() {
            return Err(format!("The parameter '{name}' is named twice."));
        }
    }
    Ok(constraints)
}

/// `DenyList` of a dataset: whose rows an approver leaves out.
fn deny_list(
    typed: &str,
    said: &Value,
    parameters: &Parameters,
) -> Result<Option<(ParameterName, Constraint)>, String> {
    let deny = parameters.schemas.get_key_value("deny");
    let Some((deny, _)) = deny.filter(|_| typed.eq_ignore_ascii_case("DenyList")) else {
        return Ok(None);
    };
    let items = match said {
        Value::List(items) => items.iter().map(untyped).collect::<Result<_, _>>()?,
        Value::Null
        | Value::Text(_)
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::Number(_)
        | Value::Time(_)
        | Value::Table(_)
        | Value::Object(_) => vec![untyped(said)?],
    };
    Ok(Some((deny.clone(), Constraint::SupersetOf(items))))
}

fn range(text: &str) -> Option<Range> {
    let (min, max) = text.split_once("..")?;
    let bound = |text: &str| match text.trim() {
        "" => Some(None),
        number => number.parse().ok().map(Some),
    };
    Some(Range {
        min: bound(min)?,
        max: bound(max)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Object;

    fn parameters() -> Parameters {
        let types = [
            ("Identity", ValueType::String),
            ("Items", ValueType::List),
            ("BadItemLimit", ValueType::Integer),
            ("Force", ValueType::Boolean),
            ("Password", ValueType::Secret),
        ];
        let schemas = types.map(|(name, value_type)| {
            (ParameterName::parse(name).unwrap(), Schema::of(value_type))
        });
        Parameters {
            schemas: schemas.into(),
            is_open: false,
        }
    }

    #[test]
    fn names_may_be_shortened_and_ignore_case() {
        let known = parameters();
        for (typed, meant) in [
            ("identity", "Identity"),
            ("Id", "Identity"),
            ("bad", "BadItemLimit"),
        ] {
            assert_eq!(name(typed, &known).unwrap().as_str(), meant);
        }
        assert!(name("I", &known).unwrap_err().contains("-Identity -Items"));
        assert!(
            name("Bogus", &known)
                .unwrap_err()
                .contains("cannot be found")
        );
        assert_eq!(
            name("Bogus", &Parameters::default()).unwrap().as_str(),
            "Bogus"
        );
        let open = Parameters {
            is_open: true,
            ..known
        };
        assert_eq!(name("Bogus", &open).unwrap().as_str(), "Bogus");
        assert_eq!(
            name("BADitemlimit", &open).unwrap().as_str(),
            "BadItemLimit"
        );
        assert!(name("bad", &open).unwrap_err().contains("-BadItemLimit"));
    }

    #[test]
    fn values_take_the_type_of_the_task() {
        let known = parameters();
        let typed = |typed: &str, given: Value| {
            let name = name(typed, &known).unwrap();
            value(&name, &given, known.schemas.get(&name))
        };
        assert_eq!(typed("Identity", "12".into()), Ok(Core::Text("12".into())));
        assert_eq!(typed("Bad", "12".into()), Ok(Core::Integer(12)));
        assert_eq!(
            typed("Force", Value::Boolean(true)),
            Ok(Core::Boolean(true))
        );
        assert_eq!(
            typed("Items", "a".into()),
            Ok(Core::List(vec![Core::Text("a".into())]))
        );
        assert!(typed("Bad", "x".into()).is_err());
        assert!(typed("Identity", Value::List(vec!["a".into(), "b".into()])).is_err());
        let said = typed("Password", "hunter2".into()).unwrap_err();
        assert!(
            said.contains("is a secret") && !said.contains("hunter2"),
            "{said}"
        );
    }

    #[test]
    fn constraints_have_forms() {
        let said = |name: &str, value: Value| {
            let table = Value::Table(Object::new().with(name, value));
            let all = constraints(&table, &parameters())?;
            Ok::<_, String>(all.values().next().unwrap().to_string())
        };
        assert_eq!(said("Id", "alice".into()).unwrap(), "= alice");
        assert_eq!(said("Id", "web-*".into()).unwrap(), "like web-*");
        assert_eq!(
            said("Id", Value::List(vec!["a".into(), "b".into()])).unwrap(),
            "one of a, b"
        );
        assert_eq!(said("Bad", "1..9".into()).unwrap(), "from 1 to 9");
        assert_eq!(said("Bad", 4.into()).unwrap(), "= 4");
        assert!(said("Id", Value::Null).is_ok());
        assert!(said("Bad", "9..1".into()).is_err());
        assert!(said("Bogus", "1".into()).is_err());
    }
}
