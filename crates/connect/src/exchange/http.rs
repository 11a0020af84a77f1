//! HTTP: one call, one connection, one bounded answer.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, redirect, retry};

use crate::outbound::{Lookup, Range, deepest};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Makes calls.
#[derive(Clone, Debug)]
pub(crate) struct Http(Client);

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Silence {
    /// There was no connection, so nothing was sent.
    NoConnection(String),
    /// It was sent, or a part of it, and no answer came.
    Lost(String),
    /// An answer began and broke off, or is too long.
    Broken {
        /// Its status.
        status: u16,
        /// How.
        why: String,
    },
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(why) => write!(f, "there was no connection: {why}"),
            Self::Lost(why) => write!(f, "no answer came: {why}"),
            Self::Broken { status, why } => write!(f, "the answer {status} broke off: {why}"),
        }
    }
}

impl Http {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            // What changes something must not be sent twice by anything below us,
            // and no old connection may leave it open whether it was sent.
            .retry(retry::never())
            .pool_max_idle_per_host(0)
            .http1_only()
            .no_proxy()
            .referer(false)
            .dns_resolver(Lookup::new(Arc::new(is_possible)))
            .user_agent(concat!("writ/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }

    /// A call of an address, to be filled.
    pub(crate) fn post(&self, url: &str) -> RequestBuilder {
        self.0.post(url)
    }

    /// Sends a call and reads the answer.
    pub(crate) async fn answer(&self, call: RequestBuilder) -> Result<Answer, Silence> {
        let mut response =
            call.send()
                .await
                .map_err(|error| match error.is_connect() || error.is_builder() {
                    true => Silence::NoConnection(deepest(&error)),
                    false => Silence::Lost(deepest(&error)),
                })?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| Silence::Broken {
                status,
                why: deepest(&error),
            })?;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > MAX_ANSWER {
                let why = format!("it is longer than {MAX_ANSWER} bytes");
                return Err(Silence::Broken { status, why });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long it asks to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// No service of Microsoft's has an address of this host, its link or a cloud's own.
fn is_possible(_: &str, ip: IpAddr) -> Result<(), String> {
    match Range::of(ip) {
        Range::Public | Range::Private => Ok(()),
        Range::UniqueLocal
        | Range::Loopback
        | Range::LinkLocal
        | Range::Metadata
        | Range::Nobody => Err("the name has no address outside of this host and its link".into()),
    }
}
