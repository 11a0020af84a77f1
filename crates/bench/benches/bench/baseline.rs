//! Baselines: what cannot be done for less.
//!
//! **L0** answers the same calls and does nothing. **L1** writes as many bytes
//! in as many records, many records in one commit, with no logic. **L2** is the
//! arithmetic that no log can do without.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use writ_core::digest::{Digest, Index};
use writ_core::envelope::Envelope;
use writ_core::testing::key;
use writ_core::time::Time;
use writ_core::view::{Posted, Receipt};

use crate::process::thread_cpu;

#[derive(Deserialize)]
struct Posting {
    envelope: Envelope,
}

/// L0: the same route, the same types, a body of the same size.
pub(crate) async fn l0() {
    let answer = async |Json(posting): Json<Posting>| {
        Json(Posted {
            receipt: Receipt {
                index: Index(1_000_000),
                time: Time(1_700_000_000_000),
                digest: Digest::of(&posting.envelope.payload[..16]),
                accepted: true,
                code: None,
            },
            detail: None,
            facts: vec!["run 0123456789abcdef of Null\\Do is authorized".repeat(2)],
            checkpoint: "x".repeat(280),
        })
    };
    let router = axum::Router::new().route("/v1/statements", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    crate::node::input_closed().await;
    serving.abort();
    println!("{{}}");
}

/// What L1 is to do.
#[derive(Serialize, Deserialize)]
pub(crate) struct L1 {
    pub(crate) directory: PathBuf,
    pub(crate) clients: usize,
    pub(crate) bytes: usize,
    pub(crate) seconds: f64,
}

/// What it did.
#[derive(Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) rate: f64,
    /// Of one commit as its client saw it, in seconds.
    pub(crate) p50: f64,
}

type Record = (Vec<u8>, oneshot::Sender<()>);

/// L1: clients that each wait for their record, and one writer.
pub(crate) async fn l1(plan: L1) -> Written {
    let (records, taken) = mpsc::channel::<Record>();
    let path = plan.directory.join("l1.db");
    let writer = std::thread::spawn(move || write(&path, &taken));
    let mut clients = tokio::task::JoinSet::new();
    let start = Instant::now();
    let until = start + Duration::from_secs_f64(plan.seconds);
    for _ in 0..plan.clients {
        let records = records.clone();
        clients.spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < until {
                let (reply, done) = oneshot::channel();
                let begun = Instant::now();
                records.send((vec![7; plan.bytes], reply)).unwrap();
                done.await.unwrap();
                latencies.push(begun.elapsed().as_secs_f64());
            }
            latencies
        });
    }
    let latencies: Vec<f64> = clients.join_all().await.concat();
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    drop(records);
    writer.join().unwrap();
    Written {
        rate,
        p50: writ_bench::median(&latencies).unwrap(),
    }
}

/// The same settings as the store's, and the same most in one commit.
fn write(path: &std::path::Path, taken: &mpsc::Receiver<Record>) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
             PRAGMA wal_autocheckpoint = 8192; PRAGMA journal_size_limit = 67108864;
             CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, bytes BLOB) STRICT;",
        )
        .unwrap();
    while let Ok(first) = taken.recv() {
        let batch: Vec<_> = std::iter::once(first)
            .chain(taken.try_iter())
            .take(512)
            .collect();
        let transaction = connection.transaction().unwrap();
        {
            let sql = "INSERT INTO records (bytes) VALUES (?)";
            let mut add = transaction.prepare(sql).unwrap();
            for (bytes, _) in &batch {
                add.execute([bytes]).unwrap();
            }
        }
        transaction.commit().unwrap();
        for (_, reply) in batch {
            reply.send(()).unwrap();
        }
    }
}

/// L2 of one run, in seconds: two signatures checked, one made, and the hashes
/// of two leaves and their way into the tree.
pub(crate) fn l2(leaf: usize) -> f64 {
    const TIMES: u32 = 1_000;
    let (key, bytes) = (key("l2"), vec![7; leaf]);
    let (public, signature) = (key.public(), key.sign(&bytes));
    let start = thread_cpu();
    for _ in 0..TIMES {
        for _ in 0..2 {
            assert!(public.verify(&bytes, &signature));
            std::hint::black_box(Digest::of(&bytes));
            std::hint::black_box(Digest::of(&bytes[..65]));
        }
        std::hint::black_box(key.sign(&bytes));
    }
    (thread_cpu() - start) / f64::from(TIMES)
}
