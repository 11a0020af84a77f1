//! Mails read by Python's parser, as witnesses of what a mail program makes of them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;
use writ_notify::mail::Mail;

use super::server::python;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail/reader.py");

/// What was found in a mail.
#[derive(Debug, Deserialize)]
pub(crate) struct Read {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) to: Vec<(String, String)>,
    pub(crate) parts: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) tags: Vec<(String, Vec<(String, Value)>)>,
    pub(crate) shown: String,
    pub(crate) faults: Vec<String>,
}

impl Read {
    pub(crate) fn names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub(crate) fn header(&self, wanted: &str) -> &str {
        let mut headers = self.headers.iter();
        headers
            .find(|(name, _)| name == wanted)
            .map_or("", |(_, value)| value)
    }
}

/// The parser, kept: starting it takes longer than reading.
pub(crate) struct Reader {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Reader {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(python())
            .arg(SCRIPT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    pub(crate) fn read(&mut self, mail: &Mail) -> Read {
        let line = BASE64.encode(mail.bytes());
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}
