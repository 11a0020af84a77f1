//! The **keeper**: the process between a node and a program.
//!
//! It starts the program, sees it end, and leaves nothing of it behind: neither a
//! process nor the private directory. Whatever the program starts stays its
//! descendant (see [`tree`](super::tree)), however it hides. Its **control** is a
//! socket to the node, its standard input at first. A byte from the node asks
//! the program to end; the end of what the node says is the end of everything,
//! and the node's own end, `kill -9` too, is that as well.
//!
//! What it says to the node: `kept`, before anything is started; then, if nothing
//! was, `not started` and why; else, when the program has ended, `left`, if
//! something that it had started was still there and was killed, and how it
//! ended, such as `exit 0` or `signal 9`. A keeper that says less was killed.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, kill_process, kill_process_group,
    setsid, umask, wait, waitid,
};
use tempfile::TempDir;
use writ_core::digest::Digest;

use super::tree;
use crate::child::{READY, pin_arg};
use crate::isolation::Confinement;

/// How long what outlives a program may take to end by itself.
const MOMENT: Duration = Duration::from_millis(100);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Said before anything is started.
pub(super) const KEPT: &str = "kept\n";
/// Said where nothing was.
pub(super) const NOT_STARTED: &str = "not started\n";
/// Why, if the helper did not say.
pub(super) const NO_WORD: &str = "its helper ended before it could";
/// How much of what the helper says is read, in bytes.
const MAX_STATUS: u64 = 4_096;

/// The program's process; none once it is reaped, when its number may become
/// another's.
type Leader = Arc<Mutex<Option<Pid>>>;

/// Keeps a program, from its start until nothing of it is left.
pub(crate) fn keep(
    scratch: &Path,
    confinement: &Confinement,
    pin: Option<Digest>,
    program: &OsStr,
    arguments: impl Iterator<Item = OsString>,
) -> io::Result<()> {
    let control = UnixStream::from(super::take_stdin()?);
    let last = life(&control, scratch, confinement, pin, program, arguments);
    let last = last.unwrap_or_else(|error| format!("{NOT_STARTED}{error}"));
    // If the node is gone, there is nobody left to tell.
    (&control).write_all(last.as_bytes())
}

/// The program's life; what there is to say at its end.
fn life(
    mut control: &UnixStream,
    scratch: &Path,
    confinement: &Confinement,
    pin: Option<Digest>,
    program: &OsStr,
    arguments: impl Iterator<Item = OsString>,
) -> io::Result<String> {
    // Ctrl-C on the node's terminal is for the node.
    setsid()?;
    tree::keep()?;
    super::hide()?;
    umask(rustix::fs::Mode::from_raw_mode(0o077));
    let directory = tempfile::Builder::new()
        .prefix("writ-run-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(scratch)?;
    if let Some(user) = &confinement.user {
        chown(directory.path(), Some(user.uid), Some(user.gid))?;
    }
    // If the node does not hear it, it is gone.
    let _ = control.write_all(KEPT.as_bytes());
    let (status, leader) = start(&directory, confinement, pin, program, arguments)?;
    let ear = (control.try_clone()?, leader.clone());
    thread::spawn(move || listen(ear.0, &ear.1));
    let mut said = String::new();
    // What cannot be read is told by what is missing.
    let _ = status.take(MAX_STATUS).read_to_string(&mut said);
    let ended = wait_for(&leader);
    let left = clear();
    // What cannot be removed is left to the next start of the node.
    let _ = directory.close();
    if said != READY {
        let why = said.strip_prefix(READY).unwrap_or(&said);
        let why = if why.is_empty() { NO_WORD } else { why };
        return Ok(format!("{NOT_STARTED}{why}"));
    }
    let Ok(ended) = ended else {
        // How it ended cannot be seen, so it is as if this had been killed.
        return Ok(String::new());
    };
    let left = if left { "left\n" } else { "" };
    Ok(match (ended.exit_status(), ended.terminating_signal()) {
        (Some(code), _) => format!("{left}exit {code}\n"),
        (None, signal) => format!("{left}signal {}\n", signal.unwrap_or_default()),
    })
}

/// Starts the helper that becomes the program. Nothing of the output stays open
/// here.
fn start(
    directory: &TempDir,
    confinement: &Confinement,
    pin: Option<Digest>,
    program: &OsStr,
    arguments: impl Iterator<Item = OsString>,
) -> io::Result<(io::PipeReader, Leader)> {
    let (status, status_end) = io::pipe()?;
    let child = Command::new("/proc/self/exe")
        .args(["child-exec", "become", &std::process::id().to_string()])
        .arg(serde_json::to_string(confinement)?)
        .arg(pin_arg(pin))
        .arg(program)
        .args(arguments)
        .env("HOME", directory.path())
        .env("TMPDIR", directory.path())
        .current_dir(directory.path())
        .stdin(status_end)
        .spawn()?;
    let null = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok((status, Arc::new(Mutex::new(pid))))
}

/// Does what the node says, until it says nothing any more; then kills.
fn listen(mut control: UnixStream, leader: &Leader) {
    let mut byte = [0];
    while let Ok(1) = control.read(&mut byte) {
        let leader = leader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *leader {
            // There is no group yet while the helper is still the helper.
            if kill_process_group(pid, Signal::TERM).is_err() {
                let _ = kill_process(pid, Signal::TERM);
            }
        }
    }
    loop {
        tree::kill();
        thread::park_timeout(LOOK);
    }
}

/// Waits for the program, and reaps it and whatever else has ended by then.
fn wait_for(leader: &Leader) -> io::Result<WaitStatus> {
    loop {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        match waitid(WaitId::All, look) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        // INVARIANT: its number is known here only until it is reaped.
        let mut leader = leader.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((pid, status)) = wait(WaitOptions::NOHANG)? {
            if *leader == Some(pid) {
                *leader = None;
                return Ok(status);
            }
        }
    }
}

/// Waits a moment until nothing is left of what the program had started, and
/// then kills it. Whether anything had to be killed.
fn clear() -> bool {
    let mut waited = Duration::ZERO;
    while is_any_left() {
        if waited >= MOMENT {
            tree::kill();
        }
        thread::park_timeout(LOOK);
        waited = waited.saturating_add(LOOK);
    }
    waited > MOMENT
}

/// Reaps what has ended; whether anything goes on.
fn is_any_left() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            // There is no child.
            Err(_) => return false,
        }
    }
}
