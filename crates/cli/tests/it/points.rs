//! `kill -9` of the real binary at every point of a story: a request, its
//! approval, a run, its outcome, a stop.
//!
//! A **kill** names a point and which time that the process comes to it. Each
//! story begins with a copy of one prepared installation, meets its kills one
//! after another, is started again after each and goes on where it was: what was
//! not answered is sent again, the same bytes. The story without kills says which
//! there are. A second kill meets the start that finds an open run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Display;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use writ_client::{Client, Profiles};
use writ_core::digest::{Digest, ExecutionId, Index, RequestId};
use writ_core::entry::Entry;
use writ_core::envelope::{Envelope, Kind, PayloadType};
use writ_core::json;
use writ_core::key::Hex;
use writ_core::names::{ParameterName, TaskName};
use writ_core::statement::{
    Approve, Body, Invoke, MAX_SESSION, Payload, Principal, Request, RunResult, Session,
    Unverified, sign,
};
use writ_core::value::{Value, Values};
use writ_core::view::{Posted, Receipt};
use writ_store::{Backend, Point, Sqlite};

use super::site::Site;

/// How many stories are told at once.
const AT_ONCE: usize = 2;
/// The timer comes to some points each second; how often is enough.
const OFTEN: usize = 5;

/// The number of times, and the point.
type Kill = (usize, Point);

/// One entry of a log, as far as it matters here.
struct Told {
    digest: Digest,
    accepted: bool,
    body: Body,
}

/// What every story begins with.
struct Prepared {
    site: Site,
    alice: Client,
    bob: Client,
}

impl Prepared {
    fn new() -> Self {
        let mut site = Site::open();
        site.stop();
        let script = site.path("mark");
        fs::write(&script, "#!/bin/sh\necho once >> \"$1\"\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&script, mode).unwrap();
        let toml = site.data().join("writ.toml");
        let listed = format!("programs = [{script:?}, ");
        let config = fs::read_to_string(&toml).unwrap();
        fs::write(&toml, config.replace("programs = [", &listed)).unwrap();
        site.serve();
        let tasks = site.path("mark.toml");
        let task = format!(
            "[[task]]\nname = \"Host\\\\Mark\"\nprogram = \"{}\"\nargs = [\"{{path}}\"]\n\
             [task.parameters.path]\ntype = \"string\"\nrequired = true\n",
            script.display()
        );
        fs::write(&tasks, task).unwrap();
        site.admin(&["task", "set", "-f", tasks.to_str().unwrap()])
            .ok();
        site.admin(&["policy", "set", r"Host\*", "--approval", "manual"])
            .ok();
        site.stop();
        // Rows of no version: the first start makes them anew.
        site.sql("delete from meta where key = 'projector'");
        let profiles = Profiles::new(Some(site.config())).unwrap();
        let client = |name| Client::new(profiles.get(Some(name)).unwrap(), None).unwrap();
        Self {
            alice: client("alice"),
            bob: client("bob"),
            site,
        }
    }
}

/// One story: a node of its own, and what was said to it.
struct Story<'a> {
    prepared: &'a Prepared,
    folder: tempfile::TempDir,
    address: String,
    server: Option<Child>,
    kills: VecDeque<Kill>,
    struck: Vec<Kill>,
    said: Vec<(Envelope, Receipt)>,
    /// Runs that a log held without an outcome when its process was killed.
    left_open: BTreeSet<ExecutionId>,
}

impl<'a> Story<'a> {
    fn begin(prepared: &'a Prepared, kills: &[Kill]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&prepared.site.data(), &folder.path().join("data"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            prepared,
            address: listener.local_addr().unwrap().to_string(),
            server: None,
            kills: kills.iter().copied().collect(),
            struck: Vec::new(),
            said: Vec::new(),
            left_open: BTreeSet::new(),
            folder,
        }
    }

    /// Where the task leaves a mark each time: a folder that programs may write.
    fn marks(&self) -> PathBuf {
        let name = self.folder.path().file_name().unwrap();
        self.prepared.site.path("made").join(name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn effects(&self) -> usize {
        let marks = fs::read_to_string(self.marks()).unwrap_or_default();
        marks.lines().count()
    }

    /// The command line on this story's node.
    fn writ(&self, args: &[&str]) -> Command {
        let mut command = self.prepared.site.command("admin", args);
        command.env("WRIT_DATA_DIR", self.path("data"));
        command
    }

    /// Starts the node, as often as it takes.
    fn serve(&mut self) {
        loop {
            let log = fs::File::create(self.path("serve.log")).unwrap();
            let mut command = self.writ(&["serve", "--listen", &self.address]);
            command.env("WRIT_POINTS", self.path("points")).stderr(log);
            if let Some((times, point)) = self.kills.front() {
                command.env("WRIT_POINT", format!("{times}:{point:?}"));
            }
            self.server = Some(command.spawn().unwrap());
            // Its own word: a connection may be taken by a process that is just being
            // started and still holds what it inherited.
            if self.wait(&"its start", |story| story.log().contains("writ serves ")) {
                return;
            }
            self.after_kill(&"its start");
        }
    }

    /// Waits until something is so; false if the process ended first.
    fn wait(&mut self, after: &dyn Display, so: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..4_000 {
            if self.ended().is_some() {
                return false;
            }
            if so(self) {
                return true;
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        panic!("nothing after {after}: {:?} {}", self.kills, self.log());
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.server.as_mut().unwrap().try_wait().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }

    /// The process is gone, by its own kill: what is on disk now?
    fn after_kill(&mut self, after: &dyn Display) {
        self.wait(after, |_| false);
        let status = self.ended().unwrap();
        assert_eq!(status.signal(), Some(9), "{status}: {}", self.log());
        let kill = self.kills.pop_front().unwrap();
        self.struck.push(kill);
        // INVARIANT: intent before effect. Effects first: they may still come.
        let effects = self.effects();
        let seen = self.path("seen");
        copy(&self.path("data"), &seen);
        let log = entries(&seen);
        fs::remove_dir_all(&seen).unwrap();
        let (runs, outcomes) = runs(&log);
        assert!(effects <= runs.len(), "{kill:?}: an effect without intent");
        self.left_open
            .extend(runs.iter().filter(|id| !outcomes.contains_key(*id)));
        for (envelope, receipt) in &self.said {
            holds(&log, envelope, receipt);
        }
    }

    /// A call; an error, if the process ended before it answered.
    fn call(&self, call: &str, headers: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address)?;
        let head = format!(
            "{call} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let text = String::from_utf8(answer).unwrap();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
        Ok(body.as_bytes().to_vec())
    }

    /// Does something until it is answered, starting the node again meanwhile.
    fn until<T>(&mut self, call: impl Fn(&Self) -> io::Result<T>) -> T {
        loop {
            match call(self) {
                Ok(answer) => return answer,
                Err(why) => {
                    self.after_kill(&why);
                    self.serve();
                }
            }
        }
    }

    fn send(&mut self, envelope: &Envelope) -> Receipt {
        #[derive(Serialize)]
        struct Posting<'a> {
            envelope: &'a Envelope,
        }
        let body = json::write(&Posting { envelope }).unwrap();
        self.until(|story| {
            let kind = "content-type: application/json\r\n";
            let answer = story.call("POST /v1/statements", kind, &body)?;
            let posted: Posted = serde_json::from_slice(&answer).unwrap();
            Ok(posted.receipt)
        })
    }

    fn say<B: Serialize>(&mut self, who: &Client, kind: Kind, body: B) -> Digest {
        let number = format!("{kind:?} {}", self.said.len());
        let envelope = signed(who, PayloadType::Statement(kind), &number, body);
        let receipt = self.send(&envelope);
        assert!(receipt.accepted, "{receipt:?}");
        self.said.push((envelope, receipt));
        self.said.last().unwrap().0.digest()
    }

    /// Waits for the outcome of a run.
    fn outcome(&mut self, id: ExecutionId) {
        let until = writ_client::now().plus(MAX_SESSION);
        let session = Session { until };
        let session = signed(&self.prepared.alice, PayloadType::Session, "", session);
        let bearer = BASE64URL_NOPAD.encode(&json::write(&session).unwrap());
        let headers = format!("authorization: Writ {bearer}\r\n");
        self.until(|story| {
            loop {
                let call = format!("GET /v1/executions/{id}?wait_s=5");
                let answer = story.call(&call, &headers, b"")?;
                let run: serde_json::Value = serde_json::from_slice(&answer).unwrap();
                if run["status"] != "authorized" {
                    return Ok(());
                }
            }
        });
    }

    /// Stops the node as a service manager does, as often as it takes.
    fn stop(&mut self) {
        loop {
            let id = self.server.as_ref().unwrap().id().to_string();
            // It may be gone already, by its kill.
            let _ = Command::new("kill")
                .args(["-TERM", &id])
                .stderr(Stdio::null())
                .status();
            self.wait(&"SIGTERM", |_| false);
            let status = self.ended().unwrap();
            // One that is still starting has no handler yet, and just ends.
            if status.success() || status.signal() == Some(15) {
                return;
            }
            self.after_kill(&"SIGTERM");
            self.serve();
        }
    }

    /// Tells it whole, and looks at what is left; answers the kills that struck.
    fn tell(mut self) -> Vec<Kill> {
        let Prepared { alice, bob, .. } = self.prepared;
        let task = TaskName::parse(r"Host\Mark").unwrap();
        self.serve();
        let request = Request {
            task: task.clone(),
            reason: "For a test".into(),
            duration_s: None,
            parameters: BTreeMap::new(),
            start: None,
            ticket: None,
            runs: None,
            on_behalf_of: None,
        };
        let request = RequestId(self.say(alice, Kind::Request, request));
        let approve = Approve {
            request,
            comment: None,
            duration_s: None,
            parameters: BTreeMap::new(),
        };
        self.say(bob, Kind::Approve, approve);
        let marks = self.marks().to_str().unwrap().to_owned();
        let path = ParameterName::parse("path").unwrap();
        let invoke = Invoke {
            task,
            parameters: Values::from([(path, Value::Text(marks))]),
            attached: BTreeMap::new(),
            request: Some(request),
            node: None,
            sealed: BTreeMap::new(),
        };
        let run = ExecutionId(self.say(alice, Kind::Invoke, invoke));
        self.outcome(run);
        self.stop();
        self.look_back(run);
        std::mem::take(&mut self.struck)
    }

    fn look_back(&mut self, run: ExecutionId) {
        // What did not strike is not for what comes now.
        self.kills.clear();
        self.serve();
        for (envelope, receipt) in self.said.clone() {
            assert_eq!(self.send(&envelope), receipt, "{:?}", self.struck);
        }
        self.stop();
        let verified = self
            .writ(&["log", "verify"])
            .stderr(Stdio::piped())
            .output();
        let verified = verified.unwrap();
        assert!(verified.status.success(), "{:?} {verified:?}", self.struck);
        let log = entries(&self.path("data"));
        for (envelope, receipt) in &self.said {
            holds(&log, envelope, receipt);
        }
        let (runs, outcomes) = runs(&log);
        assert_eq!(runs, BTreeSet::from([run]), "{:?}", self.struck);
        let (result, effects) = (outcomes[&run], self.effects());
        match result {
            RunResult::Succeeded => assert_eq!(effects, 1, "{:?}", self.struck),
            RunResult::Unknown => assert!(effects <= 1, "{:?}: ran twice", self.struck),
            RunResult::Failed => panic!("{:?}: {}", self.struck, self.log()),
        }
        let was_open = self.left_open.contains(&run);
        assert_eq!(was_open, result == RunResult::Unknown, "{:?}", self.struck);
    }
}

impl Drop for Story<'_> {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // It is gone already if either fails.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn signed<B: Serialize>(who: &Client, kind: PayloadType, number: &str, body: B) -> Envelope {
    let payload = Payload {
        at: writ_client::now(),
        body,
        by: Principal::Person(who.upn().clone()),
        instance: Some(who.account().organization),
        nonce: Hex(Digest::of(number.as_bytes()).as_bytes()[..16].to_vec()),
    };
    sign(kind, &payload, who.key()).unwrap()
}

/// The entry of a receipt is there, whatever else is.
fn holds(log: &[Told], envelope: &Envelope, receipt: &Receipt) {
    let told = &log[usize::try_from(receipt.index.0).unwrap()];
    assert_eq!(
        (told.digest, told.accepted),
        (envelope.digest(), receipt.accepted)
    );
}

/// The runs that a log authorises, and their outcomes: one each.
fn runs(log: &[Told]) -> (BTreeSet<ExecutionId>, BTreeMap<ExecutionId, RunResult>) {
    let (mut runs, mut outcomes) = (BTreeSet::new(), BTreeMap::new());
    for told in log.iter().filter(|told| told.accepted) {
        if let Body::Invoke(_) = &told.body {
            assert!(runs.insert(ExecutionId(told.digest)));
        }
        if let Body::Outcome(outcome) = &told.body {
            assert!(runs.contains(&outcome.execution));
            let earlier = outcomes.insert(outcome.execution, outcome.result);
            assert_eq!(earlier, None, "two outcomes of one run");
        }
    }
    (runs, outcomes)
}

/// What a database holds.
fn entries(data: &Path) -> Vec<Told> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let stored = runtime.unwrap().block_on(async {
        let store = Sqlite::open_read_only(&data.join("writ.db")).unwrap();
        store.entries(Index(0), 1_000).await.unwrap()
    });
    let told = stored.iter().map(|stored| {
        let entry = Entry::parse(&stored.leaf).unwrap();
        let said = Unverified::read(Arc::clone(&entry.envelope)).unwrap();
        Told {
            digest: said.digest(),
            accepted: entry.accepted,
            body: said.statement().body.clone(),
        }
    });
    told.collect()
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.unwrap().success());
}

/// How often a story without kills comes to each point.
fn counted(prepared: &Prepared) -> BTreeMap<String, usize> {
    let story = Story::begin(prepared, &[]);
    let points = story.path("points");
    // What is noted outlives the story's folder.
    let kept = prepared.site.path("points");
    fs::File::create(&kept).unwrap();
    std::os::unix::fs::symlink(&kept, points).unwrap();
    story.tell();
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(kept).unwrap().lines() {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn killed_at_every_point_nothing_is_lost_and_nothing_runs_twice() {
    let prepared = Prepared::new();
    let counts = counted(&prepared);
    let mut stories: VecDeque<Vec<Kill>> = VecDeque::new();
    for point in Point::ALL {
        let count = counts.get(&format!("{point:?}")).copied().unwrap_or(0);
        stories.extend((1..=count.min(OFTEN)).map(|times| vec![(times, point)]));
        if point < Point::BeforePermit {
            stories.push_back(vec![(1, Point::ConnectorBegan), (1, point)]);
        }
    }
    let told = stories.len();
    let (stories, struck) = (Mutex::new(stories), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = stories.lock().unwrap().pop_front();
                    let Some(kills) = next else { break };
                    let story = Story::begin(&prepared, &kills).tell();
                    struck.lock().unwrap().extend(story);
                }
            });
        }
    });
    let struck = struck.into_inner().unwrap();
    let points: BTreeSet<Point> = struck.iter().map(|(_, point)| *point).collect();
    println!(
        "{told} stories, {} kills, at {} of {} points",
        struck.len(),
        points.len(),
        Point::ALL.len()
    );
    assert_eq!(points, BTreeSet::from(Point::ALL));
}
