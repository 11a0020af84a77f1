//! What changes, as it happens: to whom it is to be seen, from where one
//! stopped, until the session or the server ends.

use serde_json::{Value, json};
use writ_core::envelope::Kind;
use writ_core::statement::Signout;

use crate::live::Stream;
use crate::openapi::is_shaped;
use crate::world::{ADMIN, ALICE, APPROVERS, AUDITOR, BOB, EVE, READERS, World, group, upn};

impl World {
    async fn events(&self, name: &str, after: Option<u64>) -> reqwest::Response {
        let session = self.session(name);
        let call = self.client().get(self.url("/v1/events"));
        let call = call.header("authorization", session);
        let call = match after {
            Some(index) => call.header("last-event-id", index.to_string()),
            None => call,
        };
        call.send().await.unwrap()
    }
}

/// An event: its data, and its id if it has one.
async fn next(stream: &mut Stream) -> (Value, Option<u64>) {
    loop {
        let lines = stream.next().await;
        assert!(!lines.is_empty(), "the stream has ended");
        let of = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name));
        // What only shows that it is alive has no data.
        let Some(data) = of("data: ") else { continue };
        let data: Value = serde_json::from_str(data).unwrap();
        is_shaped("Event", &data);
        assert_eq!(of("event: "), data["kind"].as_str());
        let id = of("id: ").map(|id| id.parse().unwrap());
        return (data, id);
    }
}

/// The kind and the id of what comes next.
async fn what(stream: &mut Stream) -> (String, Value) {
    let (data, _) = next(stream).await;
    (
        data["kind"].as_str().unwrap().to_owned(),
        data["id"].clone(),
    )
}

fn is(kind: &str, id: impl ToString) -> (String, Value) {
    (kind.to_owned(), json!(id.to_string()))
}

fn everywhere(name: &str) -> Signout {
    Signout {
        person: upn(name),
        session: None,
    }
}

#[tokio::test]
async fn everybody_sees_what_they_may_read_and_nothing_of_others() {
    let world = World::new().await;
    let mut alice = Stream::of(world.events(ALICE, None).await);
    let mut bob = Stream::of(world.events(BOB, None).await);
    let mut eve = Stream::of(world.events(EVE, None).await);
    let mut auditor = Stream::of(world.events(AUDITOR, None).await);
    let request = world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    world.finish(run, b"done\n").await;
    // Sessions are one's own, requests their requester's and approvers'.
    let elsewhere = world.request(EVE).await;
    world.say(ADMIN, Kind::Signout, everywhere(ADMIN)).await;
    world.set(group(READERS, &[EVE, BOB])).await;

    let granted = ["raised", "approved", "granted"];
    let granted = granted.map(|step| is(&format!("request-{step}"), request));
    let ran = [is("execution-authorized", run), is("execution-ended", run)];
    let shared = is("object-set", READERS);
    for expected in granted.iter().chain(&ran) {
        assert_eq!(what(&mut alice).await, *expected);
        assert_eq!(what(&mut auditor).await, *expected);
    }
    assert_eq!(what(&mut alice).await, shared);
    for expected in granted
        .iter()
        .chain([&is("request-raised", elsewhere), &shared])
    {
        assert_eq!(what(&mut bob).await, *expected);
    }
    for expected in [&is("request-raised", elsewhere), &shared] {
        assert_eq!(what(&mut eve).await, *expected);
    }
    let last = [
        is("request-raised", elsewhere),
        is("signed-out", ADMIN),
        shared,
    ];
    for expected in last {
        assert_eq!(what(&mut auditor).await, expected);
    }
}

#[tokio::test]
async fn of_several_events_of_an_entry_the_last_has_its_index() {
    let world = World::new().await;
    let mut alice = Stream::of(world.events(ALICE, None).await);
    let size = world.engine.published().size();
    world.grant(ALICE).await;
    let ids = [
        next(&mut alice).await.1,
        next(&mut alice).await.1,
        next(&mut alice).await.1,
    ];
    assert_eq!(ids, [Some(size), None, Some(size + 1)]);
}

#[tokio::test]
async fn whoever_leaves_a_group_sees_no_more_of_what_it_is_asked() {
    let world = World::new().await;
    let mut bob = Stream::of(world.events(BOB, None).await);
    let before = world.request(ALICE).await;
    assert_eq!(what(&mut bob).await, is("request-raised", before));
    world.set(group(APPROVERS, &[EVE])).await;
    world.end(ALICE, before, "never mind").await;
    world.request(ALICE).await;
    world.set(group(READERS, &[])).await;
    assert_eq!(what(&mut bob).await, is("object-set", APPROVERS));
    assert_eq!(what(&mut bob).await, is("object-set", READERS));
}

#[tokio::test]
async fn a_stream_goes_on_where_it_stopped_and_says_when_it_cannot() {
    let world = World::new().await;
    let mut first = Stream::of(world.events(ALICE, None).await);
    let one = world.request(ALICE).await;
    let (data, id) = next(&mut first).await;
    assert_eq!(data["id"], one.to_string());
    drop(first);
    world.end(ALICE, one, "never mind").await;
    let two = world.request(ALICE).await;
    let mut again = Stream::of(world.events(ALICE, id).await);
    assert_eq!(what(&mut again).await, is("request-ended", one));
    assert_eq!(what(&mut again).await, is("request-raised", two));

    // From the beginning: of the entry that founded all, and judged as any other.
    let mut all = Stream::of(world.events(ALICE, Some(0)).await);
    loop {
        let (data, _) = next(&mut all).await;
        assert!(data["noun"] != "person" || data["id"] == ALICE, "{data}");
        if data["id"] == two.to_string() {
            break;
        }
    }
    let size = world.engine.published().size();
    let mut beyond = Stream::of(world.events(ALICE, Some(size + 7)).await);
    let (data, id) = next(&mut beyond).await;
    assert_eq!((data["kind"].as_str(), id), (Some("gap"), Some(size - 1)));
    world.end(ALICE, two, "never mind").await;
    assert_eq!(what(&mut beyond).await, is("request-ended", two));
}

#[tokio::test]
async fn whoever_signs_out_is_told_nothing_any_more() {
    let world = World::new().await;
    let mut alice = Stream::of(world.events(ALICE, None).await);
    let request = world.request(ALICE).await;
    assert_eq!(what(&mut alice).await, is("request-raised", request));
    world.say(ALICE, Kind::Signout, everywhere(ALICE)).await;
    assert!(alice.next().await.is_empty());
}

#[tokio::test]
async fn one_person_has_so_many_streams_and_no_more() {
    let world = World::new().await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(Stream::of(world.events(ALICE, None).await));
    }
    let answer = world.get(ALICE, "/v1/events").await;
    assert_eq!(answer.problem(429), "too-many-streams");
    Stream::of(world.events(BOB, None).await);
    let odd = world.client().get(world.url("/v1/events"));
    let odd = odd.header("authorization", world.session(BOB));
    let answer = world.send(odd.header("last-event-id", "x")).await;
    assert_eq!(answer.problem(400), "bad-query");
}

#[tokio::test]
async fn a_server_that_stops_ends_the_streams_of_events() {
    let mut world = World::new().await;
    let mut alice = Stream::of(world.events(ALICE, None).await);
    world.stop.take().unwrap().send(()).unwrap();
    assert!(alice.next().await.is_empty());
}
