//! Measure-Object.

use crate::binder::Bound;
use crate::record::{ErrorRecord, Reason};
use crate::values::{Fraction, Object, Value};

/// Counts, and adds up a property.
pub(crate) fn measure(bound: &Bound, input: &[Value]) -> Result<Vec<Value>, ErrorRecord> {
    let names = bound.texts("Property").unwrap_or_default();
    let names: Vec<Option<&str>> = match names.as_slice() {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    names
        .into_iter()
        .map(|name| one(bound, input, name).map(Value::Object))
        .collect()
}

fn one(bound: &Bound, input: &[Value], name: Option<&str>) -> Result<Object, ErrorRecord> {
    let values: Vec<Value> = input
        .iter()
        .map(|item| name.map_or_else(|| item.clone(), |name| item.member(name)))
        .filter(|value| *value != Value::Null)
        .collect();
    let wanted = bound.switch("Sum") || bound.switch("Average");
    let sum = match wanted {
        true => Some(sum(&values)?),
        false => None,
    };
    let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let average = sum.clone().filter(|_| bound.switch("Average") && count > 0);
    let extreme = |switch: &str, least: bool| {
        let wanted = bound.switch(switch);
        let found = values.iter().min_by(|left, right| match least {
            true => left.compare(right, false),
            false => right.compare(left, false),
        });
        found.filter(|_| wanted).cloned().unwrap_or_default()
    };
    Ok(Object::new()
        .with("Count", count)
        .with("Average", average.map(|sum| quotient(&sum, count)))
        .with("Sum", sum.filter(|_| bound.switch("Sum")))
        .with("Maximum", extreme("Maximum", false))
        .with("Minimum", extreme("Minimum", true))
        .with("Property", name.map(ToOwned::to_owned)))
}

/// What values make together: a whole number, if all of them are.
fn sum(values: &[Value]) -> Result<Value, ErrorRecord> {
    let too_big = || {
        let message = "The sum is too big.";
        ErrorRecord::new(Reason::Usage, "Overflow,Measure-Object", message)
    };
    let (mut whole, mut all) = (Some(0_i64), Fraction::ZERO);
    for value in values {
        let number = value.fraction().ok_or_else(|| {
            let message = format!("Input object \"{}\" is not numeric.", value.text());
            let id = "NonNumericInputObject,Measure-Object";
            ErrorRecord::new(Reason::Usage, id, message)
        })?;
        all = all.plus(number).ok_or_else(too_big)?;
        whole = match (whole, value.number()) {
            (Some(sum), Some(number)) => Some(sum.checked_add(number).ok_or_else(too_big)?),
            (_, _) => None,
        };
    }
    match whole {
        Some(whole) => Ok(Value::Integer(whole)),
        None => Ok(Value::Number(all)),
    }
}

/// A quotient with up to four digits after the point.
fn quotient(sum: &Value, count: i64) -> Value {
    if let Some(sum) = sum.number().filter(|sum| sum % count == 0) {
        return Value::Integer(sum / count);
    }
    let count = Value::Integer(count).fraction();
    let shared = sum.fraction().zip(count);
    shared.and_then(|(sum, count)| sum.among(count)).into()
}
