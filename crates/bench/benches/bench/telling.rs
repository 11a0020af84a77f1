//! P13: how soon whoever is told hears of what was acknowledged, also beside
//! somebody who never answers, and whether a kill loses any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use writ_bench::{Bound, Figure, is_restless, median, percentile};
use writ_core::digest::{OrganizationId, RequestId};
use writ_core::testing::{asking, ending};
use writ_core::view::Posted;

use crate::Tier;
use crate::node::TELLING;
use crate::null::Counts;
use crate::place::{ASK, requester, said};
use crate::process::{Others, Role};
use crate::rounds::{MOST_OF_OTHERS, figure};
use crate::wire::{Wire, post};

/// Statements a second.
const RATE: f64 = 100.0;
/// Over how many connections.
const CLIENTS: usize = 16;
/// So many ask, then each of them takes it back.
const ASKS: usize = 50;
/// What is said in the first part of this time warms up.
const WARM_UP: f64 = 2.0;
const PAIRS: usize = 5;

/// Whoever is told keeps up; one who never answers holds up nobody else; and
/// what was acknowledged is told though the node is killed.
pub(crate) async fn told(
    tier: Tier,
    directory: &Path,
    organization: OrganizationId,
) -> Vec<Figure> {
    let measured = Measured::open(directory, organization).await;
    let mut figures = measured.latencies(tier).await;
    figures.push(measured.kills(tier.pick(3, 6)).await);
    fs::remove_file(directory.join(TELLING)).unwrap();
    figures
}

/// What was told, and what is to be told.
struct Measured<'a> {
    directory: &'a Path,
    organization: OrganizationId,
    heard: Arc<Heard>,
    receiver: SocketAddr,
    dead: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

/// When it first came, under which ids, and how often.
type Arrived = (Instant, BTreeSet<String>, usize);

/// The first time that each entry arrived, and under which ids.
#[derive(Default)]
struct Heard(Mutex<BTreeMap<u64, Arrived>>);

impl Heard {
    fn note(&self, headers: &HeaderMap, body: &[u8]) {
        let now = Instant::now();
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        let entry = event["data"]["entry"].as_u64().unwrap();
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let mut heard = self.0.lock().unwrap();
        let (_, ids, times) = heard.entry(entry).or_insert((now, BTreeSet::new(), 0));
        ids.insert(id);
        *times += 1;
    }

    fn at(&self, entry: u64) -> Option<Instant> {
        self.0.lock().unwrap().get(&entry).map(|(at, ..)| *at)
    }

    /// Waits until all of some entries were told, and not for ever: which of them
    /// were not.
    async fn all(&self, entries: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut missing: Vec<u64> = entries.collect();
        let begun = Instant::now();
        loop {
            missing.retain(|entry| self.at(*entry).is_none());
            if missing.is_empty() || begun.elapsed() > Duration::from_secs(60) {
                return missing;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A statement that was acknowledged.
struct Acknowledged {
    entry: u64,
    /// When it was to be said, from the beginning.
    planned: f64,
    at: Instant,
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl<'a> Measured<'a> {
    async fn open(directory: &'a Path, organization: OrganizationId) -> Self {
        let heard = Arc::new(Heard::default());
        let taking = Arc::clone(&heard);
        let first = async move |headers: HeaderMap, body: Bytes| {
            taking.note(&headers, &body);
            StatusCode::NO_CONTENT
        };
        let router = axum::Router::new()
            .route("/first", axum::routing::post(first))
            .route("/second", axum::routing::post(StatusCode::NO_CONTENT));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = listener.local_addr().unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dead = silent.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let keeping = tokio::spawn(async move {
            let mut never_read = Vec::new();
            loop {
                never_read.push(silent.accept().await.unwrap());
            }
        });
        let key = directory.join("webhook-key");
        fs::write(&key, "a key of more than thirty-two bytes for this").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        Self {
            directory,
            organization,
            heard,
            receiver,
            dead,
            tasks: [serving, keeping],
        }
    }

    /// A node that tells one who listens, and another.
    fn node(&self, name: &str, address: SocketAddr) -> Role {
        let webhook = |name: &str, address: SocketAddr| {
            format!(
                "[[webhook]]\nname = \"{name}\"\nurl = \"http://{address}/{name}\"\n\
                 secret_files = [\"webhook-key\"]\nallow = [\"127.0.0.1\"]\n"
            )
        };
        let text = webhook("first", self.receiver) + &webhook(name, address);
        fs::write(self.directory.join(TELLING), text).unwrap();
        Role::start("node", self.directory)
    }

    /// Beside one who answers and beside one who does not, in turns.
    async fn latencies(&self, tier: Tier) -> Vec<Figure> {
        let seconds = tier.pick(8.0, 20.0);
        let (mut p50s, mut usual, mut beside, mut shares) = (vec![], vec![], vec![], vec![]);
        let mut ratios = Vec::new();
        for pair in 0..PAIRS {
            let mut p99s = [0.0; 2];
            // A B B A.
            for is_dead in [pair % 2 == 1, pair % 2 == 0] {
                let node = match is_dead {
                    true => self.node("dead", self.dead),
                    false => self.node("second", self.receiver),
                };
                let others = Others::watch(&node);
                let acknowledged = self.say(node.address, 0, seconds).await;
                let entries = acknowledged.iter().map(|it| it.entry);
                assert_eq!(self.heard.all(entries).await, [0; 0], "not told");
                shares.push(others.share(&node));
                let _: Counts = node.end();
                let counted = acknowledged.iter().filter(|it| it.planned > WARM_UP);
                let waited = |it: &Acknowledged| {
                    let told = self.heard.at(it.entry).unwrap();
                    told.saturating_duration_since(it.at).as_secs_f64() * 1e3
                };
                let waited: Vec<f64> = counted.map(waited).collect();
                p99s[usize::from(is_dead)] = percentile(&waited, 0.99).unwrap();
                if !is_dead {
                    p50s.push(median(&waited).unwrap());
                }
            }
            let [alive, dead] = p99s;
            ratios.push(dead / alive);
            usual.push(alive);
            beside.push(dead);
        }
        let share = median(&shares).unwrap_or(0.0);
        let mut told = figure(
            "P13",
            "from the receipt until a webhook has it, p50, ms",
            Bound::AtMost(50.0),
            Bound::AtMost(10.0),
        );
        told.made_of = format!(
            "{RATE}/s to two webhooks; p99 {:.1} ms; others had {:.0} % of the CPU",
            median(&usual).unwrap_or(0.0),
            share * 100.0
        );
        told.restless = share > MOST_OF_OTHERS;
        told.values = p50s;
        let mut held_up = figure(
            "P13",
            "p99 beside a webhook that never answers, to one that does",
            Bound::AtMost(1.2),
            Bound::AtMost(1.05),
        );
        held_up.made_of = format!(
            "{:.1} ms to {:.1} ms",
            median(&beside).unwrap_or(0.0),
            median(&usual).unwrap_or(0.0)
        );
        held_up.restless = told.restless || is_restless(&usual);
        held_up.values = ratios;
        vec![told, held_up]
    }

    /// Kills the node while it is spoken to, and counts what was never told.
    async fn kills(&self, kills: u64) -> Figure {
        let mut lost = figure(
            "P13",
            "acknowledged and never told, after kill -9",
            Bound::AtMost(0.0),
            Bound::AtMost(0.0),
        );
        let (mut said, mut missing) = (BTreeSet::new(), 0);
        for number in 0..kills {
            let node = self.node("second", self.receiver);
            let address = node.address;
            let killing = tokio::task::spawn_blocking(move || {
                std::thread::sleep(Duration::from_millis(1_000 + 37 * number));
                node.kill();
            });
            // Others each time: what is asked when it is killed stays so.
            let people = ASKS * (usize::try_from(number).unwrap() + 1);
            let acknowledged = self.say(address, people, 3.0).await;
            killing.await.unwrap();
            let entries: Vec<u64> = acknowledged.iter().map(|it| it.entry).collect();
            assert!(!entries.is_empty(), "nothing was said in time");
            let node = self.node("second", self.receiver);
            missing += self.heard.all(entries.iter().copied()).await.len();
            let _: Counts = node.end();
            said.extend(entries);
        }
        let heard = self.heard.0.lock().unwrap();
        let of_these = || said.iter().filter_map(|entry| heard.get(entry));
        assert!(
            of_these().all(|(_, ids, _)| ids.len() == 1),
            "told twice under two ids"
        );
        lost.values.push(f64::from(u32::try_from(missing).unwrap()));
        lost.made_of = format!(
            "{kills} kills, {} acknowledged; {} came twice, under the same id; mail and \
             webhooks of the real binary: crates/cli/tests/it/telling.rs",
            said.len(),
            of_these().filter(|(.., times)| *times > 1).count()
        );
        lost
    }

    /// Requests of some people and their ends at their rate, each at a time drawn
    /// before; what was acknowledged until the node was gone.
    async fn say(&self, address: SocketAddr, people: usize, seconds: f64) -> Vec<Acknowledged> {
        let mut schedule = Vec::new();
        let (mut at, mut asked) = (0.0, Vec::new());
        for number in 0.. {
            let who = requester(people + number % ASKS);
            let envelope = match number % (2 * ASKS) < ASKS {
                true => {
                    let envelope = said(self.organization, &who, asking(ASK));
                    asked.push(RequestId(envelope.digest()));
                    envelope
                }
                false => {
                    let request = asked[asked.len() - ASKS + number % ASKS];
                    said(self.organization, &who, ending(request))
                }
            };
            // A share drawn from the digest: the same schedule needs no seed.
            let drawn = u32::from_be_bytes(envelope.digest().as_bytes()[..4].try_into().unwrap());
            let share = 1.0 - f64::from(drawn) / f64::from(u32::MAX);
            at -= share.max(1e-9).ln() / RATE;
            // Whoever asked takes it back.
            if at > seconds && number % (2 * ASKS) == 0 {
                break;
            }
            let text = writ_core::json::write(&envelope).unwrap();
            let body = [b"{\"envelope\":", &*text, b"}"].concat();
            schedule.push((at, post("/v1/statements", &body)));
        }
        let (to_send, waiting) = mpsc::channel::<(f64, Vec<u8>)>(schedule.len());
        let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let waiting = Arc::clone(&waiting);
            let mut wire = Wire::open(Ipv4Addr::LOCALHOST, address).await.unwrap();
            clients.spawn(async move {
                let mut acknowledged = Vec::new();
                loop {
                    let next = waiting.lock().await.recv().await;
                    let Some((planned, call)) = next else { break };
                    // The node was killed.
                    let Ok((status, body)) = wire.call(&call).await else {
                        break;
                    };
                    let at = Instant::now();
                    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
                    let posted: Posted = serde_json::from_slice(&body).unwrap();
                    assert!(posted.receipt.accepted, "{posted:?}");
                    let entry = posted.receipt.index.0;
                    acknowledged.push(Acknowledged { entry, planned, at });
                }
                acknowledged
            });
        }
        let start = Instant::now();
        // A thread of its own: the timers of tokio are a millisecond late.
        let sending = std::thread::spawn(move || {
            for (planned, call) in schedule {
                let at = start + Duration::from_secs_f64(planned);
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                if to_send.try_send((planned, call)).is_err() {
                    break;
                }
            }
        });
        let acknowledged = clients.join_all().await.into_iter().flatten().collect();
        drop(waiting);
        sending.join().unwrap();
        acknowledged
    }
}
