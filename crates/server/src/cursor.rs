//! Cursors: where a page of a listing ended.
//!
//! A **cursor** names the last item of a page, by its place in the order and
//! its id. It grants nothing: what a page shows is judged anew. Callers pass it
//! back as they got it; anything else is refused.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use writ_core::digest::Digest;

/// The last item of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Cursor {
    /// Of a row the entry that made it; of a grant when it ends.
    pub(crate) place: u64,
    pub(crate) id: Digest,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.place.to_be_bytes()[..], self.id.as_bytes()].concat();
        f.write_str(&BASE64URL_NOPAD.encode(&bytes))
    }
}

impl FromStr for Cursor {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let (place, id) = bytes.split_first_chunk::<8>()?;
            let place = u64::from_be_bytes(*place);
            let id = Digest::from_bytes(id.try_into().ok()?);
            Some(Self { place, id })
        };
        read()
            // The store counts as databases do.
            .filter(|cursor| i64::try_from(cursor.place).is_ok())
            .ok_or("`after` must be the `next` of the page before, unchanged")
    }
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_spelling() {
        let cursor = Cursor {
            place: 7,
            id: Digest::of(b"x"),
        };
        let text = cursor.to_string();
        assert_eq!(text.parse(), Ok(cursor));
        for bad in [
            String::new(),
            format!("{text}="),
            format!(" {text}"),
            format!("{text}AAAA"),
            text[1..].to_owned(),
            text.replace('A', "+"),
            BASE64URL_NOPAD.encode(&[0xff; 40]),
        ] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
