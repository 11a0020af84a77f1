//! Groups: nesting, names, and what a removed one leaves behind.

use writ_core::object::{MAX_GROUP_DEPTH, ObjectName};
use writ_core::record::Status;
use writ_core::testing::*;

use crate::said::no;

pub(crate) fn all() {
    members_exist();
    groups_nest_to_a_depth();
    no_group_contains_itself();
    people_and_groups_share_their_names();
    a_removed_group_is_gone();
    a_removed_group_lends_its_name_to_nobody();
}

fn removing(name: &str) -> ObjectName {
    ObjectName::Group(address(name))
}

/// A chain of so many groups, `g1` containing `g2` …; alice is in the last.
fn chain(w: &mut World, length: usize) {
    w.set(group(&format!("g{length}"), &["alice"]));
    for at in (1..length).rev() {
        w.set(group(&format!("g{at}"), &[&format!("g{}", at + 1)]));
    }
}

#[test]
fn members_exist() {
    let mut w = World::ready();
    let set = w.setting(group("new", &["alice", "nobody"]));
    no(&mut w, "admin", set, "unknown-object");
    let set = w.setting(group("new", &[]));
    w.yes("admin", set);
}

#[test]
fn membership_is_direct_or_nested_and_of_this_moment() {
    let mut w = World::ready();
    w.set(group("inner", &["alice"]));
    w.set(group("middle", &["inner", "bob"]));
    w.set(group("outer", &["middle", "approvers"]));
    let is_member = |w: &World, name: &str| w.state.is_member(&address("outer"), &upn(name));
    for (name, expected) in [
        ("alice", true),
        ("bob", true),
        ("carol", true),
        ("dave", false),
        ("inner", false),
        ("nobody", false),
    ] {
        if name != "inner" {
            assert_eq!(is_member(&w, name), expected, "{name}");
        }
    }
    w.set(group("inner", &["dave"]));
    assert!(is_member(&w, "dave") && !is_member(&w, "alice"));
}

#[test]
fn groups_nest_to_a_depth() {
    let mut w = World::ready();
    chain(&mut w, MAX_GROUP_DEPTH);
    assert!(w.state.is_member(&address("g1"), &upn("alice")));
    let set = w.setting(group("g0", &["g1"]));
    no(&mut w, "admin", set, "group-depth");
    // Beside something deep there is still room.
    w.set(group("g0", &["g2", "bob"]));
    assert!(w.state.is_member(&address("g0"), &upn("alice")));
}

#[test]
fn beyond_the_depth_nobody_is_a_member() {
    let mut w = World::ready();
    chain(&mut w, MAX_GROUP_DEPTH);
    // Below the last group the one above cannot see.
    w.set(group("g9", &["dave"]));
    w.set(group("g8", &["g9", "alice"]));
    assert!(w.state.is_member(&address("g2"), &upn("dave")));
    assert!(!w.state.is_member(&address("g1"), &upn("dave")));
    assert!(w.state.is_member(&address("g1"), &upn("alice")));
}

#[test]
fn no_group_contains_itself() {
    for length in 2..=MAX_GROUP_DEPTH {
        let mut w = World::ready();
        chain(&mut w, length);
        let set = w.setting(group(&format!("g{length}"), &["g1", "bob"]));
        let code = match length {
            MAX_GROUP_DEPTH => "group-depth",
            _ => "group-cycle",
        };
        let refusal = w.say("admin", set.clone()).refusal.unwrap();
        assert!(
            ["group-cycle", "group-depth"].contains(&refusal.code()),
            "{length}"
        );
        if length < MAX_GROUP_DEPTH {
            no(&mut w, "admin", set, code);
        }
    }
    // Also where the way round is longer than the depth.
    let mut w = World::ready();
    chain(&mut w, MAX_GROUP_DEPTH);
    w.set(group("g9", &["dave"]));
    w.set(group("g8", &["g9"]));
    let set = w.setting(group("g9", &["g1"]));
    no(&mut w, "admin", set, "group-depth");
}

#[test]
fn a_removed_group_comes_back_without_a_way_round() {
    let mut w = World::ready();
    chain(&mut w, 3);
    // The one above still names it.
    w.remove(removing("g2"));
    let set = w.setting(group("g2", &["bob", "g1"]));
    no(&mut w, "admin", set, "group-cycle");
    w.set(group("g2", &["g3"]));
}

#[test]
fn people_and_groups_share_their_names() {
    let mut w = World::ready();
    let set = w.setting(group("alice", &["bob"]));
    no(&mut w, "admin", set, "name-taken");
    let set = w.setting(person("staff"));
    no(&mut w, "admin", set, "name-taken");
}

#[test]
fn a_removed_group_is_gone() {
    let mut w = World::ready();
    let request = w.request("alice", RESTART);
    w.remove(removing("approvers"));
    no(&mut w, "bob", approving(request), "not-approver");
    let again = w.removing(removing("approvers"));
    no(&mut w, "admin", again, "unknown-object");
    let never = w.removing(removing("never"));
    no(&mut w, "admin", never, "unknown-object");
    // And may come back.
    w.set(group("approvers", &["bob"]));
    w.approve("bob", request);
}

/// Without anybody to ask, a task stays closed.
#[test]
fn approvers_who_are_nobody_open_nothing() {
    for is_removed in [false, true] {
        let mut w = World::ready();
        let before = w.request("alice", RESTART);
        match is_removed {
            true => w.remove(removing("approvers")),
            false => w.set(group("approvers", &[])),
        };
        let after = w.request("dave", RESTART);
        for (who, request) in [("alice", before), ("dave", after)] {
            no(&mut w, "bob", approving(request), "not-approver");
            no(&mut w, who, approving(request), "self-approval");
            no(&mut w, "admin", approving(request), "not-approver");
            let run = running(RESTART, &[("unit", "x")]);
            no(&mut w, who, run, "insufficient");
            let record = w.state.request(request).unwrap();
            assert_eq!(record.status, Status::Pending);
        }
    }
}

#[test]
fn a_removed_group_lends_its_name_to_nobody() {
    let mut w = World::ready();
    w.set(group("ops", &["erin"]));
    w.set(group("approvers", &["bob", "ops"]));
    w.remove(removing("ops"));
    // Somebody of that name would inherit the membership that is left over.
    let set = w.setting(person("ops"));
    no(&mut w, "admin", set, "name-taken");
}
