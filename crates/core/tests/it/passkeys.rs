//! Passkeys and P-256 keys: what each check of a gesture refuses.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use writ_core::digest::Digest;
use writ_core::envelope::{Envelope, Kind, Passkey, PayloadType, Signature};
use writ_core::json;
use writ_core::key::Hex;
use writ_core::object::{Object, Person, Policy, Rule, Site};
use writ_core::passkey::challenge;
use writ_core::state::Decided;
use writ_core::statement::{Enrol, Genesis, Request, Unverified, possession};
use writ_core::testing::*;
use writ_core::time::Seconds;

use crate::proof::every_yes_is_proved;
use crate::said::{no, refused};

pub(crate) fn all() {
    a_passkey_always_signs_by_a_gesture_and_no_other_key_does();
    a_gesture_counts_on_a_page_of_the_site_and_for_its_own_domain();
    a_new_passkey_proves_itself_on_a_page_of_the_site();
    a_policy_may_ask_approvers_for_passkeys();
}

/// Alice has a passkey beside her key.
fn with_passkey() -> (World, Authenticator) {
    let mut w = World::ready();
    let phone = Authenticator::of("phone");
    let decided = w.enrol_passkey("alice", "alice", &phone);
    assert_eq!(decided.refusal, None);
    (w, phone)
}

/// Changes an enrolment, given the bytes that its proof is of.
type Change<'a> = &'a dyn Fn(&mut Enrol, &[u8]);

#[test]
fn a_passkey_signs_whatever_its_person_says() {
    let (mut w, phone) = with_passkey();
    let asked = w.say_by_gesture("alice", &phone, asking(SAY));
    assert_eq!(asked.refusal, None);
    let run = w.say_by_gesture("alice", &phone, running(SAY, &[("word", "x")]));
    assert_eq!(run.refusal, None);
    // It enrols further keys, and reads.
    let tablet = w.enrolling("alice", "alice", "tablet");
    let tablet = phone.envelope(tablet.payload_type, tablet.payload);
    assert_eq!(w.apply(tablet, "alice").refusal, None);
    let session = session(&mut w, &phone);
    let (who, key) = w.state.session(&session, w.now).unwrap();
    assert_eq!((who, &key), (upn("alice"), &phone.public()));
    assert!(session.is_signed_by(&key));
    every_yes_is_proved(&w);
}

fn session(w: &mut World, phone: &Authenticator) -> Envelope {
    let until = w.now.plus(Seconds::HOUR);
    let payload = w.payload("alice", writ_core::statement::Session { until });
    phone.envelope(PayloadType::Session, json::write(&payload).unwrap())
}

/// A request of alice, signed by a gesture over whatever data.
fn tampered(
    w: &mut World,
    phone: &Authenticator,
    data: impl Fn(Vec<u8>) -> Vec<u8>,
    client: impl Fn(String) -> String,
) -> Envelope {
    let mut envelope = w.gesture("alice", phone, asking(SAY));
    let client_data = client(phone.client_data(&envelope.pae()));
    let (passkey, sig) = phone.gesture_with(data(phone.authenticator_data()), &client_data);
    envelope.signature.passkey = Some(passkey);
    envelope.signature.sig = sig;
    envelope
}

/// What reading it says, where its signature is right.
fn read(envelope: Envelope) -> Result<(), String> {
    let read = Unverified::read(Arc::new(envelope)).map_err(|error| error.to_string())?;
    read.verify(&Authenticator::of("phone").public())
        .map(drop)
        .map_err(|error| error.to_string())
}

#[test]
fn client_data_is_read_strictly() {
    let (mut w, phone) = with_passkey();
    let same = |text: String| text;
    let replace = |from: &'static str, to: &'static str| {
        move |text: String| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            changed
        }
    };
    assert_eq!(read(tampered(&mut w, &phone, |data| data, same)), Ok(()));
    for (from, to) in [
        // Browsers may say less, or more.
        (r#","crossOrigin":false"#, ""),
        (
            r#"{"type"#,
            r#"{"other_keys_can_be_added_here":[1,{"a":null}],"type"#,
        ),
        (
            r#","crossOrigin":false}"#,
            r#","crossOrigin":false,"topOrigin":"x"}"#,
        ),
        (r#"{"type"#, "{ \"type"),
    ] {
        let envelope = tampered(&mut w, &phone, |data| data, replace(from, to));
        assert_eq!(read(envelope), Ok(()), "{to}");
    }
    for (from, to, words) in [
        ("webauthn.get", "webauthn.create", "`get()`"),
        ("webauthn.get", "WEBAUTHN.GET", "`get()`"),
        (r#""type":"webauthn.get","#, "", "`type`"),
        (r#""type":"webauthn.get""#, r#""type":1"#, "`type`"),
        (r#""challenge":""#, r#""challenge":"A"#, "challenge"),
        (r#""challenge":""#, r#""other":""#, "`challenge`"),
        (
            r#","crossOrigin":false"#,
            r#","crossOrigin":true"#,
            "page of somebody",
        ),
        (
            r#","crossOrigin":false"#,
            r#","crossOrigin":"false""#,
            "page of somebody",
        ),
        (
            r#","crossOrigin":false"#,
            r#","crossOrigin":null"#,
            "page of somebody",
        ),
        (r#""origin""#, r#""Origin""#, "`origin`"),
        (
            r#""origin":"http://localhost:8420""#,
            r#""origin":["http://localhost:8420"]"#,
            "`origin`",
        ),
        // Two of one name could be read as either.
        ("{", r#"{"type":"webauthn.get","#, "twice"),
        ("{", r#"{"origin":"https://evil.example","#, "twice"),
        (r#"false}"#, r#"false,"\u006frigin":"x"}"#, "twice"),
        (r#"false}"#, r#"false,"a":1,"a":2}"#, "twice"),
        (r#"false}"#, "false} ,", "client data"),
        (r#"false}"#, "false", "client data"),
        ("{", "[", "client data"),
    ] {
        let envelope = tampered(&mut w, &phone, |data| data, replace(from, to));
        let said = read(envelope).unwrap_err();
        assert!(
            said.starts_with("passkey: ") && said.contains(words),
            "{to}: {said}"
        );
    }
    for text in ["", "null", "[]", r#"["webauthn.get"]"#, "\u{feff}{}", "{}"] {
        let envelope = tampered(&mut w, &phone, |data| data, |_| text.to_owned());
        assert!(
            read(envelope).unwrap_err().starts_with("passkey: "),
            "{text}"
        );
    }
}

#[test]
fn the_challenge_is_for_one_statement() {
    let (mut w, phone) = with_passkey();
    let spelled = |digest: Digest| BASE64URL_NOPAD.encode(digest.as_bytes());
    let (one, other) = (
        w.gesture("alice", &phone, asking(SAY)),
        w.gesture("alice", &phone, asking(SAY)),
    );
    let mut moved = one.clone();
    moved.signature = other.signature;
    assert!(read(moved).unwrap_err().contains("challenge"));
    // Nor for another kind with the same payload, nor for the bytes themselves.
    let mut kind = one.clone();
    kind.payload_type = PayloadType::Session;
    assert!(kind.assertion().is_err());
    for wrong in [
        spelled(Digest::of(&one.pae())),
        spelled(Digest::of_parts(&[b"writ-passkey-v1", &one.pae()])),
        format!("{}=", challenge(&one.pae())),
        one.digest().to_string(),
    ] {
        let right = challenge(&one.pae());
        let client_data = phone.client_data(&one.pae()).replace(&right, &wrong);
        let (passkey, sig) = phone.gesture_with(phone.authenticator_data(), &client_data);
        let mut envelope = one.clone();
        envelope.signature.passkey = Some(passkey);
        envelope.signature.sig = sig;
        assert!(read(envelope).unwrap_err().contains("challenge"), "{wrong}");
    }
    assert_eq!(read(one), Ok(()));
}

#[test]
fn somebody_was_there_and_was_recognised() {
    let (mut w, mut phone) = with_passkey();
    for (flags, words) in [
        (0x05, ""),
        // Backed up, and bits that mean nothing yet.
        (0x1d, ""),
        (0x27, ""),
        (0x00, "recognised"),
        (0x01, "recognised"),
        (0x04, "recognised"),
        (0x45, "`get()`"),
        (0x85, "`get()`"),
    ] {
        phone.flags = flags;
        let said = read(w.gesture("alice", &phone, asking(SAY)));
        match words {
            "" => assert_eq!(said, Ok(()), "{flags:#x}"),
            words => assert!(said.unwrap_err().contains(words), "{flags:#x}"),
        }
    }
    phone.flags = 0x05;
    let longer = |extra: &'static [u8], flags: u8| {
        move |mut data: Vec<u8>| {
            data[32] = flags;
            data.extend_from_slice(extra);
            data
        }
    };
    let extended = tampered(&mut w, &phone, longer(b"\xa0", 0x85), |text| text);
    assert_eq!(read(extended), Ok(()), "extensions may follow");
    for envelope in [
        tampered(&mut w, &phone, longer(b"\xa0", 0x05), |text| text),
        tampered(&mut w, &phone, longer(b"\xa0", 0x45), |text| text),
        tampered(&mut w, &phone, |data| data[..36].to_vec(), |text| text),
        tampered(&mut w, &phone, |data| data[..32].to_vec(), |text| text),
        tampered(&mut w, &phone, |_| Vec::new(), |text| text),
    ] {
        assert!(read(envelope).unwrap_err().contains("authenticator data"));
    }
}

#[test]
fn the_signature_is_over_exactly_both_parts() {
    let (mut w, phone) = with_passkey();
    let good = w.gesture("alice", &phone, asking(SAY));
    let pae = good.pae();
    let mut flipped = phone.authenticator_data();
    flipped[36] ^= 1;
    for (name, signature) in [
        ("another key", Authenticator::of("thief").gesture(&pae).1),
        ("the bytes themselves", phone.sign(&pae)),
        (
            "another counter",
            phone.gesture_with(flipped, &phone.client_data(&pae)).1,
        ),
        ("nothing", Vec::new()),
        ("a byte less", good.signature.sig[..63].to_vec()),
        ("a byte more", [&good.signature.sig[..], &[0]].concat()),
        ("zeros", vec![0; 64]),
    ] {
        let mut envelope = good.clone();
        envelope.signature.sig = signature;
        assert!(read(envelope).is_err(), "{name}");
    }
    let mut renamed = good.clone();
    renamed.signature.keyid = Authenticator::of("thief").public().id();
    assert!(read(renamed).is_err());
    assert_eq!(read(good), Ok(()));
}

/// What somebody says with a P-256 key, signed plainly.
fn plainly(w: &mut World, who: &str, key: &Authenticator) -> Envelope {
    let gesture = w.gesture(who, key, asking(SAY));
    Envelope {
        signature: Signature {
            sig: key.sign(&gesture.pae()),
            passkey: None,
            ..gesture.signature.clone()
        },
        ..gesture
    }
}

/// A person enrols a P-256 key that is no passkey.
fn enrol_plainly(w: &mut World, who: &str, key: &Authenticator) -> Decided {
    let body = Enrol {
        person: upn(who),
        key: key.public(),
        label: "a token".into(),
        passkey: false,
        rp_id: None,
        proof: None,
        assertion: None,
    };
    let mut payload = w.payload(who, body);
    payload.body.proof = Some(Hex(key.sign(&possession(&payload).unwrap())));
    let envelope = w.sign(&payload, who);
    w.apply(envelope, who)
}

#[test]
fn a_passkey_always_signs_by_a_gesture_and_no_other_key_does() {
    let (mut w, phone) = with_passkey();
    let envelope = plainly(&mut w, "alice", &phone);
    refused(w.apply(envelope, "alice"), "passkey-mismatch");

    let token = Authenticator::of("token");
    assert_eq!(enrol_plainly(&mut w, "bob", &token).refusal, None);
    let envelope = plainly(&mut w, "bob", &token);
    assert_eq!(w.apply(envelope, "bob").refusal, None);
    refused(
        w.say_by_gesture("bob", &token, asking(RESTART)),
        "passkey-mismatch",
    );

    // Sessions are no different.
    let good = session(&mut w, &phone);
    assert!(w.state.session(&good, w.now).is_some());
    let mut plain = good.clone();
    plain.signature.passkey = None;
    plain.signature.sig = phone.sign(&plain.pae());
    assert!(plain.is_signed_by(&phone.public()));
    assert!(w.state.session(&plain, w.now).is_none());

    // An invitation's key and the services' are never passkeys.
    let until = w.now.plus(Seconds::DAY);
    let code = Authenticator::of("code");
    w.set(Person {
        invitation: Some(writ_core::object::Invitation {
            key: code.public(),
            until,
        }),
        ..person("frank")
    });
    let envelope = w.enrolling("alice", "frank", "frank");
    let by_gesture = code.envelope(envelope.payload_type, envelope.payload);
    refused(w.apply(by_gesture, "alice"), "passkey-mismatch");
    let tick = w.gesture(
        "node",
        &phone,
        writ_core::statement::Tick { turned_away: 0 },
    );
    let said = Unverified::read(Arc::new(tick)).unwrap().trust_the_root();
    let at = writ_core::digest::Index(w.size());
    let (_, decided) = w.state.apply(at, w.now, &w.node, &said);
    refused(decided, "key-not-live");
}

fn moved(w: &World, origins: &[&str], rp_id: &str) -> Object {
    let site = w.state.site().unwrap().as_ref().clone();
    Object::Site(Arc::new(Site {
        origins: origins.iter().map(ToString::to_string).collect(),
        rp_id: rp_id.into(),
        ..site
    }))
}

#[test]
fn a_gesture_counts_on_a_page_of_the_site_and_for_its_own_domain() {
    let (mut w, phone) = with_passkey();
    let at = |origin: &str| Authenticator::of("phone").on(origin);
    for origin in [
        "https://evil.example",
        "https://localhost:8420",
        "http://localhost",
        "http://localhost:8420/",
        "http://localhost:84200",
        "http://LOCALHOST:8420",
        "",
    ] {
        let refusal = refused(
            w.say_by_gesture("alice", &at(origin), asking(SAY)),
            "passkey-origin",
        );
        assert!(refusal.to_string().contains(origin));
        let elsewhere = session(&mut w, &at(origin));
        assert!(w.state.session(&elsewhere, w.now).is_none());
    }
    let stranger = Authenticator::of("phone").bound_to("evil.example");
    refused(
        w.say_by_gesture("alice", &stranger, asking(SAY)),
        "passkey-domain",
    );
    // The site's addresses as they are now; its passkeys stay with their domain.
    let set = moved(&w, &["https://writ.example.com"], "writ.example.com");
    w.set(set);
    refused(
        w.say_by_gesture("alice", &phone, asking(SAY)),
        "passkey-origin",
    );
    let there = at("https://writ.example.com");
    let asked = w.say_by_gesture("alice", &there, asking(SAY));
    assert_eq!(asked.refusal, None);
}

#[test]
fn a_new_passkey_proves_itself_on_a_page_of_the_site() {
    let mut w = World::ready();
    let phone = || Authenticator::of("phone");
    let elsewhere = phone().on("https://evil.example");
    let decided = w.enrol_passkey("alice", "alice", &elsewhere);
    refused(decided, "passkey-origin");
    let stranger = phone().bound_to("evil.example");
    let decided = w.enrol_passkey("alice", "alice", &stranger);
    refused(decided, "passkey-domain");
    // It says the right domain, and is bound to another.
    let signed = |w: &mut World, change: &dyn Fn(&mut Enrol, &[u8])| {
        let envelope = w.enrolling_passkey("alice", "alice", &phone());
        let mut payload = writ_core::statement::read_payload::<Enrol>(&envelope.payload).unwrap();
        let bare = possession(&payload).unwrap();
        change(&mut payload.body, &bare);
        w.sign(&payload, "alice")
    };
    let bound_elsewhere = signed(&mut w, &|enrol, bare| {
        let (assertion, proof) = stranger.gesture(bare);
        enrol.assertion = Some(assertion);
        enrol.proof = Some(Hex(proof));
    });
    refused(w.apply(bound_elsewhere, "alice"), "passkey-domain");
    // What never reaches the rules.
    let changes: [(&str, Change<'_>); 7] = [
        ("the proof is another key's", &|enrol, bare| {
            enrol.proof = Some(Hex(Authenticator::of("thief").gesture(bare).1));
        }),
        ("there is no proof", &|enrol, _| enrol.proof = None),
        ("the proof is for something else", &|enrol, _| {
            let (assertion, proof) = phone().gesture(b"something else");
            enrol.assertion = Some(assertion);
            enrol.proof = Some(Hex(proof));
        }),
        ("there is no gesture", &|enrol, bare| {
            enrol.assertion = None;
            enrol.proof = Some(Hex(phone().sign(bare)));
        }),
        ("it names no domain", &|enrol, _| enrol.rp_id = None),
        ("it says it is no passkey", &|enrol, _| {
            enrol.passkey = false
        }),
        ("its domain is none", &|enrol, _| {
            enrol.rp_id = Some("local host".into());
        }),
    ];
    for (why, change) in changes {
        let envelope = signed(&mut w, change);
        let read = Unverified::read(Arc::new(envelope));
        let verified = read.map(|read| read.verify(&key("alice").public()));
        assert!(!matches!(verified, Ok(Ok(_))), "{why}");
    }
    // By invitation, as somebody's only key.
    let until = w.now.plus(Seconds::DAY);
    w.set(Person {
        invitation: Some(invitation("code", until)),
        ..person("frank")
    });
    let decided = w.enrol_passkey("code", "frank", &Authenticator::of("frank"));
    assert_eq!(decided.refusal, None);
    let credentials = w.state.credentials(&upn("frank")).unwrap();
    assert!(credentials.keys.values().all(|device| device.is_passkey()));
    every_yes_is_proved(&w);
}

#[test]
fn a_policy_may_ask_approvers_for_passkeys() {
    let mut w = World::ready();
    w.set(Policy {
        passkey: true,
        ..manual(RESTART, &[("approvers", 1)])
    });
    let rule = |w: &World| {
        let policy = w.state.policy(&RESTART.parse().unwrap()).unwrap();
        Rule::new(policy, None)
    };
    let missing = w
        .state
        .reachable(Some(&upn("alice")), &rule(&w))
        .unwrap_err();
    assert!(missing.problem.contains("passkey"), "{missing:?}");
    // Who asks needs none, and who runs neither.
    let request = w.request("alice", RESTART);
    no(&mut w, "bob", approving(request), "passkey-required");
    // Who is no approver is told that first.
    no(&mut w, "dave", approving(request), "not-approver");
    let phone = Authenticator::of("bob's phone");
    assert_eq!(w.enrol_passkey("bob", "bob", &phone).refusal, None);
    assert_eq!(w.state.reachable(Some(&upn("alice")), &rule(&w)), Ok(()));
    no(&mut w, "bob", approving(request), "passkey-required");
    let approved = w.say_by_gesture("bob", &phone, approving(request));
    assert_eq!(approved.refusal, None);
    w.invoke("alice", RESTART, &[("unit", "x")]);
    // Taking away needs no gesture.
    w.yes("carol", ending(request));
    every_yes_is_proved(&w);
}

#[test]
fn the_first_administrators_recovery_key_may_be_p256() {
    let paper = Authenticator::of("paper");
    let mut founding = genesis();
    founding.recovery = paper.public();
    let mut w = World::empty();
    assert!(w.say::<Genesis>("admin", founding).entry.accepted);
    let envelope = w.enrolling("admin", "admin", "new");
    let by_paper = Envelope {
        signature: Signature {
            keyid: paper.public().id(),
            sig: paper.sign(&envelope.pae()),
            passkey: None,
        },
        ..envelope
    };
    assert_eq!(w.apply(by_paper, "admin").refusal, None);
    // The services' keys sign notes, which know Ed25519 only.
    for at in 0..2 {
        let mut founding = genesis();
        let services = &mut founding.services;
        *[&mut services.log, &mut services.runner][at] = paper.public();
        let mut w = World::empty();
        let envelope = w.envelope::<Genesis>("admin", "admin", founding);
        assert!(Unverified::read(Arc::new(envelope)).is_err());
    }
}

#[test]
fn an_envelope_with_a_gesture_has_one_spelling() {
    let (mut w, phone) = with_passkey();
    let envelope = w.gesture::<Request>("alice", &phone, asking(SAY));
    let bytes = json::write(&envelope).unwrap();
    assert_eq!(Envelope::parse(&bytes).unwrap(), envelope);
    assert_eq!(envelope.payload_type, PayloadType::Statement(Kind::Request));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(r#""passkey":{"authenticator_data":""#));
    for (from, to) in [
        (r#""passkey":{"#, r#""passkey":{"a":1,"#),
        (r#""client_data":""#, r#""client_data":"7B"#),
        (r#","client_data""#, r#","clientData""#),
    ] {
        assert!(Envelope::parse(text.replace(from, to).as_bytes()).is_err());
    }
    // The gesture is no part of the digest.
    let other = Passkey {
        authenticator_data: Hex(Vec::new()),
        client_data: Hex(Vec::new()),
    };
    let mut changed = envelope.clone();
    changed.signature.passkey = Some(other);
    assert_eq!(changed.digest(), envelope.digest());
    assert!(!changed.is_signed_by(&phone.public()));
}
