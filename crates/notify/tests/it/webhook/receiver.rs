//! A real receiver on loopback: what it was sent, and what it answers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A call as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Which connection it came over.
    pub(super) connection: usize,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What a call is answered.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) flow: Flow,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self::text(status, "")
    }

    pub(super) fn text(status: u16, text: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            flow: Flow::Text(Some(text.to_owned().into())),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn flow(status: u16, flow: Flow) -> Self {
        Self {
            flow,
            ..Self::status(status)
        }
    }

    /// No answer at all.
    pub(super) fn silence() -> Self {
        Self::flow(0, Flow::Stuck)
    }
}

/// How the body of an answer goes.
pub(super) enum Flow {
    /// At once.
    Text(Option<Bytes>),
    /// It never ends.
    Endless,
    /// It never comes.
    Stuck,
}

impl Body for Flow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Endless => {
                let block = Bytes::from_static(&[b' '; 4_096]);
                Poll::Ready(Some(Ok(Frame::data(block))))
            }
            Self::Stuck => Poll::Pending,
        }
    }
}

#[derive(Default)]
struct Held {
    calls: Vec<Call>,
    replies: VecDeque<Reply>,
}

/// A receiver; it is gone when this is dropped.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    /// The authority that vouches for it, PEM; empty without TLS.
    pub(super) authority: String,
    held: Arc<Mutex<Held>>,
    came: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// One without TLS, which answers 204 unless it is told otherwise.
    pub(super) async fn new() -> Self {
        Self::open(None, String::new()).await
    }

    /// One with TLS, that shows a certificate for a name.
    pub(super) async fn with_tls(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        Self::open(Some(TlsAcceptor::from(Arc::new(config))), authority).await
    }

    async fn open(tls: Option<TlsAcceptor>, authority: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (held, came) = (Arc::<Mutex<Held>>::default(), Arc::<Notify>::default());
        let (shared, told) = (held.clone(), came.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, shared, told) = (tls.clone(), shared.clone(), told.clone());
                connections.spawn(async move {
                    match tls {
                        None => converse(TokioIo::new(stream), number, shared, told).await,
                        Some(tls) => {
                            // Who does not trust us ends it here.
                            let Ok(stream) = tls.accept::<TcpStream>(stream).await else {
                                return;
                            };
                            converse(TokioIo::new(stream), number, shared, told).await;
                        }
                    }
                });
            }
        });
        Self {
            address,
            authority,
            held,
            came,
            task,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers the next call like this.
    pub(super) fn reply(&self, reply: Reply) -> &Self {
        self.held.lock().unwrap().replies.push_back(reply);
        self
    }

    /// What came so far.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.held.lock().unwrap().calls.clone()
    }

    /// The only call so far.
    #[track_caller]
    pub(super) fn call(&self) -> Call {
        let calls = self.calls();
        assert_eq!(calls.len(), 1);
        calls[0].clone()
    }

    /// Waits until something came.
    pub(super) async fn came(&self) {
        self.came.notified().await;
    }
}

async fn converse<S>(stream: TokioIo<S>, number: usize, held: Arc<Mutex<Held>>, came: Arc<Notify>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let service = service_fn(|request| answer(request, number, &held, &came));
    let _ = http1::Builder::new()
        .serve_connection(stream, service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    connection: usize,
    held: &Mutex<Held>,
    came: &Notify,
) -> Result<Response<Flow>, Infallible> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
        if let Ok(data) = frame.unwrap().into_data() {
            body.extend_from_slice(&data);
        }
    }
    let reply = {
        let mut held = held.lock().unwrap();
        held.calls.push(Call {
            path: head.uri.path().to_owned(),
            headers: head.headers,
            body,
            connection,
        });
        held.replies.pop_front().unwrap_or(Reply::status(204))
    };
    came.notify_one();
    if reply.status == 0 {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(reply.flow).unwrap())
}
