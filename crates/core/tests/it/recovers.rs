//! Going on after a restore that lost the end of the log.

use writ_core::digest::Digest;
use writ_core::record::Status;
use writ_core::statement::{Recover, TreeHead, Unverified};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};

use crate::proof::every_yes_is_proved;
use crate::said::{no, refused};

pub(crate) fn all() {
    an_administrator_signs_for_the_log_as_it_is();
    what_was_said_before_and_lost_is_not_said_again();
}

fn head(size: u64) -> TreeHead {
    TreeHead {
        size,
        root: Digest::of(&size.to_be_bytes()),
    }
}

/// From the log as it is; ten entries are lost.
fn recovering(w: &World) -> Recover {
    Recover {
        lost: head(w.size() + 10),
        kept: head(w.size()),
    }
}

#[test]
fn an_administrator_signs_for_the_log_as_it_is() {
    let mut w = World::ready();
    let body = recovering(&w);
    no(&mut w, "alice", body, "not-administrator");
    for size in [0, w.size() - 1, w.size() + 1] {
        let kept = head(size);
        let body = Recover {
            kept,
            ..recovering(&w)
        };
        let refusal = no(&mut w, "admin", body, "other-log");
        assert!(refusal.to_string().contains("writ recover"));
    }
    w.set(control(false, None));
    let body = recovering(&w);
    w.yes("admin", body);
}

#[test]
fn something_must_be_lost() {
    let mut w = World::ready();
    let size = w.size();
    for (lost, fits) in [(size + 1, true), (size, false), (size - 1, false)] {
        let body = Recover {
            lost: head(lost),
            kept: head(size),
        };
        let envelope = w.envelope("admin", "admin", body);
        assert_eq!(Unverified::read(envelope.into()).is_ok(), fits, "{lost}");
    }
}

#[test]
fn what_was_open_ends_and_the_log_has_another_name() {
    let mut w = World::ready();
    let [live, pending] = [w.grant(), w.request("dave", RESTART)];
    let run = w.invoke("alice", RESTART, &[("unit", "x")]);
    let first = w.state.origin().unwrap();
    for epoch in 1..3 {
        let body = recovering(&w);
        let decided = w.yes("admin", body.clone());
        let ended = |id| {
            let records = decided.facts.iter().filter_map(|fact| fact.request());
            let mut of_it = records.filter(|record| record.id == id);
            of_it.next().map(|record| {
                let why = record.ending.clone().unwrap().comment.unwrap();
                assert!(why.contains("restored"), "{why}");
                record.status
            })
        };
        let wanted = [Some(Status::Revoked), Some(Status::Denied)];
        assert_eq!(
            [live, pending].map(ended),
            wanted.map(|s| s.filter(|_| epoch == 1))
        );
        assert_eq!(w.state.requests().count(), 0);
        let recovery = w.state.recovery().unwrap();
        assert_eq!((recovery.epoch, recovery.lost), (epoch, body.lost));
        assert_eq!(w.state.origin().unwrap(), format!("{first}/{epoch}"));
        let said = decided.facts[0].to_string();
        assert!(said.contains("10 are lost"), "{said}");
        w.wait(Seconds::MINUTE);
    }
    no(
        &mut w,
        "alice",
        running(RESTART, &[("unit", "x")]),
        "insufficient",
    );
    // A run in flight waits for its node, as after any stop.
    assert!(w.state.execution(run).is_some());
    w.grant();
    w.invoke("alice", RESTART, &[("unit", "x")]);
    every_yes_is_proved(&w);
}

#[test]
fn what_was_said_before_and_lost_is_not_said_again() {
    let mut w = World::ready();
    let request = w.envelope("alice", "alice", asking(SAY));
    let mut late = w.payload("alice", asking(SAY));
    let body = recovering(&w);
    w.yes("admin", body);
    refused(w.apply(request, "alice"), "before-recovery");
    for (after, fits) in [(0, false), (1, true)] {
        late.at = Time(w.state.recovery().unwrap().at.0 + after);
        w.now = Time(w.now.0 + 2);
        let late = w.sign(&late, "alice");
        match fits {
            true => assert!(w.apply(late, "alice").refusal.is_none()),
            false => drop(refused(w.apply(late, "alice"), "before-recovery")),
        }
    }
    every_yes_is_proved(&w);
}

#[test]
fn sessions_from_before_have_ended() {
    let mut w = World::ready();
    let until = w.now.plus(Seconds::HOUR);
    let before = w.session("alice", until);
    assert!(w.state.session(&before, w.now).is_some());
    let body = recovering(&w);
    w.yes("admin", body);
    let same_instant = w.session("alice", until);
    for session in [&before, &same_instant] {
        assert!(w.state.session(session, w.now).is_none());
    }
    w.now = Time(w.now.0 + 1);
    let after = w.session("alice", until);
    assert!(w.state.session(&after, w.now).is_some());
}
