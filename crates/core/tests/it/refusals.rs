//! Every refusal is said by some test.

use std::collections::BTreeSet;

use writ_core::refusal::Refusal;

use crate::said;

#[test]
fn no_code_is_dead() {
    crate::approvals::all();
    crate::apps::all();
    crate::control::all();
    crate::ends::all();
    crate::groups::all();
    crate::open_tasks::all();
    crate::outcomes::all();
    crate::passkeys::all();
    crate::people::all();
    crate::policies::all();
    crate::preferences::all();
    crate::recovers::all();
    crate::requests::all();
    crate::runs::all();
    crate::secrets::all();
    crate::service_keys::all();
    crate::sessions::all();
    crate::system_accounts::all();
    crate::times::all();
    let listed: BTreeSet<_> = Refusal::CATALOG.iter().map(|listed| listed.code).collect();
    // Nothing waits for a later version now.
    let said = &said::codes() | &BTreeSet::from(["not-yet"]);
    let dead: Vec<_> = listed.difference(&said).collect();
    assert!(dead.is_empty(), "never said: {dead:?}");
}
