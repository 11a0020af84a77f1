//! Select-Object and Sort-Object.

use std::cmp::Ordering;

use super::property::properties;
use super::{meant, wildcard};
use crate::binder::Bound;
use crate::record::{ErrorRecord, Reason};
use crate::values::{Object, Value};

/// Takes some properties, or some objects.
pub(crate) fn select(bound: &Bound, mut input: Vec<Value>) -> Result<Vec<Value>, ErrorRecord> {
    let is_named = bound.get("Property").is_some();
    let excluded = bound.texts("ExcludeProperty").unwrap_or_default();
    let expanded = bound.text("ExpandProperty");
    if expanded.is_some() && is_named {
        return Err(ErrorRecord::binding(
            "Select-Object",
            "AmbiguousParameterSet",
            "-Property and -ExpandProperty are not taken together.",
        ));
    }
    input = cut(bound, input);
    if let Some(name) = expanded {
        let mut values = Vec::new();
        for item in input {
            match item.object() {
                Some(object) if object.get(&name).is_none() => {
                    return Err(ErrorRecord::new(
                        Reason::Usage,
                        "ExpandPropertyNotFound,Select-Object",
                        format!("Property \"{name}\" cannot be found."),
                    ));
                }
                Some(_) | None => values.extend(item.member(&name).items()),
            }
        }
        input = values;
    } else if is_named || !excluded.is_empty() {
        let (names, items) = properties(bound, &input);
        let names = names.unwrap_or_else(|| vec!["*".to_owned()]);
        input = items
            .iter()
            .map(|item| Value::Object(some_of(item, &names, &excluded)))
            .collect();
    }
    if bound.switch("Unique") {
        let mut seen: Vec<Value> = Vec::new();
        for item in input {
            if !seen.contains(&item) {
                seen.push(item);
            }
        }
        input = seen;
    }
    Ok(input)
}

fn some_of(item: &Value, names: &[String], excluded: &[String]) -> Object {
    let empty = Object::new();
    let mut some = Object::new();
    for name in meant(item.object().unwrap_or(&empty), names) {
        if !excluded
            .iter()
            .any(|pattern| wildcard(pattern, &name, false))
        {
            some.set(&name, item.member(&name));
        }
    }
    some
}

fn cut(bound: &Bound, mut input: Vec<Value>) -> Vec<Value> {
    let count = |name: &str| {
        let number = bound.integer(name)?;
        Some(usize::try_from(number).unwrap_or(0))
    };
    if let Some(skip) = count("Skip") {
        input.drain(..skip.min(input.len()));
    }
    match (count("First"), count("Last")) {
        (Some(first), Some(last)) if first + last < input.len() => {
            let end = input.split_off(input.len() - last);
            input.truncate(first);
            input.extend(end);
        }
        (Some(first), None) => input.truncate(first),
        (None, Some(last)) => {
            let from = input.len().saturating_sub(last);
            input.drain(..from);
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    input
}

/// Puts objects in order; equal ones stay as they are.
pub(crate) fn sort(bound: &Bound, input: Vec<Value>) -> Vec<Value> {
    let (names, seen) = properties(bound, &input);
    let names = names.unwrap_or_default();
    let order = |left: &Value, right: &Value| {
        if names.is_empty() {
            return left.compare(right, false);
        }
        names
            .iter()
            .map(|name| left.member(name).compare(&right.member(name), false))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    let is_descending = bound.switch("Descending");
    let mut pairs: Vec<(Value, Value)> = seen.into_iter().zip(input).collect();
    pairs.sort_by(|(left, _), (right, _)| match is_descending {
        true => order(right, left),
        false => order(left, right),
    });
    if bound.switch("Unique") {
        pairs.dedup_by(|(left, _), (right, _)| order(left, right).is_eq());
    }
    pairs.into_iter().map(|(_, item)| item).collect()
}
