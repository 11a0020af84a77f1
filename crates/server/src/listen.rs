//! Where to listen: on this host only, until there is TLS.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Why an address is not listened at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenError {
    /// It is not an address.
    Unreadable {
        /// What was given.
        text: String,
    },
    /// Others than this host could reach it.
    OffLoopback {
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
            Self::OffLoopback { address } => write!(
                f,
                "refusing to listen at {address}: this version has no TLS, so others could read \
                 along; listen at 127.0.0.1:{port} and put a reverse proxy with TLS on the same \
                 host before it, or reach it through an SSH tunnel: \
                 ssh -L {port}:127.0.0.1:{port} HOST",
                port = address.port()
            ),
        }
    }
}

impl std::error::Error for ListenError {}

/// Reads an address to listen at: `127.0.0.1:8420`, `[::1]:8420` or
/// `localhost:8420`, and nothing that others than this host can reach.
pub fn listen_address(text: &str) -> Result<SocketAddr, ListenError> {
    let unreadable = || ListenError::Unreadable {
        text: text.chars().take(200).collect(),
    };
    let address = match text.strip_prefix("localhost:") {
        Some(port) => {
            SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().map_err(|_| unreadable())?))
        }
        None => text.parse().map_err(|_| unreadable())?,
    };
    on_loopback(address)
}

/// The address, if only this host can reach it.
pub(crate) fn on_loopback(address: SocketAddr) -> Result<SocketAddr, ListenError> {
    let is_loopback = match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.to_canonical().is_loopback(),
    };
    match is_loopback {
        true => Ok(address),
        false => Err(ListenError::OffLoopback { address }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_listened_to() {
        for good in [
            "127.0.0.1:8420",
            "127.1.2.3:0",
            "[::1]:8420",
            "localhost:8420",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(listen_address(good).is_ok(), "{good}");
        }
        for bad in [
            "0.0.0.0:8420",
            "[::]:8420",
            "192.0.2.1:8420",
            "[::ffff:10.0.0.1]:1",
        ] {
            let refused = listen_address(bad).unwrap_err();
            assert!(matches!(refused, ListenError::OffLoopback { .. }), "{bad}");
            assert!(refused.to_string().contains("ssh -L"), "{refused}");
        }
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
