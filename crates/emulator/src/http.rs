//! Connections, calls and answers, and the ways in which an answer fails to come.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{BANNER, BANNER_HEADER, World, control, invoke, token};

/// How long nothing is accepted after it failed.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest call that is read, in bytes.
const MAX_CALL: usize = 16 << 20;

/// An answer, or how none comes.
#[derive(Debug)]
pub(crate) enum Reply {
    /// What is sent.
    Sent(Sent),
    /// Nothing ever is.
    Never,
    /// The connection ends first.
    Lost,
}

/// What is sent.
#[derive(Debug)]
pub(crate) struct Sent {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    breaks_off: bool,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self::Sent(Sent {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            breaks_off: false,
        })
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let reply = Self::empty(status).header("content-type", "application/json; charset=utf-8");
        match reply {
            Self::Sent(sent) => Self::Sent(Sent {
                body: body.to_string().into_bytes(),
                ..sent
            }),
            other @ (Self::Never | Self::Lost) => other,
        }
    }

    pub(crate) const fn never() -> Self {
        Self::Never
    }

    pub(crate) const fn lost() -> Self {
        Self::Lost
    }

    /// The same with one more header, or in its place.
    pub(crate) fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Sent(mut sent) => {
                sent.headers.retain(|(before, _)| *before != name);
                sent.headers.push((name, value.into()));
                Self::Sent(sent)
            }
            Self::Never | Self::Lost => self,
        }
    }

    pub(crate) fn retry_after(self, seconds: Option<u64>) -> Self {
        match seconds {
            Some(seconds) => self.header("retry-after", seconds.to_string()),
            None => self,
        }
    }

    /// The same, breaking off in the middle.
    pub(crate) fn cut_short(self) -> Self {
        match self {
            Self::Sent(sent) => Self::Sent(Sent {
                breaks_off: true,
                ..sent
            }),
            Self::Never | Self::Lost => self,
        }
    }

    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::Sent(sent) => Some(sent.status),
            Self::Never | Self::Lost => None,
        }
    }
}

/// A body that may break off after its first half.
struct Answer {
    rest: Option<Bytes>,
    length: u64,
    breaks_off: bool,
    waits: bool,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        // What comes before is sent off first.
        if self.breaks_off && std::mem::take(&mut self.waits) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match std::mem::take(&mut self.breaks_off) {
            true => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            false => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && !self.breaks_off
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

impl Sent {
    fn into_response(self) -> Response<Answer> {
        let length = self.body.len() as u64;
        let mut bytes = Bytes::from(self.body);
        if self.breaks_off {
            bytes.truncate(bytes.len() / 2);
        }
        let mut response = Response::new(Answer {
            length,
            rest: Some(bytes).filter(|bytes| !bytes.is_empty()),
            breaks_off: self.breaks_off,
            waits: true,
        });
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            HeaderName::from_static(BANNER_HEADER),
            HeaderValue::from_static(BANNER),
        );
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// A call, read to its end.
pub(crate) struct Called {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Called {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Mostly: out of file descriptors. Without a pause this would spin.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let world = world.clone();
        // With the listener they all end.
        connections.spawn(async move {
            let service = service_fn(|request| converse(&world, request));
            // A connection that ends early is the client's or a fault's doing.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(world: &World, request: Request<Incoming>) -> io::Result<Response<Answer>> {
    let reply = match read(request).await {
        Ok(called) => answer(world, &called),
        Err(TooLong) => Reply::empty(413),
    };
    match reply {
        Reply::Sent(sent) => Ok(sent.into_response()),
        Reply::Never => match pending::<Infallible>().await {},
        Reply::Lost => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

struct TooLong;

async fn read(request: Request<Incoming>) -> Result<Called, TooLong> {
    let (head, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let data = frame.ok().and_then(|frame| frame.into_data().ok());
        let Some(data) = data else { break };
        if bytes.len() + data.len() > MAX_CALL {
            return Err(TooLong);
        }
        bytes.extend_from_slice(&data);
    }
    let path = head.uri.path().split('/').filter(|part| !part.is_empty());
    Ok(Called {
        method: head.method,
        path: path.map(str::to_owned).collect(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: bytes,
    })
}

fn answer(world: &World, called: &Called) -> Reply {
    let path: Vec<&str> = called.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["emulator", rest @ ..] => control::answer(world, called, rest),
        [tenant, "oauth2", "v2.0", "token"] => match called.method {
            Method::POST => token::answer(world, tenant, &called.body),
            _ => Reply::empty(405),
        },
        ["adminapi", "beta", tenant, "InvokeCommand"] => match called.method {
            Method::POST => invoke::answer(world, tenant, called),
            _ => Reply::empty(405),
        },
        ["adminapi", "v1.0", _, "InvokeCommand"] => Reply::empty(405),
        ["adminapi", "v1.0", tenant, "EXOModuleFile"] => match called.method {
            Method::GET => invoke::exported(world, tenant, called),
            _ => Reply::empty(405),
        },
        _ => Reply::empty(404),
    }
}
