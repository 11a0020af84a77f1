//! A pinned program on its way to be run: a copy in memory that nobody can change.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::{Errno, FdFlags};
use writ_core::digest::Digest;

use crate::pin::{Replaced, digest_of_open};

/// The largest program that is copied, in bytes.
const MOST: u64 = 1 << 30;

/// The copy of a program that is what it is pinned to.
pub(crate) struct Pinned(File);

impl Pinned {
    /// Copies a program and compares the copy; the error is a sentence.
    pub(crate) fn copy(program: &OsStr, pin: Digest) -> io::Result<Self> {
        let program = Path::new(program);
        let said = |error: io::Error| {
            io::Error::new(error.kind(), format!("`{}`: {error}", program.display()))
        };
        let mut file = File::open(program).map_err(said)?;
        let mut copy = in_memory().map_err(said)?;
        let copied = io::copy(&mut (&mut file).take(MOST), &mut copy).map_err(said)?;
        if copied == MOST {
            return Err(said(io::Error::other(
                "too large to be pinned: 1 GiB at most",
            )));
        }
        // INVARIANT: it is compared after nobody can change it any more.
        let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&copy, all)?;
        copy.rewind()?;
        let found = digest_of_open(&mut copy)?;
        if found != pin {
            let replaced = Replaced {
                program,
                pin,
                found,
            };
            return Err(io::Error::other(replaced.to_string()));
        }
        copy.rewind()?;
        let mut start = [0; 2];
        if copy.read(&mut start)? == start.len() && start == *b"#!" {
            // The interpreter opens it by its path, after this process is no more.
            rustix::io::fcntl_setfd(&copy, FdFlags::empty())?;
        }
        copy.rewind()?;
        Ok(Self(copy))
    }

    /// Where this process finds it.
    pub(super) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

fn in_memory() -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = match memfd_create("writ-program", flags | MemfdFlags::EXEC) {
        // Before Linux 6.3 each of them can be run, and none is asked to be.
        Err(Errno::INVAL) => memfd_create("writ-program", flags),
        other => other,
    };
    made.map(File::from).map_err(|error| match error {
        Errno::ACCESS => io::Error::other(
            "a pinned program is run from memory, which this host forbids; \
             allow it: sysctl vm.memfd_noexec=1",
        ),
        other => other.into(),
    })
}
