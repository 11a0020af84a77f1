//! Processes as Linux has them: all that needs Linux is in this folder.
//!
//! A **running** program is held by its [`keeper`], and the node holds the
//! keeper by its control. So a program is never signalled by a number that may
//! have become another's, and ends with its node.

mod confine;
mod handed;
mod keeper;
mod look;
mod pinned;
mod tree;
mod wall;

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use rustix::time::ClockId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use writ_core::digest::Digest;

use crate::child::pin_arg;
use crate::isolation::Confinement;

pub(crate) use confine::{confine, hide, is_root, replace, take_status};
use keeper::{KEPT, NO_WORD, NOT_STARTED};

pub(crate) use handed::Handed;
pub(crate) use keeper::keep;
pub(crate) use look::look;
pub(crate) use pinned::Pinned;
pub(crate) use wall::check_wall;

/// The reading end of a pipe.
pub(crate) type Reader = tokio::net::unix::pipe::Receiver;

/// How much a keeper may say, in bytes.
const MAX_SAID: usize = 8_192;

/// What is to be started.
pub(crate) struct Launch {
    /// The binary that becomes the keeper, and the program.
    pub(crate) helper: PathBuf,
    /// The program's absolute path.
    pub(crate) program: String,
    /// What its file must be.
    pub(crate) pin: Option<Digest>,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// The secrets that it inherits.
    pub(crate) handed: Vec<Handed>,
    /// Where its private directory is made.
    pub(crate) scratch: PathBuf,
    /// What it is confined to.
    pub(crate) confinement: Confinement,
}

/// A program that was started, with its keeper. Dropping it kills whatever of
/// it is there.
pub(crate) struct Running {
    /// Closed first, so that the keeper ends.
    control: Option<UnixStream>,
    /// INVARIANT: none only once it is reaped, or somebody else will reap it.
    keeper: Option<Child>,
    said: Vec<u8>,
}

/// What a keeper told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing was started.
    NotStarted(String),
    /// The program ended.
    Ended {
        /// How.
        end: End,
        /// Whether something that it had started had to be killed.
        left: bool,
    },
    /// The keeper itself was killed.
    Lost,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
}

/// Starts a program. An error means that nothing was started: whatever else
/// can go wrong is done before.
pub(crate) async fn start(launch: Launch) -> io::Result<(Running, Reader)> {
    let (output, output_end) = io::pipe()?;
    let output = Reader::from_owned_fd(output.into())?;
    let (control, control_end) = std::os::unix::net::UnixStream::pair()?;
    control.set_nonblocking(true)?;
    let control = UnixStream::from_std(control)?;
    let spawn = move || launch.now(control_end.into(), output_end);
    let keeper = tokio::task::spawn_blocking(spawn).await;
    let keeper = keeper.map_err(io::Error::other)??;
    let running = Running {
        control: Some(control),
        keeper: Some(keeper),
        said: Vec::new(),
    };
    Ok((running, output))
}

impl Launch {
    fn now(self, control: OwnedFd, output: io::PipeWriter) -> io::Result<Child> {
        let confinement = serde_json::to_string(&self.confinement)?;
        let _alone = handed::let_inherit(&self.handed)?;
        Command::new(&self.helper)
            .args(["child-exec", "keep"])
            .arg(&self.scratch)
            .arg(confinement)
            .arg(pin_arg(self.pin))
            .arg(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .stdin(control)
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| {
                let said = format!("the helper `{}`: {error}", self.helper.display());
                io::Error::new(error.kind(), said)
            })
    }
}

impl Running {
    /// Waits until nothing is left of the program, and says how it ended. May be
    /// dropped and asked again.
    pub(crate) async fn ended(&mut self) -> Told {
        if let Some(control) = &mut self.control {
            while self.said.len() < MAX_SAID {
                // An error, too, means that there is no more to come.
                let Ok(1..) = control.read_buf(&mut self.said).await else {
                    break;
                };
            }
        }
        told(&self.said)
    }

    /// Asks the program to end.
    pub(crate) async fn terminate(&mut self) {
        if let Some(control) = &mut self.control {
            // If it is not heard, the keeper has ended.
            let _ = control.write_all(b"T").await;
        }
    }

    /// Ends the program and all that it has started.
    pub(crate) async fn kill(&mut self) {
        if let Some(control) = &mut self.control {
            // If it is not heard, the keeper has ended.
            let _ = control.shutdown().await;
        }
    }

    /// Reaps the keeper of a program that has ended.
    pub(crate) async fn reap(mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            let wait = move || keeper.wait();
            let _ = tokio::task::spawn_blocking(wait).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control = None;
        let Some(mut keeper) = self.keeper.take() else {
            return;
        };
        let wait = move || drop(keeper.wait());
        if let Err(error) = thread::Builder::new().name("writ-reap".into()).spawn(wait) {
            tracing::warn!(%error, "the keeper of a killed program is not reaped");
        }
    }
}

fn told(said: &[u8]) -> Told {
    let said = String::from_utf8_lossy(said);
    let begun = said.strip_prefix(KEPT);
    let why = begun.unwrap_or(&said).strip_prefix(NOT_STARTED);
    let (begun, why) = match begun {
        Some(begun) => (begun, why),
        None => ("", why.or(Some(NO_WORD))),
    };
    if let Some(why) = why {
        return Told::NotStarted(why.to_owned());
    }
    let last = begun.strip_prefix("left\n");
    let left = last.is_some();
    let end = match last.unwrap_or(begun).trim_end().split_once(' ') {
        Some(("exit", code)) => code.parse().ok().map(End::Exit),
        Some(("signal", signal)) => signal.parse().ok().map(End::Signal),
        Some(_) | None => None,
    };
    end.map_or(Told::Lost, |end| Told::Ended { end, left })
}

/// For how long this host has been up, the time asleep included.
pub(crate) fn uptime() -> Duration {
    let up = rustix::time::clock_gettime(ClockId::Boottime);
    up.try_into().unwrap_or_default()
}

/// The bits that say who may do what with a file.
pub(crate) fn mode_of(metadata: &Metadata) -> u32 {
    metadata.permissions().mode()
}

/// Takes standard input for something of ours, and puts nothing in its place. It
/// closes by itself when the process becomes another program.
fn take_stdin() -> io::Result<OwnedFd> {
    let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(stdin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_keeper_says_is_understood() {
        let ended = |end, left| Told::Ended { end, left };
        let not_started = |why: &str| Told::NotStarted(why.to_owned());
        for (said, wanted) in [
            ("", not_started("its helper ended before it could")),
            ("not started\nno", not_started("no")),
            ("kept\n", Told::Lost),
            ("kept\nnot started\n`/x`: gone", not_started("`/x`: gone")),
            ("kept\nexit", Told::Lost),
            ("kept\nexit 3\n", ended(End::Exit(3), false)),
            ("kept\nleft\nexit 0\n", ended(End::Exit(0), true)),
            ("kept\nleft\nsignal 9\n", ended(End::Signal(9), true)),
        ] {
            assert_eq!(told(said.as_bytes()), wanted, "{said}");
        }
    }
}
