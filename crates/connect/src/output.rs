//! What a target puts out: hostile bytes, kept up to a **cap**.
//!
//! An output is shared: the connector pushes, others read what is there or
//! follow it live. Bytes past the cap are counted and let go, so a program
//! that prints without end neither fills memory nor stands still. A **remark**
//! is what the connector itself has to say of a run beside how it ended; it is
//! never mixed with the target's bytes. What is secret in the bytes is taken out
//! before they are kept, counted or seen by anybody.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;
use writ_core::dataset::Subjects;
use writ_core::statement::Rows;

use crate::pipe::{Pipe, Reader, Writer};
use crate::redact::{Redaction, Stream};

/// The output of one run; cheap to clone, every clone is the same output.
#[derive(Clone)]
pub struct Output(Arc<Shared>);

struct Shared {
    cap: usize,
    redaction: Redaction,
    kept: Mutex<Kept>,
    total: watch::Sender<u64>,
    pipe: Pipe,
    subjects: OnceLock<Arc<Subjects>>,
}

struct Kept {
    bytes: Vec<u8>,
    stream: Stream,
    remarks: Vec<String>,
    rows: Option<Rows>,
    /// Whether something was taken out before it came here.
    redacted: bool,
}

impl Output {
    /// An empty output that keeps at most `cap` bytes.
    pub fn new(cap: u64) -> Self {
        Self::redacting(cap, Redaction::none())
    }

    /// The same, without what is secret. It is to be [finished](Self::finish).
    pub fn redacting(cap: u64, redaction: Redaction) -> Self {
        Self(Arc::new(Shared {
            cap: usize::try_from(cap).unwrap_or(usize::MAX),
            kept: Mutex::new(Kept {
                bytes: Vec::new(),
                stream: Stream::of(redaction.clone()),
                remarks: Vec::new(),
                rows: None,
                redacted: false,
            }),
            redaction,
            total: watch::Sender::new(0),
            pipe: Pipe::default(),
            subjects: OnceLock::new(),
        }))
    }

    /// Keeps what still fits of some bytes and counts all of them.
    pub fn push(&self, bytes: &[u8]) {
        self.keep(|stream| stream.push(bytes));
    }

    /// Keeps what was held back, since a secret might have begun in it. Nothing
    /// may be pushed afterwards.
    pub fn finish(&self) {
        self.keep(Stream::finish);
    }

    fn keep(&self, next: impl FnOnce(&mut Stream) -> Vec<u8>) {
        let mut kept = self.kept();
        let bytes = next(&mut kept.stream);
        let room = self.0.cap.saturating_sub(kept.bytes.len());
        let fitting = bytes.get(..room).unwrap_or(&bytes);
        kept.bytes.extend_from_slice(fitting);
        drop(kept);
        self.0
            .total
            .send_modify(|total| *total = total.saturating_add(bytes.len() as u64));
    }

    /// Whether anything was taken out, since it is secret.
    pub fn is_redacted(&self) -> bool {
        let kept = self.kept();
        kept.redacted || kept.stream.fired()
    }

    /// The text without what is secret, and without what only the connector knows
    /// to be. To be asked before a text is cut: a part of a secret is not found.
    pub fn clean(&self, text: &str, also: &Redaction) -> String {
        let clean = also.text(&self.0.redaction.text(text));
        if clean != text {
            self.kept().redacted = true;
        }
        clean
    }

    /// What is taken out.
    pub fn redaction(&self) -> &Redaction {
        &self.0.redaction
    }

    /// How many bytes were put out, kept or not.
    pub fn total(&self) -> u64 {
        *self.0.total.borrow()
    }

    /// Whether more was put out than is kept.
    pub fn truncated(&self) -> bool {
        self.total() > self.kept().bytes.len() as u64
    }

    /// A copy of what is kept.
    pub fn bytes(&self) -> Vec<u8> {
        self.kept().bytes.clone()
    }

    /// A copy of at most `most` bytes of what is kept, from a position on;
    /// nothing past the end.
    pub fn bytes_from(&self, position: usize, most: usize) -> Vec<u8> {
        let kept = self.kept();
        let rest = kept.bytes.get(position..).unwrap_or_default();
        rest.get(..most).unwrap_or(rest).to_vec()
    }

    /// The count of bytes put out, as it grows: wait for a change, then take
    /// [`bytes_from`](Self::bytes_from) where one stopped.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.0.total.subscribe()
    }

    /// Adds a sentence of the connector about the run.
    pub fn remark(&self, sentence: impl Into<String>) {
        self.kept().remarks.push(sentence.into());
    }

    /// What the connector said of the run, in order.
    pub fn remarks(&self) -> Vec<String> {
        self.kept().remarks.clone()
    }

    /// Where rows go that are not kept, once.
    pub fn writer(&self) -> Option<Writer> {
        self.0.pipe.writer()
    }

    /// Where such rows come out, once.
    pub fn reader(&self) -> Option<Reader> {
        self.0.pipe.reader()
    }

    /// Says whom a run of a dataset is about, once: as its permit has it.
    pub fn is_about(&self, subjects: Arc<Subjects>) {
        // A second time it says the same.
        let _ = self.0.subjects.set(subjects);
    }

    /// Whom a run is about, if it is of a dataset.
    pub fn subjects(&self) -> Option<&Arc<Subjects>> {
        self.0.subjects.get()
    }

    /// Says how many rows of a dataset there were, so far.
    pub fn count(&self, rows: Rows) {
        self.kept().rows = Some(rows);
    }

    /// How many rows of a dataset there were, if it is of one.
    pub fn rows(&self) -> Option<Rows> {
        self.kept().rows
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing that holds the lock can stop half-way.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Output {
    /// Sizes only: the bytes are the target's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("cap", &self.0.cap)
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let output = Output::new(5);
        output.push(b"abc");
        assert!(!output.truncated());
        output.clone().push(b"defgh");
        output.push(b"ij");
        assert_eq!(output.bytes(), b"abcde");
        assert_eq!(output.bytes_from(3, 9), b"de");
        assert_eq!(output.bytes_from(1, 2), b"bc");
        assert_eq!(output.bytes_from(9, 9), b"");
        assert_eq!(output.total(), 10);
        assert!(output.truncated());
    }

    #[test]
    fn what_is_secret_is_neither_kept_nor_counted() {
        let secrets = [zeroize::Zeroizing::new(b"hunter22".to_vec())];
        let output = Output::redacting(100, Redaction::of(&secrets).unwrap());
        output.push(b"the key is hun");
        assert_eq!(output.bytes(), b"the key is ");
        assert!(!output.is_redacted());
        output.push(b"ter22, hunt");
        output.finish();
        assert_eq!(output.bytes(), b"the key is [redacted], hunt");
        assert_eq!(output.total(), 27);
        assert!(output.is_redacted());
    }

    #[test]
    fn an_output_without_room_keeps_nothing() {
        let output = Output::new(0);
        assert!(!output.truncated());
        output.push(b"x");
        assert_eq!((output.bytes(), output.truncated()), (Vec::new(), true));
    }

    #[tokio::test]
    async fn a_reader_follows() {
        let output = Output::new(100);
        let mut total = output.follow();
        output.push(b"abc");
        total.changed().await.unwrap();
        assert_eq!(*total.borrow_and_update(), 3);
        assert!(!total.has_changed().unwrap());
    }
}
