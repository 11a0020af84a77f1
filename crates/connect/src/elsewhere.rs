//! In place of `linux/` where there is no Linux: nothing can be started.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::isolation::Confinement;

use writ_core::digest::Digest;
use writ_core::secret::Secret;

pub(crate) type Reader = tokio::io::Empty;

#[expect(dead_code, reason = "nothing is started")]
pub(crate) struct Launch {
    pub(crate) helper: PathBuf,
    pub(crate) program: String,
    pub(crate) pin: Option<Digest>,
    pub(crate) arguments: Vec<String>,
    pub(crate) handed: Vec<Handed>,
    pub(crate) scratch: PathBuf,
    pub(crate) confinement: Confinement,
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

#[expect(dead_code, reason = "nothing is started")]
pub(crate) enum Told {
    NotStarted(String),
    Ended { end: End, left: bool },
    Lost,
}

#[expect(dead_code, reason = "nothing is started")]
pub(crate) enum End {
    Exit(i32),
    Signal(i32),
}

fn unsupported() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "programs can be run on Linux only",
    )
}

#[expect(clippy::unused_async, reason = "it is async where it does something")]
pub(crate) async fn start(_launch: Launch) -> io::Result<(Running, Reader)> {
    Err(unsupported())
}

#[expect(clippy::unused_async, reason = "it is async where it does something")]
impl Running {
    pub(crate) async fn ended(&mut self) -> Told {
        match self.0 {}
    }

    pub(crate) async fn terminate(&mut self) {
        match self.0 {}
    }

    pub(crate) async fn kill(&mut self) {
        match self.0 {}
    }

    pub(crate) async fn reap(self) {
        match self.0 {}
    }
}

pub(crate) fn mode_of(_metadata: &Metadata) -> u32 {
    0o500
}

/// Elsewhere the monotonic clock is the nearest thing there is.
pub(crate) fn uptime() -> Duration {
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    up.try_into().unwrap_or_default()
}

pub(crate) fn take_status() -> io::Result<File> {
    Err(unsupported())
}

pub(crate) fn keep(
    _scratch: &Path,
    _confinement: &Confinement,
    _pin: Option<Digest>,
    _program: &OsStr,
    _arguments: impl Iterator<Item = OsString>,
) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn confine(_parent: i32, _confinement: &Confinement) -> io::Result<()> {
    Err(unsupported())
}

pub(crate) fn look(_confinement: &Confinement) -> Result<(), String> {
    Err(unsupported().to_string())
}

pub(crate) fn hide() -> io::Result<()> {
    Ok(())
}

pub(crate) fn check_wall() -> Result<(), String> {
    Err(unsupported().to_string())
}

pub(crate) const fn is_root() -> bool {
    false
}

pub(crate) struct Pinned(Infallible);

impl Pinned {
    pub(crate) fn copy(_program: &OsStr, _pin: Digest) -> io::Result<Self> {
        Err(unsupported())
    }
}

pub(crate) fn replace(
    _program: &OsStr,
    _pinned: Option<Pinned>,
    _arguments: impl Iterator<Item = OsString>,
) -> io::Error {
    unsupported()
}
