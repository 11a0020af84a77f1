//! What arrives, what comes back, and what that means.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use tokio::net::TcpListener;
use writ_notify::{Failure, Sink};

use super::receiver::{Flow, Receiver, Reply};
use super::{Bench, KEY, OTHER_KEY, send, story, told};

/// HMAC-SHA-256 as RFC 2104 has it, without the library's own.
fn hmac(key: &[u8], text: &[u8]) -> String {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with).to_vec();
    let inner = digest(&SHA256, &[pad(0x36), text.to_vec()].concat());
    let outer = digest(&SHA256, &[pad(0x5c), inner.as_ref().to_vec()].concat());
    BASE64.encode(outer.as_ref())
}

#[tokio::test]
async fn an_event_arrives_signed_with_every_key() {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let toml = format!(
        "[[webhook]]\nname = \"audit\"\nurl = \"{}\"\nallow = [\"127.0.0.1\"]\n\
         secret_files = [\"new.key\", \"old.key\"]\n",
        receiver.url()
    );
    let hook = bench.hook(&toml);
    assert_eq!(hook.name(), "webhook audit");
    let (world, ..) = story();
    let messages = told(&hook, &world);
    let message = messages.last().unwrap();
    send(&hook, message).await.unwrap();
    let call = receiver.call();
    assert_eq!(call.path, "/hook");
    assert_eq!(call.body, message.body);
    assert_eq!(call.header("webhook-id"), message.id);
    let media = "application/cloudevents+json; charset=utf-8";
    assert_eq!(call.header("content-type"), media);
    assert_eq!(call.json()["id"], *message.id);
    // The time of the attempt, not of the entry.
    let timestamp = call.header("webhook-timestamp");
    assert_eq!(timestamp, (super::START.0 / 1_000).to_string());
    let text = [
        format!("{}.{timestamp}.", message.id).as_bytes(),
        call.body.as_slice(),
    ]
    .concat();
    let old = BASE64
        .decode(OTHER_KEY.strip_prefix("whsec_").unwrap().as_bytes())
        .unwrap();
    let wanted = format!(
        "v1,{} v1,{}",
        hmac(KEY.as_bytes(), &text),
        hmac(&old, &text)
    );
    assert_eq!(call.header("webhook-signature"), wanted);
    for name in ["referer", "cookie", "authorization"] {
        assert!(!call.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn events_come_in_the_order_of_the_log_over_one_connection() {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let hook = bench.events_at(&receiver.url(), "");
    let (world, ..) = story();
    let messages = told(&hook, &world);
    assert!(messages.len() > 20);
    for message in &messages {
        assert_eq!(message.recipient, "audit");
        assert!(!message.together && message.request.is_none());
        send(&hook, message).await.unwrap();
    }
    let calls = receiver.calls();
    let came: Vec<&str> = calls.iter().map(|call| call.header("webhook-id")).collect();
    let sent: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(came, sent);
    assert!(calls.iter().all(|call| call.connection == 0));
    // The same entries once more are the same messages.
    assert_eq!(told(&hook, &world), messages);
}

#[tokio::test]
async fn answers_mean_what_they_say() {
    let (bench, receiver, elsewhere) = (Bench::new(), Receiver::new().await, Receiver::new().await);
    let hook = bench.events_at(&receiver.url(), "");
    let later = |why: &str| Err(Failure::Later(why.into(), None));
    let after = |why: &str, s| Err(Failure::Later(why.into(), Some(Duration::from_secs(s))));
    let moved = "it answered 307, and calls are not sent on to elsewhere: name the final URL in \
                 writ.toml";
    for (reply, wanted) in [
        (Reply::status(200), Ok("it answered 200".to_owned())),
        (Reply::text(202, "accepted"), Ok("it answered 202".into())),
        (
            Reply::status(500),
            later("it answered 500 (Internal Server Error)"),
        ),
        (Reply::status(404), later("it answered 404 (Not Found)")),
        (
            Reply::status(410),
            Err(Failure::Never("it answered 410: it wants no more".into())),
        ),
        (
            Reply::status(429).with("retry-after", "17"),
            after("it answered 429 (Too Many Requests)", 17),
        ),
        (
            Reply::status(503).with("retry-after", "99999999"),
            after("it answered 503 (Service Unavailable)", 3_600),
        ),
        (
            Reply::status(307).with("location", &elsewhere.url()),
            later(moved),
        ),
        // What was taken is taken, however its answer goes on.
        (
            Reply::flow(200, Flow::Endless),
            Ok("it answered 200".to_owned()),
        ),
        (Reply::status(200), Ok("it answered 200".to_owned())),
    ] {
        receiver.reply(reply);
        assert_eq!(hook.test("https://writ.example").await, wanted);
    }
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn a_test_says_that_it_is_one() {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let hook = bench.events_at(&receiver.url(), "");
    hook.test("https://writ.example/").await.unwrap();
    let call = receiver.call();
    let event = call.json();
    assert_eq!(event["type"], "writ.test");
    assert_eq!(event["source"], "https://writ.example");
    assert_eq!(event["id"], call.header("webhook-id"));
    assert!(call.header("webhook-signature").starts_with("v1,"));
}

#[tokio::test]
async fn who_hangs_is_tried_later_and_an_answer_that_stalls_was_one() {
    let (mut bench, receiver) = (Bench::new(), Receiver::new().await);
    bench.net.rest = Duration::from_millis(50);
    bench.net.total = Duration::from_millis(500);
    let hook = bench.events_at(&receiver.url(), "");
    receiver.reply(Reply::silence());
    let hung = hook.test("").await.unwrap_err();
    let wanted = "no answer came: it took too long";
    assert_eq!(hung, Failure::Later(wanted.into(), None));
    receiver.came().await;

    // Nobody reads what it is sent.
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", deaf.local_addr().unwrap());
    let hung = bench.events_at(&url, "").test("").await.unwrap_err();
    assert_eq!(hung, Failure::Later(wanted.into(), None));

    // Nobody is there.
    drop(deaf);
    let gone = bench.events_at(&url, "").test("").await.unwrap_err();
    let Failure::Down(why) = &gone else {
        panic!("{gone:?}");
    };
    assert!(why.starts_with("there was no connection: "), "{why}");

    bench.net.total = Duration::from_secs(60);
    let hook = bench.events_at(&receiver.url(), "");
    receiver.reply(Reply::flow(200, Flow::Stuck));
    assert_eq!(hook.test("").await.unwrap(), "it answered 200");
}

#[tokio::test]
async fn a_certificate_is_one_that_is_vouched_for() {
    let mut bench = Bench::new();
    let receiver = Receiver::with_tls("hooks.internal").await;
    let wrong = Receiver::with_tls("other.internal").await;
    bench.net.known = BTreeMap::from([(
        "hooks.internal".to_owned(),
        vec!["127.0.0.1".parse().unwrap()],
    )]);
    let folder = bench.folder.path();
    fs::write(folder.join("ca.pem"), &receiver.authority).unwrap();
    fs::write(folder.join("wrong.pem"), &wrong.authority).unwrap();
    let hook = |port: u16, more: &str| {
        bench.hook(&format!(
            "[[webhook]]\nname = \"audit\"\nurl = \"https://hooks.internal:{port}/\"\n\
             secret_files = [\"new.key\"]\nallow = [\"hooks.internal\"]\n{more}"
        ))
    };
    let port = receiver.address.port();
    let trusted = hook(port, "ca_file = \"ca.pem\"\n");
    assert_eq!(trusted.test("").await.unwrap(), "it answered 204");
    assert_eq!(receiver.call().path, "/");
    for (port, more) in [
        (port, ""),
        (port, "ca_file = \"wrong.pem\"\n"),
        (wrong.address.port(), "ca_file = \"wrong.pem\"\n"),
    ] {
        let error = hook(port, more).test("").await.unwrap_err();
        let Failure::Down(error) = error else {
            panic!("{error:?}");
        };
        assert!(error.contains("certificate"), "{error}");
    }
    assert_eq!(receiver.calls().len(), 1);
    assert!(wrong.calls().is_empty());
}

#[tokio::test]
async fn an_endpoint_gets_what_it_asked_for() {
    let bench = Bench::new();
    let (world, ..) = story();
    let kinds = |more: &str| {
        let hook = bench.events_at("http://127.0.0.1:9/", more);
        let kind = |message: &super::Message| {
            let event: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
            event["type"].as_str().unwrap().to_owned()
        };
        told(&hook, &world).iter().map(kind).collect::<Vec<_>>()
    };
    let requests = [
        "writ.request-raised",
        "writ.request-approved",
        "writ.request-granted",
        "writ.request-raised",
        "writ.request-ended",
    ];
    // The grant goes when its policy is removed.
    let found = kinds("events = [\"request-*\"]\n");
    assert_eq!(found[..5], requests);
    assert_eq!(found[5..], ["writ.request-ended"]);
    let found = kinds("events = [\"execution-ended\", \"keys-changed\"]\n");
    assert!(found.contains(&"writ.execution-ended".into()));
    assert!(found.contains(&"writ.keys-changed".into()));
    assert!(!found.contains(&"writ.execution-authorized".into()));
    let other = kinds("tasks = ['Exchange\\*']\nevents = [\"request-*\", \"execution-*\"]\n");
    assert!(other.is_empty(), "{other:?}");
    let host = kinds("tasks = ['Exchange\\*', 'Host\\*']\nevents = [\"request-*\"]\n");
    assert_eq!(host.len(), 6);
    assert!(kinds("").len() > 20);
}
