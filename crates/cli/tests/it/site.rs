//! A private installation: a directory, a server on a free port, people.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

pub(crate) const ORGANIZATION: &str = "fabrikam.onmicrosoft.com";
pub(crate) const APPROVERS: &str = "pamapprovers@fabrikam.onmicrosoft.com";

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Ended with this code, and said these words.
    #[track_caller]
    pub(crate) fn said(self, code: i32, words: &str) -> Self {
        let all = format!("{}{}", self.text(), self.stderr);
        assert!(
            self.code == code && all.contains(words),
            "wanted {code} `{words}`: {self:#?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.said(0, "")
    }
}

/// A private installation.
pub(crate) struct Site {
    directory: tempfile::TempDir,
    scheme: &'static str,
    address: String,
    server: Option<Child>,
    recovery: String,
}

impl Site {
    /// Founded, served, with alice who asks, bob and carol who approve, and
    /// tasks of a workload `Host` that nothing covers yet.
    pub(crate) fn open() -> Self {
        let mut site = Self::founded();
        site.serve();
        for name in ["alice", "bob", "carol"] {
            site.enrol(name);
        }
        site.admin(&[
            "group",
            "set",
            APPROVERS,
            "--add",
            &upn("bob"),
            "--add",
            &upn("carol"),
        ])
        .ok();
        site.admin(&["enable", "--admin-group", APPROVERS]).ok();
        site.admin(&["workload", "set", "Host", "--connector", "command"])
            .ok();
        let tasks = site.path("tasks.toml");
        fs::write(&tasks, TASKS).unwrap();
        site.admin(&["task", "set", "-f", tasks.to_str().unwrap()])
            .ok();
        site
    }

    pub(crate) fn founded() -> Self {
        Self::founded_over("http")
    }

    pub(crate) fn founded_over(scheme: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut site = Self {
            scheme,
            address: listener.local_addr().unwrap().to_string(),
            directory: tempfile::tempdir().unwrap(),
            server: None,
            recovery: String::new(),
        };
        drop(listener);
        let url = site.url();
        let founded = site.admin(&[
            "init",
            "--organization",
            ORGANIZATION,
            "--admin",
            &upn("admin"),
            "--url",
            &url,
            "-o",
            "json",
        ]);
        let founded = founded.ok().json();
        site.recovery = founded["recovery_code"].as_str().unwrap().to_owned();
        let made = site.path("made");
        fs::create_dir(&made).unwrap();
        // What only root may look at is in its tests' way.
        site.configure(&format!(
            "[command]\nuser = \"node\"\nwrite = [{made:?}]\nprograms = \
             [\"/bin/echo\", \"/bin/mkdir\", \"/bin/false\", \"/bin/sleep\", \"/bin/sh\", \"/usr/bin/sha256sum\"]\n"
        ));
        site
    }

    /// Adds lines to writ.toml.
    pub(crate) fn configure(&self, lines: &str) {
        let mut config = fs::OpenOptions::new()
            .append(true)
            .open(self.data().join("writ.toml"))
            .unwrap();
        config.write_all(lines.as_bytes()).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The code that `init` showed once.
    pub(crate) fn recovery_code(&self) -> &str {
        &self.recovery
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("writ.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Starts the server and waits until it serves.
    pub(crate) fn serve(&mut self) {
        self.serve_with(|_| {});
    }

    /// The same, with something said to the operating system before.
    pub(crate) fn serve_with(&mut self, prepare: impl FnOnce(&mut Command)) {
        let log = fs::File::create(self.path("serve.log")).unwrap();
        let mut command = self.command("admin", &["serve", "--listen", &self.address]);
        prepare(command.stderr(log));
        self.server = Some(command.spawn().unwrap());
        for _ in 0..600 {
            // Its own word: a connection may be taken by a process that is just being
            // started and still holds what it inherited.
            if self.log().contains("writ serves ") {
                return;
            }
            let server = self.server.as_mut().unwrap();
            assert!(server.try_wait().unwrap().is_none(), "{}", self.log());
            thread::park_timeout(Duration::from_millis(20));
        }
        panic!("the server does not start: {}", self.log());
    }

    /// Tries to start the server, which must refuse; answers what it said.
    pub(crate) fn serve_in_vain(&self) -> Done {
        let mut child = self
            .command("admin", &["serve", "--listen", &self.address])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        for _ in 0..3_000 {
            if child.try_wait().unwrap().is_some() {
                let done = Done::of(child.wait_with_output().unwrap());
                assert_ne!(done.code, 0, "{done:?}");
                return done;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        child.kill().unwrap();
        panic!("the server did start: {:?}", child.wait_with_output());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        // Killed already, if it was in the middle of something.
        let _ = server.kill();
        server.wait().unwrap();
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The process of the server.
    pub(crate) fn server_id(&self) -> u32 {
        self.server.as_ref().unwrap().id()
    }

    /// `kill -9` while others still use the site; [`kill`](Self::kill) it after.
    pub(crate) fn kill_now(&self) {
        let id = self.server.as_ref().unwrap().id().to_string();
        assert!(
            Command::new("kill")
                .args(["-KILL", &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// As a service manager stops it.
    pub(crate) fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        let id = server.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(server.wait().unwrap().success(), "{}", self.log());
        // A node that was stopped leaves everything in one file.
        let beside = fs::metadata(self.data().join("writ.db-wal"));
        assert!(beside.is_err() || beside.is_ok_and(|file| file.len() == 0));
    }

    pub(crate) fn enrol(&self, name: &str) {
        let invited = self
            .admin(&["person", "invite", &upn(name), "-o", "json"])
            .ok();
        let code = invited.json()["code"].as_str().unwrap().to_owned();
        self.login(name, &code).ok();
    }

    pub(crate) fn login(&self, name: &str, code: &str) -> Done {
        self.enter(
            name,
            &["login", &self.url(), "--as", &upn(name), "--code-stdin"],
            code,
        )
    }

    pub(crate) fn admin(&self, args: &[&str]) -> Done {
        self.writ("admin", args)
    }

    /// Runs a command as somebody.
    pub(crate) fn writ(&self, who: &str, args: &[&str]) -> Done {
        self.enter(who, args, "")
    }

    /// Runs a command as somebody who has neither a profile nor a server here.
    pub(crate) fn stranger(&self, args: &[&str]) -> Done {
        let mut command = self.command("nobody", args);
        command
            .env("WRIT_CONFIG_HOME", self.path("nowhere"))
            .env("WRIT_DATA_DIR", self.path("nowhere"))
            .env_remove("WRIT_PROFILE")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Done::of(command.output().unwrap())
    }

    pub(crate) fn enter(&self, who: &str, args: &[&str], input: &str) -> Done {
        let mut child = self
            .command(who, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Done::of(child.wait_with_output().unwrap())
    }

    pub(crate) fn command(&self, who: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        command
            .args(args)
            .env("WRIT_CONFIG_HOME", self.config())
            .env("WRIT_DATA_DIR", self.data())
            .env("WRIT_PROFILE", who)
            .env_remove("WRIT_SERVER")
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("config")
    }

    /// Raises a request as alice; answers its id.
    pub(crate) fn ask(&self, task: &str, more: &[&str]) -> String {
        let args = [
            &["request", task, "--reason", "For a test", "-o", "json"],
            more,
        ]
        .concat();
        let done = self.writ("alice", &args).ok();
        done.json()["id"].as_str().unwrap().to_owned()
    }

    /// Alice has a live grant; answers its id.
    pub(crate) fn grant(&self, task: &str) -> String {
        let id = self.ask(task, &[]);
        self.writ("bob", &["approve", &id]).ok();
        id
    }

    pub(crate) fn sql(&self, statement: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.execute_batch(statement).unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // It is gone already if either fails.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

pub(crate) fn upn(name: &str) -> String {
    format!("{name}@{ORGANIZATION}")
}

pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}

const TASKS: &str = r#"
[[task]]
name = "Host\\Look"
title = "Try to read a file, then leave something behind and wait for it"
program = "/bin/sh"
args = ["-c", "cat $0; setsid /bin/sleep $1 & wait", "{path}", "{seconds}"]
[task.parameters.path]
type = "string"
required = true
[task.parameters.seconds]
type = "integer"
required = true

[[task]]
name = "Host\\Wait"
title = "Say a word, then another once a file is there"
program = "/bin/sh"
args = ["-c", "echo begun; until test -e $0; do sleep 0.05; done; echo done; exit 3", "{path}"]
[task.parameters.path]
type = "string"
required = true

[[task]]
name = "Host\\Say"
title = "Say a word"
risk = "low"
program = "/bin/echo"
args = ["{word}"]
[task.parameters.word]
type = "string"
required = true
max_length = 200000

[[task]]
name = "Host\\Make"
title = "Make a folder, which works once"
program = "/bin/mkdir"
args = ["{path}"]
[task.parameters.path]
type = "string"
required = true

[[task]]
name = "Host\\Short"
program = "/bin/echo"
args = ["{word}"]
output_cap = 100
[task.parameters.word]
type = "string"
required = true

[[task]]
name = "Host\\Fail"
program = "/bin/false"
args = []

[[task]]
name = "Host\\Sleep"
program = "/bin/sleep"
args = ["{seconds}"]
[task.parameters.seconds]
type = "integer"
required = true
"#;
