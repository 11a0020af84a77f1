//! When a certificate ends: the one field of X.509 that is read here.
//!
//! RFC 5280, section 4.1: a certificate is a sequence whose first member is a
//! sequence of an optional version, the serial number, an algorithm, the issuer
//! and the **validity**, which is two times. Only that path is walked.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::civil::DateTime;
use writ_core::time::{Seconds, Time};

use super::Finding;
use crate::output::local;

/// How long before its end a certificate is worth a look.
const SOON: Seconds = Seconds(14 * 86_400);
/// The longest certificate file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Of the first certificate in a PEM file.
pub(super) fn of_file(path: &Path) -> Finding {
    let name = path.display().to_string();
    let text = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)
        .and_then(|_| {
            let mut text = String::new();
            let file = File::open(path).ok()?;
            file.take(MAX_FILE).read_to_string(&mut text).ok()?;
            Some(text)
        });
    judged(&name, text.and_then(|text| ends(&first(&text)?)))
}

/// Of the one that a server showed.
pub(super) fn of_server(der: &[u8]) -> Finding {
    judged("the server's certificate", ends(der))
}

fn judged(name: &str, ends: Option<Time>) -> Finding {
    let now = writ_client::now();
    let next = "renew it; a running node takes the new file by itself";
    match ends {
        None => Finding::warn(
            "certificate",
            format!("{name}: its end cannot be read"),
            next,
        ),
        Some(end) if end <= now => {
            Finding::fail("certificate", format!("{name} ended {}", local(end)), next)
        }
        Some(end) if end <= now.plus(SOON) => {
            Finding::warn("certificate", format!("{name} ends {}", local(end)), next)
        }
        Some(end) => Finding::ok("certificate", format!("{name} ends {}", local(end))),
    }
}

/// The first certificate of a PEM file.
fn first(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (text, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let text: String = text.split_whitespace().collect();
    data_encoding::BASE64.decode(text.as_bytes()).ok()
}

/// When a certificate ends.
fn ends(der: &[u8]) -> Option<Time> {
    let (certificate, _) = member(der, SEQUENCE)?;
    let (mut fields, _) = member(certificate, SEQUENCE)?;
    if let Some((_, rest)) = member(fields, VERSION) {
        fields = rest;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        fields = any_member(fields)?.2;
    }
    let (validity, _) = member(fields, SEQUENCE)?;
    let (_, _, rest) = any_member(validity)?;
    let (tag, text, _) = any_member(rest)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        // RFC 5280, section 4.1.2.5.1: from 50 on it is the last century.
        UTC_TIME if text.len() == 12 => {
            let century = if text.get(..2)? < "50" { "20" } else { "19" };
            format!("{century}{text}")
        }
        GENERALIZED_TIME if text.len() == 14 => text.to_owned(),
        _ => return None,
    };
    let end = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    let end = end.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Time(end.timestamp().as_millisecond()))
}

/// The contents of a member with this tag, and what follows it.
fn member(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, contents, rest) = any_member(der)?;
    (tag == wanted).then_some((contents, rest))
}

/// The tag and the contents of a member, and what follows it.
fn any_member(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn the_end_of_a_certificate_is_read() {
        for (year, end) in [
            (2026, "2026-03-09"),
            (2049, "2049-03-09"),
            (2050, "2050-03-09"),
            (2199, "2199-03-09"),
        ] {
            let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, 3, 9);
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            let read = ends(certificate.der()).unwrap();
            assert_eq!(read.to_string().get(..10), Some(end), "{read}");
            assert_eq!(
                first(&certificate.pem()).unwrap(),
                certificate.der().to_vec()
            );
            // No part of one is one, and nothing panics.
            for length in 0..60 {
                assert_eq!(ends(&certificate.der()[..length]), None);
            }
        }
        assert_eq!(first("nothing"), None);
    }
}
