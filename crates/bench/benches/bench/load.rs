//! The generator: a process of its own that speaks for many people.
//!
//! What is said is signed before the clock starts, with real keys. Every reply
//! is compared with what it must be.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use writ_core::digest::{Digest, OrganizationId, RequestId};
use writ_core::envelope::Envelope;
use writ_core::log::Checkpoint;
use writ_core::statement::Invoke;
use writ_core::testing::{approving, asking, ending, running};
use writ_core::view::Posted;

use crate::place::{ASK, AUTO, BARE, approver, bearer, requester, said};
use crate::wire::{Wire, get, post};

/// What is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// Runs under a grant that is there.
    Runs,
    /// The same, one in five of a task that nobody may run.
    Mixed,
    /// A request, its approval, a run.
    Lifecycles,
    /// Runs, to somebody who answers anything.
    Nothing,
    /// A run after an approval, and after a revocation.
    Effects,
}

/// A piece of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) organization: OrganizationId,
    pub(crate) what: What,
    pub(crate) clients: usize,
    /// How many of it in all.
    pub(crate) count: usize,
    /// Open loop: how many a second, and each waits for its outcome.
    pub(crate) rate: Option<f64>,
}

/// What came of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Done {
    /// From the first call until everything was in the log, in seconds.
    pub(crate) seconds: f64,
    /// How many were done whole.
    pub(crate) count: usize,
    /// Replies that were not what they must be.
    pub(crate) wrong: usize,
    /// Calls that were turned away for want of room and sent again.
    pub(crate) again: usize,
    /// Accepted statements, by what names them.
    pub(crate) acknowledged: Vec<Digest>,
    /// Open loop: from when it was to be sent until its outcome was seen.
    pub(crate) latencies: Vec<f64>,
    /// The same, until its receipt came.
    pub(crate) posted: Vec<f64>,
}

/// One statement on the wire, and whether it must be accepted.
struct Call {
    digest: Digest,
    bytes: Vec<u8>,
    accepted: bool,
}

impl Call {
    fn new(envelope: &Envelope, accepted: bool) -> Self {
        let body = [
            b"{\"envelope\":",
            &*writ_core::json::write(envelope).unwrap(),
            b"}",
        ];
        Self {
            digest: envelope.digest(),
            bytes: post("/v1/statements", &body.concat()),
            accepted,
        }
    }
}

fn invoke(task: &str, word: usize, request: Option<RequestId>) -> Invoke {
    Invoke {
        request,
        ..running(task, &[("word", &format!("word {word}"))])
    }
}

/// What one client says, one item after the other; an item is whole or not.
fn items(plan: &Plan, client: usize) -> Vec<Vec<Call>> {
    let organization = plan.organization;
    let mine = (client..plan.count).step_by(plan.clients);
    let item = |number: usize| {
        let who = requester(number);
        let run = |task, accepted| {
            let run = invoke(task, number, None);
            vec![Call::new(&said(organization, &who, run), accepted)]
        };
        match plan.what {
            What::Mixed if number % 5 == 4 => run(BARE, false),
            What::Runs | What::Mixed | What::Nothing => run(AUTO, true),
            What::Lifecycles | What::Effects => {
                let asked = said(organization, &who, asking(ASK));
                let request = RequestId(asked.digest());
                let other = approver(number);
                let approved = said(organization, &other, approving(request));
                let run = || said(organization, &who, invoke(ASK, number, Some(request)));
                let mut calls = vec![
                    Call::new(&asked, true),
                    Call::new(&approved, true),
                    Call::new(&run(), true),
                ];
                if plan.what == What::Effects {
                    let revoked = said(organization, &other, ending(request));
                    calls.push(Call::new(&revoked, true));
                    calls.push(Call::new(&run(), false));
                }
                calls
            }
        }
    };
    mine.map(item).collect()
}

async fn open(plan: &Plan, client: usize) -> Wire {
    let from = u8::try_from(client / 48 + 1).unwrap();
    Wire::open(Ipv4Addr::new(127, 0, 0, from), plan.address)
        .await
        .unwrap()
}

/// Says one thing, again while there is no room; none once nobody answers.
async fn say(wire: &mut Wire, call: &Call, again: &AtomicUsize) -> Option<bool> {
    loop {
        let (status, body) = wire.call(&call.bytes).await.ok()?;
        if status == 503 || status == 429 {
            again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        }
        let posted: Posted = serde_json::from_slice(&body).ok()?;
        return Some(posted.receipt.accepted == call.accepted);
    }
}

/// Does it, as fast as the replies come or as it was planned.
pub(crate) async fn run(plan: Plan) -> Done {
    match plan.rate {
        None => closed(plan).await,
        Some(rate) => on_time(plan, rate).await,
    }
}

async fn closed(plan: Plan) -> Done {
    let again = Arc::new(AtomicUsize::new(0));
    let mut ready = Vec::new();
    for client in 0..plan.clients {
        ready.push((open(&plan, client).await, items(&plan, client)));
    }
    let before = size(plan.address).await;
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for (mut wire, items) in ready {
        let again = Arc::clone(&again);
        let knows = plan.what != What::Nothing;
        clients.spawn(async move {
            let mut done = Done::default();
            'items: for item in items {
                let mut right = true;
                for call in &item {
                    match say(&mut wire, call, &again).await {
                        Some(as_it_must) => right &= as_it_must || !knows,
                        // The node was killed.
                        None => break 'items,
                    }
                    done.acknowledged.push(call.digest);
                }
                done.count += 1;
                done.wrong += usize::from(!right);
            }
            done
        });
    }
    let mut all = Done::default();
    for done in clients.join_all().await {
        all.count += done.count;
        all.wrong += done.wrong;
        all.acknowledged.extend(done.acknowledged);
    }
    // An outcome for every run that was accepted.
    if let Some(before) = before {
        let runs = match plan.what {
            What::Mixed => plan.count - plan.count / 5,
            What::Runs | What::Lifecycles | What::Effects => plan.count,
            What::Nothing => 0,
        };
        let whole = before + (all.acknowledged.len() + runs) as u64;
        while let Some(now) = size(plan.address).await
            && now < whole
            && start.elapsed() < Duration::from_secs(60)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    all.seconds = start.elapsed().as_secs_f64();
    all.again = again.load(Ordering::Relaxed);
    all
}

/// How many entries the log has; none of who has no log, or is gone.
pub(crate) async fn size(address: SocketAddr) -> Option<u64> {
    let mut wire = Wire::open(Ipv4Addr::LOCALHOST, address).await.ok()?;
    let (status, body) = wire.call(&get("/v1/log/checkpoint", None)).await.ok()?;
    match status {
        200 => Checkpoint::size_said(std::str::from_utf8(&body).ok()?),
        _ => None,
    }
}

/// Open loop: the times are drawn first, and late sends are not skipped.
async fn on_time(plan: Plan, rate: f64) -> Done {
    let mut at = 0.0;
    let mut schedule = Vec::new();
    let one = Plan {
        clients: 1,
        ..plan.clone()
    };
    for (number, item) in items(&one, 0).into_iter().enumerate() {
        // Everybody reads what became of their own run.
        let bearer = bearer(plan.organization, &requester(number));
        for call in item {
            let digest = call.digest;
            // A share drawn from the digest: the same schedule needs no seed.
            let drawn = u32::from_be_bytes(digest.as_bytes()[..4].try_into().unwrap());
            at -= (1.0 - f64::from(drawn) / f64::from(u32::MAX))
                .max(1e-9)
                .ln()
                / rate;
            let path = format!("/v1/executions/{digest}?wait_s=20");
            schedule.push((at, call, get(&path, Some(&bearer))));
        }
    }
    let (to_send, waiting) = mpsc::channel::<(Instant, Call, Vec<u8>)>(plan.count);
    let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
    let again = Arc::new(AtomicUsize::new(0));
    let mut wires = Vec::new();
    for client in 0..plan.clients {
        wires.push(open(&plan, client).await);
    }
    let start = Instant::now();
    // A thread of its own: the timers of tokio are a millisecond late.
    std::thread::spawn(move || {
        for (at, call, look) in schedule {
            let at = start + Duration::from_secs_f64(at);
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            to_send.try_send((at, call, look)).unwrap();
        }
    });
    let mut clients = JoinSet::new();
    for mut wire in wires {
        let (waiting, again) = (waiting.clone(), again.clone());
        clients.spawn(async move {
            let mut done = Done::default();
            loop {
                let next = waiting.lock().await.recv().await;
                let Some((at, call, look)) = next else { break };
                let right = say(&mut wire, &call, &again).await;
                done.posted.push(at.elapsed().as_secs_f64());
                let (status, body) = wire.call(&look).await.unwrap();
                let over = String::from_utf8_lossy(&body).contains("\"succeeded\"");
                done.latencies.push(at.elapsed().as_secs_f64());
                done.count += 1;
                done.wrong += usize::from(right != Some(true) || status != 200 || !over);
            }
            done
        });
    }
    let mut all = Done::default();
    for done in clients.join_all().await {
        all.count += done.count;
        all.wrong += done.wrong;
        all.latencies.extend(done.latencies);
        all.posted.extend(done.posted);
    }
    all.seconds = start.elapsed().as_secs_f64();
    all.again = again.load(Ordering::Relaxed);
    all
}
