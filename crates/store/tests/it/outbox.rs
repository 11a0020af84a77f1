//! The outbox against a plain model of it, across restarts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use writ_core::digest::{Digest, RequestId};
use writ_core::time::{Seconds, Time};
use writ_store::{Message, Outbox, Pending};

const NOW: Time = Time(1_700_000_000_000);

fn message(id: &str, recipient: &str) -> Message {
    Message {
        id: id.to_owned(),
        recipient: recipient.to_owned(),
        request: None,
        body: format!("{id} for {recipient}").into_bytes(),
        due: NOW,
    }
}

fn ids(pending: &[Pending]) -> Vec<&str> {
    pending.iter().map(|pending| pending.id.as_str()).collect()
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> Outbox {
        Outbox::open(&self.0.path().join("outbox.db")).unwrap()
    }
}

#[test]
fn a_sink_begins_at_the_end_of_the_log_and_goes_on_where_it_was() {
    let place = Place::new();
    let outbox = place.open();
    assert_eq!(outbox.standing("mail").unwrap().next, None);
    assert_eq!(outbox.begin("mail", 41).unwrap(), 41);
    outbox
        .put("mail", 45, &[message("a", "alice")], NOW)
        .unwrap();
    drop(outbox);
    let outbox = place.open();
    assert_eq!(outbox.begin("mail", 1_000).unwrap(), 45);
    assert_eq!(outbox.begin("webhook tickets", 1_000).unwrap(), 1_000);
    assert_eq!(ids(&outbox.due("mail", NOW, 10).unwrap()), ["a"]);
    assert!(outbox.due("webhook tickets", NOW, 10).unwrap().is_empty());
}

#[test]
fn what_is_put_again_is_told_once() {
    let place = Place::new();
    let outbox = place.open();
    let both = [message("a", "alice"), message("b", "bob")];
    outbox.put("mail", 1, &both, NOW).unwrap();
    outbox.put("mail", 2, &both, NOW).unwrap();
    let due = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&due), ["a", "b"]);
    assert_eq!(outbox.standing("mail").unwrap().waiting, 2);
    // Another sink tells the same by itself.
    outbox.put("webhook", 2, &both, NOW).unwrap();
    outbox.taken(due[0].number).unwrap();
    assert_eq!(ids(&outbox.due("webhook", NOW, 10).unwrap()), ["a", "b"]);
}

#[test]
fn nothing_passes_what_is_before_it_and_one_recipient_holds_up_no_other() {
    let outbox = Place::new().open();
    let all = [
        message("a1", "alice"),
        message("a2", "alice"),
        message("b1", "bob"),
    ];
    outbox.put("mail", 1, &all, NOW).unwrap();
    let due = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&due), ["a1", "b1"]);
    let soon = NOW.plus(Seconds(60));
    outbox.later(due[0].number, soon, "451 try later").unwrap();
    assert_eq!(ids(&outbox.due("mail", NOW, 10).unwrap()), ["b1"]);
    outbox.taken(due[1].number).unwrap();
    assert_eq!(outbox.next_due("mail").unwrap(), Some(soon));
    let again = outbox.due("mail", soon, 10).unwrap();
    assert_eq!((ids(&again), again[0].tries), (vec!["a1"], 1));
    outbox.give_up(again[0].number, soon, "550 nobody").unwrap();
    assert_eq!(ids(&outbox.due("mail", soon, 10).unwrap()), ["a2"]);
    let standing = outbox.standing("mail").unwrap();
    assert_eq!((standing.waiting, standing.given_up), (1, 1));
    assert_eq!(standing.problem.as_deref(), Some("550 nobody"));
    outbox.forget(soon.plus(Seconds(1))).unwrap();
    assert_eq!(outbox.standing("mail").unwrap().given_up, 0);
}

#[test]
fn what_asks_for_a_decision_is_dropped_when_it_is_made_unless_it_was_tried() {
    let outbox = Place::new().open();
    let asks = |id: &str, request: &[u8]| Message {
        request: Some(RequestId(Digest::of(request))),
        ..message(id, id)
    };
    let all = [
        asks("untried", b"one"),
        asks("tried", b"one"),
        asks("other", b"two"),
        message("news", "alice"),
    ];
    outbox.put("mail", 1, &all, NOW).unwrap();
    let due = outbox.due("mail", NOW, 10).unwrap();
    outbox.later(due[1].number, NOW, "no answer").unwrap();
    outbox.decided(RequestId(Digest::of(b"one"))).unwrap();
    let left = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&left), ["tried", "other", "news"]);
}

#[test]
fn a_newer_form_is_refused() {
    let place = Place::new();
    drop(place.open());
    let path = place.0.path().join("outbox.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let refused = Outbox::open(&path).unwrap_err().to_string();
    assert!(refused.contains("form 7"), "{refused}");
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Send,
    Fail,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u8).prop_map(Step::Put),
        3 => Just(Step::Send),
        1 => Just(Step::Fail),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// INVARIANT: each message is told once, to each recipient in the order in
    /// which it was put.
    #[test]
    fn every_message_is_told_once_and_in_order(steps in steps()) {
        let place = Place::new();
        let mut outbox = place.open();
        let mut put: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut now = NOW;
        for (next, step) in (0..).zip(steps.into_iter().chain(std::iter::repeat_n(Step::Send, 200))) {
            match step {
                Step::Put(to) => {
                    let (id, to) = (next.to_string(), to.to_string());
                    // The same once more, as after a restart in between.
                    for _ in 0..2 {
                        outbox.put("mail", next, &[message(&id, &to)], now).unwrap();
                    }
                    put.entry(to).or_default().push(id);
                }
                Step::Send => for pending in outbox.due("mail", now, 2).unwrap() {
                    outbox.taken(pending.number).unwrap();
                    told.entry(pending.recipient).or_default().push(pending.id);
                }
                Step::Fail => for pending in outbox.due("mail", now, 1).unwrap() {
                    outbox.later(pending.number, now.plus(Seconds(5)), "no").unwrap();
                }
                Step::Restart => {
                    drop(outbox);
                    outbox = place.open();
                }
            }
            now = now.plus(Seconds(1));
        }
        prop_assert_eq!(told, put);
        prop_assert_eq!(outbox.standing("mail").unwrap().waiting, 0);
    }
}
