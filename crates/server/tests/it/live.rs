//! Output as it comes: from the beginning or from where one stopped, for those
//! who may read it, until the outcome.

use std::time::Duration;

use data_encoding::BASE64;
use tokio::time::timeout;
use writ_core::envelope::Kind;
use writ_core::statement::Signout;

use crate::world::{ADMIN, ALICE, AUDITOR, BOB, EVE, World, upn};

/// What a stream brings.
pub(crate) struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    pub(crate) fn of(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200);
        let kind = response.headers().get("content-type").unwrap();
        assert_eq!(kind, "text/event-stream");
        let text = String::new();
        Self { response, text }
    }

    /// The lines of the next event, or nothing at the end.
    pub(crate) async fn next(&mut self) -> Vec<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let lines = event.lines().map(str::to_owned).collect();
                self.text = rest.to_owned();
                return lines;
            }
            let chunk = timeout(Duration::from_secs(10), self.response.chunk()).await;
            match chunk.unwrap().unwrap() {
                Some(chunk) => self.text.push_str(str::from_utf8(&chunk).unwrap()),
                None => return Vec::new(),
            }
        }
    }
}

fn put_out(position: usize, bytes: &[u8]) -> [String; 3] {
    [
        "event: output".to_owned(),
        format!("id: {position}"),
        format!("data: {}", BASE64.encode(bytes)),
    ]
}

const SUCCEEDED: [&str; 2] = ["event: ended", "data: succeeded"];

#[tokio::test]
async fn output_comes_while_the_task_runs_and_can_be_taken_up_again() {
    let world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let mut live = Stream::of(world.follow(ALICE, run, "0").await);
    world.put_out(run, b"one\n").await;
    assert_eq!(live.next().await, put_out(4, b"one\n"));
    world.put_out(run, b"\0\x1b[2J").await;
    assert_eq!(live.next().await, put_out(9, b"\0\x1b[2J"));

    let mut again = Stream::of(world.follow(AUDITOR, run, "2").await);
    assert_eq!(again.next().await, put_out(9, b"e\n\0\x1b[2J"));
    world.finish(run, b"end").await;
    let stored = Stream::of(world.follow(EVE, run, "4").await);
    for mut stream in [live, again] {
        assert_eq!(stream.next().await, put_out(12, b"end"));
        assert_eq!(stream.next().await, SUCCEEDED);
        assert!(stream.next().await.is_empty());
    }
    let mut stored = stored;
    assert_eq!(stored.next().await, put_out(12, b"\0\x1b[2Jend"));
    assert_eq!(stored.next().await, SUCCEEDED);
    let mut beyond = Stream::of(world.follow(ADMIN, run, "99").await);
    assert_eq!(beyond.next().await, SUCCEEDED);
}

#[tokio::test]
async fn a_run_that_put_out_nothing_ends_too() {
    let world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let mut live = Stream::of(world.follow(ALICE, run, "0").await);
    world.finish(run, b"").await;
    assert_eq!(live.next().await, SUCCEEDED);
}

#[tokio::test]
async fn whoever_may_not_read_output_may_not_follow_it() {
    let world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    assert_eq!(world.follow(BOB, run, "0").await.status(), 404);
    assert_eq!(world.follow(ALICE, run, "-1").await.status(), 400);

    let mut live = Stream::of(world.follow(ALICE, run, "0").await);
    world.put_out(run, b"one").await;
    assert_eq!(live.next().await, put_out(3, b"one"));
    let everywhere = Signout {
        person: upn(ALICE),
        session: None,
    };
    world.say(ALICE, Kind::Signout, everywhere).await;
    assert!(live.next().await.is_empty());
}

#[tokio::test]
async fn who_does_not_read_holds_up_nobody() {
    let world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let deaf = world.follow(ALICE, run, "0").await;
    let all: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for part in all.chunks(10_000) {
        world.put_out(run, part).await;
    }
    world.finish(run, b"").await;
    let mut late = Stream::of(deaf);
    let mut got = Vec::new();
    loop {
        let lines = late.next().await;
        match lines.as_slice() {
            [name, _, data] if name == "event: output" => {
                let data = data.strip_prefix("data: ").unwrap();
                got.extend(BASE64.decode(data.as_bytes()).unwrap());
            }
            _ => break assert_eq!(lines, SUCCEEDED),
        }
    }
    assert!(got == all);
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams() {
    let mut world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let mut live = Stream::of(world.follow(ALICE, run, "0").await);
    world.put_out(run, b"one").await;
    assert_eq!(live.next().await, put_out(3, b"one"));
    world.stop.take().unwrap().send(()).unwrap();
    assert!(live.next().await.is_empty());
}
