//! Which properties are meant: by name, or **calculated**, as
//! `@{Name='x'; Expression={$_.y}}`. The only thing that calculates is to name a
//! member, and a member of that.

use crate::binder::Bound;
use crate::values::{Object, Value};

/// A calculated property, as the binder leaves it.
struct Calculated {
    name: String,
    path: Vec<String>,
}

/// Checks a table that somebody wrote for a calculated property.
pub(crate) fn calculated(table: &Object) -> Result<Value, String> {
    let (mut name, mut path) = (None, None);
    for (key, value) in table.fields() {
        let key = key.to_ascii_lowercase();
        if ["name", "label"].iter().any(|word| word.starts_with(&key)) {
            name = Some(value.text());
        } else if is_expression(&key) {
            // What stands in braces is a list of names, and text is one name.
            let names = value.clone().items();
            path = Some(names.iter().map(Value::text).collect::<Vec<_>>().into());
        } else {
            return Err(format!(
                "A calculated property has a Name and an Expression, and no '{key}'."
            ));
        }
    }
    let path: Value = path
        .ok_or("A calculated property needs an Expression: @{Name='x'; Expression={$_.Reason}}.")?;
    let name = name.unwrap_or_else(|| match path.clone().items().as_slice() {
        [] => "$_".to_owned(),
        names => names.iter().map(Value::text).collect::<Vec<_>>().join("."),
    });
    Ok(Value::Table(
        Object::new().with("Name", name).with("Expression", path),
    ))
}

/// Whether a key of a table is that of an expression.
pub(crate) fn is_expression(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    !key.is_empty() && "expression".starts_with(&key)
}

/// The names of the properties that a command is about, and objects that have the
/// calculated ones, too.
pub(crate) fn properties(bound: &Bound, items: &[Value]) -> (Option<Vec<String>>, Vec<Value>) {
    let Some(said) = bound.get("Property") else {
        return (None, items.to_vec());
    };
    let (mut names, mut more) = (Vec::new(), Vec::new());
    for property in said.clone().items() {
        match property.object() {
            Some(table) => {
                let text = |member: &Value| member.text();
                let member = |name: &str| table.get(name).map(|(_, value)| value.clone());
                let name = member("Name").unwrap_or_default().text();
                let path = member("Expression").unwrap_or_default().items();
                let path = path.iter().map(text).collect();
                names.push(name.clone());
                more.push(Calculated { name, path });
            }
            None => names.push(property.text()),
        }
    }
    if more.is_empty() {
        return (Some(names), items.to_vec());
    }
    let with = |item: &Value| {
        let mut object = match item.object() {
            Some(object) => object.clone(),
            // What is no object has members all the same.
            None => names
                .iter()
                .map(|name| (name.clone(), item.member(name)))
                .filter(|(_, member)| *member != Value::Null)
                .collect(),
        };
        for Calculated { name, path } in &more {
            let value = path
                .iter()
                .fold(item.clone(), |value, name| value.member(name));
            object.set(name, value);
        }
        Value::Object(object)
    };
    let items = items.iter().map(with).collect();
    (Some(names), items)
}
