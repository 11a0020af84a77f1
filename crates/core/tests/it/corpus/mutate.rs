//! Seeded mutators: from one text, as many others as one likes.
//!
//! A **mutant** is a text after one to four changes, each of a kind that once
//! broke a parser somewhere. The same seed makes the same mutant, so a failure
//! names its seed. Used by the tests of several crates.

/// What stands at the borders of parsers: marks, escapes, numbers that do not
/// fit, characters that are not what they look like.
const TOKENS: [&[u8]; 40] = [
    b"",
    b"\0",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-0",
    b"1e3",
    b"0.0",
    b"9007199254740993",
    b"-9223372036854775809",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"\xe2\x80\xa8",
    b"\xe2\x80\x94 ",
    b"\xd0\xb0",
    b"@",
    b".",
    b"..",
    b"/",
    b"*",
    b"=",
    b"+",
    b"-",
    b"\n\n",
    b"%00",
];

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below another one, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    /// A place in a text, or its end.
    fn place(&mut self, text: &[u8]) -> usize {
        self.below(text.len() + 1)
    }

    /// A part of a text, mostly a short one.
    fn part(&mut self, text: &[u8]) -> std::ops::Range<usize> {
        let start = self.place(text);
        let most = [1, 2, 8, 64, text.len()][self.below(5)];
        start..text.len().min(start + self.below(most + 1))
    }
}

/// The mutant of a text with this seed; `others` lend it parts of theirs.
pub(crate) fn mutant(text: &[u8], others: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut text = text.to_vec();
    for _ in 0..=dice.below(4) {
        change(&mut text, others, &mut dice);
    }
    text
}

fn change(text: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.place(text);
    let part = dice.part(text);
    match dice.below(8) {
        0 if at < text.len() => text[at] ^= 1 << dice.below(8),
        1 if at < text.len() => text[at] = u8::try_from(dice.below(256)).unwrap(),
        2 => drop(text.drain(part)),
        3 => text.truncate(at),
        4 => {
            // Said twice.
            let again = text[part].to_vec();
            drop(text.splice(at..at, again));
        }
        5 => {
            // In another case.
            for byte in &mut text[part] {
                *byte ^= if byte.is_ascii_alphabetic() { 0x20 } else { 0 };
            }
        }
        6 if !others.is_empty() => {
            let other = &others[dice.below(others.len())];
            let lent = other[dice.part(other)].to_vec();
            drop(text.splice(part, lent));
        }
        _ => {
            let token = TOKENS[dice.below(TOKENS.len())].iter().copied();
            drop(text.splice(part, token));
        }
    }
}

#[test]
fn a_seed_makes_one_mutant() {
    let text = b"{\"a\":[1,2,3]}".to_vec();
    let others = [b"other".to_vec()];
    let of = |seed| mutant(&text, &others, seed);
    let all: std::collections::BTreeSet<_> = (0..1_000).map(of).collect();
    assert!(all.len() > 700, "only {} of 1000 differ", all.len());
    assert!((0..1_000).all(|seed| of(seed) == of(seed)));
}
