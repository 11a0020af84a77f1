//! One run of a program, from its start until nothing of it is left.

use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout, timeout_at};
use writ_core::run::Job;
use writ_core::secret::Secret;
use writ_core::time::Seconds;

use super::CommandConnector;
use crate::child::READY;
use crate::unix::{self, Handed, Launch, Reader, Running};
use crate::{Credentials, Ended, Output, Paths};

/// How long what outlives a program may take to let go of its output before
/// that counts as left behind.
const MOMENT: Duration = Duration::from_millis(100);

/// How long an ended program's output, or the end of a killed one, is waited for.
const LINGER: Duration = Duration::from_secs(2);

/// How much of what the helper says is read, in bytes.
const MAX_STATUS: u64 = 4_096;

/// How much output is read at once, in bytes.
const CHUNK: usize = 64 << 10;

impl CommandConnector {
    /// Carries out a job; [`execute`](crate::Connector::execute) without the
    /// permit.
    pub async fn run(&self, job: &Job, credentials: &Credentials, output: &Output) -> Ended {
        let deadline = Instant::now() + Duration::from_secs(job.task.deadline_s.0);
        let launch = match self.launch(job, credentials) {
            Ok(launch) => launch,
            Err(why) => return Ended::not_started(why),
        };
        let (running, pipes) = match unix::start(launch).await {
            Ok(started) => started,
            Err(error) => return Ended::not_started(in_words(&error)),
        };
        let mut drain = Drain::new(pipes.output, output);
        let life = async {
            let told = read_status(pipes.status).await;
            running.ended().await;
            told
        };
        match drain.during(timeout_at(deadline, life)).await {
            Ok(told) => after_end(told, running, drain).await,
            Err(_elapsed) => self.at_deadline(job.task.deadline_s, running, drain).await,
        }
    }

    fn launch(&self, job: &Job, credentials: &Credentials) -> Result<Launch, String> {
        let task = &job.task;
        let template = self.template(task)?;
        let mut handed = Vec::new();
        let mut hand = |secret: &Secret| {
            let file = Handed::new(secret);
            let file = file.map_err(|error| format!("a secret cannot be handed over: {error}"))?;
            let path = file.path();
            handed.push(file);
            Ok::<_, String>(path)
        };
        let mut paths = Paths::default();
        for name in template.secrets() {
            let path = hand(credentials.secret(name)?)?;
            paths.secrets.insert(name.clone(), path);
        }
        for name in template.parameters() {
            if let Some(secret) = credentials.parameters.get(name) {
                paths.parameters.insert(name.clone(), hand(secret)?);
            }
        }
        let arguments = template
            .arguments(&task.parameters, &job.parameters, &paths)
            .map_err(|error| error.to_string())?;
        Ok(Launch {
            helper: self.child.clone(),
            program: template.program().to_owned(),
            arguments,
            handed,
            scratch: self.scratch.clone(),
        })
    }

    async fn at_deadline(&self, limit: Seconds, running: Running, mut drain: Drain<'_>) -> Ended {
        running.terminate();
        let _ = drain.during(timeout(self.grace, running.ended())).await;
        running.kill();
        let _ = drain.during(timeout(LINGER, running.ended())).await;
        let gone = running.reap().await.is_some();
        let let_go = drain.rest(LINGER).await;
        let mut note = format!(
            "killed at its deadline of {}s; it may have had part of its effect",
            limit.0
        );
        if !gone {
            note.push_str("; it has not ended yet");
        } else if !let_go {
            note.push_str("; ");
            note.push_str(GOES_ON);
        }
        Ended::Unknown { note }
    }
}

/// What is said of a process that left the group and kept the output open.
const GOES_ON: &str = "something that it started goes on and is no longer followed";

/// What is said of processes of the group that were there after its leader.
const LEFT: &str = "what it left running was killed";

/// What the helper said.
enum Told {
    Started,
    NotStarted(String),
}

async fn read_status(status: Reader) -> Told {
    let mut said = Vec::new();
    if let Err(error) = status.take(MAX_STATUS).read_to_end(&mut said).await {
        tracing::warn!(%error, "the helper's status cannot be read");
    }
    match said.strip_prefix(READY) {
        Some([]) => Told::Started,
        Some(why) => Told::NotStarted(String::from_utf8_lossy(why).into_owned()),
        None if said.is_empty() => Told::NotStarted("its helper ended before it could".into()),
        None => Told::NotStarted(String::from_utf8_lossy(&said).into_owned()),
    }
}

async fn after_end(told: Told, running: Running, mut drain: Drain<'_>) -> Ended {
    let let_go = drain.rest(MOMENT).await;
    let status = running.reap().await;
    let aside = match let_go {
        true => None,
        false if drain.rest(LINGER).await => Some(LEFT),
        false => Some(GOES_ON),
    };
    if let Some(aside) = aside {
        tracing::warn!("a program ended, but {aside}");
    }
    match told {
        Told::NotStarted(why) => Ended::not_started(why),
        Told::Started => ended(status, aside, drain.output),
    }
}

fn ended(status: Option<ExitStatus>, aside: Option<&str>, output: &Output) -> Ended {
    let with_aside = |note: String| match aside {
        Some(aside) => format!("{note}; {aside}"),
        None => note,
    };
    let Some(status) = status else {
        let note = with_aside("how it ended cannot be seen".into());
        return Ended::Unknown { note };
    };
    match (status.code(), unix::signal_of(status)) {
        (Some(0), _) => {
            if let Some(aside) = aside {
                output.remark(aside);
            }
            Ended::Succeeded { exit: Some(0) }
        }
        (Some(code), _) => Ended::Failed {
            exit: Some(code.into()),
            note: with_aside(format!("exit code {code}")),
        },
        (None, signal) => Ended::Failed {
            exit: None,
            note: with_aside(format!("ended by {}", spelled(signal.unwrap_or_default()))),
        },
    }
}

/// A signal as people know it.
fn spelled(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}

fn in_words(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::ArgumentListTooLong {
        return "its arguments are too long: on Linux a single one may have 128 KiB at most, \
                all together about 2 MiB"
            .into();
    }
    error.to_string()
}

/// Empties the pipe into the output, whatever else is waited for, so that a
/// program never stands still because nobody reads.
struct Drain<'a> {
    /// None once every writing end is closed.
    pipe: Option<Reader>,
    chunk: Vec<u8>,
    output: &'a Output,
}

impl<'a> Drain<'a> {
    fn new(pipe: Reader, output: &'a Output) -> Self {
        Self {
            pipe: Some(pipe),
            chunk: vec![0; CHUNK],
            output,
        }
    }

    /// Reads while something else is waited for, and returns what that says.
    async fn during<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        loop {
            tokio::select! {
                biased;
                done = &mut other => return done,
                () = self.step(), if self.pipe.is_some() => {}
            }
        }
    }

    /// Reads until every writing end is closed; false if that takes too long.
    async fn rest(&mut self, patience: Duration) -> bool {
        let all = async {
            while self.pipe.is_some() {
                self.step().await;
            }
        };
        timeout(patience, all).await.is_ok()
    }

    /// Reads once. Nothing is lost if this is dropped half-way.
    async fn step(&mut self) {
        let Some(pipe) = &mut self.pipe else {
            return;
        };
        match pipe.read(&mut self.chunk).await {
            Ok(0) => self.pipe = None,
            Ok(read) => self.output.push(self.chunk.get(..read).unwrap_or_default()),
            Err(error) => {
                tracing::warn!(%error, "a program's output cannot be read");
                self.pipe = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names() {
        assert_eq!(spelled(9), "signal 9 (SIGKILL)");
        assert_eq!(spelled(40), "signal 40");
    }

    #[test]
    fn too_many_bytes_are_said_plainly() {
        let error = io::Error::from_raw_os_error(7);
        assert!(in_words(&error).contains("128 KiB at most"));
    }
}
