//! A **pipe**: rows from a connector to the one who reads them, as they come.
//!
//! It holds a few chunks and no more, so a slow reader slows the source, and
//! nothing is kept. There is one writer and one reader. A stream that is whole
//! says so at its end; one that breaks off does not, and so is never taken for
//! whole.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};

/// How many chunks wait at most.
const DEPTH: usize = 4;
/// Why a pipe is broken that nobody cut.
const AWAY: &str = "whoever read it went away";

/// What comes out of a pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// Both ends, until they are taken.
pub(crate) struct Pipe {
    writer: Mutex<Option<Writer>>,
    reader: Mutex<Option<Reader>>,
}

/// Where a connector puts rows in.
pub struct Writer {
    pieces: mpsc::Sender<Piece>,
    opened: watch::Receiver<bool>,
    why: Arc<Mutex<Option<String>>>,
}

/// Where rows come out.
pub struct Reader {
    pieces: mpsc::Receiver<Piece>,
    opened: watch::Sender<bool>,
    why: Arc<Mutex<Option<String>>>,
}

/// Nobody reads any more, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

/// What a reader gets next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// More.
    Bytes(Vec<u8>),
    /// That was all.
    End,
    /// There is no more, and that was not all.
    BrokeOff,
}

impl Default for Pipe {
    fn default() -> Self {
        let (to, from) = mpsc::channel(DEPTH);
        let (open, opened) = watch::channel(false);
        // Until its end was taken, whoever reads may still go away.
        let why = Arc::new(Mutex::new(Some(AWAY.to_owned())));
        Self {
            writer: Mutex::new(Some(Writer {
                pieces: to,
                opened,
                why: why.clone(),
            })),
            reader: Mutex::new(Some(Reader {
                pieces: from,
                opened: open,
                why,
            })),
        }
    }
}

impl Pipe {
    pub(crate) fn writer(&self) -> Option<Writer> {
        take(&self.writer)
    }

    pub(crate) fn reader(&self) -> Option<Reader> {
        take(&self.reader)
    }
}

fn take<T>(end: &Mutex<Option<T>>) -> Option<T> {
    end.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Writer {
    /// Returns when somebody reads, or never will.
    pub async fn opened(&mut self) -> Result<(), Broken> {
        let opened = self.opened.wait_for(|opened| *opened).await.is_ok();
        match opened {
            true => Ok(()),
            false => Err(self.broken()),
        }
    }

    /// Puts some rows in, once there is room.
    pub async fn send(&self, bytes: Vec<u8>) -> Result<(), Broken> {
        let sent = self.pieces.send(Piece::Bytes(bytes)).await;
        sent.map_err(|_| self.broken())
    }

    /// The same on a thread that may wait.
    pub fn send_blocking(&self, bytes: Vec<u8>) -> Result<(), Broken> {
        let sent = self.pieces.blocking_send(Piece::Bytes(bytes));
        sent.map_err(|_| self.broken())
    }

    /// Says that this was all, and waits until whoever reads has taken it.
    pub async fn end(self) -> Result<(), Broken> {
        let sent = self.pieces.send(Piece::End).await;
        sent.map_err(|_| self.broken())?;
        // INVARIANT: what a reader did not take is not said to be delivered.
        self.pieces.closed().await;
        match self.why().as_deref() {
            None => Ok(()),
            Some(_) => Err(self.broken()),
        }
    }

    fn why(&self) -> Option<String> {
        let why = self.why.lock();
        why.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn broken(&self) -> Broken {
        let why = self.why();
        Broken(why.unwrap_or_else(|| AWAY.to_owned()))
    }
}

impl Reader {
    /// What comes next; the source begins when this is first asked for.
    pub async fn next(&mut self) -> Next {
        self.opened.send_replace(true);
        match self.pieces.recv().await {
            Some(Piece::Bytes(bytes)) => Next::Bytes(bytes),
            Some(Piece::End) => {
                self.say(None);
                Next::End
            }
            None => Next::BrokeOff,
        }
    }

    /// Breaks it off, and says why to whoever writes.
    pub fn cut(&mut self, why: &str) {
        self.say(Some(why.to_owned()));
        self.pieces.close();
        // What was waiting is nobody's.
        while self.pieces.try_recv().is_ok() {}
    }

    fn say(&self, why: Option<String>) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

impl Drop for Reader {
    /// Whoever goes away before the end has not got all.
    fn drop(&mut self) {
        self.pieces.close();
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_whole_stream_says_so_and_a_broken_one_does_not() {
        let pipe = Pipe::default();
        let (mut writer, mut reader) = (pipe.writer().unwrap(), pipe.reader().unwrap());
        assert!(pipe.writer().is_none() && pipe.reader().is_none());
        let source = tokio::spawn(async move {
            writer.opened().await.unwrap();
            for byte in 0..20 {
                writer.send(vec![byte]).await.unwrap();
            }
            writer.end().await
        });
        for byte in 0..20 {
            assert_eq!(reader.next().await, Next::Bytes(vec![byte]));
        }
        assert_eq!(reader.next().await, Next::End);
        drop(reader);
        assert_eq!(source.await.unwrap(), Ok(()));

        let pipe = Pipe::default();
        let (writer, mut reader) = (pipe.writer().unwrap(), pipe.reader().unwrap());
        writer.send(vec![1]).await.unwrap();
        drop(writer);
        assert_eq!(reader.next().await, Next::Bytes(vec![1]));
        assert_eq!(reader.next().await, Next::BrokeOff);
    }

    #[tokio::test]
    async fn what_was_cut_is_told_why() {
        let pipe = Pipe::default();
        let (writer, mut reader) = (pipe.writer().unwrap(), pipe.reader().unwrap());
        writer.send(vec![1]).await.unwrap();
        reader.cut("its grant has ended");
        let broken = writer.send(vec![2]).await.unwrap_err();
        assert_eq!(broken.to_string(), "its grant has ended");
        assert_eq!(reader.next().await, Next::BrokeOff);
        let ended = writer.end().await;
        assert_eq!(ended.unwrap_err().to_string(), "its grant has ended");
    }

    #[tokio::test]
    async fn whoever_goes_away_has_not_got_all() {
        let pipe = Pipe::default();
        let (mut writer, reader) = (pipe.writer().unwrap(), pipe.reader().unwrap());
        drop(reader);
        assert!(writer.opened().await.is_err());
        assert!(writer.send(vec![1]).await.is_err());
    }
}
