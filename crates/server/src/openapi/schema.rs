//! Schemas: the shape of a value, as JSON Schema 2020-12 has it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The shape of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema(Value);

impl Schema {
    /// One of the shapes that have a name.
    pub fn named(name: &str) -> Self {
        let reference = format!("#/components/schemas/{name}");
        Self(json!({ "$ref": reference }))
    }

    /// Any text.
    pub fn text() -> Self {
        Self(json!({ "type": "string" }))
    }

    /// Text of this form, an expression that all of it matches.
    pub fn form(pattern: &str) -> Self {
        let pattern = format!("^(?:{pattern})$");
        Self(json!({ "type": "string", "pattern": pattern }))
    }

    /// One of these texts.
    pub fn one_of(texts: &[&str]) -> Self {
        Self(json!({ "type": "string", "enum": texts }))
    }

    /// Bytes, as they are.
    pub fn bytes() -> Self {
        Self(json!({ "contentMediaType": "application/octet-stream" }))
    }

    /// Yes or no.
    pub fn flag() -> Self {
        Self(json!({ "type": "boolean" }))
    }

    /// A whole number from one to another.
    pub fn integer(least: u64, most: u64) -> Self {
        Self(json!({ "type": "integer", "minimum": least, "maximum": most }))
    }

    /// A whole number that is not negative.
    pub fn count() -> Self {
        Self(json!({ "type": "integer", "minimum": 0 }))
    }

    /// Any whole number of 64 bits.
    pub fn whole() -> Self {
        Self(json!({ "type": "integer", "format": "int64" }))
    }

    /// Any number of these.
    pub fn list(self) -> Self {
        Self(json!({ "type": "array", "items": self.0 }))
    }

    /// So many of these.
    pub fn list_of(self, least: usize, most: usize) -> Self {
        Self(json!({ "type": "array", "items": self.0, "minItems": least, "maxItems": most }))
    }

    /// Any number of these by name; the names have a shape too.
    pub fn map(self, names: Self) -> Self {
        Self(json!({
            "type": "object", "propertyNames": names.0, "additionalProperties": self.0,
        }))
    }

    /// Either of these.
    pub fn either(these: impl IntoIterator<Item = Self>) -> Self {
        let these: Vec<_> = these.into_iter().map(Self::into_json).collect();
        Self(json!({ "anyOf": these }))
    }

    /// This, or null.
    pub fn or_null(self) -> Self {
        Self::either([self, Self(json!({ "type": "null" }))])
    }

    /// A table with these members, and with some of the others.
    pub fn object<const N: usize, const M: usize>(
        always: [(&str, Self); N],
        sometimes: [(&str, Self); M],
    ) -> Self {
        let required: Vec<_> = always.iter().map(|(name, _)| (*name).to_owned()).collect();
        let all = always.into_iter().chain(sometimes);
        let members: BTreeMap<_, _> = all
            .map(|(name, schema)| (name.to_owned(), schema.0))
            .collect();
        Self(json!({ "type": "object", "properties": members, "required": required }))
    }

    /// This with the size of the log that it was looked at.
    pub fn seen(self) -> Self {
        Self::object([("seen", Self::named("LogSize")), ("value", self)], [])
    }

    /// A page of these.
    pub fn page(self) -> Self {
        Self::object([("items", self.list())], [("next", Self::text())])
    }

    /// A table that holds nothing else: what is sent, not what is answered.
    #[must_use]
    pub fn closed(self) -> Self {
        self.with("additionalProperties", json!(false))
    }

    /// Says what it is.
    #[must_use]
    pub fn about(self, text: &str) -> Self {
        self.with("description", json!(text))
    }

    /// Shows one.
    #[must_use]
    pub fn example(self, example: &str) -> Self {
        self.with("examples", json!([example]))
    }

    /// As JSON.
    pub fn into_json(self) -> Value {
        self.0
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(members) = self.0.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
        self
    }
}
