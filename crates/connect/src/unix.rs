//! Processes as Unix has them: all that needs Unix is in this file.
//!
//! A **running** program is the leader of its own session and process group,
//! in a private directory of its own. It is signalled by its number, which is
//! safe only while nobody has **reaped** it: until then its number, also as
//! the name of its group, cannot become another's. So the end of the leader is
//! seen without reaping, the rest of its group is killed, and only then the
//! leader is reaped.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, PipeWriter};
#[cfg(target_os = "linux")]
use std::io::{Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use rustix::io::FdFlags;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getppid, getrlimit, kill_process,
    kill_process_group, setrlimit, setsid, umask, waitid,
};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;
use writ_core::secret::Secret;

/// The reading end of a pipe.
pub(crate) type Reader = tokio::net::unix::pipe::Receiver;

/// What is to be started.
pub(crate) struct Launch {
    /// The binary that becomes the program.
    pub(crate) helper: PathBuf,
    /// The program's absolute path.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// The secrets that it inherits.
    pub(crate) handed: Vec<Handed>,
    /// Where its private directory is made.
    pub(crate) scratch: PathBuf,
}

/// A secret on its way to a program: a file that is nowhere but in memory, open
/// at its beginning, and never to be changed again.
pub(crate) struct Handed(OwnedFd);

impl Handed {
    /// Puts a secret into such a file.
    #[cfg(target_os = "linux")]
    pub(crate) fn new(secret: &Secret) -> io::Result<Self> {
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("writ-secret", flags)?);
        file.write_all(secret.expose())?;
        file.rewind()?;
        let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&file, all)?;
        Ok(Self(file.into()))
    }

    /// Elsewhere it would have to be on a disk for a moment.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new(_secret: &Secret) -> io::Result<Self> {
        let said = "programs are given secrets on Linux only";
        Err(io::Error::new(io::ErrorKind::Unsupported, said))
    }

    /// Its path, as the program sees it: the same number in both processes.
    pub(crate) fn path(&self) -> String {
        format!("/dev/fd/{}", self.0.as_raw_fd())
    }

    /// Lets the next program that is started inherit it. Only the one thread
    /// that starts programs calls this, just before it starts that program, and
    /// it closes the file here right after; so no other program gets it.
    fn let_inherit(&self) -> io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.0, FdFlags::empty())?)
    }
}

/// A program that was started and not yet reaped. Dropping it kills its group.
pub(crate) struct Running {
    pid: Pid,
    /// INVARIANT: none only once it is reaped, or somebody else will reap it.
    child: Option<Child>,
    directory: Option<TempDir>,
}

/// What a started program can be heard through.
pub(crate) struct Pipes {
    /// What the helper says.
    pub(crate) status: Reader,
    /// Standard output and standard error, in the order they were written.
    pub(crate) output: Reader,
}

/// How often the end of a program is looked for though no signal told of it.
const LOOK: Duration = Duration::from_secs(1);

/// Starts a program. An error means that nothing was started: whatever else
/// can go wrong is done before.
pub(crate) async fn start(launch: Launch) -> io::Result<(Running, Pipes)> {
    let (status, status_end) = io::pipe()?;
    let (output, output_end) = io::pipe()?;
    let pipes = Pipes {
        status: Reader::from_owned_fd(status.into())?,
        output: Reader::from_owned_fd(output.into())?,
    };
    let ends = Ends {
        status: status_end,
        output: output_end,
    };
    let (answer, started) = oneshot::channel();
    let gone = || io::Error::other("the thread that starts programs is not there");
    let starter = STARTER.as_ref().ok_or_else(gone)?;
    starter.send((launch, ends, answer)).map_err(|_| gone())?;
    let running = started.await.map_err(|_| gone())??;
    Ok((running, pipes))
}

/// The writing ends of a program's pipes. They must not stay open here.
struct Ends {
    status: PipeWriter,
    output: PipeWriter,
}

type Order = (Launch, Ends, oneshot::Sender<io::Result<Running>>);

/// One thread starts every program and never ends: "the node died", which
/// kills a program, means to Linux that the *thread* which started it ended,
/// and an async runtime ends threads as it likes.
static STARTER: LazyLock<Option<mpsc::Sender<Order>>> = LazyLock::new(|| {
    let (sender, orders) = mpsc::channel::<Order>();
    let serve = move || {
        for (launch, ends, answer) in orders {
            // If nobody waits any more, this drops the program and so kills it.
            let _ = answer.send(launch.now(ends));
        }
    };
    let thread = thread::Builder::new()
        .name("writ-start".into())
        .spawn(serve);
    thread.is_ok().then_some(sender)
});

impl Launch {
    fn now(self, ends: Ends) -> io::Result<Running> {
        let directory = tempfile::Builder::new()
            .prefix("writ-run-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&self.scratch)?;
        // Dropped at the end of this function, and with it the writing ends.
        let mut command = Command::new(&self.helper);
        command
            .args(["child-exec", "--", &std::process::id().to_string()])
            .arg(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("HOME", directory.path())
            .env("TMPDIR", directory.path())
            .current_dir(directory.path())
            .stdin(ends.status)
            .stdout(ends.output.try_clone()?)
            .stderr(ends.output);
        self.handed.iter().try_for_each(Handed::let_inherit)?;
        let mut child = command.spawn().map_err(|error| {
            let said = format!("the helper `{}`: {error}", self.helper.display());
            io::Error::new(error.kind(), said)
        })?;
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
            child.kill()?;
            return Err(io::Error::other("the process has no usable number"));
        };
        Ok(Running {
            pid,
            child: Some(child),
            directory: Some(directory),
        })
    }
}

impl Running {
    /// Waits until the leader has ended, without reaping it.
    pub(crate) async fn ended(&self) {
        // Every end of a child is a signal to us; which child it was, we look.
        let mut ends = signal(SignalKind::child()).ok();
        while !self.is_over() {
            let next = async {
                match &mut ends {
                    Some(ends) => drop(ends.recv().await),
                    None => std::future::pending().await,
                }
            };
            let _ = timeout(LOOK, next).await;
        }
    }

    fn is_over(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(self.pid), look), Ok(None))
    }

    /// Asks the group to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the group.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // There is no group yet while the helper is still the helper.
        if self.child.is_some() && kill_process_group(self.pid, signal).is_err() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Kills what is left of the group, reaps the leader if it has ended, says
    /// how it did, and removes the private directory.
    pub(crate) async fn reap(mut self) -> Option<ExitStatus> {
        self.kill();
        if !self.is_over() {
            // Not even killing helps at once; dropping waits for it elsewhere.
            return None;
        }
        let status = self.child.take()?.wait().ok();
        if let Some(directory) = self.directory.take() {
            let remove = move || remove(directory);
            let _ = tokio::task::spawn_blocking(remove).await;
        }
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        let Some(mut child) = self.child.take() else {
            return;
        };
        // Only what has ended can be reaped, and only then its directory stays
        // empty once it is removed.
        let directory = self.directory.take();
        let wait = move || {
            let _ = child.wait();
            directory.map(remove)
        };
        if let Err(error) = thread::Builder::new().name("writ-reap".into()).spawn(wait) {
            tracing::warn!(%error, "a killed program is not reaped");
        }
    }
}

fn remove(directory: TempDir) {
    let path = directory.path().to_owned();
    if let Err(error) = directory.close() {
        tracing::warn!(%error, path = %path.display(), "a run's private directory is left behind");
    }
}

/// The signal that ended a process, if one did.
pub(crate) fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// The bits that say who may do what with a file.
pub(crate) fn mode_of(metadata: &Metadata) -> u32 {
    metadata.permissions().mode()
}

// The helper's side.

/// The most files that a program may have open.
const MAX_FILES: u64 = 1_024;

/// Takes the status pipe from standard input and puts nothing in its place.
/// It closes by itself when the process becomes another program.
pub(crate) fn take_status() -> io::Result<File> {
    let status = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(File::from(status))
}

/// Gives up what a program must not have.
pub(crate) fn confine(parent: i32) -> io::Result<()> {
    setsid()?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
    }
    // A parent that died before that line killed nobody.
    if getppid().map(Pid::as_raw_pid) != Some(parent) {
        return Err(io::Error::other("the node that started this is gone"));
    }
    umask(rustix::fs::Mode::from_raw_mode(0o077));
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, MAX_FILES)
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
