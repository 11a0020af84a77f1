//! HTTP: one call, one connection, one bounded answer.

use std::error::Error as _;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, redirect, retry};

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
            .dns_resolver(Public)
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

/// The cause at the bottom, which says most and holds no address.
fn deepest(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".into();
    }
    let mut cause = error.source();
    let mut said = None;
    while let Some(deeper) = cause {
        said = Some(deeper.to_string());
        cause = deeper.source();
    }
    said.unwrap_or_else(|| "the connection ended".into())
}

/// Looks names up, and takes no address that no service of Microsoft's can have:
/// whoever can answer for a name must not turn a call to this host or its link.
#[derive(Clone, Copy, Debug)]
struct Public;

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let good: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            match good.is_empty() {
                true => Err("the name has no address outside of this host and its link".into()),
                false => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            !(ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast())
        }
        IpAddr::V6(ip) => match within(ip) {
            Some(ip) => is_public(IpAddr::V4(ip)),
            None => {
                !(ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || ip.is_unicast_link_local()
                    || ip.is_unique_local())
            }
        },
    }
}

/// The address that another one leads to: mapped (RFC 4291), or behind a translator
/// (RFC 6052).
fn within(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = ip.segments();
    let is_translated = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let bits = (u32::from(high) << 16) | u32::from(low);
    match is_translated {
        true => Some(Ipv4Addr::from_bits(bits)),
        false => ip.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lead_here() {
        for (text, wanted) in [
            ("52.97.1.1", true),
            ("2603:1026::1", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("64:ff9b::52.97.1.1", true),
            ("64:ff9b::169.254.169.254", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), wanted, "{text}");
        }
    }
}
