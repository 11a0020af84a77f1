//! What the admin API answers: rows and warnings, or an error with its sentence.

use serde_json::{Map, Value};
use writ_core::value::plain;

use super::http::Answer;

/// How long a sentence may be, in characters.
const MAX_SENTENCE: usize = 600;

/// The answer to a cmdlet that was carried out.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Each row on a line of its own, without annotations.
    pub(crate) lines: Vec<u8>,
    pub(crate) warnings: Vec<String>,
    /// Where the next rows are.
    pub(crate) next: Option<String>,
    /// What it asks before it does anything.
    pub(crate) confirmation: Option<String>,
}

/// Why a cmdlet was not carried out, as the service says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// For people.
    pub(crate) sentence: String,
    /// Whether it says that it is only for a moment.
    pub(crate) is_transient: bool,
}

/// Takes what is secret out of a text.
pub(crate) type Clean<'a> = dyn Fn(&str) -> String + Sync + 'a;

/// Reads an answer 200.
pub(crate) fn rows(body: &[u8], clean: &Clean<'_>) -> Result<Rows, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Rows::default());
    }
    let bad = |what: &str| format!("its answer cannot be understood: {what}");
    let answer = serde_json::from_slice(body).map_err(|error| bad(&error.to_string()))?;
    let Value::Object(mut answer) = answer else {
        return Err(bad("it is no object"));
    };
    if answer.contains_key("error") {
        return Err(bad("it answers 200, and an error"));
    }
    let mut lines = Vec::new();
    for row in match answer.remove("value") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(rows)) => rows,
        Some(one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_))) => {
            vec![one]
        }
    } {
        let row = without_annotations(row);
        serde_json::to_writer(&mut lines, &row).map_err(|error| bad(&error.to_string()))?;
        lines.push(b'\n');
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let said = |text: &str| said(text, clean);
    let warnings = match answer.get("@adminapi.warnings") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(said).collect(),
        Some(_) | None => Vec::new(),
    };
    Ok(Rows {
        lines: clean(&String::from_utf8_lossy(&lines)).into_bytes(),
        warnings,
        next: text("@odata.nextLink").map(str::to_owned),
        confirmation: text("@adminapi.confirmationmessage").map(said),
    })
}

/// Takes away what describes values and is none.
fn without_annotations(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(name, _)| !name.contains('@'));
            let kept = kept.map(|(name, member)| (name, without_annotations(member)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(without_annotations).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Text of the service in one line, without what is secret, and not too long.
fn said(text: &str, clean: &Clean<'_>) -> String {
    let text: String = clean(text.trim()).chars().take(MAX_SENTENCE).collect();
    plain(&text)
}

/// Reads an error.
pub(crate) fn refused(answer: &Answer, cmdlet: &str, clean: &Clean<'_>) -> Refused {
    let body = answer.body.iter().filter(|byte| **byte != 0);
    let body: Vec<u8> = body.copied().collect();
    let error = serde_json::from_slice::<Value>(&body).ok();
    let error = error.as_ref().and_then(|body| body.get("error"));
    let told = error.and_then(|error| told(error, &|text| said(text, clean)));
    match told {
        Some(told) => told,
        // So it says no to what it does not know, and to what the app may not use.
        None if answer.status == 403 => Refused {
            sentence: format!(
                "Exchange Online knows no cmdlet `{cmdlet}`, or the roles of the app do not \
                 have it (403)"
            ),
            is_transient: false,
        },
        None => Refused {
            sentence: format!("Exchange Online answers {} without a reason", answer.status),
            is_transient: false,
        },
    }
}

/// `ErrorId|ExceptionType|Sentence` in the first detail, or less exact places.
fn told(error: &Value, said: &dyn Fn(&str) -> String) -> Option<Refused> {
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .filter(|text| !text.is_empty())
    };
    let detail = error.pointer("/details/0/message").and_then(text);
    if let Some(line) = detail {
        let mut parts = line.splitn(3, '|');
        return Some(match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(exception), Some(sentence)) => Refused {
                sentence: said(&format!("{} ({id})", sentence.trim())),
                is_transient: exception.trim().ends_with("TransientException"),
            },
            _ => Refused {
                sentence: said(&line),
                is_transient: false,
            },
        });
    }
    let places = [
        "/innererror/internalexception/message",
        "/innererror/internalException/message",
        "/message",
    ];
    let sentence = places
        .iter()
        .find_map(|place| error.pointer(place).and_then(text))?;
    Some(Refused {
        sentence: said(&sentence),
        is_transient: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn same(text: &str) -> String {
        text.to_owned()
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn an_error_has_its_sentence_and_its_id() {
        for (status, body, wanted, is_transient) in [
            (
                404,
                r#"{"error":{"code":"NotFound","message":"Error executing cmdlet","details":[{"message":"Ex6F9304|A.B|No 'x' | here."}]}}"#,
                "No 'x' | here. (Ex6F9304)",
                false,
            ),
            (
                400,
                r#"{"error":{"details":[{"message":"Ex1|A.ADTransientException|Later."}]}}"#,
                "Later. (Ex1)",
                true,
            ),
            (
                400,
                r#"{"error":{"message":"m","innererror":{"internalexception":{"message":"Deeper."}}}}"#,
                "Deeper.",
                false,
            ),
            (
                400,
                r#"{"error":{"message":"Invalid Operation"}}"#,
                "Invalid Operation",
                false,
            ),
            (
                403,
                "",
                "Exchange Online knows no cmdlet `Get-X`, or the roles of the app do not have it (403)",
                false,
            ),
            (
                403,
                "\0\0",
                "Exchange Online knows no cmdlet `Get-X`, or the roles of the app do not have it (403)",
                false,
            ),
            (
                418,
                "<html>",
                "Exchange Online answers 418 without a reason",
                false,
            ),
        ] {
            let told = refused(&answer(status, body), "Get-X", &same);
            assert_eq!(
                (told.sentence.as_str(), told.is_transient),
                (wanted, is_transient)
            );
        }
        let long = format!(r#"{{"error":{{"message":"{}"}}}}"#, "x".repeat(5_000));
        assert_eq!(
            refused(&answer(400, &long), "Get-X", &same).sentence.len(),
            MAX_SENTENCE
        );
        let odd = "{\"error\":{\"message\":\"a\\u001b[31m\\nb\"}}";
        // A secret is looked for in the whole: a part of it would not be found.
        let long = format!(r#"{{"error":{{"message":"{}SECRET"}}}}"#, "x".repeat(597));
        let clean = |text: &str| text.replace("SECRET", "[redacted]");
        let sentence = refused(&answer(400, &long), "Get-X", &clean).sentence;
        assert!(sentence.ends_with("x[re"), "{sentence}");
        assert!(
            !refused(&answer(400, odd), "Get-X", &same)
                .sentence
                .contains(['\u{1b}', '\n'])
        );
    }

    #[test]
    fn rows_are_lines_without_annotations() {
        let body = r##"{"@adminapi.warnings":["w"],"@odata.nextLink":"n","value":[{"A@odata.type":"#Guid","A":"1","B":{"C@x":1,"C":null}},"text"]}"##;
        let read = rows(body.as_bytes(), &same).unwrap();
        let lines = String::from_utf8(read.lines).unwrap();
        assert_eq!(lines, "{\"A\":\"1\",\"B\":{\"C\":null}}\n\"text\"\n");
        assert_eq!(read.warnings, ["w"]);
        assert_eq!(read.next.as_deref(), Some("n"));
        assert!(rows(b"", &same).unwrap().lines.is_empty());
        assert!(rows(b"{\"value\":[", &same).is_err());
        assert!(rows(b"[]", &same).is_err());
        assert!(rows(b"{\"error\":{}}", &same).is_err());
    }
}
