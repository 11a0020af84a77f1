//! `writ emulator exchange` in a process of its own, and what it saw.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::site::Site;

/// The emulator, until this is dropped.
pub(crate) struct Emulated {
    child: Child,
    told: Value,
}

impl Emulated {
    pub(crate) fn start(site: &Site) -> Self {
        let listen = ["emulator", "exchange", "--listen", "127.0.0.1:0"];
        let mut child = site
            .command("nobody", &[&listen[..], &["-o", "json"]].concat())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let told = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .find_map(|line| {
                said.push_str(&line.unwrap());
                serde_json::from_str(&said).ok()
            });
        let told = told.unwrap_or_else(|| panic!("{said}"));
        Self { child, told }
    }

    /// What it said about itself.
    pub(crate) fn told(&self, what: &str) -> &str {
        self.told[what].as_str().unwrap()
    }

    /// The calls of a cmdlet so far, in their order.
    pub(crate) fn calls_of(&self, cmdlet: &str) -> Vec<Value> {
        let address = self.told("url").strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET /emulator/calls HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let mut calls: Vec<Value> = serde_json::from_str(body).unwrap();
        calls.retain(|call| {
            let called = call["cmdlet"].as_str();
            called.is_some_and(|called| called.eq_ignore_ascii_case(cmdlet))
        });
        calls
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        // It is gone already if either fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A site with the workload Exchange, whose secret is given.
pub(crate) fn with_exchange() -> (Site, Emulated) {
    let site = Site::open();
    let emulated = Emulated::start(&site);
    site.admin(&[
        "workload",
        "set",
        "Exchange",
        "--connector",
        "exchange",
        "--tenant",
        emulated.told("tenant"),
        "--client-id",
        emulated.told("client_id"),
        "--emulator",
        emulated.told("url"),
    ])
    .said(0, "writ secret set Exchange client-secret");
    let set = ["secret", "set", "Exchange", "client-secret", "--file", "-"];
    site.enter("admin", &set, emulated.told("client_secret"))
        .ok();
    (site, emulated)
}
