//! Operations: what one route is asked, and what it answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schema::Schema;

/// What a route is asked, and what it answers when all goes well.
#[derive(Clone, Debug)]
pub struct Operation {
    id: &'static str,
    summary: &'static str,
    details: Option<&'static str>,
    parameters: Vec<Parameter>,
    body: Option<Schema>,
    /// By type of content.
    answers: BTreeMap<&'static str, Schema>,
    /// What else may be answered than to any call.
    pub(super) codes: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Parameter {
    place: &'static str,
    name: &'static str,
    about: &'static str,
    required: bool,
    schema: Schema,
}

impl Operation {
    /// An operation: what programs call it, and one line for people.
    pub fn new(id: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            summary,
            details: None,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            codes: Vec::new(),
        }
    }

    /// Says more about it.
    #[must_use]
    pub fn details(self, details: &'static str) -> Self {
        let details = Some(details);
        Self { details, ..self }
    }

    /// Takes a parameter in its path.
    #[must_use]
    pub fn path(self, name: &'static str, about: &'static str, schema: Schema) -> Self {
        self.parameter("path", name, about, true, schema)
    }

    /// Takes a parameter in its query, or does without.
    #[must_use]
    pub fn query(self, name: &'static str, about: &'static str, schema: Schema) -> Self {
        self.parameter("query", name, about, false, schema)
    }

    /// Needs a parameter in its query.
    #[must_use]
    pub fn needs(self, name: &'static str, about: &'static str, schema: Schema) -> Self {
        self.parameter("query", name, about, true, schema)
    }

    /// Takes a header, or does without.
    #[must_use]
    pub fn header(self, name: &'static str, about: &'static str, schema: Schema) -> Self {
        self.parameter("header", name, about, false, schema)
    }

    /// Answers in pages; `after` is what names the last item of one.
    #[must_use]
    pub fn in_pages(self, after: Schema) -> Self {
        self.query(
            "limit",
            "How many items; 50, if not given.",
            Schema::integer(1, 200),
        )
        .query("after", "The `next` of the page before.", after)
    }

    /// Takes JSON as its body.
    #[must_use]
    pub fn takes(self, schema: Schema) -> Self {
        let body = Some(schema);
        Self { body, ..self }
    }

    /// Answers JSON.
    #[must_use]
    pub fn answers(self, schema: Schema) -> Self {
        self.answers_as("application/json", schema)
    }

    /// Answers another type of content.
    #[must_use]
    pub fn answers_as(mut self, kind: &'static str, schema: Schema) -> Self {
        self.answers.insert(kind, schema);
        self
    }

    /// May answer problems with these codes, beside those of any call.
    #[must_use]
    pub fn fails(mut self, codes: &[&'static str]) -> Self {
        self.codes.extend(codes);
        self
    }

    fn parameter(
        mut self,
        place: &'static str,
        name: &'static str,
        about: &'static str,
        required: bool,
        schema: Schema,
    ) -> Self {
        self.parameters.push(Parameter {
            place,
            name,
            about,
            required,
            schema,
        });
        self
    }

    /// What a call is.
    pub(super) fn described(&self) -> Map<String, Value> {
        let parameters = self.parameters.iter().map(|parameter| {
            json!({
                "in": parameter.place,
                "name": parameter.name,
                "description": parameter.about,
                "required": parameter.required,
                "schema": parameter.schema.clone().into_json(),
            })
        });
        let mut described = Map::new();
        let mut add = |name: &str, value| described.insert(name.to_owned(), value);
        add("operationId", json!(self.id));
        add("summary", json!(self.summary));
        add("parameters", parameters.collect());
        if let Some(details) = self.details {
            add("description", json!(details));
        }
        if let Some(body) = &self.body {
            let content = json!({ "application/json": { "schema": body.clone().into_json() } });
            add(
                "requestBody",
                json!({ "required": true, "content": content }),
            );
        }
        described
    }

    /// What is answered when all goes well.
    pub(super) fn answer(&self) -> Value {
        let content: BTreeMap<_, _> = self
            .answers
            .iter()
            .map(|(kind, schema)| (kind, json!({ "schema": schema.clone().into_json() })))
            .collect();
        json!({
            "description": self.summary,
            "headers": { "x-request-id": { "$ref": "#/components/headers/x-request-id" } },
            "content": content,
        })
    }
}
