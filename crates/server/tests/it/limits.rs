//! How much one address and one person may ask for.

use writ_core::envelope::Kind;
use writ_core::statement::Signout;
use writ_engine::Rate;
use writ_server::Reach;

use crate::world::{ALICE, Answer, BOB, Setting, World, upn};

fn behind_a_proxy() -> Setting {
    Setting {
        reach: Reach {
            behind_proxy: true,
            ..Reach::default()
        },
        ..Setting::default()
    }
}

async fn from(world: &World, address: &str) -> Answer {
    let call = world.client().get(world.url("/healthz"));
    world.send(call.header("x-forwarded-for", address)).await
}

/// Calls until one is refused; answers that one, and how many were not.
async fn until_refused(world: &World, address: &str) -> (Answer, usize) {
    for served in 0..100_000 {
        let answer = from(world, address).await;
        if answer.status != 200 {
            return (answer, served);
        }
    }
    panic!("nothing is ever too much");
}

#[tokio::test]
async fn an_address_has_a_bucket_of_its_own_before_anything_is_checked() {
    let world = World::open(behind_a_proxy()).await;
    let (refused, served) = until_refused(&world, "2001:db8:0:1::1").await;
    assert!(served >= 2_000, "{served}");
    assert_eq!(refused.problem(429), "too-many");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(!refused.header("x-request-id").is_empty());

    // The rest of its network too, and no other; what a caller puts before the
    // proxy's word makes no difference.
    let same = "203.0.113.9, 2001:db8:0:1:ffff::2";
    assert!(is_refused(&world, || from(&world, same)).await);
    assert_eq!(from(&world, "2001:db8:0:2::1").await.status, 200);
    assert_eq!(from(&world, "203.0.113.9").await.status, 200);

    // Before a session is looked at, and before a body is.
    let call = world
        .client()
        .post(world.url("/v1/statements"))
        .header("x-forwarded-for", "2001:db8:0:1::1")
        .body("nonsense");
    let post = || world.send(call.try_clone().unwrap());
    assert!(is_refused(&world, post).await);
}

/// Whether a call of the emptied bucket is refused. What has come back into it
/// since may serve it now and then, on a slow machine.
async fn is_refused<F: Future<Output = Answer>>(world: &World, call: impl Fn() -> F) -> bool {
    for _ in 0..50 {
        while from(world, "2001:db8:0:1::1").await.status == 200 {}
        let answer = call().await;
        if answer.status == 429 {
            return answer.problem(429) == "too-many";
        }
    }
    false
}

#[tokio::test]
async fn this_host_is_not_counted_and_cannot_pretend_to_be_another() {
    let world = World::founded().await;
    for _ in 0..2_100 {
        assert_eq!(from(&world, "203.0.113.9").await.status, 200);
    }
}

#[tokio::test]
async fn a_person_has_a_bucket_and_another_one_for_taking_away() {
    let rate = Rate {
        burst: 20,
        every_ms: 3_600_000,
    };
    let world = World::with(Setting {
        per_person: rate,
        ..Setting::default()
    })
    .await;
    // Enrolling was one.
    let request = world.request(ALICE).await;
    let size = world.engine.published().size();
    let mut refused = None;
    for _ in 0..20 {
        let approve = writ_core::statement::Approve {
            request,
            comment: None,
            duration_s: None,
            parameters: Default::default(),
        };
        let envelope = world.envelope(ALICE, Kind::Approve, approve);
        let answer = world
            .post(&serde_json::json!({ "envelope": envelope }))
            .await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.problem(429), "too-many");
    assert_eq!(refused.header("retry-after"), "3600");
    assert_eq!(world.engine.published().size(), size + 18);

    // A list says it of each; others go on; Alice may still take away.
    let again = world.envelope(ALICE, Kind::Signout, signout(BOB));
    let list = serde_json::json!([{ "envelope": again }]);
    assert!(world.post(&list).await.text().contains("not-yours"));
    assert!(world.approve(BOB, request).await.receipt.accepted);
    let out = world.say(ALICE, Kind::Signout, signout(ALICE)).await;
    assert!(out.receipt.accepted);
}

fn signout(person: &str) -> Signout {
    Signout {
        person: upn(person),
        session: None,
    }
}

#[tokio::test]
async fn a_person_reads_so_much_and_no_more() {
    let world = World::new().await;
    let session = world.session(ALICE);
    let mut served = 0;
    let refused = loop {
        let answer = world.get_with(Some(&session), "/v1/whoami").await;
        if answer.status != 200 {
            break answer;
        }
        served += 1;
        assert!(served < 100_000);
    };
    assert!(served >= 1_000, "{served}");
    assert_eq!(refused.problem(429), "too-many");
    assert_eq!(world.get(BOB, "/v1/whoami").await.status, 200);
}
