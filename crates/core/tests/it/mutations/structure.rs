//! Everything that JSON lets one write in another way.

use serde_json::Value;

use super::{Fate, Part, Subject, Tally, is_decided, subjects};
use crate::vectors::members::{Presence, edited, members, objects};

/// JSON as text: it can say what no value is, such as a member twice.
#[derive(Clone)]
enum Node {
    /// Anything, as it is spelled.
    Raw(String),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

/// Whether a change may make another statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    /// It says the same, or nothing: it must be refused.
    Not,
    Be,
}

impl Node {
    fn of(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(members) => {
                let member = |(name, member): (&String, &Value)| {
                    (Value::String(name.clone()).to_string(), Self::of(member))
                };
                Self::Table(members.iter().map(member).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Self::Raw(value.to_string())
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Raw(text) => text.clone(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::text).collect();
                format!("[{}]", items.join(","))
            }
            Self::Table(members) => {
                let member = |(name, node): &(String, Self)| format!("{name}:{}", node.text());
                let members: Vec<_> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    fn raw(text: impl Into<String>) -> Self {
        Self::Raw(text.into())
    }

    /// Every change of this node, or of one below it.
    fn changes(&self) -> Vec<(May, Self)> {
        let mut changes = self.own_changes();
        match self {
            Self::Raw(_) => {}
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    changes.extend(item.changes().into_iter().map(|(may, new)| {
                        let mut items = items.clone();
                        items[at] = new;
                        (may, Self::List(items))
                    }));
                }
            }
            Self::Table(members) => {
                for (at, (_, member)) in members.iter().enumerate() {
                    changes.extend(member.changes().into_iter().map(|(may, new)| {
                        let mut members = members.clone();
                        members[at].1 = new;
                        (may, Self::Table(members))
                    }));
                }
            }
        }
        changes
    }

    fn own_changes(&self) -> Vec<(May, Self)> {
        let mut changes = match self {
            Self::Raw(text) => match text.as_bytes() {
                [b'"', ..] => texts(text),
                [b't' | b'f', ..] => booleans(text),
                _ => numbers(text),
            },
            Self::List(items) => lists(items),
            Self::Table(members) => tables(members),
        };
        for instead in ["{}", "[]", "\"\"", "0", "-1", "true", "\"a\""] {
            changes.push((May::Be, Self::raw(instead)));
        }
        changes.push((May::Not, Self::raw("null")));
        changes.push((May::Be, Self::List(vec![self.clone()])));
        changes.push((May::Be, Self::Table(vec![("\"x\"".into(), self.clone())])));
        for (may, depth) in [(May::Be, 6), (May::Not, 9), (May::Not, 10_000)] {
            let text = format!("{}{}{}", "[".repeat(depth), self.text(), "]".repeat(depth));
            changes.push((may, Self::Raw(text)));
        }
        changes
    }
}

fn texts(text: &str) -> Vec<(May, Node)> {
    let inner = &text[1..text.len() - 1];
    let quoted = |may, inner: String| (may, Node::Raw(format!("\"{inner}\"")));
    let mut changes = vec![
        quoted(May::Be, inner.to_uppercase()),
        quoted(May::Be, inner.to_lowercase()),
        quoted(May::Be, format!("{inner} ")),
        quoted(May::Be, format!(" {inner}")),
        quoted(May::Be, format!("{inner}\\u0000")),
        quoted(May::Be, inner.replace('+', "-").replace('/', "_")),
        quoted(May::Be, inner.trim_end_matches('=').to_owned()),
        quoted(May::Be, format!("{inner}=")),
        quoted(May::Not, format!("{inner}\\ud800")),
        quoted(May::Not, format!("{inner}\\x41")),
        quoted(May::Not, format!("{inner}\n")),
        (May::Not, Node::Raw(format!("'{inner}'"))),
        (May::Not, Node::raw(inner)),
        (May::Not, Node::Raw(format!(" {text}"))),
    ];
    // The first character as an escape, in both cases.
    if let Some(first) = inner.chars().next().filter(|first| *first != '\\') {
        let rest = &inner[first.len_utf8()..];
        let units: Vec<u16> = first.encode_utf16(&mut [0; 2]).to_vec();
        let lower: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let upper: String = units.iter().map(|unit| format!("\\u{unit:04X}")).collect();
        changes.push(quoted(May::Not, format!("{lower}{rest}")));
        changes.push(quoted(May::Not, format!("{upper}{rest}")));
    }
    if inner.contains('/') {
        changes.push(quoted(May::Not, inner.replace('/', "\\/")));
    }
    changes.extend(trailing_bits(inner).map(|inner| quoted(May::Not, inner)));
    changes
}

/// Base64 of which the last letter has bits that no byte takes.
fn trailing_bits(text: &str) -> Option<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = text.strip_suffix('=')?.trim_end_matches('=');
    let (last, rest) = (letters.chars().next_back()?, &letters[..letters.len() - 1]);
    let next = ALPHABET.find(last)? + 1;
    let padding = &text[letters.len()..];
    Some(format!("{rest}{}{padding}", &ALPHABET[next..=next]))
}

fn numbers(text: &str) -> Vec<(May, Node)> {
    let not = [
        format!("{text}.0"),
        format!("{text}e0"),
        format!("{text}E0"),
        format!("{text}e+0"),
        format!("0{text}"),
        format!("00{text}"),
        format!("+{text}"),
        format!("{text}."),
        format!("{text} "),
        format!("{text}.5"),
        "-0".to_owned(),
        "0x10".to_owned(),
        "1e400".to_owned(),
        "NaN".to_owned(),
        "-Infinity".to_owned(),
        "9007199254740992".to_owned(),
        "-9007199254740992".to_owned(),
        "18446744073709551616".to_owned(),
        "1".repeat(1_000),
    ];
    let be = [
        format!("-{text}"),
        format!("{text}1"),
        format!("\"{text}\""),
        "9007199254740991".to_owned(),
        "-9007199254740991".to_owned(),
    ];
    let not = not.into_iter().map(|new| (May::Not, new));
    not.chain(be.into_iter().map(|new| (May::Be, new)))
        // The largest number is there already in one place.
        .filter(|(_, new)| new != text)
        .map(|(may, new)| (may, Node::Raw(new)))
        .collect()
}

fn booleans(text: &str) -> Vec<(May, Node)> {
    let not = ["True", "FALSE", "yes", "t"].map(|new| (May::Not, Node::raw(new)));
    let opposite = if text == "true" { "false" } else { "true" };
    let be = [opposite.to_owned(), format!("\"{text}\""), "1".to_owned()];
    not.into_iter()
        .chain(be.map(|new| (May::Be, Node::Raw(new))))
        .collect()
}

fn lists(items: &[Node]) -> Vec<(May, Node)> {
    let mut changes = Vec::new();
    let reversed: Vec<_> = items.iter().rev().cloned().collect();
    changes.push((May::Be, Node::List(reversed)));
    let numbered = (0..)
        .zip(items)
        .map(|(at, item)| (format!("\"{at}\""), item.clone()));
    changes.push((May::Be, Node::Table(numbered.collect())));
    for item in items {
        let more = [items, std::slice::from_ref(item)].concat();
        changes.push((May::Be, Node::List(more)));
        changes.push((May::Be, item.clone()));
    }
    let text = Node::List(items.to_vec()).text();
    changes.push((May::Not, Node::Raw(text.replacen(']', ",]", 1))));
    changes
}

fn tables(members: &[(String, Node)]) -> Vec<(May, Node)> {
    let mut changes = Vec::new();
    let reversed: Vec<_> = members.iter().rev().cloned().collect();
    if members.len() > 1 {
        changes.push((May::Not, Node::Table(reversed)));
    }
    let values = members.iter().map(|(_, member)| member.clone());
    changes.push((May::Be, Node::List(values.collect())));
    let pairs = members
        .iter()
        .map(|(name, member)| Node::List(vec![Node::raw(name.clone()), member.clone()]));
    changes.push((May::Be, Node::List(pairs.collect())));
    for added in ["zz", "", "~"] {
        let added = (format!("\"{added}\""), Node::raw("0"));
        changes.push((May::Be, Node::Table([members, &[added]].concat())));
    }
    for (at, (name, member)) in members.iter().enumerate() {
        let with = |name: &str, member: Node| {
            let mut members = members.to_vec();
            members[at] = (name.to_owned(), member);
            Node::Table(members)
        };
        let twice = [members, &[(name.clone(), member.clone())]].concat();
        let mut beside = members.to_vec();
        beside.insert(at, (name.clone(), Node::raw("0")));
        let mut without = members.to_vec();
        without.remove(at);
        changes.extend([
            (May::Not, Node::Table(twice)),
            (May::Not, Node::Table(beside)),
            (May::Be, Node::Table(without)),
            (May::Not, with(name.trim_matches('"'), member.clone())),
            (May::Not, with(&format!("{name} "), member.clone())),
        ]);
        for (may, node) in texts(name) {
            changes.push((may, with(&node.text(), member.clone())));
        }
    }
    changes
}

fn check(subject: &Subject) {
    let value: Value = serde_json::from_str(&subject.text).unwrap();
    let node = Node::of(&value);
    let mut tally = Tally::default();
    for (may, changed) in node.changes() {
        let text = changed.text();
        if text == subject.text {
            continue;
        }
        let fate = subject.fate(text.as_bytes());
        tally.count(fate);
        assert!(
            may == May::Be || fate == Fate::Refused,
            "{subject}: must be refused: {}",
            text.chars().take(2_000).collect::<String>()
        );
        if subject.part == Part::Payload {
            is_decided(subject.vector.envelope.payload_type, text.as_bytes());
        }
    }
    assert!(
        tally.refused > 100 && tally.another > 0,
        "{subject}: {tally:?}"
    );
}

#[test]
fn another_structure_is_another_payload_or_none() {
    subjects(Part::Payload).iter().for_each(check);
}

#[test]
fn another_structure_is_another_envelope_or_none() {
    subjects(Part::Envelope).iter().for_each(check);
}

#[test]
fn another_structure_is_another_leaf_or_none() {
    subjects(Part::Leaf).iter().for_each(check);
}

/// What an absent member means is never spelled out.
#[test]
fn a_default_has_no_second_spelling() {
    let values = [
        "false",
        "true",
        "0",
        "300",
        "4096",
        "86400",
        "1048576",
        "[]",
        "{}",
        "\"human\"",
        "\"members\"",
        "\"medium\"",
        "\"allow\"",
    ];
    let mut tally = Tally::default();
    for subject in subjects(Part::Payload) {
        for place in objects(&subject.text) {
            let read = &subject.vector.reread;
            let Some(members) = members(read, &subject.text, &place) else {
                continue;
            };
            let optional = members
                .into_iter()
                .filter(|(_, presence)| *presence == Presence::Optional);
            for (name, _) in optional {
                for value in values {
                    let value: Value = serde_json::from_str(value).unwrap();
                    let text = edited(&subject.text, &place, |object| {
                        object[&name] = value;
                    });
                    if text != subject.text {
                        tally.count(subject.fate(text.as_bytes()));
                    }
                }
            }
        }
    }
    assert!(tally.refused > 1_000 && tally.another > 100, "{tally:?}");
}
