//! ConvertTo-Json and ConvertFrom-Json. Names keep their order.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::values::{Fraction, Value, iso_date};

/// A value as JSON, and whether something was too deep to be written whole.
pub(crate) fn to_json(value: &Value, depth: usize, compress: bool) -> (String, bool) {
    let mut writer = Writer {
        text: String::new(),
        depth,
        compress,
        is_cut: false,
    };
    writer.value(value, 0);
    (writer.text, writer.is_cut)
}

struct Writer {
    text: String,
    depth: usize,
    compress: bool,
    is_cut: bool,
}

impl Writer {
    fn value(&mut self, value: &Value, level: usize) {
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Boolean(boolean) => self.text.push_str(if *boolean { "true" } else { "false" }),
            Value::Integer(number) => self.text.push_str(&number.to_string()),
            Value::Number(number) => {
                let text = number.to_string();
                self.text.push_str(&text);
                if !text.contains(['.', 'e']) {
                    self.text.push_str(".0");
                }
            }
            Value::Text(text) => self.string(text),
            Value::Time(time) => self.string(&iso_date(*time)),
            Value::List(items) => {
                if level > self.depth {
                    return self.cut(value);
                }
                self.begin('[');
                for (at, item) in items.iter().enumerate() {
                    self.between(at, level + 1);
                    self.value(item, level + 1);
                }
                self.end(']', items.is_empty(), level);
            }
            Value::Table(object) | Value::Object(object) => {
                if level > self.depth {
                    return self.cut(value);
                }
                self.begin('{');
                for (at, (name, member)) in object.fields().enumerate() {
                    self.between(at, level + 1);
                    self.string(name);
                    self.text.push_str(if self.compress { ":" } else { ": " });
                    self.value(member, level + 1);
                }
                self.end('}', object.is_empty(), level);
            }
        }
    }

    fn cut(&mut self, value: &Value) {
        self.is_cut = true;
        self.string(&value.text());
    }

    fn string(&mut self, text: &str) {
        // A text can always be written.
        let quoted = serde_json::to_string(text).unwrap_or_default();
        self.text.push_str(&quoted);
    }

    fn begin(&mut self, bracket: char) {
        self.text.push(bracket);
    }

    fn between(&mut self, at: usize, level: usize) {
        if at > 0 {
            self.text.push(',');
        }
        self.line(level);
    }

    fn end(&mut self, bracket: char, is_empty: bool, level: usize) {
        if !is_empty {
            self.line(level);
        }
        self.text.push(bracket);
    }

    fn line(&mut self, level: usize) {
        if !self.compress {
            self.text.push('\n');
            self.text.push_str(&"  ".repeat(level));
        }
    }
}

/// What JSON says.
pub(crate) fn from_json(text: &str) -> Result<Value, String> {
    let Json(value) = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(value)
}

struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        let text = || Value::Text(number.to_string());
        Ok(i64::try_from(number).map_or_else(|_| text(), Value::Integer))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        // JSON has no other numbers than these.
        Ok(Fraction::new(number).map_or_else(|| number.to_string().into(), Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        // A target may put out very many.
        let mut all = Vec::new();
        while let Some((name, Json(member))) = members.next_entry::<String, Json>()? {
            all.push((name, member));
        }
        Ok(Value::Object(all.into_iter().collect()))
    }
}
