//! People, their keys and their invitations.

use writ_core::key::Hex;
use writ_core::object::{Object, ObjectName, Person, Role};
use writ_core::record::Credentials;
use writ_core::statement::{Enrol, Payload, Principal, RevokeKey, possession, read_payload};
use writ_core::testing::*;
use writ_core::time::Seconds;

use crate::said::{no, refused};

pub(crate) fn all() {
    an_invitation_is_used_once();
    a_used_invitation_does_not_come_back_with_its_person();
    an_invitation_ends();
    an_invitation_is_replaced_or_withdrawn();
    recovery_ends_the_keys_before();
    a_live_key_enrols_beside_itself();
    nobody_enrols_for_somebody_else();
    a_person_has_at_most_32_keys();
    a_key_is_enrolled_once();
    a_revoked_key_says_nothing_more();
    only_oneself_and_administrators_revoke();
    a_key_speaks_for_its_person_only();
    whoever_is_deactivated_says_nothing();
    somebody_is_left_to_administer();
    a_set_is_refused_if_the_object_changed();
}

fn invited(until_in: u64) -> World {
    let mut w = World::founded();
    let until = w.now.plus(Seconds(until_in));
    w.set(Person {
        invitation: Some(invitation("code", until)),
        ..person("alice")
    });
    w
}

fn credentials(w: &World, who: &str) -> Credentials {
    w.state.credentials(&upn(who)).unwrap().as_ref().clone()
}

fn revoke(who: &str, label: &str) -> RevokeKey {
    RevokeKey {
        person: upn(who),
        key: key(label).public().id(),
    }
}

#[test]
fn an_invitation_is_used_once() {
    let mut w = invited(3_600);
    assert!(w.enrol("code", "alice", "laptop").entry.accepted);
    assert_eq!(credentials(&w, "alice").invitation, None);
    refused(w.enrol("code", "alice", "thief"), "key-not-live");
}

#[test]
fn a_used_invitation_does_not_come_back_with_its_person() {
    let mut w = invited(3_600);
    w.enrol("code", "alice", "laptop");
    // An edit carries the whole person as it stands, old invitation included.
    let mut alice = w.state.person(&upn("alice")).unwrap().as_ref().clone();
    alice.name = Some("Alice".into());
    w.set(alice.clone());
    assert_eq!(credentials(&w, "alice").invitation, None);
    refused(w.enrol("code", "alice", "thief"), "key-not-live");
    // Nor with a later end.
    alice.invitation = Some(invitation("code", w.now.plus(Seconds::DAY)));
    let set = w.setting(alice);
    no(&mut w, "admin", set, "invitation-ended");
}

#[test]
fn an_invitation_ends() {
    let mut w = invited(3_600);
    let start = w.now;
    w.now.0 = start.0 + 3_600_000 - 1;
    let mut just = w.clone();
    assert!(just.enrol("code", "alice", "laptop").entry.accepted);
    w.now.0 += 1;
    refused(w.enrol("code", "alice", "laptop"), "invitation-ended");
}

#[test]
fn an_invitation_is_replaced_or_withdrawn() {
    let mut w = invited(3_600);
    let until = w.now.plus(Seconds::HOUR);
    w.set(Person {
        invitation: Some(invitation("second", until)),
        ..person("alice")
    });
    refused(w.enrol("code", "alice", "laptop"), "key-not-live");
    w.set(person("alice"));
    refused(w.enrol("second", "alice", "laptop"), "key-not-live");
}

#[test]
fn recovery_ends_the_keys_before() {
    let mut w = World::ready();
    w.enrol("alice", "alice", "tablet");
    assert_eq!(credentials(&w, "alice").keys.len(), 2);
    let until = w.now.plus(Seconds::DAY);
    w.set(Person {
        invitation: Some(invitation("lost", until)),
        ..person("alice")
    });
    // An invitation alone changes nothing yet.
    w.request("alice", RESTART);
    assert!(w.enrol("lost", "alice", "new").entry.accepted);
    let ids: Vec<_> = credentials(&w, "alice").keys.into_keys().collect();
    assert_eq!(ids, [key("new").public().id()]);
    for old in ["alice", "tablet"] {
        refused(w.say_with(old, "alice", asking(SAY)), "key-not-live");
    }
    assert!(w.say_with("new", "alice", asking(SAY)).entry.accepted);
}

#[test]
fn a_live_key_enrols_beside_itself() {
    let mut w = World::ready();
    let until = w.now.plus(Seconds::DAY);
    w.set(Person {
        invitation: Some(invitation("spare", until)),
        ..person("alice")
    });
    assert!(w.enrol("alice", "alice", "tablet").entry.accepted);
    let after = credentials(&w, "alice");
    assert_eq!(after.keys.len(), 2);
    assert!(after.invitation.is_some(), "it was not used");
}

#[test]
fn nobody_enrols_for_somebody_else() {
    let mut w = World::ready();
    let envelope = w.enrolling("bob", "alice", "bob's");
    let mut payload: Payload<Enrol> = read_payload(&envelope.payload).unwrap();
    payload.by = Principal::Person(upn("bob"));
    let proof = key("bob's").sign(&possession(&payload).unwrap());
    payload.body.proof = Some(Hex(proof));
    let envelope = w.sign(&payload, "bob");
    refused(w.apply(envelope, "bob"), "not-yours");
    // Nor by claiming to be them.
    refused(w.enrol("bob", "alice", "bob's"), "key-not-live");
}

#[test]
fn a_person_has_at_most_32_keys() {
    let mut w = World::ready();
    for at in 1..writ_core::MAX_KEYS {
        assert!(
            w.enrol("alice", "alice", &format!("device {at}"))
                .entry
                .accepted
        );
    }
    refused(w.enrol("alice", "alice", "one more"), "key-limit");
    w.yes("alice", revoke("alice", "device 1"));
    assert!(w.enrol("alice", "alice", "one more").entry.accepted);
}

#[test]
fn a_key_is_enrolled_once() {
    let mut w = World::ready();
    refused(w.enrol("alice", "alice", "alice"), "key-exists");
    let until = w.now.plus(Seconds::DAY);
    w.set(Person {
        invitation: Some(invitation("code", until)),
        ..person("erin")
    });
    refused(w.enrol("code", "erin", "code"), "key-exists");
}

#[test]
fn a_revoked_key_says_nothing_more() {
    let mut w = World::ready();
    let request = w.request("alice", RESTART);
    w.yes("bob", revoke("bob", "bob"));
    no(&mut w, "bob", approving(request), "key-not-live");
    no(&mut w, "bob", asking(SAY), "key-not-live");
    refused(w.enrol("bob", "bob", "another"), "key-not-live");
    no(&mut w, "admin", revoke("bob", "bob"), "unknown-key");
    no(&mut w, "admin", revoke("nobody", "bob"), "unknown-key");
}

#[test]
fn only_oneself_and_administrators_revoke() {
    let mut w = World::ready();
    no(&mut w, "alice", revoke("bob", "bob"), "not-yours");
    w.yes("admin", revoke("bob", "bob"));
}

#[test]
fn a_key_speaks_for_its_person_only() {
    let mut w = World::ready();
    let request = w.request("alice", RESTART);
    refused(
        w.say_with("alice", "bob", approving(request)),
        "key-not-live",
    );
    let set = w.setting(person("mallory"));
    refused(w.say_with("alice", "admin", set), "key-not-live");
    no(&mut w, "stranger", asking(SAY), "inactive");
}

#[test]
fn whoever_is_deactivated_says_nothing() {
    let mut w = World::ready();
    let request = w.request("alice", RESTART);
    let inactive = |name| Person {
        active: false,
        ..person(name)
    };
    w.set(inactive("bob"));
    no(&mut w, "bob", approving(request), "inactive");
    no(&mut w, "bob", asking(SAY), "inactive");
    refused(w.enrol("bob", "bob", "another"), "inactive");
    let until = w.now.plus(Seconds::DAY);
    w.set(Person {
        invitation: Some(invitation("code", until)),
        ..inactive("bob")
    });
    refused(w.enrol("code", "bob", "another"), "inactive");
    w.set(Person {
        invitation: Some(invitation("code", until)),
        ..person("bob")
    });
    assert!(w.enrol("code", "bob", "another").entry.accepted);
    // Nor is anything granted to them, until they are back.
    w.set(inactive("alice"));
    no(&mut w, "carol", approving(request), "inactive");
    w.set(person("alice"));
    w.yes("carol", approving(request));
}

#[test]
fn somebody_is_left_to_administer() {
    let admin = || Person {
        role: Some(Role::Administrator),
        ..person("admin")
    };
    let mut w = World::ready();
    for gone in [
        person("admin"),
        Person {
            role: Some(Role::Auditor),
            ..person("admin")
        },
        Person {
            active: false,
            ..admin()
        },
    ] {
        let set = w.setting(gone);
        no(&mut w, "admin", set, "last-administrator");
    }
    // One without a key cannot take over, nor can an inactive one.
    w.set(Person {
        role: Some(Role::Administrator),
        ..person("frank")
    });
    w.set(Person {
        role: Some(Role::Administrator),
        active: false,
        ..person("alice")
    });
    let set = w.setting(person("admin"));
    no(&mut w, "admin", set, "last-administrator");
    // Nor may the last key go.
    w.yes("admin", revoke("admin", "recovery"));
    no(
        &mut w,
        "admin",
        revoke("admin", "admin"),
        "last-administrator",
    );
    w.promote("bob");
    w.yes("admin", revoke("admin", "admin"));
    let set = w.setting(person("bob"));
    no(&mut w, "bob", set, "last-administrator");
}

#[test]
fn a_set_is_refused_if_the_object_changed() {
    let mut w = World::ready();
    let looked = w.size();
    w.set(group("staff", &["alice"]));
    let mut set = w.setting(group("staff", &["alice", "bob", "erin"]));
    set.seen = looked;
    no(&mut w, "admin", set.clone(), "changed");
    set.seen = looked + 1;
    w.yes("admin", set);
    // A key that was enrolled or revoked in between changed its person.
    let looked = w.size();
    w.enrol("alice", "alice", "tablet");
    let mut set = w.setting(person("alice"));
    set.seen = looked;
    no(&mut w, "admin", set, "changed");
    // Each noun looks at its own.
    for (object, other) in [
        (
            Object::from(manual(RESTART, &[])),
            Object::from(manual(SAY, &[])),
        ),
        (
            control(true, Some("approvers")).into(),
            group("staff", &["alice"]).into(),
        ),
        (
            task(RESTART, "/usr/bin/systemctl", &["unit"]).into(),
            task(SAY, "/bin/echo", &["word"]).into(),
        ),
        (
            w.state
                .workload(&"Host".parse().unwrap())
                .unwrap()
                .as_ref()
                .clone()
                .into(),
            person("erin").into(),
        ),
        (site(&w), person("dave").into()),
    ] {
        let looked = w.size();
        w.set(other.clone());
        let mut set = w.setting(object.clone());
        set.seen = looked;
        w.yes("admin", set.clone());
        let said = no(&mut w, "admin", set, "changed").to_string();
        // Where there is only one, its noun is its name.
        let named = said.starts_with(&format!("the {} ", object.noun()));
        assert!(named && !said.contains("  "), "{said}");
    }
    let looked = w.size();
    w.set(manual(RESTART, &[("seniors", 1)]));
    let mut remove = w.removing(ObjectName::Policy(RESTART.parse().unwrap()));
    remove.seen = looked;
    no(&mut w, "admin", remove.clone(), "changed");
    remove.seen = w.size();
    w.yes("admin", remove.clone());
    remove.seen = w.size();
    no(&mut w, "admin", remove, "unknown-object");
}

fn site(w: &World) -> Object {
    Object::Site(w.state.site().unwrap().clone())
}
