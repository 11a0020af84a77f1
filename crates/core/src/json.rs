//! Canonical JSON: one text for one value.
//!
//! What is signed must have exactly one spelling, or two parties could read two
//! things out of one signature. The form is RFC 8785 without floats: members
//! sorted by UTF-16 code units, no spaces, the shortest escapes, absent instead
//! of null, integers within ±(2^53−1), depth at most 8.
//!
//! [`read`] reads the typed value, writes it again and refuses if one byte
//! differs. That alone refuses duplicate and unknown members, arrays for
//! structs, odd escapes and every other second spelling.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 8;
/// The largest integer that every JSON reader keeps exactly.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Why a text is not canonical JSON of the expected type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError(String);

impl JsonError {
    pub(crate) const fn new(problem: String) -> Self {
        Self(problem)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JsonError {}

/// Reads canonical JSON; refuses any other spelling of the same value.
pub fn read<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, JsonError> {
    let value: T = read_loosely(bytes)?;
    let again = write(&value)?;
    if again == bytes {
        return Ok(value);
    }
    let place = again
        .iter()
        .zip(bytes)
        .position(|(a, b)| a != b)
        .unwrap_or_else(|| again.len().min(bytes.len()));
    Err(JsonError(format!(
        "not canonical at byte {place}: an unknown or repeated member, a member that should be \
         absent, or another spelling than `{}`",
        excerpt(&again, place)
    )))
}

/// Reads JSON of any spelling, within the same limit of depth.
///
/// For what nobody signed; never for statements.
pub fn read_loosely<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check_depth(bytes, MAX_DEPTH)?;
    serde_json::from_slice(bytes).map_err(|error| JsonError(error.to_string()))
}

/// Reads an answer of a server, in which what was signed may stand some levels
/// further in: a page of grants, each with its limits.
pub fn read_answer<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check_depth(bytes, 2 * MAX_DEPTH)?;
    serde_json::from_slice(bytes).map_err(|error| JsonError(error.to_string()))
}

/// Writes the canonical form.
pub fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let value = serde_json::to_value(value).map_err(|error| JsonError(error.to_string()))?;
    let mut out = Vec::with_capacity(256);
    write_value(&value, 0, &mut out)?;
    Ok(out)
}

fn write_value(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match value {
        Value::Null => return Err(JsonError("null: leave the member out instead".into())),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let integer = number
                .as_i64()
                .filter(|n| (-MAX_INTEGER..=MAX_INTEGER).contains(n))
                .ok_or_else(|| {
                    JsonError(format!("{number}: only whole numbers within ±(2^53-1)"))
                })?;
            out.extend_from_slice(integer.to_string().as_bytes());
        }
        Value::String(text) => write_text(text, out)?,
        Value::Array(items) => {
            nest(depth)?;
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_value(item, depth + 1, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            nest(depth)?;
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (at, (name, member)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(name, out)?;
                out.push(b':');
                write_value(member, depth + 1, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// The escapes of RFC 8785 §3.2.2.2 are those of serde_json: `\" \\ \b \f \n
/// \r \t`, other control characters as `\u00xx` in lower case, all else as is.
fn write_text(text: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    serde_json::to_writer(out, text).map_err(|error| JsonError(error.to_string()))
}

fn nest(depth: usize) -> Result<(), JsonError> {
    nest_in(depth, MAX_DEPTH)
}

fn nest_in(depth: usize, most: usize) -> Result<(), JsonError> {
    if depth >= most {
        return Err(JsonError(format!("nested deeper than {most} levels")));
    }
    Ok(())
}

/// Looks at brackets outside texts only, before any parser recurses.
fn check_depth(bytes: &[u8], most: usize) -> Result<(), JsonError> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                nest_in(depth, most)?;
                depth += 1;
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn excerpt(bytes: &[u8], place: usize) -> String {
    let from = place.saturating_sub(8);
    let shown = bytes
        .get(from..(place + 24).min(bytes.len()))
        .unwrap_or_default();
    String::from_utf8_lossy(shown).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        a: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        b: Option<String>,
        c: Vec<bool>,
    }

    #[test]
    fn one_value_has_one_text() {
        let good = br#"{"a":1,"b":"x","c":[true]}"#;
        assert!(read::<Sample>(good).is_ok());
        for bad in [
            r#"{"b":"x","a":1,"c":[true]}"#,
            r#"{"a":1,"b":"x","c":[true]} "#,
            r#"{"a":1,"a":1,"b":"x","c":[true]}"#,
            r#"{"a":1,"b":"x","c":[true],"d":0}"#,
            r#"{"a":1,"b":null,"c":[true]}"#,
            r#"{"a":1.0,"b":"x","c":[true]}"#,
            r#"{"a":1e0,"b":"x","c":[true]}"#,
            r#"{"a":-0,"b":"x","c":[true]}"#,
            r#"{"a":1,"b":"\u0078","c":[true]}"#,
            r#"[1,"x",[true]]"#,
            r#"{"a":9007199254740992,"b":"x","c":[true]}"#,
        ] {
            assert!(read::<Sample>(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_is_limited_before_anything_recurses() {
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        assert!(read_loosely::<Value>(&deep).is_err());
        let brackets_in_text = br#"["[[[[[[[[[[[[\"[["]"#;
        assert!(read_loosely::<Value>(brackets_in_text).is_ok());
    }

    #[test]
    fn members_are_sorted_by_utf16() {
        let map = BTreeMap::from([("\u{e000}", 1), ("\u{10000}", 2)]);
        let text = String::from_utf8(write(&map).unwrap()).unwrap();
        assert!(text.find('\u{10000}') < text.find('\u{e000}'));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(map in proptest::collection::btree_map(".*", ".*", 0..6)) {
            let bytes = write(&map).unwrap();
            prop_assert_eq!(read::<BTreeMap<String, String>>(&bytes).unwrap(), map);
        }
    }
}
