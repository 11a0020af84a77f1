//! In place of `unix.rs` where there is no Unix: nothing can be started.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use writ_core::secret::Secret;

pub(crate) type Reader = tokio::io::Empty;

#[expect(dead_code, reason = "nothing is started")]
pub(crate) struct Launch {
    pub(crate) helper: PathBuf,
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) handed: Vec<Handed>,
    pub(crate) scratch: PathBuf,
}

pub(crate) struct Handed(Infallible);

impl Handed {
    pub(crate) fn new(_secret: &Secret) -> io::Result<Self> {
        Err(unsupported())
    }

    pub(crate) fn path(&self) -> String {
        match self.0 {}
    }
}

pub(crate) struct Running(Infallible);

pub(crate) struct Pipes {
    pub(crate) status: Reader,
    pub(crate) output: Reader,
}

fn unsupported() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "programs can be run on Unix only",
    )
}

#[expect(clippy::unused_async, reason = "it is async where it does something")]
pub(crate) async fn start(_launch: Launch) -> io::Result<(Running, Pipes)> {
    Err(unsupported())
}

#[expect(clippy::unused_async, reason = "it is async where it does something")]
impl Running {
    pub(crate) async fn ended(&self) {
        match self.0 {}
    }

    pub(crate) fn terminate(&self) {
        match self.0 {}
    }

    pub(crate) fn kill(&self) {
        match self.0 {}
    }

    pub(crate) async fn reap(self) -> Option<ExitStatus> {
        match self.0 {}
    }
}

pub(crate) fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

pub(crate) fn mode_of(_metadata: &Metadata) -> u32 {
    0o500
}

pub(crate) fn take_status() -> io::Result<File> {
    Err(unsupported())
}

pub(crate) fn confine(_parent: i32) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn replace(_program: &OsStr, _arguments: impl Iterator<Item = OsString>) -> io::Error {
    unsupported()
}
