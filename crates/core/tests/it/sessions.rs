//! Sessions: bearers for reading, checked against State at every read.

use writ_core::envelope::Envelope;
use writ_core::object::Person;
use writ_core::statement::{RevokeKey, Signout};
use writ_core::testing::*;
use writ_core::time::{Seconds, Time};

use crate::said::no;

pub(crate) fn all() {
    only_the_person_and_administrators_sign_out();
}

const HALF_DAY: Seconds = Seconds(12 * 3_600);

fn counts(w: &World, session: &Envelope) -> bool {
    let Some((who, key)) = w.state.session(session, w.now) else {
        return false;
    };
    assert!(key.verify(&session.pae(), &session.signature.sig));
    who == upn("alice")
}

fn signing_out(who: &str, session: Option<&Envelope>) -> Signout {
    Signout {
        person: upn(who),
        session: session.map(Envelope::digest),
    }
}

#[test]
fn a_session_counts_until_its_end() {
    let mut w = World::ready();
    let end = w.now.plus(Seconds::HOUR);
    let session = w.session("alice", end);
    assert!(counts(&w, &session));
    w.now = Time(end.0 - 1);
    assert!(counts(&w, &session));
    w.now = end;
    assert!(!counts(&w, &session));
}

#[test]
fn a_session_lasts_12_hours_at_most() {
    let mut w = World::ready();
    let end = w.now.plus(HALF_DAY);
    let [longest, longer] = [w.session("alice", end), w.session("alice", Time(end.0 + 1))];
    assert!(counts(&w, &longest));
    assert!(!counts(&w, &longer));
}

#[test]
fn a_session_is_not_opened_in_the_future() {
    let mut w = World::ready();
    let now = w.now;
    w.now = now.plus(Seconds(300));
    let end = w.now.plus(Seconds::HOUR);
    let session = w.session("alice", end);
    w.now = now;
    assert!(counts(&w, &session), "clocks may differ a little");
    w.now.0 -= 1;
    assert!(!counts(&w, &session));
}

#[test]
fn signing_out_ends_one_session_or_all() {
    let mut w = World::ready();
    let end = w.now.plus(Seconds::HOUR);
    let [one, two] = [w.session("alice", end), w.session("alice", end)];
    w.yes("alice", signing_out("alice", Some(&one)));
    assert!(!counts(&w, &one));
    assert!(counts(&w, &two));
    w.wait(Seconds(1)).yes("admin", signing_out("alice", None));
    assert!(!counts(&w, &two));
    w.wait(Seconds(1));
    let three = w.session("alice", end);
    assert!(counts(&w, &three), "only those opened before");
}

#[test]
fn only_the_person_and_administrators_sign_out() {
    let mut w = World::ready();
    no(&mut w, "bob", signing_out("alice", None), "not-yours");
}

#[test]
fn sign_outs_are_forgotten_when_they_no_longer_matter() {
    let mut w = World::ready();
    let end = w.now.plus(HALF_DAY);
    let session = w.session("alice", end);
    w.yes("alice", signing_out("alice", Some(&session)));
    let listed = |w: &World| format!("{:?}", w.state).contains(&session.digest().to_string());
    w.wait(HALF_DAY)
        .yes("node", writ_core::statement::Tick { turned_away: 0 });
    assert!(listed(&w));
    w.wait(Seconds(300))
        .yes("node", writ_core::statement::Tick { turned_away: 0 });
    assert!(!listed(&w));
}

#[test]
fn a_session_needs_its_key_its_person_and_its_organization() {
    let mut w = World::ready();
    let end = w.now.plus(Seconds::HOUR);
    let session = w.session("alice", end);
    let mut gone = w.clone();
    gone.yes(
        "alice",
        RevokeKey {
            person: upn("alice"),
            key: key("alice").public().id(),
        },
    );
    assert!(!counts(&gone, &session));
    let mut inactive = w.clone();
    inactive.set(Person {
        active: false,
        ..person("alice")
    });
    assert!(!counts(&inactive, &session));

    let mut other = World::empty();
    other.now = w.now.plus(Seconds(1));
    other.yes("admin", genesis());
    other.join("alice");
    assert!(!counts(&other, &session), "another organization");
    let mut statement = w.envelope("alice", "alice", asking(SAY));
    assert!(!counts(&w, &statement), "a statement is no session");
    statement.payload_type = session.payload_type;
    assert!(!counts(&w, &statement), "nor can it be dressed as one");
}

#[test]
fn a_session_is_never_an_entry() {
    let mut w = World::ready();
    let end = w.now.plus(Seconds::HOUR);
    let session = w.session("alice", end);
    assert!(writ_core::statement::Unverified::read(session.into()).is_err());
}
