//! The **methods** that are taken: of instants and texts, and each of them makes a
//! value and does nothing else.

use writ_core::time::Time;

use super::{Fraction, Value, date, formatted};

/// Their names.
pub(crate) const METHODS: [&str; 16] = [
    "AddDays",
    "AddHours",
    "AddMinutes",
    "AddMonths",
    "AddSeconds",
    "AddYears",
    "Contains",
    "EndsWith",
    "Replace",
    "Split",
    "StartsWith",
    "ToLower",
    "ToString",
    "ToUniversalTime",
    "ToUpper",
    "Trim",
];

/// What a method of a value makes, or why it makes nothing.
pub(crate) fn call(value: &Value, name: &str, given: &[Value]) -> Result<Value, String> {
    let lower = name.to_ascii_lowercase();
    let made = match (value, lower.as_str(), given) {
        (Value::Time(time), "tostring", [format]) => return formatted_as(*time, &format.text()),
        (_, "tostring", []) => Some(Value::Text(value.text())),
        (Value::Time(time), "touniversaltime", []) => Some(Value::Time(*time)),
        (Value::Time(time), _, [number]) => return counted(*time, name, number),
        (Value::Text(text), _, _) => of_text(text, &lower, given),
        _ => None,
    };
    made.ok_or_else(|| {
        let kind = value.kind();
        match given {
            [] => format!("Method invocation failed because [{kind}] does not contain a method named '{name}'."),
            _ => format!(
                "Method invocation failed because [{kind}] has no method '{name}' that takes {} \
                 values.",
                given.len()
            ),
        }
    })
}

fn formatted_as(time: Time, format: &str) -> Result<Value, String> {
    let text = formatted(time, format);
    text.map(Value::Text).ok_or_else(|| {
        format!("'{format}' is no format of dates here; write it as in 'yyyy-MM-dd HH:mm:ss'.")
    })
}

fn of_text(text: &str, name: &str, given: &[Value]) -> Option<Value> {
    let texts: Vec<String> = given.iter().map(Value::text).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Some(match (name, texts.as_slice()) {
        ("toupper", []) => Value::from(text.to_uppercase()),
        ("tolower", []) => Value::from(text.to_lowercase()),
        ("trim", []) => Value::from(text.trim()),
        ("contains", [part]) => Value::from(text.contains(part)),
        ("startswith", [part]) => Value::from(text.starts_with(part)),
        ("endswith", [part]) => Value::from(text.ends_with(part)),
        ("replace", [old, new]) if !old.is_empty() => Value::from(text.replace(old, new)),
        ("split", [between]) if !between.is_empty() => {
            Value::List(text.split(between).map(Value::from).collect())
        }
        _ => return None,
    })
}

/// An instant so much later.
fn counted(time: Time, name: &str, number: &Value) -> Result<Value, String> {
    let odd = || format!("{name} takes a number, and not '{}'.", number.text());
    let count = number.fraction().ok_or_else(odd)?;
    let milliseconds = |each: f64| date::later(time, count.of(each)?);
    let months = |each: i64| {
        let whole = number.number().ok_or_else(odd)?;
        Ok::<_, String>(
            whole
                .checked_mul(each)
                .and_then(|months| date::months_later(time, months)),
        )
    };
    let later = match name.to_ascii_lowercase().as_str() {
        "adddays" => milliseconds(86_400_000.0),
        "addhours" => milliseconds(3_600_000.0),
        "addminutes" => milliseconds(60_000.0),
        "addseconds" => milliseconds(1_000.0),
        "addmonths" => months(1)?,
        "addyears" => months(12)?,
        _ => {
            return Err(format!(
                "Method invocation failed because [{}] does not contain a method named '{name}'.",
                Value::Time(time).kind()
            ));
        }
    };
    later
        .map(Value::Time)
        .ok_or_else(|| "The date would be none that can be written.".to_owned())
}

impl Value {
    /// As PowerShell names what it is.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "System.Boolean",
            Self::Integer(_) => "System.Int64",
            Self::Number(_) => "System.Double",
            Self::Text(_) => "System.String",
            Self::Time(_) => "System.DateTime",
            Self::List(_) => "System.Object[]",
            Self::Table(_) => "System.Collections.Hashtable",
            Self::Object(_) => "System.Management.Automation.PSCustomObject",
        }
    }
}

impl From<Fraction> for Value {
    fn from(number: Fraction) -> Self {
        Self::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::read_date;

    #[test]
    fn methods_make_values_or_say_why_not() {
        let time = Value::Time(read_date("2026-11-05").unwrap());
        let called = |value: &Value, name: &str, given: &[&str]| {
            let given: Vec<_> = given.iter().map(|text| Value::from(*text)).collect();
            call(value, name, &given).map(|value| value.text())
        };
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(
            called(&time, "addhours", &["-1.5"]),
            ok("11/4/2026 10:30:00 PM")
        );
        assert_eq!(
            called(&time, "AddDays", &["1"]),
            ok("11/6/2026 12:00:00 AM")
        );
        assert_eq!(called(&time, "ToString", &["yyyy"]), ok("2026"));
        assert_eq!(called(&"a b".into(), "ToUpper", &[]), ok("A B"));
        assert_eq!(called(&"a,b".into(), "Split", &[","]), ok("a b"));
        assert_eq!(called(&"a".into(), "Replace", &["a", "b"]), ok("b"));
        for (value, name, given) in [
            (&time, "AddHours", &["x"][..]),
            (&time, "AddMonths", &["1.5"]),
            (&time, "AddDays", &["1e300"]),
            (&time, "ToString", &["Q"]),
            (&time, "Trim", &[]),
            (&Value::from("x"), "AddDays", &["1"]),
            (&Value::from("x"), "Replace", &["", "y"]),
            (&Value::Null, "Trim", &[]),
        ] {
            assert!(called(value, name, given).is_err(), "{name}");
        }
    }
}
