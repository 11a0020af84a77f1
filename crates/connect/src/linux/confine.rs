//! What the helper gives up before it becomes a program.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
    setsid,
};
use rustix::thread::set_no_new_privs;

/// The most files that a program may have open.
const MAX_FILES: u64 = 1_024;

/// Takes the status pipe from standard input.
pub(crate) fn take_status() -> io::Result<File> {
    Ok(File::from(super::take_stdin()?))
}

/// Gives up what a program must not have.
pub(crate) fn confine(parent: i32) -> io::Result<()> {
    setsid()?;
    set_no_new_privs(true)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, MAX_FILES)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before that line killed nobody.
    match getppid().map(Pid::as_raw_pid) == Some(parent) {
        true => Ok(()),
        false => Err(io::Error::other("the keeper that started this is gone")),
    }
}

/// Lowers a limit for good; never raises one.
fn limit(resource: Resource, at_most: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let lower = |limit: Option<u64>| Some(limit.map_or(at_most, |limit| limit.min(at_most)));
    let new = Rlimit {
        current: lower(now.current),
        maximum: lower(now.maximum),
    };
    Ok(setrlimit(resource, new)?)
}

/// Becomes another program; returns only on failure.
pub(crate) fn replace(program: &OsStr, arguments: impl Iterator<Item = OsString>) -> io::Error {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .exec()
}
