//! What waits for a later version is refused by name, never half done.

use std::collections::BTreeMap;

use writ_core::object::{Object, Person, PersonKind};
use writ_core::statement::Request;
use writ_core::testing::*;

use crate::said::no;

pub(crate) fn all() {
    objects_that_wait();
    statements_that_wait();
}

#[test]
fn objects_that_wait() {
    let mut w = World::ready();
    let objects: Vec<Object> = vec![
        Person {
            kind: PersonKind::App,
            ..person("app")
        }
        .into(),
        Person {
            manifest: Some(BTreeMap::new()),
            ..person("app")
        }
        .into(),
    ];
    for object in objects {
        let set = w.setting(object);
        no(&mut w, "admin", set, "not-yet");
    }
}

#[test]
fn statements_that_wait() {
    let mut w = World::ready();
    let on_behalf_of = Request {
        on_behalf_of: Some(upn("bob")),
        ..asking(SAY)
    };
    no(&mut w, "alice", on_behalf_of, "not-yet");
}
