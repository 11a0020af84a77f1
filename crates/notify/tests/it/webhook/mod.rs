//! Webhooks, against real receivers on loopback.

mod delivers;
mod docs;
mod golden;
mod payloads;
mod receiver;
mod refuses;
mod settings;
mod slack;

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::Deserialize;
use tempfile::TempDir;
use writ_core::Published;
use writ_core::digest::{Digest, Index, RequestId};
use writ_core::recorded::Recorded;
use writ_core::statement::{Recover, Request, RunResult, Signout, TreeHead};
use writ_core::testing::{RESTART, START, World, equals, outcome, task, upn};
use writ_core::time::{Seconds, Time};
use writ_engine::Clock;
use writ_notify::webhook::{Config, Hook, Net, Settings, check_all};
use writ_notify::{Failure, Sink, Wrong};
use writ_store::{Message, Outbox, Pending};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const OTHER_KEY: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

/// A clock that stands until it is told to go on.
#[derive(Debug)]
struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

/// A folder as beside `writ.toml`, an outbox and a clock.
struct Bench {
    folder: TempDir,
    outbox: Arc<Outbox>,
    clock: Arc<Standing>,
    net: Net,
}

#[derive(Deserialize)]
struct File {
    webhook: Vec<Settings>,
}

/// Writes a file that nobody else may read.
fn private(folder: &Path, name: &str, text: &str) {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = file.open(folder.join(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        private(folder.path(), "new.key", KEY);
        private(folder.path(), "old.key", OTHER_KEY);
        private(folder.path(), "slack.token", "xoxb-a-token-of-a-bot\n");
        let outbox = Outbox::open(&folder.path().join("outbox.sqlite")).unwrap();
        Self {
            folder,
            outbox: Arc::new(outbox),
            clock: Arc::new(Standing(AtomicI64::new(START.0))),
            net: Net::default(),
        }
    }

    fn check(&self, toml: &str) -> Result<Vec<Config>, Wrong> {
        let file: File = toml::from_str(toml).unwrap();
        check_all(&file.webhook, self.folder.path())
    }

    /// The endpoint of some settings.
    #[track_caller]
    fn hook(&self, toml: &str) -> Hook {
        let config = self.check(toml).unwrap().remove(0);
        self.with(config)
    }

    fn with(&self, config: Config) -> Hook {
        let (outbox, clock) = (self.outbox.clone(), self.clock.clone());
        Hook::new(config, outbox, clock, self.net.clone()).unwrap()
    }

    /// An endpoint of events, at a URL on loopback.
    #[track_caller]
    fn events_at(&self, url: &str, more: &str) -> Hook {
        self.hook(&format!(
            "[[webhook]]\nname = \"audit\"\nurl = \"{url}\"\nsecret_files = [\"new.key\"]\n\
             allow = [\"127.0.0.1\"]\n{more}"
        ))
    }
}

/// What the entries of a world changed.
fn recorded(world: &World) -> Vec<Recorded> {
    let read = |decided: &writ_core::state::Decided| {
        let facts = serde_json::to_string(&decided.facts).unwrap();
        Recorded::read(decided.index, &decided.leaf, &facts).unwrap()
    };
    world.log.iter().map(read).collect()
}

/// All that an endpoint would send of a world.
fn told(hook: &Hook, world: &World) -> Vec<Message> {
    let published = Published::durable(world.state.clone(), world.size());
    let entries = recorded(world);
    let tell = |entry: &Recorded| hook.tell(entry, &published, world.now);
    entries.iter().flat_map(tell).collect()
}

fn pending(message: &Message) -> Pending {
    Pending {
        number: 1,
        id: message.id.clone(),
        recipient: message.recipient.clone(),
        body: message.body.clone(),
        together: message.together,
        made: message.due,
        tries: 0,
    }
}

async fn send(hook: &Hook, message: &Message) -> Result<(), Failure> {
    hook.send(&[pending(message)]).await
}

/// What alice asks for in these tests.
fn asked() -> Request {
    Request {
        task: writ_core::testing::task_name(RESTART),
        reason: "mail <b>stands</b> still & *nobody* knows why".into(),
        duration_s: Some(Seconds(5_400)),
        parameters: equals("unit", "postfix"),
        start: None,
        ticket: Some("INC-4711".into()),
        runs: Some(3),
        on_behalf_of: None,
    }
}

/// A world in which one request is granted and a run fails, one is denied, and there is
/// everything else that can be told of. The first of the requests, and where the story begins.
fn story() -> (World, RequestId, Index) {
    let mut world = World::ready();
    let begin = Index(world.size());
    let mut restart = task(RESTART, "/usr/bin/systemctl", &["unit"]);
    restart.title = Some("Restart a service".into());
    world.set(restart);
    let request = RequestId(world.yes("alice", asked()).digest);
    world.wait(Seconds(60)).approve("bob", request);
    let run = world.invoke("alice", RESTART, &[("unit", "postfix")]);
    world.yes("node", outcome(run, RunResult::Failed));
    let second = world.wait(Seconds(60)).request("dave", RESTART);
    world.yes("carol", writ_core::testing::ending(second));
    let lost = world
        .wait(Seconds(60))
        .invoke("alice", RESTART, &[("unit", "postfix")]);
    world.yes("node", outcome(lost, RunResult::Unknown));
    let mut found = outcome(lost, RunResult::Succeeded);
    found.note = Some("postfix runs".into());
    world.yes("admin", found);
    world.join("frank");
    let person = upn("frank");
    world.yes(
        "frank",
        Signout {
            person,
            session: None,
        },
    );
    world.remove_policy(RESTART);
    let head = |size: u64| TreeHead {
        size,
        root: Digest::of(&size.to_be_bytes()),
    };
    let kept = world.size();
    let (lost, kept) = (head(kept + 10), head(kept));
    world.yes("admin", Recover { lost, kept });
    (world, request, begin)
}
