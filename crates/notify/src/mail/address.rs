//! Mail addresses: which ones mail is sent to.

use lettre::Address;

/// The longest that a mail server must take (RFC 5321, 4.5.3.1, with its errata).
const LONGEST: usize = 254;

/// An address as mail servers everywhere take it, or what is wrong with it. Quoted
/// local parts are possible, and nobody has one but to fool somebody.
pub(super) fn address(text: &str) -> Result<Address, &'static str> {
    if !text.is_ascii() {
        return Err("it holds other letters than ASCII; write its domain as xn--…");
    }
    if text.len() > LONGEST {
        return Err("it is longer than 254 characters");
    }
    if text.contains(['"', '[', '(', ',', ';', '<', '>']) {
        return Err("it is not written as name@domain");
    }
    text.parse().map_err(|_| "it is not written as name@domain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses() {
        for good in ["ana@contoso.com", "a.b+c@x-y.example", "writ@localhost"] {
            assert_eq!(address(good).unwrap().to_string(), good);
        }
        let long = format!("{}@contoso.com", "a".repeat(300));
        for bad in [
            "",
            "ana",
            "@contoso.com",
            "ana@",
            "ana@contoso.com\r\nRCPT TO:<eve@contoso.com>",
            "ana@contoso.com\n",
            "ana@contoso.com>",
            "ana@contoso.com, eve@contoso.com",
            "a b@contoso.com",
            "\"a b\"@contoso.com",
            "ana@[127.0.0.1]",
            "anä@contoso.com",
            "ana@bücher.example",
            "ana@contoso..com",
            "a\0b@contoso.com",
            &long,
        ] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }
}
