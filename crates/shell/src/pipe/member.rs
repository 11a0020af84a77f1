//! Get-Member: which properties and methods objects have.

use super::wildcard;
use crate::binder::Bound;
use crate::record::{ErrorRecord, Reason};
use crate::values::{METHODS, Object, PARTS, Value, call};

/// What each kind of object has, once.
pub(crate) fn members(bound: &Bound, input: &[Value]) -> Result<Vec<Value>, ErrorRecord> {
    if input.is_empty() {
        return Err(ErrorRecord::new(
            Reason::Usage,
            "NoObjectInGetMember,Get-Member",
            "You must specify an object for the Get-Member cmdlet.",
        ));
    }
    let patterns = bound.texts("Name");
    let wanted = bound.text("MemberType").unwrap_or_else(|| "All".to_owned());
    let mut rows: Vec<Value> = Vec::new();
    for item in input {
        for (name, kind, what) in all(item) {
            let is_method = kind == "Method";
            let fits = patterns
                .as_ref()
                .is_none_or(|all| all.iter().any(|pattern| wildcard(pattern, &name, false)));
            let is_wanted = wanted == "All" || is_method == (wanted == "Method");
            let row = Object::new()
                .with("Name", name)
                .with("MemberType", kind)
                .with("Definition", what);
            let row = Value::Object(row);
            if fits && is_wanted && !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// Name, whether a property or a method, and what it makes.
fn all(item: &Value) -> Vec<(String, &'static str, String)> {
    let property = |name: &str, value: &Value| {
        let what = format!("{} {name}", value.kind());
        (name.to_owned(), "Property", what)
    };
    let mut all: Vec<_> = match item {
        Value::Object(object) | Value::Table(object) => object
            .fields()
            .map(|(name, value)| property(name, value))
            .collect(),
        Value::Time(_) => PARTS.map(|name| property(name, &item.member(name))).into(),
        Value::Text(_) => vec![property("Length", &item.member("Length"))],
        Value::List(_) => vec![property("Count", &item.member("Count"))],
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) => Vec::new(),
    };
    let methods = METHODS.iter().filter_map(|name| {
        // What takes so many values is found by giving it so many.
        let counts: [&[Value]; 3] = [
            &[],
            &[Value::Integer(1)],
            &[Value::Integer(1), Value::Integer(2)],
        ];
        let given = counts
            .iter()
            .find(|given| call(item, name, given).is_ok())?;
        let given = vec!["value"; given.len()].join(", ");
        Some(((*name).to_owned(), "Method", format!("{name}({given})")))
    });
    all.extend(methods);
    all
}
