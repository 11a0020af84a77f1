//! One run of a program, from its start until nothing of it is left.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use writ_core::run::Job;
use writ_core::secret::Secret;
use writ_core::time::Seconds;

use super::CommandConnector;
use crate::child::LOOK;
use crate::isolation::IsolationError;
use crate::linux::{self, End, Handed, Launch, Reader, Running, Told};
use crate::{Credentials, Ended, Output, Paths};

/// How long an ended program's output, or the end of a killed one, is waited for.
const LINGER: Duration = Duration::from_secs(2);

/// How much output is read at once, in bytes.
const CHUNK: usize = 64 << 10;

impl CommandConnector {
    /// Carries out a job; [`execute`](crate::Connector::execute) without the
    /// permit.
    pub async fn run(&self, job: &Job, credentials: &Credentials, output: &Output) -> Ended {
        let limit = Duration::from_secs(job.task.deadline_s.0);
        let deadline = self.uptime.deadline(limit);
        let launch = match self.launch(job, credentials) {
            Ok(launch) => launch,
            Err(why) => return Ended::not_started(why),
        };
        let (mut running, output_end) = match linux::start(launch).await {
            Ok(started) => started,
            Err(error) => return Ended::not_started(in_words(&error)),
        };
        let mut drain = Drain::new(output_end, output);
        let life = deadline.before(running.ended());
        match drain.during(life).await {
            Some(told) => after_end(told, running, drain).await,
            None => self.at_deadline(job.task.deadline_s, running, drain).await,
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
            pin: template.pin(),
            arguments,
            handed,
            scratch: self.scratch.clone(),
            confinement: self.confinement.clone(),
        })
    }

    /// Starts something that looks whether programs are isolated as they should
    /// be; what is in force, in sentences on lines of their own.
    pub async fn look(&self) -> Result<String, IsolationError> {
        let launch = Launch {
            helper: self.child.clone(),
            program: LOOK.to_owned(),
            pin: None,
            arguments: Vec::new(),
            handed: Vec::new(),
            scratch: self.scratch.clone(),
            confinement: self.confinement.clone(),
        };
        let not_in_force = |why: String| IsolationError::NotInForce(why);
        let started = linux::start(launch).await;
        let (mut running, _) = started.map_err(|error| not_in_force(error.to_string()))?;
        match running.ended().await {
            Told::Ended {
                end: End::Exit(0), ..
            } => Ok(self.confinement.to_string()),
            Told::NotStarted(why) => Err(not_in_force(why)),
            Told::Ended { .. } | Told::Lost => Err(not_in_force("it did not come back".into())),
        }
    }

    async fn at_deadline(
        &self,
        limit: Seconds,
        mut running: Running,
        mut drain: Drain<'_>,
    ) -> Ended {
        running.terminate().await;
        let _ = drain.during(timeout(self.grace, running.ended())).await;
        running.kill().await;
        let gone = drain.during(timeout(LINGER, running.ended())).await.is_ok();
        let mut note = format!(
            "killed at its deadline of {}s; it may have had part of its effect",
            limit.0
        );
        if !gone {
            note.push_str("; it has not ended yet");
        } else {
            running.reap().await;
            if !drain.rest(LINGER).await {
                note.push_str("; ");
                note.push_str(GOES_ON);
            }
        }
        Ended::Unknown { note }
    }
}

/// What is said of a process that is not of the program's, and kept the output
/// open: it was given it by other means.
const GOES_ON: &str = "something that it reached goes on and is no longer followed";

/// What is said of what was still there after the program.
const LEFT: &str = "what it left running was killed";

async fn after_end(told: Told, running: Running, mut drain: Drain<'_>) -> Ended {
    running.reap().await;
    let goes_on = (!drain.rest(LINGER).await).then_some(GOES_ON);
    match told {
        Told::NotStarted(why) => Ended::not_started(why),
        Told::Ended { end, left } => {
            let left = left.then_some(LEFT);
            ended(end, left.or(goes_on), drain.output)
        }
        Told::Lost => Ended::Unknown {
            note: "its keeper was killed; it may have had its effect, and may go on".into(),
        },
    }
}

fn ended(end: End, aside: Option<&str>, output: &Output) -> Ended {
    if let Some(aside) = aside {
        tracing::warn!("a program ended, but {aside}");
    }
    let with_aside = |note: String| match aside {
        Some(aside) => format!("{note}; {aside}"),
        None => note,
    };
    match end {
        End::Exit(0) => {
            if let Some(aside) = aside {
                output.remark(aside);
            }
            Ended::Succeeded { exit: Some(0) }
        }
        End::Exit(code) => Ended::Failed {
            exit: Some(code.into()),
            note: with_aside(format!("exit code {code}")),
        },
        End::Signal(signal) => Ended::Failed {
            exit: None,
            note: with_aside(format!("ended by {}", spelled(signal))),
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
