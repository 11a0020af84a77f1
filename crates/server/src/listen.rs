//! Where to listen, and how: nothing off this host goes without TLS.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::tls::Tls;

/// How the API is reached.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// The TLS of this process, if it has its own.
    pub tls: Option<Tls>,
    /// Whether every call comes through a proxy that speaks TLS with the
    /// caller and says in `X-Forwarded-For` who that is.
    pub behind_proxy: bool,
}

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For the API.
    pub api: TcpListener,
    /// For metrics, if they are served.
    pub metrics: Option<MetricsListener>,
}

impl From<TcpListener> for Listeners {
    fn from(api: TcpListener) -> Self {
        Self { api, metrics: None }
    }
}

/// Why an address is not listened at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenError {
    /// It is not an address.
    Unreadable {
        /// What was given.
        text: String,
    },
    /// Others than this host could reach it, and read along.
    InTheClear {
        /// The address.
        address: SocketAddr,
    },
    /// Others than this host could reach the metrics, which ask for no session.
    OpenMetrics {
        /// The address.
        address: SocketAddr,
    },
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { text } => write!(
                f,
                "`{}` is not an address to listen at, such as 127.0.0.1:8420",
                text.escape_debug()
            ),
            Self::InTheClear { address } => write!(
                f,
                "refusing to listen at {address} without TLS, since others could read along; \
                 do one of these:\n  \
                 listen on loopback, and reach it through an SSH tunnel: --listen 127.0.0.1:{port}\n  \
                 give it a certificate in writ.toml: [tls] certificate = \"FILE\", key = \"FILE\"\n  \
                 put a reverse proxy with TLS before it: --behind-proxy, or behind_proxy = true",
                port = address.port()
            ),
            Self::OpenMetrics { address } => write!(
                f,
                "refusing to serve metrics at {address}, since whoever reaches them reads them; \
                 do one of these in writ.toml:\n  \
                 serve them on loopback: [metrics] listen = \"127.0.0.1:{port}\"\n  \
                 where a network keeps others out, say so: [metrics] beyond_loopback = true",
                port = address.port()
            ),
        }
    }
}

impl std::error::Error for ListenError {}

/// Reads an address to listen at: `127.0.0.1:8420`, `[::1]:8420`, `0.0.0.0:443`
/// or `localhost:8420`.
pub fn listen_address(text: &str) -> Result<SocketAddr, ListenError> {
    let unreadable = || ListenError::Unreadable {
        text: text.chars().take(200).collect(),
    };
    match text.strip_prefix("localhost:") {
        Some(port) => {
            let port: u16 = port.parse().map_err(|_| unreadable())?;
            Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }
        None => text.parse().map_err(|_| unreadable()),
    }
}

impl Reach {
    /// Whether callers speak TLS with us, or with the proxy before us.
    pub const fn is_private(&self) -> bool {
        self.tls.is_some() || self.behind_proxy
    }

    /// The address, if nobody could read along there.
    pub fn admit(&self, address: SocketAddr) -> Result<SocketAddr, ListenError> {
        match is_here(address.ip()) || self.is_private() {
            true => Ok(address),
            false => Err(ListenError::InTheClear { address }),
        }
    }
}

/// An address where metrics may be served: only this host reaches it, or others
/// may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsAddress(SocketAddr);

/// A listener at such an address.
#[derive(Debug)]
pub struct MetricsListener(TcpListener);

impl MetricsAddress {
    /// The address, if metrics may be served there.
    pub fn admit(address: SocketAddr, beyond_loopback: bool) -> Result<Self, ListenError> {
        match is_here(address.ip()) || beyond_loopback {
            true => Ok(Self(address)),
            false => Err(ListenError::OpenMetrics { address }),
        }
    }

    /// Listens there.
    pub async fn listen(self) -> io::Result<MetricsListener> {
        TcpListener::bind(self.0).await.map(MetricsListener)
    }
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl MetricsListener {
    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub(crate) fn into_inner(self) -> TcpListener {
        self.0
    }
}

/// Whether only this host has an address.
pub(crate) fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: Reach = Reach {
        tls: None,
        behind_proxy: true,
    };

    #[test]
    fn only_this_host_is_served_in_the_clear() {
        for here in [
            "127.0.0.1:8420",
            "127.1.2.3:0",
            "[::1]:8420",
            "localhost:8420",
            "[::ffff:127.0.0.1]:1",
        ] {
            let address = listen_address(here).unwrap();
            assert_eq!(Reach::default().admit(address), Ok(address), "{here}");
        }
        for elsewhere in [
            "0.0.0.0:8420",
            "[::]:8420",
            "192.0.2.1:8420",
            "[::ffff:10.0.0.1]:1",
        ] {
            let address = listen_address(elsewhere).unwrap();
            let refused = Reach::default().admit(address).unwrap_err().to_string();
            for way_out in ["--listen 127.0.0.1:", "[tls]", "--behind-proxy"] {
                assert!(refused.contains(way_out), "{refused}");
            }
            assert_eq!(PROXY.admit(address), Ok(address));
        }
    }

    #[test]
    fn metrics_are_for_this_host_unless_it_is_said_otherwise() {
        let here = listen_address("127.0.0.1:9464").unwrap();
        assert_eq!(MetricsAddress::admit(here, false), Ok(MetricsAddress(here)));
        let elsewhere = listen_address("0.0.0.0:9464").unwrap();
        assert_eq!(
            MetricsAddress::admit(elsewhere, true),
            Ok(MetricsAddress(elsewhere))
        );
        let refused = MetricsAddress::admit(elsewhere, false)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("beyond_loopback = true"), "{refused}");
        assert!(refused.contains("127.0.0.1:9464"), "{refused}");
    }

    #[test]
    fn an_address_is_one() {
        for bad in [
            "",
            "8420",
            "127.0.0.1",
            "localhost",
            "localhost:",
            "example.com:80",
            "127.0.0.1:99999",
        ] {
            let refused = listen_address(bad).unwrap_err();
            assert!(matches!(refused, ListenError::Unreadable { .. }), "{bad}");
        }
    }
}
