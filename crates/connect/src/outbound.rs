//! What every call that leaves this node keeps to.
//!
//! Whoever can answer for a name must not turn a call to this host, its network or
//! the service that a cloud has for its machines. So addresses are judged **after**
//! the name is resolved, by the resolver that the connection itself uses: there is
//! no second look-up that could answer something else. A host that is written as an
//! address is never looked up, so whoever reads a URL judges that with [`Range::of`].

use std::collections::BTreeMap;
use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Anybody's on the internet.
    Public,
    /// A private network's: RFC 1918, RFC 6598 (shared), RFC 2544 (benchmarks).
    Private,
    /// Unique-local and the site-local that was before it: RFC 4193, RFC 3879.
    UniqueLocal,
    /// This host's.
    Loopback,
    /// This link's.
    LinkLocal,
    /// The service that a cloud has for its machines.
    Metadata,
    /// Nobody's that could be called: unspecified, multicast, reserved.
    Nobody,
}

/// Where clouds serve their machines' own secrets.
const METADATA_4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
];
const METADATA_6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

impl Range {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Private => "an address of a private network",
            Self::UniqueLocal => "a unique-local address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Nobody => "an address that nobody can be called at",
        }
    }

    /// Whose this is, or the one that it leads to.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => of_4(ip),
            IpAddr::V6(ip) => match within(ip) {
                Some(ip) => of_4(ip),
                None => of_6(ip),
            },
        }
    }
}

fn of_4(ip: Ipv4Addr) -> Range {
    let [a, b, c, _] = ip.octets();
    if METADATA_4.contains(&ip) {
        return Range::Metadata;
    }
    match (a, b, c) {
        (127, _, _) => Range::Loopback,
        (169, 254, _) => Range::LinkLocal,
        (10, _, _) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) | (198, 18..=19, _) => {
            Range::Private
        }
        (0 | 224.., _, _) | (192, 0, 0) => Range::Nobody,
        (_, _, _) => Range::Public,
    }
}

fn of_6(ip: Ipv6Addr) -> Range {
    let [first, second, ..] = ip.segments();
    if ip == METADATA_6 {
        return Range::Metadata;
    }
    match first {
        _ if ip.is_loopback() => Range::Loopback,
        // Also Teredo (RFC 4380): what it leads to depends on who relays it.
        _ if ip.is_unspecified() || ip.is_multicast() || (first, second) == (0x2001, 0) => {
            Range::Nobody
        }
        0xfe80..=0xfebf => Range::LinkLocal,
        0xfc00..=0xfdff | 0xfec0..=0xfeff => Range::UniqueLocal,
        _ => Range::Public,
    }
}

/// The address that another one leads to: mapped or compatible (RFC 4291), behind a
/// translator (RFC 6052, RFC 8215), or 6to4 (RFC 3056).
fn within(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let four = |high: u16, low: u16| {
        Some(Ipv4Addr::from_bits(
            (u32::from(high) << 16) | u32::from(low),
        ))
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => four(high, low),
        _ => None,
    }
}

/// Says of an address that a name has whether it may be called; else why not.
pub type Admits = Arc<dyn Fn(&str, IpAddr) -> Result<(), String> + Send + Sync>;

/// Looks names up and hands on only the addresses that may be called.
#[derive(Clone)]
pub struct Lookup {
    admits: Admits,
    known: BTreeMap<String, Vec<IpAddr>>,
}

impl Lookup {
    /// Looks up as this host does.
    pub fn new(admits: Admits) -> Self {
        Self {
            admits,
            known: BTreeMap::new(),
        }
    }

    /// Takes the addresses of some names from here instead, as from a file of hosts.
    pub fn with_known(self, known: BTreeMap<String, Vec<IpAddr>>) -> Self {
        Self { known, ..self }
    }

    async fn find(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.clone();
        Box::pin(async move {
            let mut good = Vec::new();
            let mut refused = None;
            for ip in lookup.find(name.as_str()).await? {
                match (lookup.admits)(name.as_str(), ip) {
                    Ok(()) => good.push(SocketAddr::new(ip, 0)),
                    Err(why) => refused = Some(why),
                }
            }
            if good.is_empty() {
                return Err(refused
                    .unwrap_or_else(|| "the name has no address".into())
                    .into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

/// The cause at the bottom of a failed call, which says most and holds no address.
pub fn deepest(error: &reqwest::Error) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_somebodys() {
        for (text, wanted) in [
            ("52.97.1.1", Range::Public),
            ("2603:1026::1", Range::Public),
            ("64:ff9b::52.97.1.1", Range::Public),
            ("172.32.0.1", Range::Public),
            ("10.1.2.3", Range::Private),
            ("172.31.255.255", Range::Private),
            ("192.168.0.1", Range::Private),
            ("100.64.0.1", Range::Private),
            ("::ffff:10.0.0.1", Range::Private),
            ("127.0.0.1", Range::Loopback),
            ("127.255.1.1", Range::Loopback),
            ("::1", Range::Loopback),
            ("::ffff:127.0.0.1", Range::Loopback),
            ("::127.0.0.1", Range::Loopback),
            ("2002:7f00:1::", Range::Loopback),
            ("64:ff9b:1::127.0.0.1", Range::Loopback),
            ("169.254.1.1", Range::LinkLocal),
            ("fe80::1", Range::LinkLocal),
            ("169.254.169.254", Range::Metadata),
            ("168.63.129.16", Range::Metadata),
            ("64:ff9b::169.254.169.254", Range::Metadata),
            ("fd00:ec2::254", Range::Metadata),
            ("fd12::1", Range::UniqueLocal),
            ("fec0::1", Range::UniqueLocal),
            ("0.0.0.0", Range::Nobody),
            ("::", Range::Nobody),
            ("::ffff:0.0.0.0", Range::Nobody),
            ("224.0.0.1", Range::Nobody),
            ("255.255.255.255", Range::Nobody),
            ("ff02::1", Range::Nobody),
            ("2001:0:1::1", Range::Nobody),
        ] {
            assert_eq!(Range::of(text.parse().unwrap()), wanted, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_leads_only_where_it_may() {
        let admits: Admits = Arc::new(|name, ip| {
            let range = Range::of(ip);
            let refused = || format!("{name} has {}", range.words());
            (range == Range::Public).then_some(()).ok_or_else(refused)
        });
        let ips = |texts: &[&str]| texts.iter().map(|ip| ip.parse().unwrap()).collect();
        let lookup = Lookup::new(admits).with_known(BTreeMap::from([
            ("both.example".into(), ips(&["127.0.0.1", "52.97.1.1"])),
            ("here.example".into(), ips(&["127.0.0.1", "::1"])),
        ]));
        let resolve = |name: &str| lookup.resolve(name.parse().unwrap());
        let both: Vec<_> = resolve("both.example").await.unwrap().collect();
        assert_eq!(both, ["52.97.1.1:0".parse().unwrap()]);
        let here = resolve("here.example").await.err().unwrap().to_string();
        assert_eq!(here, "here.example has a loopback address");
        let here = resolve("localhost").await.err().unwrap().to_string();
        assert_eq!(here, "localhost has a loopback address");
    }
}
