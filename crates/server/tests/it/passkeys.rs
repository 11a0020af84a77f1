//! Passkeys, as a browser would use them: enrolled, read with, approved with.

use writ_core::digest::RequestId;
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::json;
use writ_core::key::Hex;
use writ_core::object::{Approval, Object, Policy};
use writ_core::statement::{Approve, Enrol, Session, possession};
use writ_core::testing::Authenticator;
use writ_core::time::Seconds;
use writ_core::value::Constraints;
use writ_core::view::{Posted, WhoAmI};

use crate::world::{ADMIN, ALICE, BOB, SAY, World, asking, token, upn};

/// The `enrol` of a passkey, signed with the key that its owner has.
fn enrolling(world: &World, who: &str, passkey: &Authenticator) -> Envelope {
    let mut payload = world.payload(
        who,
        Enrol {
            person: upn(who),
            key: passkey.public(),
            label: "phone".to_owned(),
            passkey: true,
            rp_id: Some(passkey.rp_id.clone()),
            proof: None,
            assertion: None,
        },
    );
    let (assertion, proof) = passkey.gesture(&possession(&payload).unwrap());
    payload.body.proof = Some(Hex(proof));
    payload.body.assertion = Some(assertion);
    world.envelope_of(who, Kind::Enrol, &payload)
}

fn session(world: &World, who: &str, passkey: &Authenticator) -> Envelope {
    let until = world.engine.now().plus(Seconds::HOUR);
    let payload = world.payload(who, Session { until });
    passkey.envelope(PayloadType::Session, json::write(&payload).unwrap())
}

async fn approve(world: &World, who: &str, passkey: &Authenticator, request: RequestId) -> Posted {
    let approve = Approve {
        request,
        comment: None,
        duration_s: None,
        parameters: Constraints::new(),
    };
    let payload = json::write(&world.payload(who, approve)).unwrap();
    let envelope = passkey.envelope(PayloadType::Statement(Kind::Approve), payload);
    world.submit(envelope).await
}

#[tokio::test]
async fn a_passkey_reads_by_a_gesture() {
    let world = World::new().await;
    let phone = Authenticator::of("phone");
    let posted = world.submit(enrolling(&world, ALICE, &phone)).await;
    assert!(posted.receipt.accepted, "{posted:?}");

    let good = session(&world, ALICE, &phone);
    let who: WhoAmI = world
        .get_with(Some(&token(&good)), "/v1/whoami")
        .await
        .json();
    assert_eq!((who.upn, who.key), (upn(ALICE), phone.public().id()));

    let mut plain = good.clone();
    plain.signature.passkey = None;
    plain.signature.sig = phone.sign(&plain.pae());
    let elsewhere = Authenticator::of("phone").on("https://evil.example");
    let mut forged = good;
    forged.signature.sig = vec![0; 64];
    for bad in [plain, session(&world, ALICE, &elsewhere), forged] {
        let answer = world.get_with(Some(&token(&bad)), "/v1/whoami").await;
        assert_eq!(answer.problem(401), "session-over");
    }
}

#[tokio::test]
async fn a_policy_may_ask_for_the_gesture_of_an_approver() {
    let world = World::new().await;
    let mut policy = Policy::new(SAY.parse().unwrap(), Approval::Manual);
    policy.passkey = true;
    world.set(Object::Policy(policy.into())).await;

    // Nobody could ever approve, so nobody may ask.
    let request = world.envelope(ALICE, Kind::Request, asking());
    let body = serde_json::json!({ "envelope": request });
    let answer = world.post(&body).await;
    assert_eq!(answer.problem(409), "quorum");
    assert!(answer.text().contains("passkey"), "{}", answer.text());

    let phone = Authenticator::of("phone");
    assert!(
        world
            .submit(enrolling(&world, BOB, &phone))
            .await
            .receipt
            .accepted
    );
    let request = world.request(ALICE).await;
    let plain = world.approve(BOB, request).await;
    assert_eq!(plain.receipt.code.as_deref(), Some("passkey-required"));
    let posted = approve(&world, BOB, &phone, request).await;
    assert!(posted.receipt.accepted, "{posted:?}");
    world.run(ALICE).await;
    assert!(world.shown(ADMIN, request).await.grant.is_some());

    // What is not a gesture for this statement never reaches the log.
    let size = world.engine.published().size();
    let mut moved = enrolling(&world, ALICE, &Authenticator::of("tablet"));
    moved.signature.passkey = Some(phone.gesture(b"something else").0);
    let answer = world.post(&serde_json::json!({ "envelope": moved })).await;
    assert_eq!(answer.problem(422), "bad-form");
    assert_eq!(world.engine.published().size(), size);
}
