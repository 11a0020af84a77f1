//! A plain HTTP client: one connection, one call at a time, little work.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

/// One connection.
pub(crate) struct Wire(BufReader<TcpStream>);

impl Wire {
    /// From one of this host's many addresses, so that the limit of connections
    /// from one of them is not what is measured.
    pub(crate) async fn open(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a call as it stands; answers status and body.
    pub(crate) async fn call(&mut self, call: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        self.0.get_mut().write_all(call).await?;
        let (mut status, mut length, mut chunked) = (0, 0, false);
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            }
            if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().unwrap();
            }
            chunked |= line == "transfer-encoding: chunked";
        }
        let mut body = Vec::new();
        loop {
            if chunked {
                length = usize::from_str_radix(&self.line().await?, 16).unwrap();
            }
            let begun = body.len();
            body.resize(begun + length, 0);
            self.0.read_exact(&mut body[begun..]).await?;
            if !chunked {
                return Ok((status, body));
            }
            self.line().await?;
            if length == 0 {
                return Ok((status, body));
            }
        }
    }

    async fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_ascii_lowercase()),
        }
    }
}

/// A call that posts JSON.
pub(crate) fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A call that reads, with or without a session.
pub(crate) fn get(path: &str, bearer: Option<&str>) -> Vec<u8> {
    let session = bearer.map_or(String::new(), |bearer| {
        format!("authorization: Writ {bearer}\r\n")
    });
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{session}\r\n").into_bytes()
}
