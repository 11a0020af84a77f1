//! The API described: every route, whole, and as the server answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use crate::world::{ADMIN, World};

/// Each operation, by path and method.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap();
        methods
            .iter()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

#[test]
fn every_route_is_described_once_and_nothing_else() {
    let document = writ_server::openapi();
    let described: BTreeSet<_> = operations(&document)
        .map(|(path, method, operation)| {
            let who = operation["x-who-may-call"].as_str().unwrap();
            (path.to_owned(), method.to_ascii_uppercase(), who.to_owned())
        })
        .collect();
    let routes: BTreeSet<_> = writ_server::permissions()
        .into_iter()
        .filter(|route| !route.is_portal)
        .map(|route| {
            let path = route.path.replace("{*", "{");
            (path, route.method.to_owned(), route.who.to_owned())
        })
        .collect();
    assert_eq!(described, routes);
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.contains_key("200"), "{method} {path}");
        for status in answers.keys() {
            assert!(matches!(status.parse(), Ok(200..=599_u16)));
        }
    }
}

#[test]
fn what_a_path_takes_is_what_its_name_says() {
    let document = writ_server::openapi();
    for (path, _, operation) in operations(&document) {
        let named: BTreeSet<_> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        let parameters = operation["parameters"].as_array().unwrap();
        let described: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, described, "{path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_shape_is_used() {
    let document = writ_server::openapi();
    let mut referred = BTreeSet::new();
    each(&document, &mut |value| {
        if let Some(reference) = value.get("$ref") {
            let reference = reference.as_str().unwrap();
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
            referred.insert(reference.to_owned());
        }
    });
    let shapes = document["components"]["schemas"].as_object().unwrap();
    for name in shapes.keys().filter(|name| *name != "Event") {
        let reference = format!("#/components/schemas/{name}");
        assert!(referred.contains(&reference), "nothing uses {name}");
    }
}

#[test]
fn every_schema_has_the_form_of_one() {
    let document = writ_server::openapi();
    let shapes = document["components"]["schemas"].as_object().unwrap();
    shapes.values().for_each(is_schema);
    for (_, _, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            is_schema(&parameter["schema"]);
        }
        each(&operation["responses"], &mut |value| {
            if let Some(schema) = value.get("schema") {
                is_schema(schema);
            }
        });
    }
}

/// Each value within another, and that one itself.
fn each(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| each(item, look)),
        Value::Object(members) => members.values().for_each(|member| each(member, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether keywords are those of JSON Schema 2020-12 and have what they take.
fn is_schema(schema: &Value) {
    for (keyword, value) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$ref" | "description" | "format" | "contentMediaType" | "pattern" => {
                assert!(value.is_string(), "{keyword}");
            }
            "type" => {
                let types = ["string", "integer", "boolean", "array", "object", "null"];
                assert!(types.contains(&value.as_str().unwrap()));
            }
            "enum" | "examples" => assert!(!value.as_array().unwrap().is_empty()),
            "required" => {
                let all = value.as_array().unwrap();
                let names: BTreeSet<_> = all.iter().map(|name| name.as_str().unwrap()).collect();
                assert_eq!(names.len(), all.len());
                let members = schema["properties"].as_object().unwrap();
                assert!(names.iter().all(|name| members.contains_key(*name)));
            }
            "minimum" | "maximum" | "minItems" | "maxItems" => assert!(value.is_i64()),
            "const" => {}
            "items" | "propertyNames" => is_schema(value),
            "additionalProperties" if value.is_boolean() => {}
            "additionalProperties" => is_schema(value),
            "anyOf" | "allOf" => value.as_array().unwrap().iter().for_each(is_schema),
            "properties" => value.as_object().unwrap().values().for_each(is_schema),
            other => panic!("{other} is not a keyword that is used here"),
        }
    }
}

#[tokio::test]
async fn the_document_is_there_for_anybody() {
    let world = World::founded().await;
    let answer = world.get_with(None, "/v1/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json::<Value>(), writ_server::openapi());
}

#[tokio::test]
async fn what_a_query_takes_is_what_the_server_takes() {
    let world = World::new().await;
    for (path, method, operation) in operations(&writ_server::openapi()) {
        if method != "get" {
            continue;
        }
        let parameters = operation["parameters"].as_array().unwrap();
        let described: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let path = concrete(path);
        let answer = world.get(ADMIN, &format!("{path}?unheard_of=1")).await;
        assert_eq!(answer.problem(400), "bad-query", "{path}");
        // It names those that there are, between backticks.
        let text = answer.text();
        let named: BTreeSet<_> = text.split('`').skip(3).step_by(2).collect();
        assert_eq!(named, described, "{path}: {text}");
    }
}

/// A path that exists in form; what it names need not be there.
fn concrete(path: &str) -> String {
    path.replace("{tile}", "0/000.p/1")
        .replace("{part}", "000.p/1")
        .replace("{index}", "0")
        .replace("{upn}", ADMIN)
        .replace("{address}", "approvers@fabrikam.com")
        .replace("{pattern}", "*")
        .replace("{id}", "0123")
        .replace(
            "{name}",
            match path.contains("tasks") {
                true => "host%5Csay",
                false => "host",
            },
        )
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(writ_server::openapi);

/// Fails if an answer is not as the document says: its status, its type of
/// content, and what it holds to the last member.
pub(crate) fn holds(method: &str, path: &str, status: u16, kind: &str, body: &[u8]) {
    let document = &*DOCUMENT;
    let method = if method == "HEAD" { "GET" } else { method };
    let is_of = |pattern: &str| matches(pattern, path);
    // A path without parameters goes before one with them.
    let found = operations(document)
        .filter(|(pattern, of, _)| of.eq_ignore_ascii_case(method) && is_of(pattern))
        .min_by_key(|(pattern, _, _)| pattern.matches('{').count());
    let Some((_, _, operation)) = found else {
        let routes = writ_server::permissions();
        if routes
            .iter()
            .any(|route| route.is_portal && is_of(route.path))
        {
            return;
        }
        assert!(
            matches!(status, 400 | 404 | 405),
            "{method} {path}: {status}"
        );
        return;
    };
    let answer = &operation["responses"][status.to_string()];
    assert!(
        answer.is_object(),
        "{method} {path}: {status} is not described"
    );
    let media = &answer["content"][kind];
    assert!(
        media.is_object(),
        "{method} {path}: {status} {kind} is not described"
    );
    if kind.ends_with("json")
        && let Ok(value) = serde_json::from_slice(body)
    {
        let wrong = fits(document, &media["schema"], &value).err();
        assert_eq!(wrong, None, "{method} {path}: {value}");
    }
}

/// Fails if a value has not one of the shapes that have a name.
pub(crate) fn is_shaped(name: &str, value: &Value) {
    let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
    assert_eq!(fits(&DOCUMENT, &schema, value), Ok(()));
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (Some("{tile}" | "{part}"), Some(_)) | (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

/// Whether a value fits a schema; else where it does not. A table may hold no
/// member that is not described, though the document lets clients expect some.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let no = |what: &str| Err(format!("{what}: {value}"));
    if let Some(reference) = schema.get("$ref") {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        return fits(document, document.pointer(pointer).unwrap(), value);
    }
    if let Some(all) = schema.get("allOf") {
        // The first is the shape; what follows narrows its members.
        let [shape, narrower] = all.as_array().unwrap().as_slice() else {
            return no("allOf");
        };
        for (name, schema) in narrower["properties"].as_object().unwrap() {
            fits(document, schema, &value[name])?;
        }
        return fits(document, shape, value);
    }
    if let Some(any) = schema.get("anyOf") {
        let tried: BTreeMap<_, _> = any
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(at, schema)| (at, fits(document, schema, value)))
            .collect();
        return match tried.values().any(Result::is_ok) {
            true => Ok(()),
            false => Err(format!("{tried:?}")),
        };
    }
    if let Some(wanted) = schema.get("const")
        && wanted != value
    {
        return no("const");
    }
    if let Some(wanted) = schema.get("enum")
        && !wanted.as_array().unwrap().contains(value)
    {
        return no("enum");
    }
    let least = schema.get("minimum").and_then(Value::as_i64);
    match (schema.get("type").and_then(Value::as_str), value) {
        (Some("string"), Value::String(_))
        | (Some("boolean"), Value::Bool(_))
        | (Some("null"), Value::Null)
        | (None, _) => Ok(()),
        (Some("integer"), Value::Number(number)) => match (number.as_i64(), least) {
            (Some(number), Some(least)) if number < least => no("minimum"),
            (Some(_), _) => Ok(()),
            (None, _) => no("integer"),
        },
        (Some("array"), Value::Array(items)) => items
            .iter()
            .try_for_each(|item| fits(document, &schema["items"], item)),
        (Some("object"), Value::Object(members)) => {
            for name in schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                if !members.contains_key(name.as_str().unwrap()) {
                    return no(&format!("lacks {name}"));
                }
            }
            members.iter().try_for_each(|(name, member)| {
                let described = schema.get("properties").and_then(|all| all.get(name));
                let others = schema.get("additionalProperties").filter(|s| s.is_object());
                match described.or(others) {
                    Some(schema) => fits(document, schema, member),
                    // The document itself is said to be any table.
                    None if members.contains_key("openapi") => Ok(()),
                    None => no(&format!("{name} is not described")),
                }
            })
        }
        (Some(wanted), _) => no(wanted),
    }
}

#[test]
fn an_answer_that_is_not_described_is_found() {
    let document = &*DOCUMENT;
    let fits = |name: &str, text: &str| {
        let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
        fits(document, &schema, &serde_json::from_str(text).unwrap())
    };
    assert!(fits("Control", r#"{"enabled":true}"#).is_ok());
    for odd in [
        "{}",
        "[]",
        r#"{"enabled":1}"#,
        r#"{"enabled":true,"other":1}"#,
        r#"{"enabled":true,"system_accounts":[{}]}"#,
    ] {
        assert!(fits("Control", odd).is_err(), "{odd}");
    }
    assert!(fits("Constraints", r#"{"a":{"equals":[1,"x"]},"b":"absent"}"#).is_ok());
    assert!(fits("Constraints", r#"{"a":{"equal":1}}"#).is_err());
    assert!(fits("Seconds", "-1").is_err() && fits("RunStatus", r#""run""#).is_err());
}
