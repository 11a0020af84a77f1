//! What goes on with the objects of a pipeline: nothing of it asks a server.

mod compare;
mod csv;
mod file;
mod group;
mod json;
mod measure;
mod member;
mod property;
mod select;

pub(crate) use compare::{holds, wildcard};
pub(crate) use csv::{csv_lines, export};
pub(crate) use file::{out, try_file};
pub(crate) use group::group;
pub(crate) use json::{from_json, to_json};
pub(crate) use measure::measure;
pub(crate) use member::members;
pub(crate) use property::{calculated, is_expression, properties};
pub(crate) use select::{select, sort};

use crate::values::Object;

/// The properties of an object that names and patterns mean: as they are
/// spelled, or as they were typed where there is none.
pub(crate) fn meant(object: &Object, names: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !found.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            found.push(name.to_owned());
        }
    };
    for name in names {
        if name.contains(['*', '?', '[']) {
            let fits = object
                .fields()
                .filter(|(known, _)| wildcard(name, known, false));
            fits.for_each(|(known, _)| add(known));
        } else {
            add(object.get(name).map_or(name, |(known, _)| known));
        }
    }
    found
}
