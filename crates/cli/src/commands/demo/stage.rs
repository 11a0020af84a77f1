//! Where the demo plays: a directory, the processes that go on while it plays, and
//! what ends all of it, also half-way.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{self, SignalKind, signal};

use super::{DemoError, say};

/// How long to wait before looking again.
const BRIEFLY: Duration = Duration::from_millis(20);

/// Whether somebody wants it to end.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Says that nothing goes on, if that is so.
    pub(super) fn check(&self) -> Result<(), DemoError> {
        match self.is_set() {
            true => Err(DemoError("somebody stopped it".into())),
            false => Ok(()),
        }
    }

    /// The same, after a moment.
    pub(super) fn pause(&self) -> Result<(), DemoError> {
        self.check()?;
        thread::park_timeout(BRIEFLY);
        Ok(())
    }
}

/// What a process is told to end with: by a key, by another process, by a terminal
/// that is closed.
pub(super) struct Signals([unix::Signal; 3]);

impl Signals {
    /// From now on they no longer end it by themselves.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Returns with the first.
    pub(super) async fn any(&mut self) {
        let Self([interrupted, terminated, hung_up]) = self;
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        }
    }
}

/// A process that ends with this.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // What it has begun it takes away itself, if it is let.
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        for _ in 0..250 {
            match self.0.try_wait() {
                Ok(None) => thread::park_timeout(BRIEFLY),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        // It is gone already if either fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the story plays: a directory that is removed at the end.
pub(super) struct Stage {
    pub(super) root: PathBuf,
    pub(super) config: PathBuf,
    pub(super) data: PathBuf,
    pub(super) url: String,
    pub(super) address: String,
    pub(super) program: PathBuf,
    pub(super) stop: Stop,
    directory: tempfile::TempDir,
}

impl Stage {
    pub(super) fn build(stop: Stop) -> Result<Self, DemoError> {
        let directory = tempfile::Builder::new().prefix("writ-demo-").tempdir()?;
        let root = directory.path().to_owned();
        let address = free_address()?;
        fs::create_dir(root.join("tmp"))?;
        Ok(Self {
            config: root.join("config"),
            data: root.join("data"),
            // By a name: browsers make no passkey for an address of digits.
            url: address.replacen("127.0.0.1", "http://localhost", 1),
            address,
            program: std::env::current_exe()?,
            root,
            stop,
            directory,
        })
    }

    fn command(&self, profile: &str, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .env("WRIT_CONFIG_HOME", &self.config)
            .env("WRIT_DATA_DIR", &self.data)
            .env("WRIT_PROFILE", profile)
            // What a node makes for its runs is removed with the rest.
            .env("TMPDIR", self.root.join("tmp"))
            .env_remove("WRIT_SERVER")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that should work, and answers what it printed.
    pub(super) fn show(&self, who: &str, args: &[&str]) -> Result<String, DemoError> {
        self.step(who, args, None, 0)
    }

    /// The same with something to read on its standard input.
    pub(super) fn enter(&self, who: &str, args: &[&str], input: &str) -> Result<String, DemoError> {
        self.step(who, args, Some(input), 0)
    }

    /// Runs a command that should be refused, in these words.
    pub(super) fn refused(&self, who: &str, args: &[&str], words: &str) -> Result<(), DemoError> {
        let said = self.step(who, args, None, 3)?;
        match said.contains(words) {
            true => Ok(()),
            false => Err(DemoError(format!("it was refused, but not with `{words}`"))),
        }
    }

    fn step(
        &self,
        who: &str,
        args: &[&str],
        input: Option<&str>,
        expected: i32,
    ) -> Result<String, DemoError> {
        let typed: Vec<_> = args
            .iter()
            .map(|arg| writ_core::refusal::shell_word(arg))
            .collect();
        say(&format!("{who}$ writ {}", typed.join(" ")));
        self.perform(who, args, input, expected)
    }

    /// Runs a command and shows what it says.
    pub(super) fn perform(
        &self,
        who: &str,
        args: &[&str],
        input: Option<&str>,
        expected: i32,
    ) -> Result<String, DemoError> {
        let child = self
            .command(who, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let output = self.whole(Running(child), input.unwrap_or_default())?;
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        for line in said.lines() {
            say(&format!("   {line}"));
        }
        match output.status.code() {
            Some(code) if code == expected => Ok(said),
            code => Err(DemoError(format!(
                "that ended with exit code {code:?}, and should have with {expected}"
            ))),
        }
    }

    /// Waits until a process has ended, and answers what it wrote.
    fn whole(&self, mut process: Running, input: &str) -> Result<Output, DemoError> {
        let child = &mut process.0;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let out = thread::spawn(|| read(out));
        let err = thread::spawn(|| read(err));
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let status = self.ended(child)?;
        let gone = |_| DemoError("what it wrote cannot be read".into());
        Ok(Output {
            status,
            stdout: out.join().map_err(gone)??,
            stderr: err.join().map_err(gone)??,
        })
    }

    fn ended(&self, child: &mut Child) -> Result<ExitStatus, DemoError> {
        loop {
            if let Some(status) = child.try_wait()? {
                // A key that stops it stops whatever it is about, too.
                self.stop.check()?;
                return Ok(status);
            }
            self.stop.pause()?;
        }
    }
}

/// Everything of a stream that a process writes to.
fn read(stream: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What a process of it still writes may come between.
        for _ in 0..50 {
            match fs::remove_dir_all(self.directory.path()) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(_) => thread::park_timeout(BRIEFLY),
            }
        }
    }
}

/// A command that goes on, in a process of its own; ends with this one.
pub(super) struct Server {
    _process: Running,
}

impl Server {
    /// Starts it, and waits until it listens at the address that its arguments end with.
    pub(super) fn start(stage: &Stage, name: &str, args: &[&str]) -> Result<Self, DemoError> {
        say(&format!("admin$ writ {}", args.join(" ")));
        let address = args.last().copied().unwrap_or_default();
        let path = stage.root.join(format!("{name}.log"));
        let log = fs::File::create(&path)?;
        let child = stage
            .command("admin", args)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let mut server = Running(child);
        for _ in 0..500 {
            // Another one may listen there since the address was given back.
            if server.0.try_wait()?.is_some() {
                break;
            }
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(Self { _process: server });
            }
            stage.stop.pause()?;
        }
        let log = fs::read_to_string(path)?;
        Err(DemoError(format!("`writ {name}` did not start:\n{log}")))
    }
}

/// Asked for and given back, so that it is known before anything listens there.
pub(super) fn free_address() -> io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
