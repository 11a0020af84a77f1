//! Processes: this program again, in another role, and what the system says of it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// One process in a role, which says where it listens and, when its input is
/// closed, what it did.
pub(crate) struct Role {
    child: Child,
    says: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Role {
    pub(crate) fn start(role: &str, directory: &Path) -> Self {
        Self::start_under(&[], role, directory)
    }

    /// Under another program, such as one that traces it.
    pub(crate) fn start_under(above: &[&str], role: &str, directory: &Path) -> Self {
        let this = std::env::current_exe().unwrap();
        let mut words: Vec<&std::ffi::OsStr> = above.iter().map(AsRef::as_ref).collect();
        words.extend([this.as_os_str(), role.as_ref(), directory.as_os_str()]);
        let mut command = Command::new(words[0]);
        let mut child = command
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        says.read_line(&mut line).unwrap();
        let address = line.trim().parse().expect("the role says where it listens");
        Self {
            child,
            says,
            address,
        }
    }

    /// Its number.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Its processor time so far, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        spent(&self.child.id().to_string(), 11..13)
    }

    /// A number of a file in its folder of `/proc`.
    pub(crate) fn number(&self, file: &str, field: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// What it holds in memory, in MiB.
    pub(crate) fn resident(&self) -> f64 {
        self.number("status", "VmRSS:") / 1024.0
    }

    /// The most that it ever held, in MiB.
    pub(crate) fn peak(&self) -> f64 {
        self.number("status", "VmHWM:") / 1024.0
    }

    /// Asks it to end; answers what it says it did.
    pub(crate) fn end<T: DeserializeOwned>(mut self) -> T {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.says.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        serde_json::from_str(&said).unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        // It has ended already if either fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has a process of its own do one piece of work, and answers what it says.
pub(crate) fn work<P: Serialize, T: DeserializeOwned>(role: &str, plan: &P) -> T {
    started(role, plan).end()
}

/// Work that goes on meanwhile.
pub(crate) struct Work(Child);

pub(crate) fn started<P: Serialize>(role: &str, plan: &P) -> Work {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let plan = serde_json::to_vec(plan).unwrap();
    child.stdin.take().unwrap().write_all(&plan).unwrap();
    Work(child)
}

impl Work {
    pub(crate) fn end<T: DeserializeOwned>(self) -> T {
        let output = self.0.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Some of the times of a process, in seconds: 11 and 12 are its own, 13 and 14
/// those of its children that have ended.
fn spent(process: &str, fields: Range<usize>) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let times: Vec<&str> = after_name.split_whitespace().collect();
    times[fields].iter().map(|time| ticks(time)).sum()
}

/// What Linux calls USER_HZ is 100 everywhere.
fn ticks(text: &str) -> f64 {
    text.parse::<f64>().unwrap() / 100.0
}

/// What others do on this machine meanwhile.
pub(crate) struct Others {
    since: Instant,
    busy: f64,
    ours: f64,
}

impl Others {
    pub(crate) fn watch(node: &Role) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let times: Vec<_> = stat.lines().next().unwrap().split_whitespace().collect();
        Self {
            since: Instant::now(),
            // User, nice, system, and the interrupts that follow idle and waiting.
            busy: times[1..4]
                .iter()
                .chain(&times[6..8])
                .map(|t| ticks(t))
                .sum(),
            ours: node.cpu() + spent("self", 11..15),
        }
    }

    /// The share of all processors that others have had since.
    pub(crate) fn share(&self, node: &Role) -> f64 {
        let now = Self::watch(node);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let theirs = (now.busy - self.busy) - (now.ours - self.ours);
        (theirs / self.since.elapsed().as_secs_f64() / cores as f64).max(0.0)
    }
}

/// The processor time of this thread so far, in seconds.
pub(crate) fn thread_cpu() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}
