//! Where an endpoint may lead.
//!
//! Without a word, only to public addresses. What is **allowed** may lead to this host
//! or its networks too: an address, a range of addresses, or the name in the URL. Where a
//! cloud serves its machines' own secrets, only that very address allows to call it,
//! and what nobody can be called at, nothing does.

use std::net::IpAddr;

use writ_connect::outbound::Range;

/// What an endpoint may lead to beside public addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Allow {
    ranges: Vec<(IpAddr, u8)>,
    names: Vec<String>,
}

impl Allow {
    /// Adds what a text names.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let Ok(ip) = address.parse::<IpAddr>() else {
            return match bits {
                None => self.add_name(text),
                Some(_) => Err("an address, a range such as 10.0.0.0/8, or a name".into()),
            };
        };
        let (least, most) = match ip {
            IpAddr::V4(_) => (8, 32),
            IpAddr::V6(_) => (7, 128),
        };
        let bits = match bits {
            None => most,
            Some(bits) => match bits.parse() {
                Ok(bits) if (least..=most).contains(&bits) => bits,
                Ok(_) | Err(_) => {
                    return Err(format!("after the `/` stand {least} to {most} bits"));
                }
            },
        };
        if bits == most && Range::of(ip) == Range::Nobody {
            return Err(format!("this is {}", Range::Nobody.words()));
        }
        self.ranges.push((ip, bits));
        Ok(())
    }

    fn add_name(&mut self, text: &str) -> Result<(), String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if text.is_empty() || !text.chars().all(is_name) {
            return Err("an address, a range such as 10.0.0.0/8, or a name".into());
        }
        self.names.push(text.to_ascii_lowercase());
        Ok(())
    }

    /// The names among it.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a host is named in it, by its name or its address.
    pub(super) fn names_host(&self, host: &str) -> bool {
        match address(host) {
            Some(ip) => self.holds(ip),
            None => self.names.iter().any(|name| name == host),
        }
    }

    /// Whether a host may be called at an address; else why not, and what to do.
    pub(super) fn admits(&self, host: &str, ip: IpAddr) -> Result<(), String> {
        let ip = ip.to_canonical();
        let range = Range::of(ip);
        let is_admitted = match range {
            Range::Public => true,
            Range::Private | Range::UniqueLocal | Range::Loopback | Range::LinkLocal => {
                self.holds(ip) || self.names.iter().any(|name| name == host)
            }
            Range::Metadata => self
                .ranges
                .iter()
                .any(|(one, bits)| *one == ip && *bits == if ip.is_ipv4() { 32 } else { 128 }),
            Range::Nobody => false,
        };
        if is_admitted {
            return Ok(());
        }
        let words = range.words();
        let refused = match address(host) {
            Some(_) => format!("{ip} is {words}"),
            None => format!("{host} leads to {ip}, {words}"),
        };
        Err(match range == Range::Nobody {
            true => refused,
            false => format!("{refused}; if that is meant: allow = [\"{ip}\"] in writ.toml"),
        })
    }

    fn holds(&self, ip: IpAddr) -> bool {
        self.ranges.iter().any(|(one, bits)| match (one, ip) {
            (IpAddr::V4(one), IpAddr::V4(ip)) => {
                let differ = one.to_bits() ^ ip.to_bits();
                differ.leading_zeros() >= u32::from(*bits)
            }
            (IpAddr::V6(one), IpAddr::V6(ip)) => {
                let differ = one.to_bits() ^ ip.to_bits();
                differ.leading_zeros() >= u32::from(*bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        })
    }
}

/// The address that a URL's host is, if it is one: in brackets where it has colons.
pub(super) fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(texts: &[&str]) -> Allow {
        let mut allow = Allow::default();
        for text in texts {
            allow.add(text).unwrap();
        }
        allow
    }

    #[test]
    fn what_is_not_public_must_be_allowed() {
        for (texts, host, ip, wanted) in [
            (&[][..], "hooks.example", "52.97.1.1", true),
            (&[], "hooks.example", "10.0.0.1", false),
            (&[], "hooks.example", "127.0.0.1", false),
            (&[], "hooks.example", "::ffff:169.254.169.254", false),
            (&[], "hooks.example", "fd12::1", false),
            (&["10.0.0.0/8"], "hooks.example", "10.255.0.1", true),
            (&["10.0.0.0/8"], "hooks.example", "11.0.0.1", true),
            (&["10.0.0.0/8"], "hooks.example", "192.168.0.1", false),
            (&["10.1.0.0/16"], "hooks.example", "10.2.0.1", false),
            (&["127.0.0.1"], "127.0.0.1", "127.0.0.1", true),
            (&["127.0.0.1"], "127.0.0.1", "127.0.0.2", false),
            (&["10.0.0.0/8"], "hooks.example", "::ffff:10.0.0.1", true),
            (&["::1"], "hooks.example", "::1", true),
            (&["fd00::/8"], "hooks.example", "fd12::1", true),
            (&["hooks.internal"], "hooks.internal", "10.0.0.1", true),
            (&["hooks.internal"], "hooks.internal", "127.0.0.1", true),
            (&["hooks.internal"], "other.internal", "10.0.0.1", false),
            // A name and a range let nobody reach what a cloud tells its machines.
            (
                &["hooks.internal"],
                "hooks.internal",
                "169.254.169.254",
                false,
            ),
            (
                &["169.254.0.0/16"],
                "hooks.internal",
                "169.254.169.254",
                false,
            ),
            (
                &["169.254.169.254"],
                "hooks.internal",
                "169.254.169.254",
                true,
            ),
            (&["hooks.internal"], "hooks.internal", "0.0.0.0", false),
            (&["hooks.internal"], "hooks.internal", "224.0.0.1", false),
        ] {
            let found = allow(texts).admits(host, ip.parse().unwrap());
            assert_eq!(found.is_ok(), wanted, "{texts:?} {host} {ip} {found:?}");
        }
        let error = allow(&[]).admits("hooks.example", "10.0.0.1".parse().unwrap());
        let wanted = "hooks.example leads to 10.0.0.1, an address of a private network; if \
                      that is meant: allow = [\"10.0.0.1\"] in writ.toml";
        assert_eq!(error.unwrap_err(), wanted);
    }

    #[test]
    fn odd_ranges_are_refused() {
        for text in [
            "0.0.0.0/0",
            "10.0.0.0/33",
            "::/0",
            "10.0.0.0/x",
            "0.0.0.0",
            "a b",
            "",
            "x/8",
        ] {
            assert!(Allow::default().add(text).is_err(), "{text}");
        }
    }
}
