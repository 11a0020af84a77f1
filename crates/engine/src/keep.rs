//! Keeping: a ledger as a file, so that nobody need verify the whole log again.
//!
//! Whoever verifies a log keeps it to go on from the next time, and so does a
//! node that serves one. The file is a cache: where it is odd or missing, all is
//! read again. That it is of this log, the root shows that lies above it. What it
//! says below is believed, so it lies where only its owner may write.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use writ_core::digest::Digest;
use writ_core::log::Tiles;
use writ_core::snapshot;

use crate::ledger::Ledger;

/// Names this program's version: no other one reads what it wrote.
const HEADER: &str = concat!("writ-ledger ", env!("CARGO_PKG_VERSION"), " 2");

/// By how many entries a log grows at least before a node keeps its ledger again.
const KEEP_EACH: u64 = 10_000;
/// And by one for so many answers that the ledger holds, so that writing them
/// stays a small part of the work, however busy the node is.
const ANSWERS_EACH: u64 = 2;

/// Where a ledger is kept.
#[derive(Clone, Debug)]
pub struct Kept(PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tree {
    full: Vec<Digest>,
    last: Vec<Digest>,
}

impl Kept {
    /// In this file, which need not exist.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The ledger that was kept; none if there is no good one of this version.
    pub fn read(&self) -> Option<Ledger> {
        parse(&fs::read(&self.0).ok()?)
    }

    /// Keeps a ledger, or says that the next start will take longer.
    fn keep(&self, ledger: &Ledger) {
        if let Err(error) = self.write(ledger) {
            let path = self.0.display();
            tracing::warn!(%error, "{path} could not be written; the next start reads more");
        }
    }

    /// Forgets it: the next time begins at the first entry.
    pub fn forget(&self) -> io::Result<()> {
        remove(&self.0)
    }

    /// Keeps a ledger: the file is the old one or the new one, whatever happens.
    pub fn write(&self, ledger: &Ledger) -> io::Result<()> {
        let next = self.0.with_extension("next");
        let mut options = OpenOptions::new();
        // Never through a link that somebody left there.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        remove(&next)?;
        let mut file = options.open(&next)?;
        put(ledger, &mut file)?;
        file.sync_all()?;
        fs::rename(&next, &self.0)?;
        let directory = self.0.parent().filter(|path| *path != Path::new(""));
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// What a node keeps of its log: when it stops, and each time that the log has
/// grown enough.
pub(crate) struct Keeping {
    kept: Kept,
    size: u64,
    writing: Option<JoinHandle<()>>,
}

impl Keeping {
    /// As many entries are kept already.
    pub(crate) const fn begin(kept: Kept, size: u64) -> Self {
        Self {
            kept,
            size,
            writing: None,
        }
    }

    /// Keeps a ledger that has grown enough, while others go on. It must not hold
    /// more than the head on disk.
    pub(crate) fn grown(&mut self, ledger: &Ledger) {
        let is_writing = self
            .writing
            .as_ref()
            .is_some_and(|last| !last.is_finished());
        let enough = KEEP_EACH.max(ledger.state().answers() as u64 / ANSWERS_EACH);
        if is_writing || ledger.size() < self.size.saturating_add(enough) {
            return;
        }
        let (kept, ledger) = (self.kept.clone(), ledger.clone());
        self.size = ledger.size();
        self.writing = Some(tokio::task::spawn_blocking(move || kept.keep(&ledger)));
    }

    /// Keeps the ledger as it is at the end.
    pub(crate) async fn end(self, ledger: &Ledger) {
        if let Some(writing) = self.writing {
            // What it wrote, or not, is written over.
            let _ = writing.await;
        }
        if ledger.size() != self.size {
            self.kept.keep(ledger);
        }
    }
}

/// Lines: one names this version, one holds the tree, others the State, and the
/// last one is the digest of them all, taken line by line.
fn put(ledger: &Ledger, file: &mut impl Write) -> io::Result<()> {
    let (full, last) = ledger.tiles().parts();
    let (full, last) = (full.to_vec(), last.to_vec());
    let mut tree = serde_json::to_vec(&Tree { full, last })?;
    tree.push(b'\n');
    let first = [format!("{HEADER}\n").into_bytes(), tree];
    let rest = snapshot::lines(ledger.state());
    let mut digest = Digest::of(b"");
    for line in first.into_iter().map(Ok).chain(rest) {
        let line = line.map_err(io::Error::other)?;
        digest = onward(digest, &line);
        file.write_all(&line)?;
    }
    writeln!(file, "{digest}")
}

fn onward(digest: Digest, line: &[u8]) -> Digest {
    Digest::of_parts(&[digest.as_bytes(), line])
}

fn parse(bytes: &[u8]) -> Option<Ledger> {
    let end = bytes.strip_suffix(b"\n")?;
    let start = end.iter().rposition(|byte| *byte == b'\n')? + 1;
    let (lines, said) = (bytes.get(..start)?, end.get(start..)?);
    let each = lines.split_inclusive(|byte| *byte == b'\n');
    let digest = each.fold(Digest::of(b""), onward);
    if digest.to_string().as_bytes() != said {
        return None;
    }
    let (header, rest) = line(lines)?;
    let (tree, state) = line(rest)?;
    if header != HEADER.as_bytes() {
        return None;
    }
    let Tree { full, last } = serde_json::from_slice(tree).ok()?;
    let state = snapshot::load(state).ok()?;
    Some(Ledger::of(state, Tiles::of(&full, last)?))
}

fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use writ_core::testing::World;

    use super::*;
    use crate::ledger::Trust;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        for leaf in World::ready().leaves() {
            ledger.replay(leaf, Trust::Root).unwrap();
        }
        ledger
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::at(folder.path().join("ledger"));
        assert_eq!(kept.read(), None);
        for ledger in [Ledger::default(), ledger()] {
            kept.write(&ledger).unwrap();
            assert_eq!(kept.read(), Some(ledger));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_odd_is_not_read() {
        let mut good = Vec::new();
        put(&ledger(), &mut good).unwrap();
        assert!(parse(&good).is_some());
        for end in 0..good.len() {
            assert_eq!(parse(&good[..end]), None, "{end}");
        }
        let mut bytes = good.clone();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(parse(&bytes), None, "{at}");
            bytes[at] ^= 1;
        }
    }
}
