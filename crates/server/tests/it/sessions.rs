//! Sessions: what counts, and for how long.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use writ_core::envelope::{Envelope, Kind};
use writ_core::object::{Object, Person};
use writ_core::statement::{RevokeKey, Signout};
use writ_core::time::Seconds;
use writ_core::view::WhoAmI;

use crate::world::{ADMIN, ALICE, APPROVERS, BOB, World, token, upn};

fn opened(session: &str) -> Envelope {
    let token = session.strip_prefix("Writ ").unwrap();
    Envelope::parse(&BASE64URL_NOPAD.decode(token.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_session_says_who_one_is() {
    let world = World::new().await;
    let me: WhoAmI = world.get(BOB, "/v1/whoami").await.json();
    assert_eq!((me.upn, me.role), (upn(BOB), None));
    assert_eq!(me.groups, [APPROVERS.parse().unwrap()]);
}

#[tokio::test]
async fn only_sessions_count_and_only_within_their_time() {
    let world = World::new().await;
    let now = world.engine.now();
    let refused = async |session: &str| {
        let answer = world.get_with(Some(session), "/v1/whoami").await;
        assert_eq!(answer.problem(401), "session-over");
    };
    let good = world.session_of(ALICE, now, now.plus(Seconds(12 * 3_600)));
    assert_eq!(world.get_with(Some(&good), "/v1/whoami").await.status, 200);
    // Too long, over, not begun, of nobody.
    refused(&world.session_of(ALICE, now, now.plus(Seconds(12 * 3_600 + 1)))).await;
    refused(&world.session_of(ALICE, now.minus(Seconds(60)), now)).await;
    refused(&world.session_of(ALICE, now.plus(Seconds(400)), now.plus(Seconds(500)))).await;
    refused(&world.session_of("nobody@fabrikam.com", now, now.plus(Seconds(60)))).await;

    // The same words with another signature, after the good one was remembered.
    let mut forged = opened(&good);
    forged.signature.sig = opened(&world.session(ALICE)).signature.sig;
    refused(&token(&forged)).await;
    // Somebody else's key over Alice's words.
    let mut stolen = opened(&good);
    stolen.signature = opened(&world.session(BOB)).signature;
    refused(&token(&stolen)).await;
    // A statement is no session, and a session no statement.
    let everywhere = Signout {
        person: upn(ALICE),
        session: None,
    };
    refused(&token(&world.envelope(ALICE, Kind::Signout, everywhere))).await;
    let body = serde_json::json!({ "envelope": opened(&good) });
    assert_eq!(world.post(&body).await.problem(422), "bad-form");
}

#[tokio::test]
async fn what_ends_a_session_ends_it_at_the_next_read() {
    let world = World::new().await;
    let works =
        async |session: &str| world.get_with(Some(session), "/v1/grants").await.status == 200;

    let (one, other) = (world.session(ALICE), world.session(ALICE));
    let this = Signout {
        person: upn(ALICE),
        session: Some(opened(&one).digest()),
    };
    world.say(ALICE, Kind::Signout, this).await;
    assert!(!works(&one).await && works(&other).await);
    let everywhere = Signout {
        person: upn(ALICE),
        session: None,
    };
    world.say(ADMIN, Kind::Signout, everywhere).await;
    assert!(!works(&other).await);

    let bobs = world.session(BOB);
    assert!(works(&bobs).await);
    let revoke = RevokeKey {
        person: upn(BOB),
        key: opened(&bobs).signature.keyid,
    };
    assert!(
        world
            .say(ADMIN, Kind::RevokeKey, revoke)
            .await
            .receipt
            .accepted
    );
    assert!(!works(&bobs).await);

    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let fresh = world.session(ALICE);
    assert!(works(&fresh).await);
    let inactive = Person {
        active: false,
        ..Person::new(upn(ALICE))
    };
    world.set(Object::Person(Arc::new(inactive))).await;
    assert!(!works(&fresh).await);
}
