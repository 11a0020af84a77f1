//! The connection below SMTP: encrypted before anything is said, and read with
//! suspicion.
//!
//! lettre speaks SMTP over it. What lettre leaves open is closed here: it keeps
//! what arrived in the clear for the time after STARTTLS, as if the server had
//! said it there; it reads a line however long; and it takes an answer with a
//! letter that is not UTF-8 for a broken connection, not for the no that it is.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// The longest line that a server may say. Servers should stay below 512 bytes.
const LINE: usize = 2_000;
/// The most that a server may say before TLS.
const TALK: usize = 16 << 10;

/// What a mail server says and is told.
pub(super) struct Wire {
    stream: Stream,
    /// Read before anything else.
    before: &'static [u8],
    /// How long the line is that is being read.
    line: usize,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// A connection that stays in the clear.
    pub(super) const fn plain(stream: TcpStream) -> Self {
        Self {
            stream: Stream::Plain(stream),
            before: b"",
            line: 0,
        }
    }

    /// A connection whose first byte was TLS.
    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self {
            stream: Stream::Tls(Box::new(stream)),
            before: b"",
            line: 0,
        }
    }

    /// A connection that became TLS. The server greets nobody again then, and
    /// lettre waits for a greeting: here is one.
    pub(super) fn became_tls(stream: TlsStream<TcpStream>) -> Self {
        Self {
            before: b"220 \r\n",
            ..Self::tls(stream)
        }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Leaves nothing but ASCII in what was read, and no line that never ends.
    fn admit(&mut self, read: &mut [u8]) -> io::Result<()> {
        for byte in read {
            self.line += 1;
            match byte {
                b'\n' => self.line = 0,
                0x80.. => *byte = b'?',
                _ => {}
            }
            if self.line > LINE {
                return Err(io::Error::other("it says a line that does not end"));
            }
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.before.is_empty() {
            let most = this.before.len().min(buffer.remaining());
            let (now, later) = this.before.split_at(most);
            buffer.put_slice(now);
            this.before = later;
            return Poll::Ready(Ok(()));
        }
        let old = buffer.filled().len();
        let read = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        match read {
            Poll::Ready(Ok(())) => {
                let new = buffer.filled_mut().get_mut(old..).unwrap_or_default();
                Poll::Ready(this.admit(new))
            }
            other @ (Poll::Ready(Err(_)) | Poll::Pending) => other,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().peer_addr()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("tcp", self.tcp())
            .finish_non_exhaustive()
    }
}

/// Why a connection cannot become TLS.
pub(super) enum NoTls {
    /// It does not offer that.
    NotOffered,
    /// It says no; its words.
    Refused(String),
    /// The connection is of no use.
    Broken(io::Error),
}

impl From<io::Error> for NoTls {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Asks a server that begins in the clear for TLS. When it is done, the next byte
/// of either side is TLS: nothing that was read here counts later.
pub(super) async fn ask_for_tls(stream: &mut TcpStream, hello: &ClientId) -> Result<(), NoTls> {
    let mut talk = Talk { stream, said: 0 };
    talk.expect("220").await?;
    talk.say(&format!("EHLO {hello}\r\n")).await?;
    let offers = talk.expect("250").await?;
    let offered = offers
        .iter()
        .any(|offer| offer.trim().eq_ignore_ascii_case("STARTTLS"));
    if !offered {
        // Being polite is all that is left to do.
        let _ = talk.say("QUIT\r\n").await;
        return Err(NoTls::NotOffered);
    }
    talk.say("STARTTLS\r\n").await?;
    talk.expect("220").await?;
    Ok(())
}

struct Talk<'a> {
    stream: &'a mut TcpStream,
    said: usize,
}

impl Talk<'_> {
    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(line.as_bytes()).await
    }

    /// One answer with this code: what its lines say behind the code.
    async fn expect(&mut self, code: &str) -> Result<Vec<String>, NoTls> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            let (said, rest) = line.split_at_checked(3).unwrap_or((&line, ""));
            if said != code {
                return Err(NoTls::Refused(line));
            }
            let goes_on = rest.starts_with('-');
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !goes_on {
                return Ok(lines);
            }
        }
    }

    /// One line, byte by byte: what is behind it stays where it is, and after
    /// STARTTLS only TLS can make something of it.
    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        loop {
            let byte = self.stream.read_u8().await?;
            self.said += 1;
            if line.len() >= LINE || self.said > TALK {
                return Err(io::Error::other("it says more than a mail server would"));
            }
            if byte == b'\n' {
                let text = String::from_utf8_lossy(&line);
                return Ok(text.trim_end().to_owned());
            }
            line.push(byte);
        }
    }
}
