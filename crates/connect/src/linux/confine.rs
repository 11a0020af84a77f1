//! What the helper gives up before it becomes a program.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{
    DumpableBehavior, Gid, Pid, Resource, Rlimit, Signal, Uid, getppid, getrlimit, getuid,
    set_dumpable_behavior, set_parent_process_death_signal, setrlimit, setsid,
};
use rustix::thread::{set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::{Pinned, wall};
use crate::isolation::{Confinement, Limits, User};

/// Takes the status pipe from standard input.
pub(crate) fn take_status() -> io::Result<File> {
    Ok(File::from(super::take_stdin()?))
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    getuid().is_root()
}

/// Keeps others of the same user from looking into this process. It lasts until
/// the process becomes another program.
pub(crate) fn hide() -> io::Result<()> {
    limit(Resource::Core, 0)?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Gives up what a program must not have. The private directory is the current
/// one.
pub(crate) fn confine(parent: i32, confinement: &Confinement) -> io::Result<()> {
    let Confinement { limits, user, wall } = confinement;
    setsid()?;
    hide()?;
    // Everything that needs the node's rights, before they are gone.
    let private = std::env::current_dir()?;
    let wall = wall.as_ref().map(|wall| wall::open(wall, &private));
    let wall = wall.transpose().map_err(io::Error::other)?;
    set_limits(*limits, user.as_ref())?;
    if let Some(user) = user {
        become_user(user)?;
    }
    set_no_new_privs(true)?;
    if let Some(wall) = wall {
        wall::close(wall).map_err(io::Error::other)?;
    }
    // Another user means that nothing is sent any more, so this comes after.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before that line killed nobody.
    match getppid().map(Pid::as_raw_pid) == Some(parent) {
        true => Ok(()),
        false => Err(io::Error::other("the keeper that started this is gone")),
    }
}

fn become_user(user: &User) -> io::Result<()> {
    let groups: Vec<_> = user.groups.iter().copied().map(Gid::from_raw).collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    // There is one thread, so what is the thread's is the process's.
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    Ok(set_thread_res_uid(uid, uid, uid)?)
}

fn set_limits(limits: Limits, user: Option<&User>) -> io::Result<()> {
    let uid = user.map_or(getuid().as_raw(), |user| user.uid);
    // The kernel counts all that a user has, so what is there already comes on top.
    let processes = limits.processes.saturating_add(threads_of(uid));
    limit(Resource::Nproc, processes)?;
    limit(Resource::Data, limits.memory_mib.saturating_mul(1 << 20))?;
    limit(Resource::Nofile, limits.files)?;
    limit(Resource::Cpu, limits.cpu_s)
}

fn threads_of(uid: u32) -> u64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = entries.filter(|entry| entry.metadata().is_ok_and(|meta| meta.uid() == uid));
    let threads = own.map(|entry| match fs::read_dir(entry.path().join("task")) {
        Ok(tasks) => tasks.count() as u64,
        Err(_) => 0,
    });
    threads.sum()
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
pub(crate) fn replace(
    program: &OsStr,
    pinned: Option<Pinned>,
    arguments: impl Iterator<Item = OsString>,
) -> io::Error {
    let path = pinned.as_ref().map(Pinned::path);
    Command::new(path.as_deref().map_or(program, Path::as_os_str))
        .arg0(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .exec()
}
