//! Approving requests.

use writ_core::digest::RequestId;
use writ_core::object::{ObjectName, Person};
use writ_core::record::Status;
use writ_core::statement::{Approve, Request};
use writ_core::testing::*;
use writ_core::time::Seconds;
use writ_core::value::{Constraint, Value};

use crate::said::no;

pub(crate) fn all() {
    nobody_approves_their_own();
    only_members_of_the_current_stage_approve();
    each_person_decides_once();
    stages_are_asked_in_order_and_need_distinct_people();
    an_approval_counts_while_its_author_could_give_it();
    a_change_of_membership_alone_grants_nothing();
    an_approval_gives_less_and_never_more();
    what_is_not_pending_is_not_approved();
}

fn status(w: &World, id: RequestId) -> Option<Status> {
    w.state.request(id).map(|record| record.status)
}

/// A request of alice under these stages.
fn staged(stages: &[(&str, u32)]) -> (World, RequestId) {
    let mut w = World::ready();
    w.set(manual(RESTART, stages));
    let id = w.request("alice", RESTART);
    (w, id)
}

#[test]
fn one_approval_grants() {
    let (mut w, id) = staged(&[]);
    w.wait(Seconds(60)).approve("bob", id);
    let record = w.state.request(id).unwrap();
    let grant = record.grant.as_ref().unwrap();
    assert_eq!(record.status, Status::Live);
    assert_eq!(grant.from, w.now);
    assert_eq!(grant.until, w.now.plus(Seconds(4 * 3_600)));
}

#[test]
fn nobody_approves_their_own() {
    let mut w = World::ready();
    w.set(group("inner", &["alice"]));
    w.set(group("approvers", &["bob", "inner", "admin"]));
    for who in ["alice", "bob", "admin"] {
        let id = w.request(who, RESTART);
        no(&mut w, who, approving(id), "self-approval");
    }
    // Not with another key either.
    let id = w.state.pending_of(&upn("alice")).next().unwrap().id;
    w.enrol("alice", "alice", "second");
    let decided = w.say_with("second", "alice", approving(id));
    crate::said::refused(decided, "self-approval");
    w.approve("bob", id);
}

#[test]
fn only_members_of_the_current_stage_approve() {
    let (mut w, id) = staged(&[]);
    for who in ["dave", "erin", "admin"] {
        no(&mut w, who, approving(id), "not-approver");
    }
    w.set(group("inner", &["erin"]));
    w.set(group("approvers", &["inner"]));
    no(&mut w, "bob", approving(id), "not-approver");
    w.approve("erin", id);
}

#[test]
fn each_person_decides_once() {
    let (mut w, id) = staged(&[("approvers", 2)]);
    w.approve("bob", id);
    no(&mut w, "bob", approving(id), "already-decided");
    assert_eq!(status(&w, id), Some(Status::Pending));
    w.approve("carol", id);
    assert_eq!(status(&w, id), Some(Status::Live));
}

#[test]
fn stages_are_asked_in_order_and_need_distinct_people() {
    let (mut w, id) = staged(&[("approvers", 1), ("seniors", 1)]);
    no(&mut w, "dave", approving(id), "not-approver");
    // Carol is in both groups and counts once.
    w.approve("carol", id);
    no(&mut w, "carol", approving(id), "already-decided");
    no(&mut w, "bob", approving(id), "not-approver");
    assert_eq!(status(&w, id), Some(Status::Pending));
    w.approve("dave", id);
    assert_eq!(status(&w, id), Some(Status::Live));
}

#[test]
fn an_approval_counts_while_its_author_could_give_it() {
    let inactive = |w: &mut World| {
        w.set(Person {
            active: false,
            ..person("bob")
        })
    };
    let left = |w: &mut World| w.set(group("approvers", &["carol", "erin"]));
    let gone = |w: &mut World| {
        w.remove(ObjectName::Group(address("approvers")));
        w.set(group("approvers", &["carol", "erin"]))
    };
    for change in [inactive as fn(&mut World) -> _, left, gone] {
        let (mut w, id) = staged(&[("approvers", 2)]);
        w.set(group("approvers", &["bob", "carol", "erin"]));
        w.approve("bob", id);
        change(&mut w);
        w.approve("carol", id);
        assert_eq!(status(&w, id), Some(Status::Pending));
        w.approve("erin", id);
        assert_eq!(status(&w, id), Some(Status::Live));
    }
    // The stage before is asked again.
    let (mut w, id) = staged(&[("approvers", 1), ("seniors", 1)]);
    w.approve("bob", id);
    w.set(group("approvers", &["carol"]));
    no(&mut w, "dave", approving(id), "not-approver");
    w.approve("carol", id);
    w.approve("dave", id);
    assert_eq!(status(&w, id), Some(Status::Live));
}

#[test]
fn a_change_of_membership_alone_grants_nothing() {
    let (mut w, id) = staged(&[("approvers", 2)]);
    w.approve("bob", id);
    w.set(group("approvers", &["carol", "erin"]));
    w.approve("carol", id);
    // Bob is back, so both count; but it takes somebody to say yes.
    w.set(group("approvers", &["bob", "carol", "erin"]));
    assert_eq!(status(&w, id), Some(Status::Pending));
    no(&mut w, "bob", approving(id), "already-decided");
    no(&mut w, "dave", approving(id), "not-approver");
    w.approve("erin", id);
    assert_eq!(status(&w, id), Some(Status::Live));
}

#[test]
fn an_approval_gives_less_and_never_more() {
    let (mut w, id) = staged(&[("approvers", 2)]);
    let giving = |seconds| Approve {
        duration_s: Some(Seconds(seconds)),
        ..approving(id)
    };
    for bad in [0, 59, 4 * 3_600 + 1] {
        no(&mut w, "bob", giving(bad), "wider");
    }
    let odd = Approve {
        parameters: equals("nothing", "x"),
        ..approving(id)
    };
    no(&mut w, "bob", odd, "parameters");
    let narrower = |choices: &[&str], seconds| Approve {
        parameters: [(
            parameter("unit"),
            Constraint::OneOf(choices.iter().map(|c| Value::Text((*c).into())).collect()),
        )]
        .into(),
        ..giving(seconds)
    };
    w.yes("bob", narrower(&["a", "b"], 7_200));
    w.yes("carol", narrower(&["b", "c"], 3_600));
    let grant = w.state.request(id).unwrap().grant.clone().unwrap();
    assert_eq!(grant.until, w.now.plus(Seconds::HOUR));
    for (unit, ok) in [("a", false), ("b", true), ("c", false), ("d", false)] {
        let decided = w.say("alice", running(RESTART, &[("unit", unit)]));
        assert_eq!(decided.entry.accepted, ok, "{unit}");
    }
}

#[test]
fn what_was_asked_stays_what_may_be_run() {
    let mut w = World::ready();
    let ask = Request {
        parameters: equals("unit", "nginx"),
        ..asking(RESTART)
    };
    let id = RequestId(w.yes("alice", ask).digest);
    // An approval cannot make it wider.
    w.yes(
        "bob",
        Approve {
            parameters: [(parameter("unit"), Constraint::Glob("*".into()))].into(),
            ..approving(id)
        },
    );
    no(
        &mut w,
        "alice",
        running(RESTART, &[("unit", "sshd")]),
        "insufficient",
    );
    w.invoke("alice", RESTART, &[("unit", "nginx")]);
}

#[test]
fn what_is_not_pending_is_not_approved() {
    let (mut w, id) = staged(&[]);
    w.approve("bob", id);
    no(&mut w, "carol", approving(id), "not-pending");
    w.yes("alice", ending(id));
    no(&mut w, "carol", approving(id), "not-pending");
    let never = RequestId(writ_core::digest::Digest::of(b"never"));
    no(&mut w, "carol", approving(never), "not-pending");
}
