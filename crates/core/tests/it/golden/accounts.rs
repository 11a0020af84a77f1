//! The end of the story: passkeys, and services that run without asking.

use writ_core::digest::Digest;
use writ_core::envelope::{Envelope, Passkey, PayloadType, Signature, pae};
use writ_core::json;
use writ_core::key::{Hex, SigningKey};
use writ_core::object::{Control, Person, PersonKind, Policy, SystemAccount};
use writ_core::state::Decided;
use writ_core::statement::{Enrol, Recover, Request, TreeHead, possession};
use writ_core::testing::*;
use writ_core::time::Seconds;

use crate::said::{no, refused};

pub(super) fn told(w: &mut World) {
    w.set(group("approvers", &["bob", "carol"]));
    w.set(control(true, Some("approvers")));
    passkeys(w);
    services(w);
    recovered(w);
}

/// A page of the site, and the domain that its passkeys are bound to.
fn page(w: &World) -> Authenticator {
    let site = w.state.site().unwrap();
    let origin = site.origins.first().unwrap();
    Authenticator::of("any").bound_to(&site.rp_id).on(origin)
}

/// A gesture by a key of Ed25519, which signs the same way every time.
fn gesture(page: &Authenticator, key: &SigningKey, bytes: &[u8]) -> (Passkey, Vec<u8>) {
    let (passkey, _) = page.gesture(bytes);
    let client_data = Digest::of(&passkey.client_data.0);
    let sig = key.sign(&[&*passkey.authenticator_data.0, client_data.as_bytes()].concat());
    (passkey, sig)
}

fn enrol(w: &mut World, page: &Authenticator) -> Decided {
    let phone = key("carol's phone");
    let body = Enrol {
        person: upn("carol"),
        key: phone.public(),
        label: "phone".into(),
        passkey: true,
        rp_id: Some(page.rp_id.clone()),
        proof: None,
        assertion: None,
    };
    let mut payload = w.payload("carol", body);
    let (assertion, proof) = gesture(page, &phone, &possession(&payload).unwrap());
    payload.body.assertion = Some(assertion);
    payload.body.proof = Some(Hex(proof));
    let envelope = w.sign(&payload, "carol");
    w.apply(envelope, "carol")
}

/// Carol says something with her phone, on some page.
fn say<B: Say>(w: &mut World, page: &Authenticator, body: B) -> Decided {
    let phone = key("carol's phone");
    let payload = w.payload("carol", body);
    let payload = json::write(&payload).unwrap();
    let payload_type = PayloadType::Statement(B::KIND);
    let (passkey, sig) = gesture(page, &phone, &pae(payload_type, &payload));
    let signature = Signature {
        keyid: phone.public().id(),
        sig,
        passkey: Some(passkey),
    };
    let envelope = Envelope {
        payload_type,
        payload,
        signature,
    };
    w.apply(envelope, "carol's phone")
}

fn passkeys(w: &mut World) {
    let ours = page(w);
    let bound_elsewhere = page(w).bound_to("evil.example");
    refused(enrol(w, &bound_elsewhere), "passkey-domain");
    assert!(enrol(w, &ours).entry.accepted);
    w.set(Policy {
        passkey: true,
        ..manual(RESTART, &[])
    });
    let id = w.request("alice", RESTART);
    no(w, "bob", approving(id), "passkey-required");
    let plain = w.say_with("carol's phone", "carol", approving(id));
    refused(plain, "passkey-mismatch");
    let elsewhere = page(w).on("https://evil.example");
    refused(say(w, &elsewhere, approving(id)), "passkey-origin");
    assert!(say(w, &ours, approving(id)).entry.accepted);
}

fn services(w: &mut World) {
    let robot = Person {
        kind: PersonKind::Service,
        ..person("robot")
    };
    w.join_as(robot, "robot");
    no(w, "robot", asking(SAY), "system-account");
    let exempt = |w: &World, name: &str, time: u64| Control {
        system_accounts: vec![SystemAccount {
            upn: upn(name),
            tasks: None,
            until: w.now.plus(Seconds(time)),
        }],
        ..control(true, Some("approvers"))
    };
    let set = w.setting(exempt(w, "alice", 3_600));
    no(w, "admin", set, "not-a-service");
    let set = w.setting(exempt(w, "robot", 91 * 86_400));
    no(w, "admin", set, "exemption");
    w.set(exempt(w, "robot", 3_600));
    w.invoke("robot", RESTART, &[("unit", "nginx")]);
    w.wait(Seconds::HOUR);
    let run = running(RESTART, &[("unit", "nginx")]);
    no(w, "robot", run, "insufficient");
}

/// The end of the log was lost, and it goes on: what is open ends.
fn recovered(w: &mut World) {
    w.request("alice", RESTART);
    let head = |size: u64| TreeHead {
        size,
        root: Digest::of(b"the tree of that size"),
    };
    let recover = Recover {
        lost: head(w.size() + 5),
        kept: head(w.size()),
    };
    w.yes("admin", recover);
    no(w, "alice", asking(RESTART), "before-recovery");
    w.wait(Seconds(1));
    let ticket = Request {
        ticket: Some("INC-1".into()),
        ..asking(RESTART)
    };
    w.yes("alice", ticket);
}
