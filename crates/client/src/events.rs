//! Server-sent events, as a server streams them (WHATWG HTML, section 9.2).

use std::time::Duration;

use reqwest::Response;
use tokio::time::timeout;

/// How long a server is silent at most; it says that it is there more often.
const SILENCE: Duration = Duration::from_secs(60);
/// The longest event that is read.
const MAX_EVENT: usize = 1 << 20;

/// A stream of events.
pub(crate) struct Events {
    response: Response,
    /// What has come and is not taken yet.
    buffer: Buffer,
}

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: String,
}

/// Why a stream cannot be read on.
pub(crate) enum Broken {
    /// The connection broke.
    Silent(reqwest::Error),
    /// What comes is no stream of events.
    Odd(&'static str),
}

impl Events {
    pub(crate) fn new(response: Response) -> Self {
        let buffer = Buffer::default();
        Self { response, buffer }
    }

    /// The next event; none when the server ended the stream, or is not heard
    /// of any more.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, Broken> {
        loop {
            if let Some(event) = self.buffer.take()? {
                return Ok(Some(event));
            }
            match timeout(SILENCE, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.buffer.0.extend_from_slice(&chunk),
                Ok(Ok(None)) | Err(_) => return Ok(None),
                Ok(Err(error)) => return Err(Broken::Silent(error)),
            }
        }
    }
}

#[derive(Default)]
struct Buffer(Vec<u8>);

impl Buffer {
    /// The next whole event. Comments are none.
    fn take(&mut self) -> Result<Option<Event>, Broken> {
        loop {
            let Some(end) = self.0.windows(2).position(|pair| pair == b"\n\n") else {
                return match self.0.len() > MAX_EVENT {
                    false => Ok(None),
                    true => Err(Broken::Odd("an event is too long")),
                };
            };
            let rest = self.0.split_off(end + 2);
            let block = std::mem::replace(&mut self.0, rest);
            let text = String::from_utf8(block).map_err(|_| Broken::Odd("an event is not text"))?;
            let event = event(&text);
            if event != Event::default() {
                return Ok(Some(event));
            }
        }
    }
}

fn event(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event.name = value.to_owned(),
            "id" => event.id = Some(value.to_owned()),
            "data" => {
                if !event.data.is_empty() {
                    event.data.push('\n');
                }
                event.data.push_str(value);
            }
            // A comment, or a field of a later server.
            _ => {}
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let stream =
            b":\n\nevent: output\nid: 3\ndata: YWJj\n\n: x\n\nevent:ended\ndata:a\ndata: b\n\nid";
        for size in 1..stream.len() {
            let mut buffer = Buffer::default();
            let mut events = Vec::new();
            for chunk in stream.chunks(size) {
                buffer.0.extend_from_slice(chunk);
                while let Ok(Some(event)) = buffer.take() {
                    events.push((event.name, event.id, event.data));
                }
            }
            let wanted = [
                ("output".into(), Some("3".into()), "YWJj".into()),
                ("ended".into(), None, "a\nb".into()),
            ];
            assert_eq!(events, wanted, "{size}");
        }
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut buffer = Buffer(vec![b'x'; MAX_EVENT]);
        assert!(matches!(buffer.take(), Ok(None)));
        buffer.0.push(b'x');
        assert!(matches!(buffer.take(), Err(Broken::Odd(_))));
        let mut buffer = Buffer(b"data: \xff\n\n".to_vec());
        assert!(matches!(buffer.take(), Err(Broken::Odd(_))));
    }
}
