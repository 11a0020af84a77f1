//! Raising requests.

use std::collections::BTreeMap;

use writ_core::MAX_PENDING;
use writ_core::digest::{Digest, RequestId};
use writ_core::object::{Others, Policy};
use writ_core::record::Status;
use writ_core::statement::{End, Request, Tick, Unverified};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};
use writ_core::value::{Constraint, Range, Schema, Value, ValueType};
use writ_core::view::RequestView;

use crate::said::no;

pub(crate) fn all() {
    the_duration_is_within_the_policy();
    the_start_is_ahead_and_not_too_far();
    runs_are_within_the_policy();
    parameters_are_possible();
    the_same_is_not_asked_twice();
    a_person_has_at_most_100_pending();
    a_person_has_at_most_1000_live();
    only_requesters_ask();
}

#[test]
fn a_request_waits_and_then_expires() {
    let mut w = World::ready();
    w.set(Policy {
        pending_for_s: Seconds::HOUR,
        ..manual(RESTART, &[])
    });
    let id = w.request("alice", RESTART);
    let record = w.state.request(id).unwrap();
    assert_eq!(record.status, Status::Pending);
    assert_eq!(record.expires, w.now.plus(Seconds::HOUR));
    assert_eq!(w.state.next_deadline(), Some(record.expires));
    w.now = Time(record.expires.0 - 1);
    w.clone().approve("bob", id);
    w.now.0 += 1;
    no(&mut w, "bob", approving(id), "not-pending");
    assert_eq!(w.state.next_deadline(), None);
}

#[test]
fn a_ticket_stays_with_its_request() {
    let mut w = World::ready();
    let with = |ticket: &str| Request {
        ticket: Some(ticket.into()),
        ..asking(RESTART)
    };
    let id = RequestId(w.yes("alice", with("INC-4711")).digest);
    w.approve("bob", id);
    let view = RequestView::from(w.state.request(id).unwrap().as_ref());
    assert_eq!(view.ticket.as_deref(), Some("INC-4711"));
    // A ticket makes it no other request.
    w.request("dave", RESTART);
    no(&mut w, "dave", with("INC-1"), "already-pending");
    for (ticket, fits) in [
        ("INC-1".to_owned(), true),
        ("x".repeat(200), true),
        ("x".repeat(201), false),
        ("  ".to_owned(), false),
        ("INC\u{202e}1".to_owned(), false),
    ] {
        let envelope = w.envelope("alice", "alice", with(&ticket));
        assert_eq!(Unverified::read(envelope.into()).is_ok(), fits, "{ticket}");
    }
}

/// Whoever decides reads it: nothing in it hides, reorders or is obeyed.
#[test]
fn a_reason_is_text_that_can_be_seen() {
    let mut w = World::ready();
    for (reason, fits) in [
        ("It hangs.\nSince noon.\tAgain.", true),
        (
            "[it](javascript:x) <b>hangs</b> '; drop table rows --",
            true,
        ),
        ("é שלום 🦀", true),
        (" \n\t", false),
        ("it hangs\u{1b}[2J", false),
        ("it hangs\u{9b}31m", false),
        ("it hangs\0", false),
        ("it hangs\u{202e}", false),
        ("it \u{2067}hangs\u{2069}", false),
        ("it hangs\u{2028}approved", false),
        ("it hangs\u{85}", false),
        ("it hangs\u{7f}", false),
    ] {
        let ask = Request {
            reason: reason.to_owned(),
            ..asking(RESTART)
        };
        let envelope = w.envelope("alice", "alice", ask);
        let read = Unverified::read(envelope.into());
        assert_eq!(read.is_ok(), fits, "{reason:?}");
        let end = End {
            comment: Some(reason.to_owned()),
            ..ending(RequestId(Digest::of(b"any")))
        };
        let envelope = w.envelope("alice", "alice", end);
        let read = Unverified::read(envelope.into());
        assert_eq!(read.is_ok(), fits, "{reason:?}");
    }
}

#[test]
fn the_default_duration_is_4_hours_or_less() {
    let mut w = World::ready();
    for (longest, expected) in [(86_400, 4 * 3_600), (3_600, 3_600)] {
        w.set(Policy {
            max_duration_s: Seconds(longest),
            ..manual(RESTART, &[])
        });
        let id = w.request("alice", RESTART);
        assert_eq!(w.state.request(id).unwrap().duration_s, Seconds(expected));
    }
}

#[test]
fn the_duration_is_within_the_policy() {
    let mut w = World::ready();
    w.set(Policy {
        max_duration_s: Seconds::HOUR,
        ..manual(RESTART, &[])
    });
    let lasting = |seconds| Request {
        duration_s: Some(Seconds(seconds)),
        ..asking(RESTART)
    };
    for bad in [0, 59, 3_601, (1 << 53) - 1] {
        no(&mut w, "alice", lasting(bad), "duration");
    }
    for (who, good) in [("alice", 60), ("bob", 3_600)] {
        w.yes(who, lasting(good));
    }
}

#[test]
fn the_start_is_ahead_and_not_too_far() {
    let mut w = World::ready();
    let from = |start| Request {
        start: Some(start),
        ..asking(RESTART)
    };
    let month = w.now.plus(Seconds(30 * 86_400));
    for bad in [Time(0), w.now, Time(month.0 + 1)] {
        no(&mut w, "alice", from(bad), "start");
    }
    for good in [Time(w.now.0 + 1), month] {
        w.yes("alice", from(good));
    }
}

#[test]
fn a_grant_begins_at_the_asked_start_or_at_the_approval() {
    let mut w = World::ready();
    let start = w.now.plus(Seconds::HOUR);
    let ask = || Request {
        start: Some(start),
        duration_s: Some(Seconds(600)),
        ..asking(RESTART)
    };
    let early = writ_core::digest::RequestId(w.yes("alice", ask()).digest);
    let late = writ_core::digest::RequestId(w.yes("dave", ask()).digest);
    let grant_of = |w: &World, id| {
        let record = w.state.request(id).unwrap();
        record.grant.clone().unwrap()
    };
    w.approve("bob", early);
    let grant = grant_of(&w, early);
    assert_eq!((grant.from, grant.until), (start, start.plus(Seconds(600))));
    w.wait(Seconds(2 * 3_600)).approve("bob", late);
    let grant = grant_of(&w, late);
    assert_eq!((grant.from, grant.until), (w.now, w.now.plus(Seconds(600))));
}

#[test]
fn runs_are_within_the_policy() {
    let mut w = World::ready();
    w.set(Policy {
        max_runs: Some(3),
        ..manual(RESTART, &[])
    });
    let with = |runs| Request {
        runs,
        ..asking(RESTART)
    };
    no(&mut w, "alice", with(Some(4)), "runs");
    for (who, asked, given) in [("alice", Some(2), 2), ("bob", None, 3)] {
        let id = w.yes(who, with(asked)).digest;
        let record = w.state.request(writ_core::digest::RequestId(id)).unwrap();
        assert_eq!(record.runs, Some(given));
    }
}

#[test]
fn parameters_are_possible() {
    let mut w = World::ready();
    let mut host = task(RESTART, "/usr/bin/systemctl", &["unit"]);
    host.parameters
        .insert(parameter("count"), Schema::of(ValueType::Integer));
    w.set(host);
    w.set(Policy {
        others: Others::Refuse,
        parameters: BTreeMap::from([(parameter("unit"), Constraint::Glob("web-*".into()))]),
        ..manual(RESTART, &[])
    });
    let with = |name: &str, constraint: Constraint| Request {
        parameters: BTreeMap::from([(parameter(name), constraint)]),
        ..asking(RESTART)
    };
    let text = |text: &str| Constraint::Equals(Value::Text(text.into()));
    let small = Constraint::Range(Range {
        min: None,
        max: Some(3),
    });
    for (name, constraint) in [
        ("nothing", text("x")),
        ("unit", small.clone()),
        ("unit", text("-web")),
        ("unit", text("db-1")),
        ("unit", Constraint::Equals(Value::Integer(1))),
        ("count", Constraint::Glob("*".into())),
        ("count", small),
    ] {
        no(&mut w, "alice", with(name, constraint), "parameters");
    }
    w.yes("alice", with("unit", text("web-1")));
    w.yes("alice", with("unit", Constraint::Glob("w*".into())));
    w.yes("alice", with("count", Constraint::Absent));
}

#[test]
fn the_same_is_not_asked_twice() {
    let mut w = World::ready();
    let ask = |unit: &str| Request {
        parameters: equals("unit", unit),
        ..asking(RESTART)
    };
    let first = w.yes("alice", ask("a")).digest;
    let refusal = no(&mut w, "alice", ask("a"), "already-pending");
    assert!(refusal.to_string().contains(&first.to_string()));
    let other_words = Request {
        reason: "again".into(),
        duration_s: Some(Seconds(60)),
        task: task_name(&RESTART.to_lowercase()),
        ..ask("a")
    };
    no(&mut w, "alice", other_words, "already-pending");
    w.yes("alice", ask("b"));
    w.yes("bob", ask("a"));
    w.yes(
        "alice",
        Request {
            start: Some(w.now.plus(Seconds::HOUR)),
            ..ask("a")
        },
    );
    w.yes("alice", ending(writ_core::digest::RequestId(first)));
    w.yes("alice", ask("a"));
    // What is live already may be asked for again.
    w.request("alice", SAY);
    w.request("alice", SAY);
}

#[test]
fn a_person_has_at_most_100_pending() {
    let mut w = World::ready();
    let ask = |n: usize| Request {
        parameters: equals("unit", &n.to_string()),
        ..asking(RESTART)
    };
    for n in 0..MAX_PENDING {
        w.yes("alice", ask(n));
    }
    no(&mut w, "alice", ask(MAX_PENDING), "pending-limit");
    w.yes("bob", ask(MAX_PENDING));
    assert_eq!(w.state.pending_of(&upn("alice")).count(), MAX_PENDING);
    w.wait(Seconds::DAY).yes("alice", ask(MAX_PENDING));
}

#[test]
fn a_person_has_at_most_1000_live() {
    let mut w = World::ready();
    w.signs = false;
    let waiting = w.request("alice", RESTART);
    for _ in 0..writ_core::MAX_LIVE {
        w.request("alice", SAY);
    }
    no(&mut w, "alice", asking(SAY), "live-limit");
    no(&mut w, "bob", approving(waiting), "live-limit");
    w.request("bob", SAY);
    w.wait(Seconds(4 * 3_600));
    w.yes("node", Tick { turned_away: 0 });
    w.approve("bob", waiting);
    w.request("alice", SAY);
}

#[test]
fn only_requesters_ask() {
    let mut w = World::ready();
    w.set(group("inner", &["erin"]));
    w.set(Policy {
        requesters: Some(address("staff")),
        ..manual(RESTART, &[])
    });
    w.request("alice", RESTART);
    no(&mut w, "erin", asking(RESTART), "not-requester");
    no(&mut w, "admin", asking(RESTART), "not-requester");
    w.set(group("staff", &["inner"]));
    w.request("erin", RESTART);
    no(&mut w, "bob", asking(RESTART), "not-requester");
}
