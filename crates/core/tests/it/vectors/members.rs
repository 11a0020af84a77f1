//! Which members the types have, in their own words.
//!
//! A strict type that meets a member it does not know names all that it knows.
//! So a test can ask the types themselves, and a new member makes it fail until
//! the vectors have it and the documentation explains it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use writ_core::envelope::Kind;

use super::{Vector, canonical, vectors};

/// What a type says of one of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
}

/// Members by name.
pub(crate) type Members = BTreeMap<String, Presence>;

/// Reads a text as some type; what is wrong with it, if it is not one.
pub(crate) type Reader = dyn Fn(&[u8]) -> Result<String, String>;

/// The members of the type that stands at a place of a text; none if what
/// stands there is no object, or one with names of anybody's choice.
pub(crate) fn members(read: &Reader, text: &str, place: &str) -> Option<Members> {
    let names = named_instead(read, text, place, "unknown field")?;
    let presence = |name: &String| {
        let without = edited(text, place, |object| {
            object.as_object_mut().unwrap().remove(name);
        });
        let is_missed = |error: String| error.contains(&format!("missing field `{name}`"));
        match read(without.as_bytes()).is_err_and(is_missed) {
            true => Presence::Required,
            false => Presence::Optional,
        }
    };
    Some(
        names
            .into_iter()
            .map(|n| (n.clone(), presence(&n)))
            .collect(),
    )
}

/// The words that may stand at a place, where the type names them.
pub(crate) fn words(read: &Reader, text: &str, place: &str) -> Option<Vec<String>> {
    named_instead(read, text, place, "unknown variant")
}

/// Puts something unknown to a place, and picks the names out of what is said.
fn named_instead(read: &Reader, text: &str, place: &str, what: &str) -> Option<Vec<String>> {
    let odd = edited(text, place, |value| match value.as_object_mut() {
        Some(members) => drop(members.insert("!".into(), Value::Bool(true))),
        None => *value = Value::String("!".into()),
    });
    let error = read(odd.as_bytes()).err()?;
    let (_, names) = error.split_once(&format!("{what} `!`, expected "))?;
    Some(
        names
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect(),
    )
}

/// A text with a change at one place.
pub(crate) fn edited(text: &str, place: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    change(value.pointer_mut(place).unwrap());
    canonical(&value)
}

/// The places of all objects in a text.
pub(crate) fn objects(text: &str) -> Vec<String> {
    fn walk(value: &Value, place: &str, places: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                places.push(place.to_owned());
                for (name, member) in members {
                    walk(member, &format!("{place}/{name}"), places);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    walk(item, &format!("{place}/{at}"), places);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut places = Vec::new();
    walk(&serde_json::from_str(text).unwrap(), "", &mut places);
    places
}

/// Members that are optional to the type, and not in the statement: genesis
/// makes the instance, an object is set or removed, and a key proves itself.
fn is_another_choice(vector: &Vector, name: &str) -> bool {
    match vector.file.as_str() {
        "genesis" => name == "instance",
        "enrol" | "key-possession" => ["instance", "proof"].contains(&name),
        _ => ["instance", "object", "remove"].contains(&name),
    }
}

fn present(vector: &Vector, place: &str) -> BTreeSet<String> {
    let payload: Value = serde_json::from_str(vector.payload()).unwrap();
    let object = payload.pointer(place).unwrap().as_object().unwrap();
    object.keys().cloned().collect()
}

/// The objects of a vector by their type: its members, and those that at least
/// one object of it has.
fn types(vector: &Vector) -> Vec<(Members, BTreeSet<String>)> {
    let mut types: Vec<(Members, BTreeSet<String>)> = Vec::new();
    for place in objects(vector.payload()) {
        let Some(members) = members(&vector.reread, vector.payload(), &place) else {
            continue;
        };
        let present = present(vector, &place);
        match types.iter_mut().find(|(known, _)| *known == members) {
            Some((_, found)) => found.extend(present),
            None => types.push((members, present)),
        }
    }
    types
}

#[test]
fn full_vectors_have_every_member_and_minimal_ones_no_more_than_they_must() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for vector in vectors() {
        for (members, present) in types(&vector) {
            for (name, presence) in members {
                seen += 1;
                let needed = match vector.title {
                    "minimal" => presence == Presence::Required,
                    "full" => true,
                    _ => continue,
                };
                if needed != present.contains(&name) && !is_another_choice(&vector, &name) {
                    wrong.push(format!("{} {}: {name}", vector.file, vector.title));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 400, "only {seen} members were looked at");
}

#[test]
fn every_kind_and_noun_has_a_vector() {
    let vectors = vectors();
    let files: BTreeSet<_> = vectors.iter().map(|vector| vector.file.as_str()).collect();
    for kind in Kind::ALL {
        let has = |file: &str| files.contains(file);
        assert!(
            has(kind.name()) || kind == Kind::Set && has("set-remove"),
            "{kind}"
        );
    }
    let set = super::find(&vectors, "set-site", "full");
    for noun in words(&set.reread, set.payload(), "/body/object/site")
        .into_iter()
        .flatten()
    {
        assert!(files.contains(format!("set-{noun}").as_str()), "{noun}");
    }
}
