//! Whether privileged access is enabled, and what works while it is not.

use writ_core::statement::{RevokeKey, RunResult, Signout};
use writ_core::testing::*;
use writ_core::time::Seconds;

use crate::said::no;

pub(crate) fn all() {
    never_enabled_has_its_own_sentence();
    nothing_is_asked_approved_or_run_while_disabled();
    what_takes_away_works_while_disabled();
    clocks_go_on_while_disabled();
    the_default_group_must_exist();
    only_administrators_set_the_control();
}

#[test]
fn never_enabled_has_its_own_sentence() {
    let mut w = World::new();
    w.set(manual(RESTART, &[("approvers", 1)]));
    no(&mut w, "alice", asking(RESTART), "never-enabled");
    no(
        &mut w,
        "alice",
        running(RESTART, &[("unit", "x")]),
        "never-enabled",
    );
    w.set(control(false, None));
    no(&mut w, "alice", asking(RESTART), "disabled");
    w.set(control(true, None));
    w.request("alice", RESTART);
}

#[test]
fn nothing_is_asked_approved_or_run_while_disabled() {
    let mut w = World::ready();
    let waiting = w.request("alice", RESTART);
    let live = w.request("dave", RESTART);
    w.approve("bob", live);
    w.set(control(false, Some("approvers")));

    no(&mut w, "carol", asking(RESTART), "disabled");
    no(&mut w, "carol", asking(SAY), "disabled");
    no(&mut w, "bob", approving(waiting), "disabled");
    let run = || running(RESTART, &[("unit", "x")]);
    no(&mut w, "dave", run(), "disabled");

    w.set(control(true, Some("approvers")));
    w.approve("bob", waiting);
    w.yes("dave", run());
}

#[test]
fn what_takes_away_works_while_disabled() {
    let mut w = World::ready();
    let [own, foreign] = [w.request("alice", RESTART), w.request("dave", RESTART)];
    let live = w.request("carol", RESTART);
    w.approve("bob", live);
    let run = w.invoke("carol", RESTART, &[("unit", "x")]);
    w.set(control(false, Some("approvers")));

    w.yes("alice", ending(own));
    w.yes("bob", ending(foreign));
    w.yes("admin", ending(live));
    w.yes("node", outcome(run, RunResult::Succeeded));
    w.yes(
        "alice",
        Signout {
            person: upn("alice"),
            session: None,
        },
    );
    w.yes(
        "alice",
        RevokeKey {
            person: upn("alice"),
            key: key("alice").public().id(),
        },
    );
    // Administration goes on.
    w.set(group("approvers", &["dave"]));
    w.join("frank");
    w.set(manual(SAY, &[("seniors", 1)]));
    assert_eq!(w.state.requests().count(), 0);
}

#[test]
fn clocks_go_on_while_disabled() {
    let mut w = World::ready();
    let long = w.grant();
    let short = w.request("dave", SAY);
    let waiting = w.request("dave", RESTART);
    w.wait(Seconds::HOUR).set(control(false, Some("approvers")));
    w.wait(Seconds(3 * 3_600));
    w.yes("node", writ_core::statement::Tick { turned_away: 0 });
    assert!(w.state.request(long).is_none(), "four hours are over");
    assert!(w.state.request(short).is_none());
    assert!(w.state.request(waiting).is_some(), "it waits a day");
    w.wait(Seconds(20 * 3_600)).set(control(true, None));
    assert!(w.state.request(waiting).is_none());
}

#[test]
fn the_default_group_must_exist() {
    let mut w = World::new();
    let set = w.setting(control(true, Some("nobody")));
    no(&mut w, "admin", set, "unknown-object");
}

#[test]
fn only_administrators_set_the_control() {
    let mut w = World::ready();
    for who in ["alice", "bob"] {
        let set = w.setting(control(false, None));
        no(&mut w, who, set, "not-administrator");
    }
}
