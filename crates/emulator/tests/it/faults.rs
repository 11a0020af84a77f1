//! Faults, injected by calls and over the emulator's own paths.

use serde_json::{Value, json};
use writ_emulator::{Fault, Injection};

use crate::world::{World, checked};

#[tokio::test]
async fn each_fault_happens_as_often_as_it_is_told_to() {
    let world = World::new().await;
    let alice = json!({"Identity": "alice"});
    for (fault, status, done) in [
        (
            Fault::Throttled {
                retry_after_s: Some(3),
            },
            429,
            false,
        ),
        (
            Fault::ServerError {
                status: 503,
                retry_after_s: None,
                done: false,
            },
            503,
            false,
        ),
        (
            Fault::ServerError {
                status: 504,
                retry_after_s: None,
                done: true,
            },
            504,
            true,
        ),
        (Fault::Transient, 400, false),
        (Fault::ClaimsChallenge, 401, false),
    ] {
        let world = World::new().await;
        world
            .emulator
            .inject(Injection::next(fault).of("Remove-Mailbox"));
        let (ok, _) = world.run("Get-Mailbox", alice.clone()).await;
        assert_eq!(ok, 200, "another cmdlet");
        assert_eq!(world.run("Remove-Mailbox", alice.clone()).await.0, status);
        let call = world.emulator.calls().pop().unwrap();
        assert_eq!((call.status, call.done), (Some(status), done));
    }
    world
        .emulator
        .inject(Injection::next(Fault::Transient).times(2));
    for wanted in [400, 400, 200] {
        assert_eq!(world.run("Get-Mailbox", alice.clone()).await.0, wanted);
    }
    world.emulator.inject(Injection::next(Fault::Transient));
    world.emulator.heal();
    assert_eq!(world.run("Get-Mailbox", alice.clone()).await.0, 200);
    world.emulator.expire_tokens();
    assert_eq!(world.run("Get-Mailbox", alice).await.0, 401);
}

#[tokio::test]
async fn answers_fail_to_come() {
    let world = World::new().await;
    let (url, alice) = (world.invoke_url(), json!({"Identity": "alice"}));
    for fault in [Fault::Lost { done: true }, Fault::CutShort] {
        world.emulator.inject(Injection::next(fault));
        let lost = world.post(&url, "Get-Mailbox", &alice, 1_000).await;
        assert!(lost.is_err(), "{lost:?}");
        assert!(world.emulator.calls().pop().unwrap().done);
    }
    world
        .emulator
        .inject(Injection::next(Fault::Hang { done: false }));
    tokio::select! {
        answer = world.run("Get-Mailbox", alice) => panic!("{answer:?}"),
        () = async {
            while world.emulator.calls().last().unwrap().status.is_some() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        } => {}
    }
}

#[tokio::test]
async fn faults_are_told_over_its_own_paths() {
    let world = World::new().await;
    let own = format!("{}/emulator", world.emulator.url());
    let post = async |path: &str, body: Value| {
        let response = world
            .client
            .post(format!("{own}/{path}"))
            .json(&body)
            .send();
        checked(response.await.unwrap()).status().as_u16()
    };
    let get = async |path: &str| -> Value {
        let response = world.client.get(format!("{own}/{path}")).send();
        checked(response.await.unwrap()).json().await.unwrap()
    };
    let fault =
        json!({"fault": "throttled", "retry_after_s": 1, "times": 2, "cmdlet": "Get-Mailbox"});
    assert_eq!(post("faults", fault.clone()).await, 204);
    assert_eq!(post("faults", json!({"fault": "nothing"})).await, 400);
    assert_eq!(get("faults").await[0]["times"], 2);
    assert_eq!(world.run("Get-Mailbox", json!({})).await.0, 429);
    let calls = get("calls").await;
    assert_eq!(
        calls.as_array().unwrap().last().unwrap()["cmdlet"],
        "Get-Mailbox"
    );
    let away = world.client.delete(format!("{own}/faults")).send().await;
    assert_eq!(away.unwrap().status(), 204);
    assert_eq!(get("faults").await, json!([]));
    assert_eq!(post("tokens/expire", json!({})).await, 204);
    assert_eq!(world.run("Get-Mailbox", json!({})).await.0, 401);
    assert!(
        get("").await["emulator"]
            .as_str()
            .unwrap()
            .contains("imitation")
    );
}

/// Neither from another site nor by a name that was made to lead here.
#[tokio::test]
async fn no_page_in_a_browser_tells_it_anything() {
    let world = World::new().await;
    let calls = format!("{}/emulator/calls", world.emulator.url());
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("host", "evil.example:8421"),
        ("host", "10.0.0.1:8421"),
    ] {
        let call = world.client.get(&calls).header(name, value).send();
        assert_eq!(call.await.unwrap().status(), 403, "{name}: {value}");
    }
}
