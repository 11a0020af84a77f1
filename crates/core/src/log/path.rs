//! Paths: how tiles are named, and the bytes that stand for leaves.
//!
//! A tile is served at `tile/<L>/<N>[.p/<W>]`: its **level**, its **index** in
//! that level, and its **width** where it is **partial**, so not 256 hashes
//! wide. The index stands in groups of three digits, all but the last behind an
//! `x`: 1234067 is `x001/x234/067`. A **bundle** holds the leaves of a tile of
//! level 0, at `tile/entries/<N>[.p/<W>]`. (<https://c2sp.org/tlog-tiles>)

use std::fmt;
use std::str::FromStr;

/// How wide a full tile is.
const FULL: u16 = 256;
/// The highest level that has a name.
const MAX_LEVEL: u8 = 63;

/// Which hashes of a level: `<N>[.p/<W>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which tile of the level, from 0.
    pub index: u64,
    /// How many hashes of it, from 1 to 256.
    pub width: u16,
}

impl Part {
    /// The place in its level of the first hash; none if no level is so long.
    pub fn first(self) -> Option<u64> {
        self.index.checked_mul(u64::from(FULL))
    }
}

/// Which hashes of a tree: `<L>/<N>[.p/<W>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The level: 0 has the leaf hashes.
    pub level: u8,
    /// Which hashes of it.
    pub part: Part,
}

/// A path that names no tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError(());

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "names no tile: tiles are at tile/LEVEL/INDEX and leaves at tile/entries/INDEX, with \
             INDEX such as 067 or x001/x234/067, and .p/WIDTH behind it where fewer than 256 are \
             meant",
        )
    }
}

impl std::error::Error for PathError {}

impl Tile {
    /// The leaf hashes of a tile up to some leaf.
    pub fn up_to(leaf: u64) -> Self {
        let width = u16::try_from(leaf % u64::from(FULL) + 1).unwrap_or(FULL);
        let index = leaf / u64::from(FULL);
        let part = Part { index, width };
        Self { level: 0, part }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.index.to_string();
        let length = digits.len().next_multiple_of(3);
        let last = length - 3;
        for (at, digit) in format!("{digits:0>length$}").char_indices() {
            match at % 3 {
                0 if at < last => write!(f, "x{digit}")?,
                2 if at < last => write!(f, "{digit}/")?,
                _ => write!(f, "{digit}")?,
            }
        }
        match self.width {
            FULL => Ok(()),
            width => write!(f, ".p/{width}"),
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.level, self.part)
    }
}

impl FromStr for Part {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Self, PathError> {
        let (groups, width) = match text.split_once(".p/") {
            None => (text, FULL),
            Some((groups, width)) => (groups, width.parse().map_err(|_| PathError(()))?),
        };
        let digits = groups.replace(['x', '/'], "");
        let index = digits.parse().map_err(|_| PathError(()))?;
        let part = Self { index, width };
        // Written again it is the same text, or it was no path of a tile.
        match (1..=FULL).contains(&width) && part.to_string() == text {
            true => Ok(part),
            false => Err(PathError(())),
        }
    }
}

impl FromStr for Tile {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Self, PathError> {
        let (level, part) = text.split_once('/').ok_or(PathError(()))?;
        let tile = Self {
            level: level.parse().map_err(|_| PathError(()))?,
            part: part.parse()?,
        };
        match tile.level <= MAX_LEVEL && tile.to_string() == text {
            true => Ok(tile),
            false => Err(PathError(())),
        }
    }
}

/// The bytes of a bundle: each leaf behind its length in 16 bits, the high
/// byte first. `None` if a leaf is too long for that.
pub fn bundle<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for leaf in leaves {
        bytes.extend(u16::try_from(leaf.len()).ok()?.to_be_bytes());
        bytes.extend(leaf);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_those_of_c2sp() {
        for (text, level, index, width) in [
            ("0/000", 0, 0, 256),
            ("0/067", 0, 67, 256),
            ("1/999", 1, 999, 256),
            ("1/x001/000", 1, 1_000, 256),
            ("0/x001/x234/067", 0, 1_234_067, 256),
            ("2/x001/x234/067.p/1", 2, 1_234_067, 1),
            ("63/000.p/255", 63, 0, 255),
            ("0/x018/x446/x744/x073/x709/x551/615", 0, u64::MAX, 256),
        ] {
            let part = Part { index, width };
            assert_eq!(text.parse(), Ok(Tile { level, part }));
            assert_eq!(Tile { level, part }.to_string(), text);
        }
    }

    #[test]
    fn a_path_has_one_spelling() {
        for wrong in [
            "",
            "0",
            "0/",
            "/000",
            "000",
            "0/0",
            "0/00",
            "0/0000",
            "00/000",
            "+0/000",
            "-1/000",
            "64/000",
            "256/000",
            "0/x000",
            "0/x000/001",
            "0/001/001",
            "0/x01/001",
            "0/x001x/001",
            "0/x001//001",
            "0/x001/001/",
            "0/ 01",
            "0/+01",
            "0/000.p",
            "0/000.p/",
            "0/000.p/0",
            "0/000.p/01",
            "0/000.p/+1",
            "0/000.p/256",
            "0/000.p/257",
            "0/000.p/65537",
            "0/000.p/1.p/1",
            "0/000.P/1",
            "0/x018/x446/x744/x073/x709/x551/616",
            "entries/000",
            "0/٠٠٠",
        ] {
            assert!(wrong.parse::<Tile>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_tile_has_a_path(level in 0..=63_u8, index: u64, width in 1..=256_u16) {
            let tile = Tile { level, part: Part { index, width } };
            prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        }
    }

    #[test]
    fn a_tile_up_to_a_leaf_ends_with_it() {
        for (leaf, index, width) in [(0, 0, 1), (255, 0, 256), (256, 1, 1), (1_000, 3, 233)] {
            let part = Part { index, width };
            assert_eq!(Tile::up_to(leaf), Tile { level: 0, part });
        }
    }

    #[test]
    fn a_bundle_is_leaves_behind_their_lengths() {
        assert_eq!(bundle([]), Some(Vec::new()));
        let leaves: [&[u8]; 3] = [b"", b"leaf", &[7; 258]];
        let mut bytes = b"\0\0\0\x04leaf\x01\x02".to_vec();
        bytes.extend([7; 258]);
        assert_eq!(bundle(leaves), Some(bytes));
        assert!(bundle([[0; 65_535].as_slice()]).is_some());
        assert_eq!(bundle([[0; 65_536].as_slice()]), None);
    }
}
