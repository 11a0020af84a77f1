//! What is sent, word for word; and that nothing that people type becomes more.

use proptest::prelude::*;
use serde_json::Value;
use writ_core::dataset::Dataset;
use writ_core::digest::RequestId;
use writ_core::object::{Person, Policy, Role};
use writ_core::recorded::Recorded;
use writ_core::state::Decided;
use writ_core::statement::Request;
use writ_core::testing::{
    RESTART, World, app, approving, asking, data_workload, dataset, ending, equals, manual, person,
    task, task_name, upn, wanted,
};
use writ_core::value::is_plain;
use writ_core::{APP_DURATION, Published};
use writ_notify::Sink;

use super::receiver::Receiver;
use super::{Bench, Hook, Message, asked, golden, send, story, told};

/// What arrives of the story at an endpoint of this format.
async fn arrives(format: &str) -> Vec<Value> {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let keys = match format {
        "cloudevents" => "secret_files = [\"new.key\"]\n",
        _ => "",
    };
    let hook = bench.hook(&format!(
        "[[webhook]]\nname = \"it\"\nurl = \"{}\"\nallow = [\"127.0.0.1\"]\n\
         format = \"{format}\"\n{keys}",
        receiver.url()
    ));
    let (world, _, begin) = story();
    for message in told(&hook, &world) {
        let index = message
            .id
            .split('-')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap();
        if index == 0 || index >= begin.0 {
            send(&hook, &message).await.unwrap();
        }
    }
    receiver
        .calls()
        .iter()
        .map(super::receiver::Call::json)
        .collect()
}

#[tokio::test]
async fn payloads_are_as_they_were() {
    for format in ["cloudevents", "slack", "teams"] {
        golden::compare(&format!("{format}.json"), &arrives(format).await);
    }
}

#[test]
fn a_request_for_an_app_says_what_the_app_gets() {
    let mut world = World::ready();
    let messages = r"Data\Messages";
    world.set(data_workload("Data"));
    world.set(dataset(messages));
    world.set(Policy {
        max_duration_s: APP_DURATION,
        ..manual(messages, &[])
    });
    let installer = Person {
        role: Some(Role::Installer),
        ..person("ivy")
    };
    world.join_as(installer, "ivy");
    let wants = wanted(messages, &["id", "body"]);
    world.join_as(app("insights", "1.0", vec![wants.clone()]), "insights");
    let task = world.state.task(&task_name(messages)).unwrap();
    let definition = Dataset::read(&task.template).unwrap();
    let asks = Request {
        parameters: wants.constraints(&definition).unwrap(),
        duration_s: Some(APP_DURATION),
        on_behalf_of: Some(upn("insights")),
        ..asking(messages)
    };
    let id = RequestId(world.yes("ivy", asks).digest);
    let bench = Bench::new();
    let raised = |hook: &Hook| {
        let messages = told(hook, &world);
        let body = |message: &Message| String::from_utf8(message.body.clone()).unwrap();
        let mut bodies = messages.iter().map(body);
        bodies.find(|body| body.contains(&id.short())).unwrap()
    };
    let event = raised(&bench.events_at("http://127.0.0.1:9", ""));
    let event: Value = serde_json::from_str(&event).unwrap();
    let app = &event["data"]["app"];
    assert_eq!(app["upn"], "insights@fabrikam.example", "{event}");
    assert_eq!(app["installer"], "ivy@fabrikam.example");
    assert_eq!(app["publisher"], "Contoso");
    assert_eq!(
        event["data"]["parameters"]["columns"]["subset_of"][1],
        "body"
    );
    let slack = "[[webhook]]\nname = \"it\"\nurl = \"http://127.0.0.1:9\"\nallow = [\"127.0.0.1\"]\n\
                 format = \"slack\"\n";
    let note = raised(&bench.hook(slack));
    for words in [
        "for the app insights@fabrikam.example",
        "shows how people meet",
        "id, body (free text)",
        "everybody",
        "Installed by",
    ] {
        assert!(note.contains(words), "{words}: {note}");
    }
}

/// Every text in a value that people could see, with the key it is under.
fn texts<'a>(value: &'a Value, key: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        Value::Object(members) => members
            .iter()
            .for_each(|(key, item)| texts(item, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What stands in a world for what people type.
const TYPED: &str = "what somebody types";

/// A world in which everything that people type is the same text.
fn typed(title: &str) -> World {
    let mut world = World::ready();
    let mut restart = task(RESTART, "/usr/bin/systemctl", &["unit"]);
    restart.title = Some(title.into());
    world.set(restart);
    let mut ask = asked();
    ask.reason = TYPED.into();
    ask.ticket = Some(TYPED.into());
    ask.parameters = equals("unit", TYPED);
    let request = RequestId(world.yes("alice", ask).digest);
    let mut approval = approving(request);
    approval.comment = Some(TYPED.into());
    world.yes("bob", approval);
    let mut end = ending(request);
    end.comment = Some(TYPED.into());
    world.yes("alice", end);
    world
}

/// What it recorded, with some text in the place of what was typed: any, also one that
/// no rule would have let in.
fn recorded_with(world: &World, text: &str) -> Vec<Recorded> {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let read = |decided: &Decided| {
        let facts = serde_json::to_string(&decided.facts).unwrap();
        let facts = facts.replace(&json(TYPED), &json(text));
        Recorded::read(decided.index, &decided.leaf, &facts).unwrap()
    };
    world.log.iter().map(read).collect()
}

fn told_of(hook: &Hook, world: &World, entries: &[Recorded]) -> Vec<Message> {
    let published = Published::durable(world.state.clone(), world.size());
    let tell = |entry| hook.tell(entry, &published, world.now);
    entries.iter().flat_map(tell).collect()
}

/// A title that a task may have.
fn title(text: &str) -> String {
    let title: String = text
        .chars()
        .filter(|c| is_plain(*c, false))
        .take(199)
        .collect();
    format!("a{title}")
}

/// Texts that try to be more than text.
fn odd_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<!channel>",
        "<@U1>",
        "<https://evil.example|Approve>",
        "&lt;",
        "*bold*",
        "_it_",
        "`x`",
        "[a](https://evil.example)",
        "**b**",
        "{{DATE(2020-01-01T00:00:00Z)}}",
        "${x}",
        "@{x}",
        "\"",
        "\\",
        "</script>",
        "\u{202e}",
        "\u{0}",
        "\n",
        "\r\n",
        "\u{1b}[1m",
        "é",
        "漢",
        "a",
        " ",
        "\u{2028}",
        "\u{feff}",
        "@here",
        "#",
        "- ",
    ]);
    prop::collection::vec(pieces, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_people_type_stays_text(text in odd_text()) {
        let world = typed(&title(&text));
        let entries = recorded_with(&world, &text);
        let bench = Bench::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sent: Vec<Vec<Value>> = ["cloudevents", "slack", "teams"].map(|format| {
            runtime.block_on(async {
                let receiver = Receiver::new().await;
                let keys = match format {
                    "cloudevents" => "secret_files = [\"new.key\"]\n",
                    _ => "",
                };
                let hook = bench.hook(&format!(
                    "[[webhook]]\nname = \"it\"\nurl = \"{}\"\nallow = [\"127.0.0.1\"]\n\
                     events = [\"request-*\"]\nformat = \"{format}\"\n{keys}",
                    receiver.url()
                ));
                for message in told_of(&hook, &world, &entries) {
                    send(&hook, &message).await.unwrap();
                }
                receiver.calls().iter().map(super::receiver::Call::json).collect()
            })
        }).into();
        // A program gets the very text.
        for event in &sent[0] {
            if event["type"] == "writ.request-raised" {
                prop_assert_eq!(event["data"]["reason"].as_str(), Some(text.as_str()));
            }
        }
        for (format, messages) in [("slack", &sent[1]), ("teams", &sent[2])] {
            for message in messages {
                let mut found = Vec::new();
                texts(message, "", &mut found);
                for (key, text) in found {
                    if key == "url" {
                        let ours = "http://localhost:8420/requests/";
                        prop_assert!(text.starts_with(ours), "{}", text);
                        continue;
                    }
                    let is_ours = |c: char| !c.is_control() || (c == '\n' && format == "slack");
                    prop_assert!(text.chars().all(is_ours), "{:?}", text);
                    prop_assert!(!text.contains(['\u{202e}', '\u{2028}']), "{:?}", text);
                    match format {
                        "slack" => {
                            prop_assert!(!text.contains(['<', '>']), "{}", text);
                            prop_assert!(text.chars().count() <= 2_000);
                            let bare = text.replace("&amp;", "").replace("&lt;", "");
                            prop_assert!(!bare.replace("&gt;", "").contains('&'), "{}", text);
                        }
                        _ => prop_assert!(!text.contains("{{"), "{}", text),
                    }
                    // What could be markup is in no text that is read as such.
                    prop_assert!(key != "markdown" && text != "mrkdwn");
                }
            }
        }
    }
}

#[test]
fn long_texts_are_cut() {
    let long = "<".repeat(1_900);
    let world = typed(&title(&long));
    let hook = Bench::new()
        .hook("[[webhook]]\nname = \"it\"\nurl = \"https://hooks.example\"\nformat = \"slack\"\n");
    let messages = told_of(&hook, &world, &recorded_with(&world, &long));
    let raised = messages.iter().find(|message| {
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        body["request"].is_string()
    });
    let note: Value = serde_json::from_slice(&raised.unwrap().body).unwrap();
    let rows = note["rows"].as_array().unwrap();
    let reason = rows.iter().find(|row| row["label"] == "Reason").unwrap();
    let reason = reason["value"].as_str().unwrap();
    assert_eq!(reason.chars().count(), 400);
    assert!(reason.ends_with('…'));
}
