//! The demo's target: a small service process, and the manager that restarts it.
//!
//! `writ demo-service run SOCKET` manages one worker process and listens on a
//! socket; `writ demo-service restart SOCKET UNIT` is the program that the
//! demo's task runs. Both end when whoever started them is gone, since their
//! standard input then ends.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::DemoError;
use super::stage::{Running, Stage};
use crate::exit::{Exit, Failure};
use crate::output::print_bytes;

/// The demo's own service; no part of Writ
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Manage the worker
    Run {
        /// Where to listen
        socket: PathBuf,
    },
    /// Be the worker
    Work,
    /// Ask the manager to restart the worker
    Restart {
        /// Where it listens
        socket: PathBuf,
        /// What the worker is called
        unit: String,
    },
}

/// Does one of the three.
pub(crate) fn main(args: &Args) -> Result<Exit, Failure> {
    let done = match args {
        Args::Run { socket } => manage(socket),
        Args::Work => until_input_ends(),
        Args::Restart { socket, unit } => {
            ask(socket, &format!("restart {unit}")).map(|answer| print_bytes(answer.as_bytes()))
        }
    };
    done.map(|()| Exit::Done).map_err(Failure::broken)
}

fn until_input_ends() -> io::Result<()> {
    io::copy(&mut io::stdin(), &mut io::sink()).map(|_| ())
}

fn manage(socket: &Path) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    std::thread::spawn(|| {
        // Whoever started the manager is gone, and so must it be.
        let _ = until_input_ends();
        std::process::exit(0);
    });
    let mut worker = Worker::start()?;
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut line = String::new();
        BufReader::new(stream.try_clone()?).read_line(&mut line)?;
        if let Some(unit) = line.trim_end().strip_prefix("restart ") {
            worker = Worker::start()?;
            writeln!(stream, "{unit} restarted: process {}", worker.0.0.id())?;
        } else {
            writeln!(stream, "{}", worker.0.0.id())?;
        }
    }
    Ok(())
}

struct Worker(Running);

impl Worker {
    fn start() -> io::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(["demo-service", "work"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self(Running(child)))
    }
}

fn ask(socket: &Path, question: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    writeln!(stream, "{question}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The running service, as the demo sees it.
pub(super) struct Service {
    socket: PathBuf,
    _manager: Running,
}

impl Service {
    /// Starts manager and worker.
    pub(super) fn start(stage: &Stage) -> Result<Self, DemoError> {
        let socket = stage.root.join("service.sock");
        let manager = Command::new(&stage.program)
            .arg("demo-service")
            .arg("run")
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let service = Self {
            socket,
            _manager: Running(manager),
        };
        for _ in 0..500 {
            if service.process().is_ok() {
                return Ok(service);
            }
            stage.stop.pause()?;
        }
        Err(DemoError("the demo's service did not start".into()))
    }

    /// The process id of the worker, which is seen to be alive.
    pub(super) fn process(&self) -> Result<u32, DemoError> {
        let answer = ask(&self.socket, "status")?;
        let process = answer
            .trim()
            .parse()
            .map_err(|_| DemoError(format!("the service answered `{answer}`")))?;
        let proc = Path::new("/proc");
        if proc.is_dir() && fs::metadata(proc.join(format!("{process}"))).is_err() {
            return Err(DemoError(format!("there is no process {process}")));
        }
        Ok(process)
    }

    /// The task that restarts it, as `writ task set -f` reads it.
    pub(super) fn task(&self, program: &Path) -> String {
        format!(
            r#"[[task]]
name = "Host\\Restart-Service"
title = "Restart a service"
risk = "medium"
program = {program:?}
args = ["demo-service", "restart", {:?}, "{{unit}}"]
[task.parameters.unit]
type = "string"
required = true
"#,
            self.socket
        )
    }
}
