//! What a program put out, as it is shown: as it is for programs, and for a
//! terminal harmless: text, tabs and whole lines, and nothing that it would obey.

use std::io::IsTerminal;

/// Makes output ready to be shown, piece by piece.
pub(crate) enum Shown {
    /// To a program or a file.
    AsItIs,
    /// To a terminal; with the end of what came, as long as what it means
    /// depends on what comes next.
    Harmless(Vec<u8>),
}

impl Shown {
    /// For standard output.
    pub(crate) fn to_stdout() -> Self {
        match std::io::stdout().is_terminal() {
            true => Self::Harmless(Vec::new()),
            false => Self::AsItIs,
        }
    }

    /// What can be shown now that this has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::AsItIs => bytes.to_vec(),
            Self::Harmless(held) => {
                held.extend_from_slice(bytes);
                let rest = held.split_off(certain(held));
                harmless(&std::mem::replace(held, rest))
            }
        }
    }

    /// What is left to be shown when nothing more comes.
    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::AsItIs => Vec::new(),
            Self::Harmless(held) => harmless(&held),
        }
    }
}

/// Up to where the meaning of some bytes is certain, whatever comes next: before
/// a `\r`, which may be half a line break, or the beginning of a character.
fn certain(bytes: &[u8]) -> usize {
    let len = bytes.len();
    let tail = bytes.iter().enumerate().rev().take(4);
    for (at, &byte) in tail {
        let whole = match byte {
            b'\r' | 0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            0x80..=0xBF => continue,
            0..=0x7F => 1,
        };
        return if at + whole > len { at } else { len };
    }
    len
}

fn harmless(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let plain = |c| match writ_core::value::is_plain(c, true) {
        true => c,
        false => '\u{fffd}',
    };
    text.chars().map(plain).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &[u8] = "\u{1b}[2Jä\r\n€\r\r\n\u{202e}🦀\t\n\u{9b}31m\u{7}x\r".as_bytes();

    fn in_pieces(bytes: &[u8], size: usize) -> Vec<u8> {
        let mut shown = Shown::Harmless(Vec::new());
        let mut all = Vec::new();
        for piece in bytes.chunks(size) {
            all.extend(shown.push(piece));
        }
        all.extend(shown.finish());
        all
    }

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        let text = String::from_utf8(in_pieces(HOSTILE, 1_000)).unwrap();
        assert_eq!(
            text,
            "\u{fffd}[2Jä\n€\n\n\u{fffd}🦀\t\n\u{fffd}31m\u{fffd}x\n"
        );
    }

    #[test]
    fn what_is_shown_does_not_depend_on_how_it_came() {
        let broken = [HOSTILE, b"\xf0\x9f", HOSTILE, b"\xe2\x82\xff\xc3"].concat();
        for bytes in [HOSTILE, &broken, b"\xf0\x9f\xa6", b"\x80\x80\x80\x80\x80"] {
            for size in 1..8 {
                assert_eq!(in_pieces(bytes, size), harmless(bytes), "{size}");
            }
        }
    }

    #[test]
    fn a_program_is_given_every_byte_at_once() {
        let mut shown = Shown::AsItIs;
        assert_eq!(shown.push(b"\x1b\xf0\r"), b"\x1b\xf0\r");
        assert_eq!(shown.finish(), b"");
    }
}
