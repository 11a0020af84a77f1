//! `docs/statements.md` has every kind, noun, member, default and word that the
//! types have, and no other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use writ_core::entry::Entry;
use writ_core::envelope::{Envelope, Kind};
use writ_core::json;
use writ_core::view::Receipt;

use crate::vectors::members::{Members, Presence, Reader, edited, members, objects, words};
use crate::vectors::{find, vectors};

const PAGE: &str = include_str!("../../../../../docs/statements.md");

/// A line of a table: a member, and what is said of it.
#[derive(Debug)]
struct Line {
    presence: Presence,
    default: Option<Value>,
    said: &'static str,
}

/// The tables of the page by the heading that they stand under.
fn tables() -> BTreeMap<&'static str, BTreeMap<&'static str, Line>> {
    let mut tables: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    let mut heading = "";
    for line in PAGE.lines() {
        if line.starts_with('#') {
            heading = line.trim_start_matches(['#', ' ']);
            let is_new = tables.insert(heading, BTreeMap::new()).is_none();
            assert!(is_new, "two sections are called {heading}");
        }
        let Some((name, rest)) = line.strip_prefix("| `").and_then(|l| l.split_once('`')) else {
            continue;
        };
        let (mark, said) = rest.split_once(" | ").unwrap_or_default();
        let default = mark
            .split_once("= `")
            .and_then(|(_, rest)| rest.split_once('`'));
        let line = Line {
            presence: match mark.starts_with('?') {
                true => Presence::Optional,
                false => Presence::Required,
            },
            default: default.map(|(text, _)| serde_json::from_str(text).unwrap()),
            said,
        };
        tables.get_mut(heading).unwrap().insert(name, line);
    }
    tables
}

/// A type that the page has a table of, and a text with such a value.
struct Documented {
    heading: String,
    text: String,
    place: String,
    read: Box<Reader>,
}

impl Documented {
    fn members(&self) -> Members {
        members(&self.read, &self.text, &self.place)
            .unwrap_or_else(|| panic!("{}: no type at {}", self.heading, self.place))
    }
}

/// Where a value of each type stands in the vectors: heading, file, place.
const PLACES: [(&str, &str, &str); 36] = [
    ("Payload", "request", ""),
    ("`genesis`", "genesis", "/body"),
    ("First administrator", "genesis", "/body/admin"),
    ("Labelled key", "genesis", "/body/key"),
    ("Public key", "genesis", "/body/recovery"),
    ("Services", "genesis", "/body/services"),
    ("Sealing key", "genesis", "/body/services/sealing"),
    ("Site settings", "genesis", "/body/site"),
    ("`set`", "set-control", "/body"),
    ("`enrol`", "enrol", "/body"),
    ("`revoke-key`", "revoke-key", "/body"),
    ("`signout`", "signout", "/body"),
    ("`request`", "request", "/body"),
    ("`approve`", "approve", "/body"),
    ("`end`", "end", "/body"),
    ("`invoke`", "invoke", "/body"),
    ("Attachment", "invoke", "/body/attached/script"),
    ("Sealed value", "invoke", "/body/sealed/pin"),
    ("`outcome`", "outcome", "/body"),
    ("Output", "outcome", "/body/output"),
    ("Rows", "outcome", "/body/rows"),
    ("`recover`", "recover", "/body"),
    ("Tree head", "recover", "/body/kept"),
    ("`tick`", "tick", "/body"),
    ("`session`", "session", "/body"),
    (
        "System account",
        "set-control",
        "/body/object/control/system_accounts/0",
    ),
    ("Invitation", "set-person", "/body/object/person/invitation"),
    ("Remind", "set-group", "/body/object/group/remind"),
    (
        "Secret",
        "set-workload",
        "/body/object/workload/secrets/token",
    ),
    ("Schema", "set-task", "/body/object/task/parameters/full"),
    ("Stage", "set-policy", "/body/object/policy/stages/0"),
    (
        "Range",
        "set-policy",
        "/body/object/policy/parameters/count/range",
    ),
    ("Envelope", "", ""),
    ("Signature", "", "/signatures/0"),
    ("Passkey", "", "/signatures/0/passkey"),
    ("Leaf", "leaf", ""),
];

fn documented() -> Vec<Documented> {
    let vectors = vectors();
    let mut documented: Vec<_> = PLACES
        .into_iter()
        .map(|(heading, file, place)| match file {
            "" => envelope(heading, place),
            "leaf" => leaf(heading),
            file => of_vector(heading, file, place),
        })
        .collect();
    let set = find(&vectors, "set-site", "full");
    let nouns = words(&set.reread, set.payload(), "/body/object").unwrap();
    for noun in nouns {
        let heading = format!("`{noun}`");
        let place = format!("/body/object/{noun}");
        documented.push(of_vector(&heading, &format!("set-{noun}"), &place));
    }
    documented
}

fn of_vector(heading: &str, file: &str, place: &str) -> Documented {
    let vectors = vectors();
    let vector = find(&vectors, file, "full");
    Documented {
        heading: heading.to_owned(),
        text: vector.payload().to_owned(),
        place: place.to_owned(),
        read: Box::new(vector.reread),
    }
}

fn as_read<T>(read: Result<T, json::JsonError>) -> Result<String, String> {
    read.map(|_| String::new())
        .map_err(|error| error.to_string())
}

/// An envelope with every member, though it would not verify.
fn envelope(heading: &str, place: &str) -> Documented {
    let vectors = vectors();
    let text = find(&vectors, "tick", "full").envelope_text();
    let text = edited(&text, "/signatures/0", |signature| {
        signature["passkey"] = serde_json::json!({"authenticator_data": "00", "client_data": "00"});
    });
    Documented {
        heading: heading.to_owned(),
        text,
        place: place.to_owned(),
        read: Box::new(|bytes| as_read(Envelope::parse(bytes))),
    }
}

fn leaf(heading: &str) -> Documented {
    let vectors = vectors();
    let text = find(&vectors, "tick", "full").leaf().unwrap();
    Documented {
        heading: heading.to_owned(),
        text: edited(&text, "", |leaf| leaf["code"] = "not-yet".into()),
        place: String::new(),
        read: Box::new(|bytes| as_read(Entry::parse(bytes))),
    }
}

#[test]
fn every_member_is_documented_and_no_other() {
    let tables = tables();
    for documented in documented() {
        let heading = documented.heading.as_str();
        let table = tables
            .get(heading)
            .unwrap_or_else(|| panic!("no section {heading}"));
        let written: Members = table
            .iter()
            .map(|(name, line)| ((*name).to_owned(), line.presence))
            .collect();
        assert_eq!(written, documented.members(), "the table of {heading}");
    }
}

/// Whatever stands anywhere in a vector has its table, also a type that
/// `PLACES` forgets.
#[test]
fn every_type_is_documented() {
    let known: Vec<Members> = documented().iter().map(Documented::members).collect();
    for vector in vectors() {
        for place in objects(vector.payload()) {
            if let Some(members) = members(&vector.reread, vector.payload(), &place) {
                let is_known = known.contains(&members);
                assert!(is_known, "{}: {place}: {members:?}", vector.file);
            }
        }
    }
}

#[test]
fn defaults_are_as_documented() {
    let tables = tables();
    let lines = || tables.values().flat_map(|table| table.values());
    let mut values: Vec<Value> = lines().filter_map(|line| line.default.clone()).collect();
    values.extend(["", "0", "1"].map(Value::from));
    values.extend([0, 1].map(Value::from));
    values.extend([true, false].map(Value::from));
    for documented in documented() {
        let heading = documented.heading.as_str();
        for (name, line) in &tables[heading] {
            // A value that may be read and not be written is the default.
            let is_default = |value: &&Value| {
                let spelled = edited(&documented.text, &documented.place, |object| {
                    object[*name] = (*value).clone();
                });
                let read = (documented.read)(spelled.as_bytes());
                read.is_err_and(|error| error.contains("not canonical"))
            };
            let found = values.iter().find(is_default);
            assert_eq!(found, line.default.as_ref(), "{heading}: {name}");
        }
    }
    assert!(lines().filter(|line| line.default.is_some()).count() > 15);
}

#[test]
fn every_word_is_documented() {
    let tables = tables();
    let mut seen = 0;
    for documented in documented() {
        let heading = documented.heading.as_str();
        for (name, line) in &tables[heading] {
            let place = format!("{}/{name}", documented.place);
            let value: Value = serde_json::from_str(&documented.text).unwrap();
            if !value.pointer(&place).is_some_and(Value::is_string) {
                continue;
            }
            for word in words(&documented.read, &documented.text, &place)
                .into_iter()
                .flatten()
            {
                seen += 1;
                let is_there = line.said.contains(&format!("`{word}`"));
                assert!(is_there, "{heading}: {name} may be `{word}`");
            }
        }
    }
    assert!(seen > 20, "only {seen} words were looked at");
}

#[test]
fn every_kind_noun_and_constraint_is_documented() {
    let tables = tables();
    let kinds: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let listed: BTreeSet<_> = tables["Kinds of statements"].keys().copied().collect();
    assert_eq!(listed, kinds);
    let vectors = vectors();
    let policy = find(&vectors, "set-policy", "full");
    let unit = "/body/object/policy/parameters/unit";
    let constraints = words(&policy.reread, policy.payload(), unit).unwrap();
    let listed: BTreeSet<_> = tables["Constraint"]
        .keys()
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(listed, constraints.into_iter().collect());
    let removal = find(&vectors, "set-remove", "task");
    let nouns = words(&removal.reread, removal.payload(), "/body/remove").unwrap();
    for noun in nouns {
        let said = tables["`set`"]["remove"].said;
        assert!(said.contains(&format!("`{noun}`")), "a {noun} is removed");
    }
}

#[test]
fn the_receipt_is_documented() {
    let receipt: Value = serde_json::from_str(include_str!("../../vectors/entries.json")).unwrap();
    let refused = receipt[1]["receipt"].clone();
    let names: BTreeSet<_> = refused.as_object().unwrap().keys().cloned().collect();
    let table = &tables()["Receipt"];
    let written: BTreeSet<_> = table.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(written, names);
    for (name, line) in table {
        let mut without = refused.clone();
        without.as_object_mut().unwrap().remove(*name);
        let is_optional = serde_json::from_value::<Receipt>(without).is_ok();
        assert_eq!(is_optional, line.presence == Presence::Optional, "{name}");
    }
}

/// Examples are bytes of the vectors. A block without a language is no example,
/// but a form.
#[test]
fn examples_are_vectors() {
    let vectors = vectors();
    let checkpoint = include_str!("../../vectors/checkpoint.json");
    let checkpoint: Value = serde_json::from_str(checkpoint).unwrap();
    let mut known = vec![checkpoint["note"].as_str().unwrap().to_owned()];
    for vector in &vectors {
        known.push(vector.payload().to_owned());
        known.push(vector.envelope_text());
        known.push(String::from_utf8(vector.envelope.pae()).unwrap());
        known.extend(vector.leaf());
    }
    let blocks = PAGE.split("\n```").skip(1).step_by(2);
    let blocks = blocks.map(|block| block.split_once('\n').unwrap());
    let examples: Vec<_> = blocks
        .filter(|(language, _)| !language.is_empty())
        .collect();
    assert_eq!(examples.len(), 5);
    for (_, example) in examples {
        let is_known = known.iter().any(|known| known.trim_end() == example);
        assert!(is_known, "not in the vectors:\n{example}");
    }
}

#[test]
fn the_page_names_every_file_of_the_vectors() {
    for vector in vectors() {
        let name = match vector.file.strip_prefix("set-") {
            Some("remove") => "set-remove",
            Some(_) => "set-<noun>",
            None if Kind::ALL.iter().any(|kind| kind.name() == vector.file) => "<kind>",
            None => &vector.file,
        };
        assert!(PAGE.contains(&format!("| `{name}.json`")), "{name}");
    }
}
