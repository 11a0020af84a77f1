//! One message for each request, updated when it is decided: against a stand-in of
//! Slack's API.

use writ_notify::Failure;

use super::receiver::{Flow, Receiver, Reply};
use super::{Bench, Hook, Message, send, story, told};

fn app(bench: &Bench, receiver: &Receiver) -> Hook {
    bench.hook(&format!(
        "[[webhook]]\nname = \"ops\"\nformat = \"slack\"\nchannel = \"C0\"\n\
         token_file = \"slack.token\"\napi = \"http://{}/api\"\nallow = [\"127.0.0.1\"]\n\
         events = [\"request-*\"]\n",
        receiver.address
    ))
}

fn ok(ts: &str) -> Reply {
    Reply::text(
        200,
        &format!("{{\"ok\":true,\"channel\":\"C0ID\",\"ts\":\"{ts}\"}}"),
    )
}

fn no(error: &str) -> Reply {
    Reply::text(200, &format!("{{\"ok\":false,\"error\":\"{error}\"}}"))
}

/// What is told of the first request: raised, granted, ended.
fn of_first(hook: &Hook) -> Vec<Message> {
    let (world, request, _) = story();
    let id = request.to_string();
    let all = told(hook, &world).into_iter();
    let found: Vec<_> = all
        .filter(|message| String::from_utf8_lossy(&message.body).contains(&id))
        .collect();
    assert_eq!(found.len(), 3);
    found
}

#[tokio::test]
async fn a_message_is_updated_when_its_request_is_decided() {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let hook = app(&bench, &receiver);
    let messages = of_first(&hook);
    receiver.reply(ok("1.1")).reply(ok("1.1"));
    send(&hook, &messages[0]).await.unwrap();
    // A node that was started again remembers it.
    let hook = app(&bench, &receiver);
    send(&hook, &messages[1]).await.unwrap();
    let calls = receiver.calls();
    let [posted, updated] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(posted.path, "/api/chat.postMessage");
    assert_eq!(
        posted.header("authorization"),
        "Bearer xoxb-a-token-of-a-bot"
    );
    let (posted, json) = (posted.json(), updated.json());
    assert_eq!(posted["channel"], "C0");
    assert!(posted.get("ts").is_none());
    assert_eq!(updated.path, "/api/chat.update");
    assert_eq!(
        (&json["channel"], &json["ts"]),
        (&"C0ID".into(), &"1.1".into())
    );
    assert_eq!(
        json["text"],
        "Granted: Host\\Restart-Service for alice@fabrikam.example"
    );

    // The first once more does not take the place of what came later.
    send(&hook, &messages[0]).await.unwrap();
    assert_eq!(receiver.calls().len(), 2);
    // The same once more updates to the same.
    receiver.reply(ok("1.1"));
    send(&hook, &messages[1]).await.unwrap();
    assert_eq!(receiver.calls()[2].path, "/api/chat.update");
    // Where it is gone, another takes its place, and is the one from then on.
    receiver.reply(no("message_not_found")).reply(ok("2.2"));
    send(&hook, &messages[2]).await.unwrap();
    let calls = receiver.calls();
    assert_eq!(calls[3].path, "/api/chat.update");
    assert_eq!(calls[4].path, "/api/chat.postMessage");
    receiver.reply(ok("2.2"));
    send(&hook, &messages[2]).await.unwrap();
    assert_eq!(receiver.calls()[5].json()["ts"], "2.2");
}

#[tokio::test]
async fn a_no_of_slack_is_one_whatever_its_status() {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let hook = app(&bench, &receiver);
    let message = &of_first(&hook)[0];
    let later = |why: &str| Failure::Later(why.into(), None);
    for (reply, wanted) in [
        (no("not_in_channel"), later("Slack says: not_in_channel")),
        (no("invalid_auth"), later("Slack says: invalid_auth")),
        (no("<b>\\u001b[1m"), later("Slack says: an unknown error")),
        (
            no("invalid_blocks"),
            Failure::Never("Slack says: invalid_blocks".into()),
        ),
        (
            Reply::text(200, "<html>"),
            later("Slack: its answer is not as expected"),
        ),
        (
            Reply::text(200, "{\"ok\":false}"),
            later("Slack: it says no, and not why"),
        ),
        (
            Reply::flow(200, Flow::Endless),
            later("the answer is longer than 65536 bytes"),
        ),
        (
            Reply::status(429).with("retry-after", "30"),
            Failure::Later(
                "it answered 429 (Too Many Requests)".into(),
                Some(std::time::Duration::from_secs(30)),
            ),
        ),
    ] {
        receiver.reply(reply);
        assert_eq!(send(&hook, message).await.unwrap_err(), wanted);
    }
    receiver.reply(ok("1.1"));
    assert_eq!(
        hook.test("https://writ.example").await.unwrap(),
        "Slack took it"
    );
}

#[tokio::test]
async fn what_was_made_for_another_format_is_given_up() {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let events = bench.events_at(&receiver.url(), "");
    let (world, ..) = story();
    let message = told(&events, &world).remove(0);
    let error = send(&app(&bench, &receiver), &message).await.unwrap_err();
    let wanted = "it was made for another format of this endpoint";
    assert_eq!(error, Failure::Never(wanted.into()));
}
