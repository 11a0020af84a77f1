//! Origins: from where a call comes, and how much may come from there.
//!
//! An **origin** is the address of whoever calls: the other end of the
//! connection, or what the proxy before us says. Only [`Reach::behind_proxy`]
//! makes us believe a proxy, and then only the last address, which the proxy
//! itself has added. Each address has a bucket, of an IPv6 network all its
//! addresses together; it is asked before anything else, so also before any
//! signature. Calls from this very host are not counted: whoever is here has
//! better ways to keep us busy.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use writ_engine::Rate;

use crate::app::App;
use crate::failure::Failure;
use crate::listen::{Reach, is_here};

/// How many calls may come from one address: 2,000 at once, 200 a second.
pub(crate) const PER_ADDRESS: Rate = Rate {
    burst: 2_000,
    every_ms: 5,
};
/// Of how many addresses it is known how much came from them.
pub(crate) const MAX_ADDRESSES: usize = 65_536;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// From where a call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin(IpAddr);

impl Origin {
    /// The other end, or what our own proxy says.
    pub(crate) fn of(peer: Peer, headers: &HeaderMap, reach: &Reach) -> Self {
        let forwarded = match reach.behind_proxy {
            true => forwarded(headers),
            false => None,
        };
        Self(forwarded.unwrap_or(peer.0).to_canonical())
    }

    /// Whether it is this very host, with nobody in between.
    pub(crate) fn is_here(self, reach: &Reach) -> bool {
        !reach.behind_proxy && is_here(self.0)
    }

    /// What is counted together; nothing, if it is not counted.
    pub(crate) fn network(self, reach: &Reach) -> Option<IpAddr> {
        match self.0 {
            _ if self.is_here(reach) => None,
            IpAddr::V4(_) => Some(self.0),
            IpAddr::V6(ip) => {
                let upper = u128::from(ip) & !u128::from(u64::MAX);
                Some(IpAddr::V6(Ipv6Addr::from(upper)))
            }
        }
    }
}

/// The last address in the last header: the one that the proxy saw.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?;
    let text = last.to_str().ok()?.rsplit(',').next()?.trim();
    let address = text.trim_matches(['[', ']']).parse();
    // Some proxies add the port.
    address
        .or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()))
        .ok()
}

/// Whether a call names the host it is for as RFC 9112 §3.2 asks: once. Proxies
/// that read two names differently could be played off against us.
fn names_one_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let asked = request.uri().authority();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            let host: Option<Authority> = host.to_str().ok().and_then(|host| host.parse().ok());
            let plain = host.filter(|host| !host.as_str().contains('@'));
            plain.is_some_and(|host| asked.is_none_or(|asked| *asked == host))
        }
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// Lets a call in that names one host, if not too many come from where it comes.
pub(crate) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if !names_one_host(&request) {
        return Failure::BadHost.into_response();
    }
    let nowhere = Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let peer = request.extensions().get().copied().unwrap_or(nowhere);
    let origin = Origin::of(peer, request.headers(), app.reach());
    request.extensions_mut().insert(origin);
    match app.count(origin) {
        Ok(()) => next.run(request).await,
        Err(after) => Failure::TooMany { after }.into_response(),
    }
}

impl FromRequestParts<App> for Origin {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let nowhere = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(parts.extensions.get().copied().unwrap_or(nowhere))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PROXY: Reach = Reach {
        tls: None,
        behind_proxy: true,
    };

    fn origin(peer: &str, forwarded: &[&str], reach: &Reach) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        let peer = Peer(peer.parse().unwrap());
        Origin::of(peer, &headers, reach).0.to_string()
    }

    #[test]
    fn only_our_own_proxy_is_believed_and_only_what_it_saw() {
        for (forwarded, from) in [
            (&["192.0.2.7"][..], "192.0.2.7"),
            (&["10.9.9.9, 192.0.2.7"], "192.0.2.7"),
            (&["10.9.9.9", "evil, 192.0.2.7 "], "192.0.2.7"),
            (&["192.0.2.7:55555"], "192.0.2.7"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["::ffff:192.0.2.7"], "192.0.2.7"),
            (&["unknown"], "10.0.0.1"),
            (&["192.0.2.7, "], "10.0.0.1"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(origin("10.0.0.1", forwarded, &PROXY), from, "{forwarded:?}");
            let unproxied = Reach::default();
            assert_eq!(origin("10.0.0.1", forwarded, &unproxied), "10.0.0.1");
        }
    }

    #[test]
    fn an_ipv6_network_is_counted_as_one_and_this_host_not_at_all() {
        let network = |address: &str, reach: &Reach| {
            let network = Origin(address.parse().unwrap()).network(reach);
            network.map(|network| network.to_string())
        };
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
            ("2001:db8:1:3::", "2001:db8:1:3::"),
        ] {
            assert_eq!(network(address, &Reach::default()).unwrap(), counted);
            assert_eq!(network(address, &PROXY).unwrap(), counted);
        }
        for here in ["127.0.0.1", "127.8.8.8", "::1"] {
            assert_eq!(network(here, &Reach::default()), None);
            // A proxy on this host speaks for others.
            assert!(network(here, &PROXY).is_some());
        }
    }
}
