//! Values of the type that a parameter takes.

use jiff::{Span, SpanRelativeTo, Unit};

use crate::cmdlets::{Kind, Parameter};
use crate::values::Value;

/// The value as the parameter takes it, or why it cannot.
pub(super) fn to(parameter: &Parameter, value: Value) -> Result<Value, String> {
    let name = parameter.name;
    let is_null = match (&value, parameter.kind) {
        (_, Kind::Rest) | (Value::Null, Kind::Switch) => false,
        (Value::List(items), _) => items.contains(&Value::Null),
        (value, _) => *value == Value::Null,
    };
    if is_null {
        return Err(format!(
            "Cannot bind argument to parameter '{name}' because it is null."
        ));
    }
    let converted = match parameter.kind {
        Kind::Any => Ok(value),
        Kind::Rest => return Ok(value),
        Kind::Text => text(parameter, value).map(Value::Text),
        Kind::Texts | Kind::Each => value
            .items()
            .into_iter()
            .map(|item| text(parameter, item).map(Value::Text))
            .collect::<Result<_, _>>()
            .map(Value::List),
        Kind::Properties => {
            let one = |item: Value| match item.object() {
                Some(table) => crate::pipe::calculated(table),
                None => text(parameter, item).map(Value::Text),
            };
            let items = value.items().into_iter().map(one);
            items.collect::<Result<_, _>>().map(Value::List)
        }
        Kind::Count if value.text().eq_ignore_ascii_case("Unlimited") => {
            Ok(Value::Integer(i64::MAX))
        }
        Kind::Integer | Kind::Count => match value.number() {
            Some(number) => Ok(Value::Integer(number)),
            None => Err(because(
                parameter,
                &value,
                "Input string was not in a correct format.",
            )),
        },
        Kind::Switch | Kind::Boolean => boolean(parameter, &value),
        Kind::Word(words) => word(parameter, words, &value),
        Kind::Table => match value {
            Value::Table(_) | Value::Object(_) => Ok(value),
            Value::Null
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Time(_)
            | Value::List(_) => Err(because(parameter, &value, "Write @{Name='value'}.")),
        },
        Kind::Time => match value.time() {
            Some(time) => Ok(Value::Time(time)),
            None => Err(because(
                parameter,
                &value,
                "String was not recognized as a valid DateTime.",
            )),
        },
        Kind::Duration => match read_duration(&value.text()) {
            Some(seconds) => Ok(Value::Integer(seconds)),
            None => Err(because(
                parameter,
                &value,
                "Give hours, or a time such as 30m, 8h, 08:00:00 or 1.00:00:00.",
            )),
        },
    };
    let converted = converted?;
    let is_blank = |value: &Value| matches!(value, Value::Text(text) if text.trim().is_empty());
    let blank = is_blank(&converted)
        || matches!(&converted, Value::List(items) if items.iter().any(is_blank));
    match blank {
        true => Err(format!(
            "Cannot bind argument to parameter '{name}' because it is an empty string."
        )),
        false => Ok(converted),
    }
}

/// One text. Of an object, the property that the parameter is taken from.
fn text(parameter: &Parameter, value: Value) -> Result<String, String> {
    match value {
        Value::List(mut items) if items.len() == 1 => {
            text(parameter, items.pop().unwrap_or_default())
        }
        Value::List(_) => Err(format!(
            "Cannot convert 'System.Object[]' to the type '{}' required by parameter '{}'. \
             Specified method is not supported.",
            parameter.kind.name(),
            parameter.name
        )),
        Value::Table(ref object) | Value::Object(ref object) => {
            let found = parameter.from.iter().find_map(|name| object.get(name));
            match found {
                Some((_, value)) => Ok(value.text()),
                None => Err(because(parameter, &value, "It is an object.")),
            }
        }
        Value::Null
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Time(_) => Ok(value.text()),
    }
}

fn boolean(parameter: &Parameter, value: &Value) -> Result<Value, String> {
    match value {
        Value::Boolean(_) => Ok(value.clone()),
        Value::Integer(number) => Ok(Value::Boolean(*number != 0)),
        Value::Null => Ok(Value::Boolean(false)),
        Value::Text(text) if text == "0" || text == "1" => Ok(Value::Boolean(text == "1")),
        Value::Number(_)
        | Value::Text(_)
        | Value::Time(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Object(_) => Err(because(
            parameter,
            value,
            "Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.",
        )),
    }
}

fn word(
    parameter: &Parameter,
    words: &'static [&'static str],
    value: &Value,
) -> Result<Value, String> {
    let text = value.text();
    let exact = words.iter().find(|word| word.eq_ignore_ascii_case(&text));
    let begins = |word: &&&str| {
        word.get(..text.len())
            .is_some_and(|start| !text.is_empty() && start.eq_ignore_ascii_case(&text))
    };
    let mut prefixed = words.iter().filter(begins);
    let found = exact.or_else(|| prefixed.next().filter(|_| prefixed.next().is_none()));
    found.map(|word| Value::from(*word)).ok_or_else(|| {
        because(
            parameter,
            value,
            &format!(
                "Specify one of the following enumerator names and try again: {}",
                words.join(", ")
            ),
        )
    })
}

fn because(parameter: &Parameter, value: &Value, why: &str) -> String {
    format!(
        "Cannot bind parameter '{}'. Cannot convert value \"{}\" to type \"{}\". Error: \"{why}\"",
        parameter.name,
        value.text(),
        parameter.kind.name()
    )
}

/// Seconds: a number of hours, `30m`, `8h`, `PT8H`, `08:00:00` or `1.00:00:00`.
pub fn read_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let seconds = if let Ok(hours) = text.parse::<i64>() {
        hours.checked_mul(3_600)?
    } else if text.contains(':') {
        clock(text)?
    } else {
        let span: Span = text.parse().ok()?;
        if span.get_years() != 0 || span.get_months() != 0 {
            return None;
        }
        let total = span
            .total((Unit::Second, SpanRelativeTo::days_are_24_hours()))
            .ok()?;
        format!("{total}").parse().ok()?
    };
    (1..4_000_000_000).contains(&seconds).then_some(seconds)
}

/// `[days.]hours:minutes[:seconds]`
fn clock(text: &str) -> Option<i64> {
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) => (days.parse::<i64>().ok()?, clock),
        None => (0, text),
    };
    let mut parts = clock.split(':').map(str::parse::<i64>);
    let hours = parts.next()?.ok().filter(|hours| (0..24).contains(hours))?;
    let minutes = parts
        .next()?
        .ok()
        .filter(|minutes| (0..60).contains(minutes))?;
    let seconds = parts.next().unwrap_or(Ok(0)).ok();
    let seconds = seconds.filter(|seconds| (0..60).contains(seconds))?;
    if parts.next().is_some() || days < 0 {
        return None;
    }
    let whole = hours * 3_600 + minutes * 60 + seconds;
    days.checked_mul(86_400)?.checked_add(whole)
}
