//! Secrets on their way to a program: as files that it inherits open.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::FdFlags;
use writ_core::secret::Secret;

/// Held while a program is started, so that it inherits what is its own, and no
/// other program does.
static STARTING: Mutex<()> = Mutex::new(());

/// A secret on its way to a program: a file that is nowhere but in memory, open
/// at its beginning, and never to be changed again.
pub(crate) struct Handed(OwnedFd);

impl Handed {
    /// Puts a secret into such a file.
    pub(crate) fn new(secret: &Secret) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("writ-secret", flags)?);
        file.write_all(secret.expose())?;
        file.rewind()?;
        let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&file, all)?;
        Ok(Self(file.into()))
    }

    /// Its path, as the program sees it: the same number in node, keeper and
    /// program.
    pub(crate) fn path(&self) -> String {
        format!("/dev/fd/{}", self.0.as_raw_fd())
    }
}

/// Held while a program is started that inherits some secrets; after it they are
/// inherited no more.
pub(super) struct Alone<'a> {
    handed: &'a [Handed],
    _starting: MutexGuard<'static, ()>,
}

/// Lets the next program that is started inherit these, and no others.
pub(super) fn let_inherit(handed: &[Handed]) -> io::Result<Alone<'_>> {
    // INVARIANT: every program of this process is started under this lock.
    let alone = Alone {
        handed,
        _starting: STARTING.lock().unwrap_or_else(PoisonError::into_inner),
    };
    for Handed(file) in handed {
        rustix::io::fcntl_setfd(file, FdFlags::empty())?;
    }
    Ok(alone)
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        for Handed(file) in self.handed {
            // It is closed in a moment in any case.
            let _ = rustix::io::fcntl_setfd(file, FdFlags::CLOEXEC);
        }
    }
}
