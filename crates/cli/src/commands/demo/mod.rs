//! `writ demo`: the whole story on a temporary directory, with the real binary.
//!
//! Every step is a command that a person could type, run as a process of its
//! own with that person's profile; what it prints is what is shown. A step that
//! ends otherwise than it should stops the demo with an error.

mod exchange;
pub(crate) mod service;
mod stage;

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use self::exchange::Exchange;
use self::service::Service;
use self::stage::{Server, Signals, Stage, Stop};
use crate::exit::{Exit, Failure};
use crate::output::remark;

const ORGANIZATION: &str = "fabrikam.onmicrosoft.com";
const TASK: &str = r"Host\Restart-Service";

/// Show the whole story on a temporary directory: ask, approve, run, revoke, verify
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the server running at the end, with its three people, and say what to try
    #[arg(long)]
    serve: bool,
}

/// Why the demo did not go as it should.
#[derive(Debug)]
pub(crate) struct DemoError(String);

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for DemoError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Tells the story; it takes a few seconds.
///
/// However it is stopped, it ends its processes and removes what it made.
pub(crate) async fn run(args: Args) -> Result<Exit, Failure> {
    let mut signals = Signals::new().map_err(Failure::broken)?;
    let stop = Stop::default();
    let told = stop.clone();
    let mut story = tokio::task::spawn_blocking(move || play(&args, told));
    let played = tokio::select! {
        played = &mut story => played,
        () = signals.any() => {
            stop.set();
            story.await
        }
    };
    match played.map_err(Failure::broken)? {
        Ok(()) => Ok(Exit::Done),
        Err(_) if stop.is_set() => {
            remark("The demo was stopped, and everything that it made is removed.");
            Ok(Exit::Over)
        }
        Err(error) => Err(Failure::broken(format!("the demo stopped: {error}"))),
    }
}

fn play(args: &Args, stop: Stop) -> Result<(), DemoError> {
    let stage = Stage::build(stop)?;
    say("Writ: one task, asked for, approved, run, revoked, verified.");
    say("Each line after a $ is the real command, run by that person with their own key.\n");
    let _server = found(&stage)?;
    let service = Service::start(&stage)?;
    prepare(&stage, &service)?;
    tell(&stage, &service)?;
    let exchange = Exchange::start(&stage)?;
    exchange.tell(&stage)?;
    prove(&stage)?;
    if args.serve {
        stay(&stage, &exchange)?;
    }
    Ok(())
}

/// An organization, its server, three people.
fn found(stage: &Stage) -> Result<Server, DemoError> {
    heading("An organization is founded, and its server started");
    let admin = person("admin");
    stage.show(
        "admin",
        &[
            "init",
            "--organization",
            ORGANIZATION,
            "--admin",
            &admin,
            "--url",
            &stage.url,
        ],
    )?;
    // The service listens where only this user comes to.
    let programs = format!(
        "[command]\nuser = \"node\"\nprograms = [{:?}]\n",
        stage.program
    );
    append(&stage.data.join("writ.toml"), &programs)?;
    let server = Server::start(stage, "serve", &["serve", "--listen", &stage.address])?;

    heading("Two more people enrol, each with a key of their own");
    for name in ["alice", "bob"] {
        let upn = person(name);
        let invited = stage.show("admin", &["person", "invite", &upn, "-o", "json"])?;
        let code = json_text(&invited, "code")?;
        stage.enter(
            name,
            &["login", &stage.url, "--as", &upn, "--code-stdin"],
            &code,
        )?;
    }
    Ok(server)
}

/// Approvers, control, workload, task, policy: what the administrator sets once.
fn prepare(stage: &Stage, service: &Service) -> Result<(), DemoError> {
    heading("The administrator says who approves, and what may be asked for");
    let approvers = approvers();
    stage.show(
        "admin",
        &["group", "set", &approvers, "--add", &person("bob")],
    )?;
    stage.show("admin", &["enable", "--admin-group", &approvers])?;
    stage.show(
        "admin",
        &["workload", "set", "Host", "--connector", "command"],
    )?;
    let tasks = stage.root.join("tasks.toml");
    fs::write(&tasks, service.task(&stage.program))?;
    let tasks = tasks.display().to_string();
    stage.show("admin", &["task", "set", "-f", &tasks])?;
    stage.show(
        "admin",
        &[
            "policy",
            "set",
            TASK,
            "--approval",
            "manual",
            "--param",
            "unit=one_of:web,mail",
        ],
    )?;
    Ok(())
}

/// Refused, requested, approved by somebody else, run, revoked, refused.
fn tell(stage: &Stage, service: &Service) -> Result<(), DemoError> {
    let run = ["run", TASK, "--param", "unit=web"];
    heading("Alice may not restart the service: nobody holds standing power");
    stage.refused("alice", &run, "Insufficient permissions")?;

    heading("So she asks, with a reason, for one hour");
    let reason = "The web service hangs since 9:30";
    let asked = stage.show(
        "alice",
        &[
            "request", TASK, "--reason", reason, "--for", "1h", "--param", "unit=web", "-o", "json",
        ],
    )?;
    let id = json_text(&asked, "id")?;

    heading("She cannot approve it herself");
    stage.refused("alice", &["approve", &id], "somebody else")?;

    heading("Bob can");
    stage.show("bob", &["requests", "--to-approve"])?;
    stage.show(
        "bob",
        &[
            "approve",
            &id,
            "--comment",
            "Known fault, go ahead",
            "--yes",
        ],
    )?;

    heading("She runs it, three times; the process is another one each time");
    let mut before = service.process()?;
    say(&format!("   the service is process {before}"));
    for _ in 0..3 {
        stage.show("alice", &run)?;
        let now = service.process()?;
        if now == before {
            return Err(DemoError(format!("the service is still process {before}")));
        }
        say(&format!("   the service is process {now} now"));
        before = now;
    }

    heading("Bob takes it back, with effect at once");
    stage.show(
        "bob",
        &["revoke", &id, "--comment", "Fixed for good", "--yes"],
    )?;
    stage.refused("alice", &run, "Insufficient permissions")?;
    if service.process()? != before {
        return Err(DemoError(
            "the service was restarted after the revocation".into(),
        ));
    }
    Ok(())
}

/// Everything that happened, from the log.
fn prove(stage: &Stage) -> Result<(), DemoError> {
    heading("All of it is in the log, which verifies");
    stage.show("admin", &["executions", "--all"])?;
    stage.show("admin", &["log", "verify"])?;
    say("\nThat was all of it: README.md has the same story to type by hand.");
    Ok(())
}

fn approvers() -> String {
    format!("pamapprovers@{ORGANIZATION}")
}

/// Two more people, who join in a browser: their links. They are windows of one
/// host's browser, so one of them is best a private one.
fn windows(stage: &Stage) -> Result<[String; 2], DemoError> {
    heading("Two more people, for a browser: carol asks, dave approves and administers");
    let link = |name: &str, more: &[&str]| -> Result<String, DemoError> {
        let upn = person(name);
        let invite = ["person", "invite", &upn, "-o", "json"];
        let invited = stage.show("admin", &[&invite, more].concat())?;
        let code = json_text(&invited, "code")?;
        Ok(format!("{}/join#{upn}/{code}", stage.url))
    };
    let links = [
        link("carol", &[])?,
        link("dave", &["--role", "administrator"])?,
    ];
    let add = ["group", "set", &approvers(), "--add", &person("dave")];
    stage.show("admin", &add)?;
    Ok(links)
}

/// Keeps the server, and says what to try.
fn stay(stage: &Stage, exchange: &Exchange) -> Result<(), DemoError> {
    let [asks, approves] = windows(stage)?;
    say(&format!(
        "\nThe server goes on at {}, and the emulator at {}. In another terminal:\n",
        stage.url,
        exchange.url()
    ));
    say(&format!(
        "  export WRIT_CONFIG_HOME={}",
        stage.config.display()
    ));
    say(&format!("  export WRIT_DATA_DIR={}", stage.data.display()));
    say(&format!("  alias writ={}\n", stage.program.display()));
    for line in [
        r"writ --profile alice request 'Host\Restart-Service' --reason 'Trying it' --param unit=mail",
        "writ --profile bob requests --to-approve",
        "writ --profile bob approve ID",
        r"writ --profile alice run 'Host\Restart-Service' --param unit=mail",
        "writ --profile admin log show",
    ] {
        say(&format!("  {line}"));
    }
    exchange.hint();
    say(&format!(
        "\nOr in a browser, the second link in a private window:\n\n  {asks}\n  {approves}"
    ));
    say("\nPress Enter or Ctrl-C to stop it; everything it made is then removed.");
    let (send, enter) = channel();
    let typed = send.clone();
    thread::spawn(move || {
        // Without a terminal there is nobody to press Enter: only a signal ends it.
        if let Ok(1) = io::stdin().read(&mut [0]) {
            // It has ended already if nobody waits.
            let _ = typed.send(());
        }
    });
    while !stage.stop.is_set() {
        match enter.recv_timeout(Duration::from_millis(50)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    drop(send);
    Ok(())
}

fn person(name: &str) -> String {
    format!("{name}@{ORGANIZATION}")
}

fn append(path: &Path, text: &str) -> Result<(), DemoError> {
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// One text out of what a command printed as JSON.
fn json_text(printed: &str, member: &str) -> Result<String, DemoError> {
    let begin = printed.find('{').unwrap_or(0);
    let json = printed.get(begin..).unwrap_or_default();
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>();
    values
        .next()
        .and_then(Result::ok)
        .and_then(|value| value.get(member)?.as_str().map(ToOwned::to_owned))
        .ok_or_else(|| DemoError(format!("it printed no `{member}`")))
}

fn heading(text: &str) {
    say(&format!("\n-- {text}"));
}

fn say(text: &str) {
    let mut out = io::stdout().lock();
    // Nobody reads it any more; the story goes on to its end.
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
