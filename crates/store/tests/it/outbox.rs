//! The outbox against a plain model of it, across restarts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use writ_core::digest::{Digest, RequestId};
use writ_core::time::{Seconds, Time};
use writ_store::{Fate, Message, Outbox, Pending};

const NOW: Time = Time(1_700_000_000_000);

fn message(id: &str, recipient: &str) -> Message {
    Message {
        id: id.to_owned(),
        recipient: recipient.to_owned(),
        request: None,
        body: format!("{id} for {recipient}").into_bytes(),
        due: NOW,
        together: false,
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
    assert_eq!(outbox.begin("mail", "log", 41, 0).unwrap(), 41);
    outbox
        .put("mail", 45, &[message("a", "alice")], NOW)
        .unwrap();
    drop(outbox);
    let outbox = place.open();
    assert_eq!(outbox.begin("mail", "log", 1_000, 0).unwrap(), 45);
    assert_eq!(
        outbox.begin("webhook tickets", "log", 1_000, 0).unwrap(),
        1_000
    );
    assert_eq!(ids(&outbox.due("mail", NOW, 10).unwrap()), ["a"]);
    assert!(outbox.due("webhook tickets", NOW, 10).unwrap().is_empty());
}

#[test]
fn a_log_that_goes_on_after_a_restore_is_read_from_where_it_differs() {
    let place = Place::new();
    let outbox = place.open();
    outbox.begin("mail", "log", 100, 0).unwrap();
    assert_eq!(outbox.begin("mail", "log/1", 81, 80).unwrap(), 80);
    outbox.put("mail", 85, &[], NOW).unwrap();
    outbox.forget(NOW.plus(Seconds(400 * 86_400))).unwrap();
    // That it went on once is not found again and again.
    assert_eq!(outbox.begin("mail", "log/1", 90, 80).unwrap(), 85);
    // Who had not read as far reads on.
    assert_eq!(outbox.begin("mail", "log/2", 100, 99).unwrap(), 85);
    // It was restored, and grew past what was read, before anybody looked.
    outbox.put("mail", 100, &[], NOW).unwrap();
    assert_eq!(outbox.begin("mail", "log/3", 300, 90).unwrap(), 90);
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
    outbox.told(&[due[0].number], NOW).unwrap();
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
    outbox
        .later(&[due[0].number], soon, "451 try later")
        .unwrap();
    assert_eq!(ids(&outbox.due("mail", NOW, 10).unwrap()), ["b1"]);
    outbox.told(&[due[1].number], NOW).unwrap();
    assert_eq!(outbox.next_due("mail").unwrap(), Some(soon));
    let again = outbox.due("mail", soon, 10).unwrap();
    assert_eq!((ids(&again), again[0].tries), (vec!["a1"], 1));
    outbox
        .give_up(&[again[0].number], soon, "550 nobody")
        .unwrap();
    assert_eq!(ids(&outbox.due("mail", soon, 10).unwrap()), ["a2"]);
    let standing = outbox.standing("mail").unwrap();
    assert_eq!((standing.waiting, standing.given_up), (1, 1));
    assert_eq!(standing.problem.as_deref(), Some("550 nobody"));
    outbox.forget(soon.plus(Seconds(1))).unwrap();
    assert_eq!(outbox.standing("mail").unwrap().given_up, 0);
}

fn asks(id: &str, recipient: &str, request: &[u8]) -> Message {
    Message {
        request: Some(RequestId(Digest::of(request))),
        ..message(id, recipient)
    }
}

#[test]
fn what_asks_for_a_decision_is_dropped_when_it_is_made() {
    let outbox = Place::new().open();
    let all = [
        asks("untried", "alice", b"one"),
        asks("tried", "bob", b"one"),
        Message {
            together: true,
            ..asks("gathered", "carol", b"one")
        },
        asks("other", "dave", b"two"),
        message("news", "erin"),
    ];
    outbox.put("mail", 1, &all, NOW).unwrap();
    let due = outbox.due("mail", NOW, 10).unwrap();
    outbox.later(&[due[1].number], NOW, "not now").unwrap();
    outbox.gathered("mail", &due[2], NOW, 10).unwrap();
    let mut asking = vec![RequestId(Digest::of(b"one")), RequestId(Digest::of(b"two"))];
    asking.sort_unstable();
    assert_eq!(outbox.asking("mail").unwrap(), asking);
    assert!(outbox.asking("webhook").unwrap().is_empty());
    outbox
        .decided("mail", RequestId(Digest::of(b"one")))
        .unwrap();
    // What was gathered may have arrived with others: it goes again as it was.
    let left = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&left), ["gathered", "other", "news"]);
}

#[test]
fn nobody_is_asked_again_while_a_letter_that_asks_waits() {
    let outbox = Place::new().open();
    let put = |id: &str, to: &str| outbox.put("mail", 1, &[asks(id, to, b"one")], NOW);
    put("asks", "alice").unwrap();
    put("remind/0", "alice").unwrap();
    put("remind/0", "bob").unwrap();
    let due = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&due), ["asks", "remind/0"]);
    outbox.told(&[due[0].number], NOW).unwrap();
    put("remind/1", "alice").unwrap();
    let due = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&due), ["remind/0", "remind/1"]);
    // Only what asks counts, and only for whom it asks.
    outbox
        .put("mail", 1, &[message("news", "alice")], NOW)
        .unwrap();
    let before = Time(NOW.0 - 1);
    assert_eq!(outbox.made_since("mail", "alice", before).unwrap(), 2);
    assert_eq!(outbox.made_since("mail", "alice", NOW).unwrap(), 0);
}

#[test]
fn a_sink_that_is_gone_leaves_nothing_for_ever() {
    let outbox = Place::new().open();
    outbox
        .put("webhook gone", 1, &[message("a", "gone")], NOW)
        .unwrap();
    outbox.forget(NOW).unwrap();
    assert_eq!(outbox.standing("webhook gone").unwrap().waiting, 1);
    outbox.forget(NOW.plus(Seconds(1))).unwrap();
    assert_eq!(outbox.standing("webhook gone").unwrap().waiting, 0);
}

#[test]
fn what_is_to_be_sent_later_holds_up_nothing_until_it_was_tried() {
    let outbox = Place::new().open();
    let later = NOW.plus(Seconds(60));
    let together = |id: &str| Message {
        together: true,
        due: later,
        ..message(id, "alice")
    };
    let all = [together("t1"), message("now", "alice"), together("t2")];
    outbox.put("mail", 1, &all, NOW).unwrap();
    let due = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&due), ["now"]);
    outbox.told(&[due[0].number], NOW).unwrap();
    assert_eq!(outbox.next("mail", "alice", NOW).unwrap(), None);
    assert_eq!(outbox.next_due("mail").unwrap(), Some(later));
    let head = outbox.next("mail", "alice", later).unwrap().unwrap();
    let both = outbox.gathered("mail", &head, later, 10).unwrap();
    assert_eq!(ids(&both), ["t1", "t2"]);
    let numbers = [both[0].number, both[1].number];
    let much_later = later.plus(Seconds(60));
    outbox.put("mail", 2, &[together("t3")], NOW).unwrap();
    // What may have arrived goes again as it was.
    let same = outbox.gathered("mail", &head, later, 10).unwrap();
    assert_eq!(same, both);
    outbox.later(&numbers, much_later, "no").unwrap();
    let same = outbox.gathered("mail", &head, much_later, 10).unwrap();
    assert_eq!(ids(&same), ["t1", "t2"]);
    assert_eq!(outbox.next("mail", "alice", later).unwrap(), None);
    assert_eq!(outbox.next_due("mail").unwrap(), Some(much_later));
    let next = outbox.next("mail", "alice", much_later).unwrap().unwrap();
    assert_eq!((next.id.as_str(), next.tries), ("t1", 1));
    outbox.told(&numbers, much_later).unwrap();
    let last = outbox.next("mail", "alice", much_later).unwrap().unwrap();
    assert_eq!(last.id, "t3");
}

#[test]
fn what_was_told_is_remembered_for_a_while_and_can_be_told_again() {
    let outbox = Place::new().open();
    outbox
        .put("mail", 1, &[message("a", "alice")], NOW)
        .unwrap();
    let [sent] = outbox.due("mail", NOW, 10).unwrap().try_into().unwrap();
    outbox.told(&[sent.number], NOW).unwrap();
    // The same news once more is no news.
    outbox
        .put("mail", 2, &[message("a", "alice")], NOW)
        .unwrap();
    assert!(outbox.due("mail", NOW, 10).unwrap().is_empty());
    let [told] = outbox.history(None, 10).unwrap().try_into().unwrap();
    assert_eq!(told.fate, Fate::Told { at: NOW });
    assert!(outbox.again(told.number, NOW).unwrap());
    assert!(!outbox.again(told.number, NOW).unwrap(), "it waits already");
    let again = outbox.due("mail", NOW, 10).unwrap();
    assert_eq!(ids(&again), ["a"]);
    outbox.give_up(&[told.number], NOW, "550 nobody").unwrap();
    let [given_up] = outbox
        .history(Some("mail"), 10)
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(given_up.fate, Fate::GivenUp { at: NOW });
    assert_eq!(given_up.problem.as_deref(), Some("550 nobody"));
    assert_eq!(outbox.history(Some("webhook"), 10).unwrap(), []);
    outbox.forget(NOW.plus(Seconds(1))).unwrap();
    assert_eq!(outbox.history(None, 10).unwrap(), []);
}

#[test]
fn a_sink_is_down_since_it_first_told_nobody_until_it_tells_somebody() {
    let outbox = Place::new().open();
    outbox.begin("mail", "log", 0, 0).unwrap();
    outbox.down("mail", "no route", NOW).unwrap();
    outbox
        .down("mail", "no answer", NOW.plus(Seconds(5)))
        .unwrap();
    let standing = outbox.standing("mail").unwrap();
    assert_eq!(standing.down, Some(NOW));
    assert_eq!(standing.problem.as_deref(), Some("no answer"));
    outbox.up("mail").unwrap();
    assert_eq!(outbox.standing("mail").unwrap().down, None);
    assert_eq!(outbox.sinks().unwrap(), ["mail"]);
    outbox.refer("slack", "request", "123.4", NOW).unwrap();
    let reference = outbox.reference("slack", "request").unwrap();
    assert_eq!(reference.as_deref(), Some("123.4"));
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
                    outbox.told(&[pending.number], NOW).unwrap();
                    told.entry(pending.recipient).or_default().push(pending.id);
                }
                Step::Fail => for pending in outbox.due("mail", now, 1).unwrap() {
                    outbox.later(&[pending.number], now.plus(Seconds(5)), "no").unwrap();
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
