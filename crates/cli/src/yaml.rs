//! YAML, written and never read: whatever JSON says, for people and programs
//! that prefer it.
//!
//! A text stands **plain** only where no reader, old or new, could take it for
//! something else (`no`, `1e3`, `2026-11-28`); else it is quoted.

use std::fmt::Write;

use serde_json::Value;

/// Words that some reader takes for something else than text.
const RESERVED: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A value as YAML: whole lines.
pub(crate) fn write(value: &Value) -> String {
    lines(value).iter().flat_map(|line| [line, "\n"]).collect()
}

fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .flat_map(|item| indented("- ", lines(item)))
            .collect(),
        Value::Object(members) if !members.is_empty() => members
            .iter()
            .flat_map(|(name, value)| member(&text(name), lines(value), is_nested(value)))
            .collect(),
        Value::String(string) => vec![text(string)],
        // Empty ones are written as JSON has them.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            vec![value.to_string()]
        }
    }
}

fn is_nested(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty())
        || value.as_object().is_some_and(|members| !members.is_empty())
}

/// What belongs to a name: beside it, or below it.
fn member(name: &str, below: Vec<String>, is_nested: bool) -> Vec<String> {
    match is_nested {
        true => [vec![format!("{name}:")], indented("  ", below)].concat(),
        false => indented(&format!("{name}: "), below),
    }
}

/// The first line after a mark, the others as far in.
fn indented(mark: &str, lines: Vec<String>) -> Vec<String> {
    let marks = std::iter::once(mark).chain(std::iter::repeat("  "));
    lines
        .iter()
        .zip(marks)
        .map(|(line, mark)| format!("{mark}{line}"))
        .collect()
}

fn text(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_simple = |c: char| c.is_ascii_alphanumeric() || r"_.-/@\".contains(c);
    let is_reserved = RESERVED.iter().any(|word| word.eq_ignore_ascii_case(text));
    if begins && text.chars().all(is_simple) && !is_reserved {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        let code = u32::from(c);
        // Writing to a String cannot fail.
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            '\n' => write!(quoted, "\\n"),
            // No reader takes these as they are, or each takes them otherwise.
            _ if c.is_control() || matches!(code, 0x2028 | 0x2029 | 0xfeff | 0xfffe | 0xffff) => {
                write!(quoted, "\\u{code:04x}")
            }
            _ => write!(quoted, "{c}"),
        };
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_reads_well() {
        let value = json!({
            "items": [
                { "task": r"Host\Say", "by": "alice@example.com", "runs": 3, "limits": [] },
                { "reason": "why: because", "stages": [{ "group": "g@x", "needed": 1 }], "no": {} },
            ],
            "next": null,
            "said": "no",
            "text": "a\n\"b\"",
        });
        let wanted = r#"items:
  - by: alice@example.com
    limits: []
    runs: 3
    task: Host\Say
  - "no": {}
    reason: "why: because"
    stages:
      - group: g@x
        needed: 1
next: null
said: "no"
text: "a\n\"b\""
"#;
        assert_eq!(super::write(&value), wanted);
        assert_eq!(super::write(&json!([])), "[]\n");
        assert_eq!(
            super::write(&json!([[1, [2]], []])),
            "- - 1\n  - - 2\n- []\n"
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let texts = prop_oneof![
            any::<String>(),
            "[a-z0-9:#&*!|>%@`'\"{},?. \\[\\]\\\\\n-]{0,12}",
            "(?i)(y|n|yes|no|on|off|true|false|null|~|=|<<|0x1f|1e3|1_000|12:30:45|2026-11-28|\\.inf|- a|a: b|a #b)",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            texts.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            let names = prop_oneof![any::<String>(), "[a-z]{1,4}", "(yes|no|1|~|)"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(names, inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Another reader, which reads YAML 1.1, finds the same values.
    #[test]
    fn python_reads_what_was_written() {
        let mut runner = TestRunner::deterministic();
        let values: Vec<_> = (0..600)
            .map(|_| any_value().new_tree(&mut runner).unwrap().current())
            .collect();
        let values = Value::from(values);
        let script = "import json, sys\n\
                      try: import yaml\n\
                      except ImportError: sys.exit(77)\n\
                      json.dump(yaml.safe_load(sys.stdin.buffer.read()), sys.stdout)";
        let mut python = Command::new("python3")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = python.stdin.take().unwrap();
        let told = super::write(&values);
        let written = std::thread::spawn(move || input.write_all(told.as_bytes()));
        let done = python.wait_with_output().unwrap();
        // It may be gone already.
        let _ = written.join().unwrap();
        if done.status.code() == Some(77) && std::env::var_os("WRIT_TEST_PYTHON").is_none() {
            return eprintln!("skipped: python3 with the package `pyyaml` is missing");
        }
        assert!(done.status.success());
        let read: Value = serde_json::from_slice(&done.stdout).unwrap();
        for (read, written) in read
            .as_array()
            .unwrap()
            .iter()
            .zip(values.as_array().unwrap())
        {
            assert_eq!(read, written, "{}", super::write(written));
        }
        assert_eq!(read, values);
    }
}
