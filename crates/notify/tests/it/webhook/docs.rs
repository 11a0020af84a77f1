//! `docs/notifications.md` says what is so: its examples are what is sent, its settings are
//! taken, and its way to check a call finds a real one good.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use writ_core::recorded::RecordedFact;

use super::receiver::Receiver;
use super::{Bench, KEY, OTHER_KEY, START};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/notifications.md");

/// The blocks of code in a language.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(PAGE).unwrap();
    let (_, page) = page.split_once("\n## Webhooks\n").unwrap();
    let (mut found, mut open) = (Vec::new(), None::<String>);
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(named)) => open = Some(named.to_owned() + "\n"),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    let start = format!("{language}\n");
    let inner = found.iter().filter_map(|block| block.strip_prefix(&start));
    inner.map(str::to_owned).collect()
}

#[tokio::test]
async fn python_finds_a_real_call_good_and_others_not() {
    let (bench, receiver) = (Bench::new(), Receiver::new().await);
    let toml = format!(
        "[[webhook]]\nname = \"audit\"\nurl = \"{}\"\nallow = [\"127.0.0.1\"]\n\
         secret_files = [\"new.key\", \"old.key\"]\n",
        receiver.url()
    );
    bench
        .hook(&toml)
        .test("https://writ.example")
        .await
        .unwrap();
    let call = receiver.call();
    let header = |name: &str| call.header(name).to_owned();
    let good = json!({
        "headers": {
            "webhook-id": header("webhook-id"),
            "webhook-timestamp": header("webhook-timestamp"),
            "webhook-signature": header("webhook-signature"),
        },
        "secret": KEY,
        "body": String::from_utf8(call.body.clone()).unwrap(),
        "now": START.0 / 1_000,
    });
    let with = |key: &str, value: Value| {
        let mut case = good.clone();
        case[key] = value;
        case
    };
    let now = |seconds: i64| with("now", json!(START.0 / 1_000 + seconds));
    let cases = [
        (good.clone(), true),
        (with("secret", json!(OTHER_KEY)), true),
        (with("secret", json!("x".repeat(32))), false),
        (with("body", json!("{}")), false),
        (now(300), true),
        (now(301), false),
        (now(-301), false),
    ];
    let code = blocks("python").remove(0)
        + "\nimport json, sys\nfor case in json.load(sys.stdin):\n    \
           print(is_from_writ(case['secret'], case['headers'], case['body'].encode(), case['now']))\n";
    let asked: Vec<&Value> = cases.iter().map(|(case, _)| case).collect();
    let mut python = Command::new("python3")
        .args(["-I", "-c", &code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs the example of the page");
    serde_json::to_writer(python.stdin.take().unwrap(), &asked).unwrap();
    let said = python.wait_with_output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let wanted = cases
        .iter()
        .map(|(_, wanted)| if *wanted { "True" } else { "False" });
    assert_eq!(said.lines().collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
}

#[test]
fn every_event_has_an_example_and_every_example_was_sent() {
    let sent = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/webhook/cloudevents.json"
    ));
    let sent = sent.unwrap();
    let sent: Vec<Value> = serde_json::Deserializer::from_str(&sent)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut kinds = Vec::new();
    if super::golden::anew() {
        return;
    }
    for block in blocks("json") {
        let example: Value = serde_json::from_str(&block).unwrap();
        kinds.push(example["type"].as_str().unwrap().to_owned());
        assert!(sent.contains(&example), "{block}");
    }
    let page = fs::read_to_string(PAGE).unwrap();
    for kind in RecordedFact::KINDS {
        assert!(page.contains(&format!("`{kind}`")), "{kind}");
        assert!(kinds.contains(&format!("writ.{kind}")), "{kind}");
    }
}

#[test]
fn the_settings_of_the_page_are_taken() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    super::private(folder, "webhook.key", KEY);
    super::private(
        folder,
        "slack.url",
        "https://hooks.slack.com/services/T0/B0/x\n",
    );
    super::private(
        folder,
        "teams.url",
        "https://x.api.powerplatform.com/workflows/x?sig=x\n",
    );
    let blocks = blocks("toml");
    assert_eq!(blocks.len(), 2);
    let all = bench.check(&blocks.concat()).unwrap();
    assert_eq!(all.len(), 4);
}
