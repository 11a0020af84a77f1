//! Redaction: what is secret is taken out of what a target puts out.
//!
//! A **redaction** knows the spellings of some secret values: as they are, in
//! base64 wherever they begin in it, in hexadecimal digits, percent-encoded and
//! as JSON writes them. A byte that any spelling covers is not shown; each run of
//! such bytes becomes one [`MARK`]. It makes no difference in which pieces the
//! bytes come: the end of a piece is **held** back as long as a spelling may
//! have begun in it.
//!
//! What a program makes of a secret in other ways goes through. It is a net
//! below, not the reason why secrets stay secret.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Bound, Range};
use std::sync::Arc;

use aho_corasick::{AhoCorasick, BuildError};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};
use zeroize::Zeroizing;

/// What stands where something was taken out.
pub const MARK: &[u8] = b"[redacted]";

/// Encoded spellings shorter than this would be found in anything.
const SHORTEST: usize = 4;

/// Of a longer value the digits of base64 that it shares with its neighbours are
/// not looked for: there is little to learn from them, and much to compare.
const MOST_WITH_ENDS: usize = 4_096;

/// The spellings of some secret values. Cheap to clone.
#[derive(Clone)]
pub struct Redaction(Option<Arc<Spellings>>);

struct Spellings {
    found: AhoCorasick,
    all: BTreeSet<Vec<u8>>,
    longest: usize,
}

impl Redaction {
    /// Takes nothing out.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Takes these values out, in all their spellings; empty ones are nothing.
    pub fn of(values: &[Zeroizing<Vec<u8>>]) -> Result<Self, BuildError> {
        let spelled = values.iter().flat_map(|value| spellings(value));
        let all: BTreeSet<Vec<u8>> = spelled.filter(|spelling| !spelling.is_empty()).collect();
        let Some(longest) = all.iter().map(Vec::len).max() else {
            return Ok(Self::none());
        };
        let found = AhoCorasick::new(&all)?;
        Ok(Self(Some(Arc::new(Spellings {
            found,
            all,
            longest,
        }))))
    }

    /// The text without what is secret in it.
    pub fn text(&self, text: &str) -> String {
        let mut stream = Stream::of(self.clone());
        let mut clean = stream.push(text.as_bytes());
        clean.extend(stream.finish());
        String::from_utf8_lossy(&clean).into_owned()
    }
}

impl fmt::Debug for Redaction {
    /// Nothing of what is secret, not even how long it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redaction")
    }
}

/// Bytes on their way through a redaction.
pub(crate) struct Stream {
    redaction: Redaction,
    /// What has come, and may be the beginning of something.
    held: Zeroizing<Vec<u8>>,
    /// How much of that is covered already.
    covered: usize,
    /// Whether the byte before it was.
    in_mark: bool,
    fired: bool,
}

impl Stream {
    pub(crate) fn of(redaction: Redaction) -> Self {
        Self {
            redaction,
            held: Zeroizing::default(),
            covered: 0,
            in_mark: false,
            fired: false,
        }
    }

    /// Whether anything was taken out.
    pub(crate) const fn fired(&self) -> bool {
        self.fired
    }

    /// What can be shown now that this has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(spellings) = self.redaction.0.clone() else {
            return bytes.to_vec();
        };
        self.held.extend_from_slice(bytes);
        let certain = spellings.certain(&self.held);
        self.pass(&spellings, certain)
    }

    /// What is left to be shown when nothing more comes.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        match self.redaction.0.clone() {
            None => Vec::new(),
            Some(spellings) => self.pass(&spellings, self.held.len()),
        }
    }

    /// Lets through what is before `certain`: where no spelling begins that may
    /// go on beyond what is held.
    fn pass(&mut self, spellings: &Spellings, certain: usize) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut shown = Vec::new();
        let mut at = 0;
        for region in spellings.regions(&held, self.covered, certain) {
            self.clear(held.get(at..region.start), &mut shown);
            if !self.in_mark {
                shown.extend_from_slice(MARK);
                (self.in_mark, self.fired) = (true, true);
            }
            at = region.end;
        }
        self.clear(held.get(at..certain), &mut shown);
        self.covered = at.saturating_sub(certain);
        self.held = Zeroizing::new(held.get(certain..).unwrap_or_default().to_vec());
        shown
    }

    fn clear(&mut self, bytes: Option<&[u8]>, shown: &mut Vec<u8>) {
        if let Some(bytes @ [_, ..]) = bytes {
            shown.extend_from_slice(bytes);
            self.in_mark = false;
        }
    }
}

impl Spellings {
    /// Up to where no spelling has begun that may go on.
    fn certain(&self, bytes: &[u8]) -> usize {
        let first = (bytes.len() + 1).saturating_sub(self.longest);
        let goes_on = |&at: &usize| {
            let tail = bytes.get(at..).unwrap_or_default();
            // What begins with a text comes next after it.
            let longer = (Bound::Excluded(tail), Bound::Unbounded);
            let mut longer = self.all.range::<[u8], _>(longer);
            longer.next().is_some_and(|next| next.starts_with(tail))
        };
        (first..bytes.len()).find(goes_on).unwrap_or(bytes.len())
    }

    /// What is covered by spellings that begin before `certain`, and by those of
    /// which only the end is there; in order and apart from each other.
    fn regions(&self, bytes: &[u8], covered: usize, certain: usize) -> Vec<Range<usize>> {
        let matches = self.found.find_overlapping_iter(bytes);
        let mut ranges: Vec<_> = matches.map(|found| found.range()).collect();
        ranges.retain(|range| range.start < certain);
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut regions: Vec<Range<usize>> = Vec::new();
        regions.extend((covered > 0).then_some(0..covered));
        for range in ranges {
            match regions.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                Some(_) | None => regions.push(range),
            }
        }
        regions
    }
}

/// All that a value may look like.
fn spellings(value: &[u8]) -> Vec<Vec<u8>> {
    let mut encoded = vec![
        HEXLOWER.encode(value).into_bytes(),
        HEXUPPER.encode(value).into_bytes(),
    ];
    for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
        encoded.extend((0..3).flat_map(|before| base64(encoding, value, before)));
    }
    for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
        encoded.push(percent(value, digits, |byte| !is_unreserved(byte), b"%20"));
        encoded.push(percent(value, digits, |byte| !is_unreserved(byte), b"+"));
        encoded.push(percent(value, digits, |_| true, b"%20"));
    }
    if let Ok(text) = str::from_utf8(value) {
        encoded.extend(json(text));
    }
    encoded.retain(|spelling| spelling.len() >= SHORTEST);
    encoded.push(value.to_vec());
    encoded
}

/// The digits of a value where so many bytes stand before it in a group of three:
/// those that are its alone, and the same with each digit at either end that a
/// neighbour has a part in.
fn base64(encoding: &Encoding, value: &[u8], before: usize) -> Vec<Vec<u8>> {
    let padded = [vec![0; before].as_slice(), value].concat();
    let digits = encoding.encode(&padded).into_bytes();
    let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    let own = digits.get(first..end).unwrap_or_default().to_vec();
    let mut all = Vec::new();
    if value.len() <= MOST_WITH_ENDS {
        let digit_of = |bytes: &[u8], at: usize| {
            let digits = encoding.encode(bytes).into_bytes();
            digits.get(at).copied()
        };
        // What stands right before the value, and right after it.
        let start = value.get(..value.len().min(3)).unwrap_or_default();
        let starts = (0..=u8::MAX).filter_map(|neighbour| {
            let near = match before {
                0 => return None,
                1 => [&[neighbour], start].concat(),
                _ => [&[0, neighbour], start].concat(),
            };
            digit_of(&near, first - 1)
        });
        let group = padded.len() / 3 * 3;
        let last = padded.get(group..).unwrap_or_default();
        let ends = (0..=u8::MAX).filter_map(|neighbour| {
            let near = [last, &[neighbour]].concat();
            (!last.is_empty()).then(|| digit_of(&near, end - group / 3 * 4))?
        });
        let starts: BTreeSet<u8> = starts.collect();
        let ends: BTreeSet<u8> = ends.collect();
        all.extend(
            starts
                .iter()
                .map(|&digit| [&[digit], own.as_slice()].concat()),
        );
        all.extend(
            ends.iter()
                .map(|&digit| [own.as_slice(), &[digit]].concat()),
        );
    }
    all.push(own);
    all
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn percent(
    value: &[u8],
    digits: &[u8; 16],
    is_encoded: impl Fn(u8) -> bool,
    space: &[u8],
) -> Vec<u8> {
    let digit = |of: u8| {
        digits
            .get(usize::from(of & 15))
            .copied()
            .unwrap_or_default()
    };
    let mut spelled = Vec::new();
    for &byte in value {
        match byte {
            b' ' => spelled.extend_from_slice(space),
            _ if is_encoded(byte) => spelled.extend([b'%', digit(byte >> 4), digit(byte)]),
            _ => spelled.push(byte),
        }
    }
    spelled
}

/// As JSON writes a text within its quotes: as it is, with `\/`, and with other
/// characters than ASCII by their numbers.
fn json(text: &str) -> Vec<Vec<u8>> {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let plain = quoted.trim_start_matches('"').to_owned();
    let plain = plain.strip_suffix('"').unwrap_or(&plain).to_owned();
    let numbers = |upper: bool| {
        let mut units = [0; 2];
        let mut spelled = String::new();
        for c in plain.chars() {
            match c.is_ascii() {
                true => spelled.push(c),
                false => {
                    spelled.extend(c.encode_utf16(&mut units).iter().map(|unit| match upper {
                        true => format!("\\u{unit:04X}"),
                        false => format!("\\u{unit:04x}"),
                    }))
                }
            }
        }
        spelled
    };
    let all = [numbers(false), numbers(true), plain];
    let slashed = all.clone().map(|text| text.replace('/', "\\/"));
    all.into_iter()
        .chain(slashed)
        .map(String::into_bytes)
        .collect()
}

#[cfg(test)]
mod tests;
