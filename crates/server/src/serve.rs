//! Serving: connections, and how long we are patient with them.
//!
//! Each connection is one slot of a limited number. A client that sends its
//! head slowly, keeps a connection for ever or never reads its answer loses the
//! slot after a while, so that slowness alone cannot keep others out.

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use writ_engine::Engine;

use crate::api;
use crate::app::App;
use crate::listen::{Listeners, Reach};
use crate::metrics;
use crate::origin::{Origin, Peer};
use crate::tally::{Place, Tally};
use crate::telling::Telling;

/// How patient we are.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// How many connections there are at once; more wait to be accepted.
    connections: u32,
    /// How many of them one address may have.
    per_address: u32,
    /// How long the head of a call may take, and the pause before it.
    head: Duration,
    /// How long a connection lives before it is closed after its next answer.
    life: Duration,
    /// How long the answers at hand may still take then, and when we stop.
    grace: Duration,
}

impl Patience {
    const USUAL: Self = Self {
        connections: 1_024,
        per_address: 64,
        head: Duration::from_secs(30),
        life: Duration::from_secs(600),
        grace: Duration::from_secs(40),
    };

    /// For metrics, which few ask for.
    const FIGURES: Self = Self {
        connections: 16,
        per_address: 4,
        grace: Duration::from_secs(2),
        ..Self::USUAL
    };
}

/// The largest head of a call, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// How many headers a call may have.
const MAX_HEADERS: usize = 64;

/// Serves the API until `stop` is done, then finishes the calls at hand.
///
/// Refuses a listener where others than this host could read along.
pub async fn serve(
    engine: Engine,
    listeners: impl Into<Listeners>,
    reach: Reach,
    telling: Arc<dyn Telling>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let Listeners {
        api: listener,
        metrics,
    } = listeners.into();
    // INVARIANT: the API is not served off loopback without TLS. Metrics name nobody,
    // and are where a `MetricsListener` may be.
    reach
        .admit(listener.local_addr()?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let app = App::new(engine, reach.clone(), telling);
    let router = api::router(app.clone());
    let stopping = app.stopping();
    if let Some(tls) = reach.tls.clone() {
        tokio::spawn(tls.keep_fresh(stopping.clone()));
    }
    if let Some(listener) = metrics {
        let served = Served {
            router: metrics::router(app.clone()),
            reach: Reach::default(),
        };
        let (mut told, stopping) = (stopping.clone(), stopping.clone());
        let stop = async move {
            // Either way it is time to stop.
            let _ = told.wait_for(|stopping| *stopping).await;
        };
        tokio::spawn(converse(
            served,
            listener.into_inner(),
            stop,
            stopping,
            Patience::FIGURES,
        ));
    }
    let stop = async move {
        stop.await;
        app.stop();
    };
    let served = Served { router, reach };
    converse(served, listener, stop, stopping, Patience::USUAL).await;
    Ok(())
}

/// What is said on each connection, and how.
#[derive(Clone)]
struct Served {
    router: Router,
    reach: Reach,
}

/// Accepts connections until `stop` is done, which also makes `stopping` true.
async fn converse(
    served: Served,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    stopping: watch::Receiver<bool>,
    patience: Patience,
) {
    let slots = Arc::new(Semaphore::new(patience.connections as usize));
    let addresses = Tally::new(patience.per_address);
    let mut stop = pin!(stop);
    loop {
        let next = accept(&listener, &slots);
        let (slot, stream, peer) = tokio::select! {
            biased;
            () = &mut stop => break,
            next = next => next,
        };
        let Ok(place) = place(&addresses, peer, &served.reach) else {
            tracing::debug!("a client has too many connections");
            continue;
        };
        let talk = talk(served.clone(), stream, peer, stopping.clone(), patience);
        tokio::spawn(async move {
            talk.await;
            drop((slot, place));
        });
    }
    drop(listener);
    let all_done = slots.acquire_many(patience.connections);
    if timeout(patience.grace, all_done).await.is_err() {
        tracing::warn!("stopped before all clients had their answers");
    }
}

/// The place that a connection takes among those of its address, if that is
/// counted.
fn place(
    addresses: &Tally<IpAddr>,
    peer: Peer,
    reach: &Reach,
) -> Result<Option<Place<IpAddr>>, TooMany> {
    // All connections of a proxy come from one address.
    let direct = Origin::of(peer, &HeaderMap::new(), reach).network(reach);
    match direct.filter(|_| !reach.behind_proxy) {
        Some(network) => addresses.enter(network).map(Some).ok_or(TooMany),
        None => Ok(None),
    }
}

/// An address has as many connections as it may.
#[derive(Debug)]
struct TooMany;

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream, Peer) {
    loop {
        // Never closed, so it only ever waits.
        let Ok(slot) = slots.clone().acquire_owned().await else {
            continue;
        };
        match listener.accept().await {
            Ok((stream, from)) => return (slot, stream, Peer(from.ip())),
            Err(error) => {
                // Mostly: out of file descriptors. Without a pause this would spin.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

async fn talk(
    served: Served,
    stream: TcpStream,
    peer: Peer,
    stopping: watch::Receiver<bool>,
    patience: Patience,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot send at once");
    }
    let calls = Calls {
        peer,
        router: TowerToHyperService::new(served.router),
    };
    match served.reach.tls {
        None => answer(calls, stream, stopping, patience).await,
        Some(tls) => match timeout(patience.head, tls.accept(stream)).await {
            Ok(Ok(stream)) => answer(calls, stream, stopping, patience).await,
            Ok(Err(error)) => tracing::debug!(%error, "a client does not speak our TLS"),
            Err(_) => tracing::debug!("a client did not begin in time"),
        },
    }
}

/// The calls of one connection, each told where it comes from.
struct Calls {
    peer: Peer,
    router: TowerToHyperService<Router>,
}

impl Service<Request<Incoming>> for Calls {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

async fn answer(
    calls: Calls,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    mut stopping: watch::Receiver<bool>,
    patience: Patience,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), calls);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.wait_for(|stopping| *stopping) => None,
        () = sleep(patience.life) => None,
    };
    let ended = match ended {
        Some(ended) => Ok(ended),
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(patience.grace, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection broke"),
        Err(_) => tracing::debug!("a client did not take its answer in time"),
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;

    const SHORT: Patience = Patience {
        connections: 2,
        per_address: 1,
        head: Duration::from_millis(300),
        life: Duration::from_secs(60),
        grace: Duration::from_secs(5),
    };

    struct Running {
        address: std::net::SocketAddr,
        stop: oneshot::Sender<()>,
        done: tokio::task::JoinHandle<()>,
    }

    async fn running(patience: Patience) -> Running {
        let slow = || async {
            sleep(Duration::from_millis(400)).await;
            "slow"
        };
        let big = || async { vec![0_u8; 64 * 1024 * 1024] };
        let router = Router::new()
            .route("/slow", get(slow))
            .route("/big", get(big));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopping = watch::Sender::new(false);
        let seen = stopping.subscribe();
        let stop_now = async move {
            stopped.await.ok();
            stopping.send_replace(true);
            // The app keeps its sender; so does this one.
            std::mem::forget(stopping);
        };
        let reach = Reach::default();
        let served = Served { router, reach };
        let done = tokio::spawn(converse(served, listener, stop_now, seen, patience));
        Running {
            address,
            stop,
            done,
        }
    }

    #[test]
    fn an_address_has_a_number_of_connections_but_not_this_host_nor_a_proxy() {
        let addresses = Tally::new(1);
        let peer = |text: &str| Peer(text.parse().unwrap());
        let (direct, proxied) = (
            Reach::default(),
            Reach {
                behind_proxy: true,
                ..Reach::default()
            },
        );
        let first = place(&addresses, peer("2001:db8::1"), &direct).unwrap();
        assert!(first.is_some());
        assert!(place(&addresses, peer("2001:db8::2"), &direct).is_err());
        let other = place(&addresses, peer("192.0.2.1"), &direct);
        assert!(other.unwrap().is_some());
        drop(first);
        assert!(place(&addresses, peer("2001:db8::2"), &direct).is_ok());
        for (from, reach) in [("127.0.0.1", &direct), ("192.0.2.1", &proxied)] {
            let many: Vec<_> = (0..3)
                .map(|_| place(&addresses, peer(from), reach))
                .collect();
            assert!(many.iter().all(|place| matches!(place, Ok(None))), "{from}");
        }
    }

    async fn say(address: std::net::SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        timeout(Duration::from_secs(10), read).await.unwrap().ok();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    const SLOW: &str = "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test]
    async fn slow_heads_and_idle_connections_lose_their_slots() {
        let server = running(SHORT).await;
        let slow_head = say(server.address, "GET /slow HTTP/1.1\r\nho").await;
        let idle = say(server.address, SLOW).await;
        // Both slots are taken: the third is served once one of them is free.
        let third = say(server.address, SLOW).await;
        assert!(rest(third).await.ends_with("slow"));
        assert!(!rest(slow_head).await.contains("slow"));
        assert!(rest(idle).await.ends_with("slow"));
    }

    #[tokio::test]
    async fn whoever_does_not_read_loses_the_slot() {
        let patience = Patience {
            connections: 1,
            life: Duration::from_millis(200),
            grace: Duration::from_millis(500),
            ..SHORT
        };
        let server = running(patience).await;
        let deaf = say(server.address, "GET /big HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let next = say(server.address, SLOW).await;
        assert!(rest(next).await.contains("slow"));
        drop(deaf);
    }

    #[tokio::test]
    async fn stopping_finishes_the_calls_at_hand_and_takes_no_more() {
        let server = running(SHORT).await;
        let at_hand = say(server.address, SLOW).await;
        sleep(Duration::from_millis(100)).await;
        server.stop.send(()).unwrap();
        assert!(rest(at_hand).await.ends_with("slow"));
        timeout(Duration::from_secs(5), server.done)
            .await
            .unwrap()
            .unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
    }
}
