//! Figures about a node, as Prometheus reads them.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{ADMIN, ALICE, APPROVERS, BOB, World};

/// What a scrape brings: the value of each sample, by its name with its labels.
type Samples = BTreeMap<String, f64>;

async fn scrape(world: &World) -> (String, Samples) {
    let url = format!("http://{}/metrics", world.metrics);
    let response = reqwest::get(url).await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].clone();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    let samples = parsed(&text);
    (text, samples)
}

/// Reads the text format, and checks what it asks for: each family begins with
/// its help and its type, its samples follow together, and none is there twice.
fn parsed(text: &str) -> Samples {
    let (mut samples, mut families) = (Samples::new(), BTreeSet::new());
    let (mut helped, mut family) = (String::new(), (String::new(), String::new()));
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split_once(' ').unwrap().0.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, helped);
            assert!(["gauge", "counter", "histogram"].contains(&kind));
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            assert!(families.insert(name.to_owned()), "{name} begins twice");
            family = (name.to_owned(), kind.to_owned());
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
            let base = match family.1.as_str() {
                "histogram" => ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end))
                    .unwrap(),
                _ => name,
            };
            assert_eq!(base, family.0, "{line}");
            let letters = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.chars().all(letters), "{name}");
            if !labels.is_empty() {
                let (label, text) = labels.strip_suffix('}').unwrap().split_once('=').unwrap();
                assert!(label.chars().all(letters), "{line}");
                assert!(text.starts_with('"') && text.ends_with('"'), "{line}");
            }
            let value: f64 = value.parse().unwrap();
            assert!(samples.insert(sample.to_owned(), value).is_none(), "{line}");
        }
    }
    samples
}

#[tokio::test]
async fn figures_follow_what_happens_and_name_nobody() {
    let world = World::new().await;
    let (_, before) = scrape(&world).await;
    assert_eq!(before["writ_grants_live"], 0.0);
    assert_eq!(before["writ_runs_ended_total{outcome=\"succeeded\"}"], 0.0);

    let request = world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    world.started(run).await;
    // Nobody approves for oneself; nobody runs what was not granted.
    let waiting = world.request_word(ALICE, Some("x")).await;
    assert!(!world.approve(ALICE, waiting).await.receipt.accepted);
    world.post_bytes("application/json", b"{}".to_vec()).await;
    world.get(ALICE, "/v1/groups/none@fabrikam.com").await;
    let (_, during) = scrape(&world).await;
    for (sample, value) in [
        ("writ_requests_pending", 1.0),
        ("writ_grants_live", 1.0),
        ("writ_runs_in_flight", 1.0),
        ("writ_runs_unresolved", 0.0),
        ("writ_build_info{version=\"0.1.0\"}", 1.0),
    ] {
        assert_eq!(during[sample], value, "{sample}");
    }
    let refused = during
        .iter()
        .filter(|(name, _)| name.starts_with("writ_refusals_total"));
    assert_eq!(refused.map(|(_, count)| count).sum::<f64>(), 1.0);
    assert!(during["writ_http_responses_total{class=\"4xx\"}"] >= 2.0);
    assert!(during["writ_log_checkpoint_age_seconds"] >= 0.0);
    assert!(during["process_start_time_seconds"] > 1e9);

    world.finish(run, b"done\n").await;
    world.end(BOB, request, "enough").await;
    let (text, after) = scrape(&world).await;
    let size = world.engine.published().size();
    assert_eq!(after["writ_log_entries"], size as f64);
    assert_eq!(after["writ_runs_ended_total{outcome=\"succeeded\"}"], 1.0);
    assert_eq!(after["writ_grants_live"], 0.0);
    let all = after["writ_append_duration_seconds_count"];
    assert!(all > 0.0 && after["writ_append_duration_seconds_sum"] > 0.0);
    assert_eq!(
        after["writ_append_duration_seconds_bucket{le=\"+Inf\"}"],
        all
    );
    for (sample, value) in &before {
        assert!(
            !sample.contains("_total") || after[sample] >= *value,
            "{sample}"
        );
    }
    for name in [ADMIN, ALICE, BOB, APPROVERS, "Host", "fabrikam"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[tokio::test]
async fn what_is_turned_away_is_counted_by_its_code() {
    let world = World::new().await;
    let mut payload = world.payload(ALICE, crate::world::asking());
    payload.at = payload.at.minus(writ_core::time::Seconds::HOUR);
    let kind = writ_core::envelope::Kind::Request;
    let body = serde_json::json!({ "envelope": world.envelope_of(ALICE, kind, &payload) });
    assert_eq!(world.post(&body).await.problem(409), "stale");
    let (_, samples) = scrape(&world).await;
    assert_eq!(samples["writ_turned_away_total{code=\"stale\"}"], 1.0);
}

#[tokio::test]
async fn metrics_are_on_their_own_listener_and_nothing_else_is() {
    let world = World::new().await;
    assert_eq!(
        world.get(ADMIN, "/metrics").await.problem(404),
        "no-such-path"
    );
    for (path, status) in [("/", 404), ("/v1/status", 404), ("/healthz", 404)] {
        let url = format!("http://{}{path}", world.metrics);
        assert_eq!(reqwest::get(url).await.unwrap().status(), status, "{path}");
    }
    let url = format!("http://{}/metrics", world.metrics);
    let posted = reqwest::Client::new().post(url).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}
