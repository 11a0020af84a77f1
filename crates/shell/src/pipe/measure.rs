//! Measure-Object.

use crate::binder::Bound;
use crate::record::{ErrorRecord, Reason};
use crate::values::{Object, Value};

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
    let numbers = || {
        let numbers = values.iter().map(|value| {
            value.number().ok_or_else(|| {
                let message = format!("Input object \"{}\" is not numeric.", value.text());
                ErrorRecord::new(
                    Reason::Usage,
                    "NonNumericInputObject,Measure-Object",
                    message,
                )
            })
        });
        numbers.collect::<Result<Vec<i64>, _>>()
    };
    let sum = match bound.switch("Sum") || bound.switch("Average") {
        true => {
            let too_big = || {
                ErrorRecord::new(
                    Reason::Usage,
                    "Overflow,Measure-Object",
                    "The sum is too big.",
                )
            };
            let mut sum = 0_i64;
            for number in numbers()? {
                sum = sum.checked_add(number).ok_or_else(too_big)?;
            }
            Some(sum)
        }
        false => None,
    };
    let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let average = sum.filter(|_| bound.switch("Average") && count > 0);
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
        .with("Average", average.map(|sum| quotient(sum, count)))
        .with("Sum", sum.filter(|_| bound.switch("Sum")))
        .with("Maximum", extreme("Maximum", false))
        .with("Minimum", extreme("Minimum", true))
        .with("Property", name.map(ToOwned::to_owned)))
}

/// A quotient with up to four digits after the point.
fn quotient(sum: i64, count: i64) -> Value {
    if sum % count == 0 {
        return Value::Integer(sum / count);
    }
    let (sum, count) = (i128::from(sum), i128::from(count));
    let scaled = (sum.abs() * 10_000 + count / 2) / count;
    let sign = if sum < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:04}", scaled / 10_000, scaled % 10_000);
    Value::Text(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}
