//! Group-Object.

use std::collections::BTreeMap;

use super::property::properties;
use crate::binder::Bound;
use crate::values::{Object, Value};

struct Group {
    name: String,
    items: Vec<Value>,
}

/// Puts together what has the same, in the order in which each is seen first.
pub(crate) fn group(bound: &Bound, input: Vec<Value>) -> Vec<Value> {
    let (names, seen) = properties(bound, &input);
    let mut groups: Vec<Group> = Vec::new();
    let mut places: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for (item, seen) in input.into_iter().zip(&seen) {
        let texts: Vec<String> = match &names {
            Some(names) => names.iter().map(|name| seen.member(name).text()).collect(),
            None => vec![item.text()],
        };
        let key = match bound.switch("CaseSensitive") {
            true => texts.clone(),
            false => texts.iter().map(|text| text.to_lowercase()).collect(),
        };
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.items.push(item),
            None => groups.push(Group {
                name: texts.join(", "),
                items: vec![item],
            }),
        }
    }
    let shown = groups.into_iter().map(|Group { name, items }| {
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let object = Object::new().with("Count", count).with("Name", name);
        Value::Object(match bound.switch("NoElement") {
            true => object,
            false => object.with("Group", Value::List(items)),
        })
    });
    shown.collect()
}
