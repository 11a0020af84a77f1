//! A node in memory, and a sink that does as it is told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::sync::watch;
use writ_connect::{Connector, Connectors, Credentials, Ended, Output, Uptime};
use writ_core::Published;
use writ_core::digest::{Digest, RequestId};
use writ_core::envelope::PayloadType;
use writ_core::key::Hex;
use writ_core::names::Name;
use writ_core::object::{Object, Person, Preferences, Task, Workload};
use writ_core::recorded::Recorded;
use writ_core::run::Permit;
use writ_core::statement::{Enrol, Genesis, Payload, Principal, Request, Set, sign};
use writ_core::testing::{
    RESTART, START, Say, asking, control, equals, genesis, group, invitation, key, manual, person,
    task, upn, workload,
};
use writ_core::time::{Seconds, Time};
use writ_engine::{
    Clock, Engine, Entropy, LocalState, Options, Rate, Submission, found_organization,
};
use writ_notify::post::{Letters, Times};
use writ_notify::{Failure, Notifier, Pace, Sink};
use writ_store::{Held, Memory, Message, Outbox, Pending};

/// A clock that stands until it is moved; a clone is the same clock.
#[derive(Clone, Debug)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn forward(&self, time: Seconds) {
        self.0.fetch_add(time.millis(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Uptime {
        Uptime::default()
    }
}

#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            let digest = Digest::of_parts(&[b"notify", &number.to_be_bytes()]);
            chunk.copy_from_slice(&digest.as_bytes()[..chunk.len()]);
        }
    }
}

/// A connector that nobody calls.
struct Idle;

#[async_trait]
impl Connector for Idle {
    fn check_task(&self, _: &Task) -> Result<(), String> {
        Ok(())
    }

    fn check_workload(&self, _: &Workload) -> Result<(), String> {
        Ok(())
    }

    async fn execute(&self, _: &Permit, _: &Credentials, _: &Output) -> Ended {
        Ended::Succeeded { exit: None }
    }
}

/// A running node whose people approve [`RESTART`]: bob and carol.
pub(crate) struct World {
    pub(crate) clock: Hands,
    pub(crate) engine: Engine,
    pub(crate) outbox: Arc<Outbox>,
    entropy: Arc<Counted>,
    folder: TempDir,
}

impl World {
    pub(crate) async fn ready() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands(Arc::new(AtomicI64::new(START.0)));
        let entropy = Arc::new(Counted::default());
        let store = Arc::new(Memory::new());
        let state = folder.path().join("state");
        let mut local = LocalState::create(&state, &*entropy).unwrap();
        let body = Genesis {
            services: local.services().unwrap(),
            ..genesis()
        };
        let said = Payload {
            at: clock.now(),
            body,
            by: Principal::Person(upn("admin")),
            instance: None,
            nonce: nonce(&entropy),
        };
        let envelope = sign(PayloadType::Statement(Genesis::KIND), &said, &key("admin")).unwrap();
        let node = Name::parse("node1").unwrap();
        found_organization(&mut local, &*store, &clock, &node, envelope)
            .await
            .unwrap();
        let options = Options {
            node,
            max_runs: 4,
            per_person: Rate {
                burst: 1,
                every_ms: 0,
            },
        };
        let engine = Engine::open(
            local,
            store,
            Connectors::new().with(&Name::parse("command").unwrap(), Idle),
            Arc::new(clock.clone()),
            entropy.clone(),
            options,
        );
        let world = Self {
            clock,
            engine: engine.await.unwrap(),
            outbox: Arc::new(Outbox::open(&folder.path().join("outbox.db")).unwrap()),
            entropy,
            folder,
        };
        for name in ["alice", "bob", "carol"] {
            world.join(name).await;
        }
        world.set(group("approvers", &["bob", "carol"])).await;
        world.set(workload("Host")).await;
        world
            .set(task(RESTART, "/usr/bin/systemctl", &["unit"]))
            .await;
        world.set(control(true, Some("approvers"))).await;
        world.set(manual(RESTART, &[])).await;
        world
    }

    fn payload<B>(&self, who: &str, body: B) -> Payload<B> {
        Payload {
            at: self.clock.now(),
            body,
            by: Principal::Person(upn(who)),
            instance: self.engine.published().state().organization(),
            nonce: nonce(&self.entropy),
        }
    }

    async fn submit<B: Say>(&self, payload: &Payload<B>, label: &str) -> Digest {
        let envelope = sign(PayloadType::Statement(B::KIND), payload, &key(label)).unwrap();
        let submission = Submission {
            envelope,
            attachments: Vec::new(),
        };
        let posted = self.engine.submit(submission).await.unwrap();
        assert!(posted.receipt.accepted, "{posted:?}");
        posted.receipt.digest
    }

    pub(crate) async fn yes<B: Say>(&self, who: &str, body: B) -> Digest {
        self.submit(&self.payload(who, body), who).await
    }

    /// Somebody sets something.
    async fn set_by(&self, who: &str, object: impl Into<Object>) {
        let set = Set {
            object: Some(object.into()),
            remove: None,
            seen: self.engine.published().size(),
        };
        self.yes(who, set).await;
    }

    pub(crate) async fn set(&self, object: impl Into<Object>) {
        self.set_by("admin", object).await;
    }

    /// Somebody says how they want to be told.
    pub(crate) async fn prefers(&self, who: &str, preferences: Preferences) {
        self.set_by(who, Object::Preferences(preferences.into()))
            .await;
    }

    async fn join(&self, name: &str) {
        let code = format!("invitation of {name}");
        let until = self.clock.now().plus(Seconds::DAY);
        self.set(Person {
            invitation: Some(invitation(&code, until)),
            ..person(name)
        })
        .await;
        let body = Enrol {
            person: upn(name),
            key: key(name).public(),
            label: "a device".into(),
            passkey: false,
            rp_id: None,
            proof: None,
            assertion: None,
        };
        let mut payload = self.payload(name, body);
        Enrol::prove(&mut payload, &key(name));
        self.submit(&payload, &code).await;
    }

    pub(crate) async fn ask(&self) -> RequestId {
        // Nobody has the same asked twice at once.
        let unit = format!("unit{}", self.engine.published().size());
        let body = Request {
            parameters: equals("unit", &unit),
            ..asking(RESTART)
        };
        RequestId(self.yes("alice", body).await)
    }

    /// Has sinks follow the log.
    pub(crate) fn start(&self, sinks: &[&Arc<Fake>]) -> Notifier {
        self.start_at(sinks, &fast())
    }

    pub(crate) fn start_at(&self, sinks: &[&Arc<Fake>], pace: &Pace) -> Notifier {
        let sinks = sinks.iter().map(|sink| Arc::clone(*sink) as Arc<dyn Sink>);
        Notifier::start(&self.engine, self.outbox.clone(), sinks.collect(), pace).unwrap()
    }

    /// A mail sink that begins with what happens next.
    pub(crate) fn sink(&self, name: &'static str) -> Arc<Fake> {
        Arc::new(Fake::new(
            name,
            Letters::new(Times::default(), self.engine.published().state()),
        ))
    }

    /// The outbox as another process opens it.
    pub(crate) fn open_outbox(&self) -> Outbox {
        Outbox::open(&self.folder.path().join("outbox.db")).unwrap()
    }

    /// Until the outbox is as it should be.
    pub(crate) async fn until(&self, is_so: impl Fn(&Outbox) -> bool) {
        while !is_so(&self.outbox) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Until a sink has read all that there is.
    pub(crate) async fn read(&self, sink: &str) {
        let size = self.engine.published().size();
        self.until(|outbox| outbox.standing(sink).unwrap().next == Some(size))
            .await;
    }
}

fn nonce(entropy: &Counted) -> Hex {
    let mut nonce = vec![0; 16];
    entropy.fill(&mut nonce);
    Hex(nonce)
}

/// A pace for tests: it looks all the time.
pub(crate) fn fast() -> Pace {
    Pace {
        look: Duration::from_millis(10),
        again: vec![Seconds(10), Seconds(60)],
        down: vec![Duration::from_millis(10)],
        patience: Seconds(3 * 86_400),
        store: Duration::from_millis(10),
    }
}

/// What a sink answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Yes,
    No(Failure),
    /// It never answers.
    Hang,
}

/// A sink that sends nothing and remembers it.
pub(crate) struct Fake {
    name: &'static str,
    letters: Letters,
    answer: Mutex<Answer>,
    of: Mutex<BTreeMap<String, Answer>>,
    /// What it was handed, and whether it took it.
    handed: watch::Sender<Vec<(Vec<Pending>, bool)>>,
}

impl Fake {
    fn new(name: &'static str, letters: Letters) -> Self {
        Self {
            name,
            letters,
            answer: Mutex::new(Answer::Yes),
            of: Mutex::default(),
            handed: watch::Sender::default(),
        }
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What it answers to what is for one recipient.
    pub(crate) fn answers_to(&self, recipient: &str, answer: Answer) {
        self.of.lock().unwrap().insert(recipient.into(), answer);
    }

    /// Until it was handed something so.
    pub(crate) async fn until(&self, is_so: impl Fn(&[(Vec<Pending>, bool)]) -> bool) {
        let mut handed = self.handed.subscribe();
        handed.wait_for(|handed| is_so(handed)).await.unwrap();
    }

    pub(crate) fn handed(&self) -> Vec<(Vec<Pending>, bool)> {
        self.handed.borrow().clone()
    }

    /// The ids of what it took, each mail one list, without whom they are for.
    pub(crate) fn taken_by(&self, recipient: &str) -> Vec<Vec<String>> {
        let handed = self.handed();
        let taken = handed.iter().filter(|(_, taken)| *taken);
        let taken = taken.filter(|(messages, _)| messages[0].recipient == recipient);
        taken.map(|(messages, _)| ids(messages)).collect()
    }
}

pub(crate) fn ids(messages: &[Pending]) -> Vec<String> {
    let id = |message: &Pending| message.id.rsplit_once('/').unwrap().0.to_owned();
    messages.iter().map(id).collect()
}

#[async_trait]
impl Sink for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn tell(&self, entry: &Recorded, published: &Published, now: Time) -> Vec<Message> {
        let letters = self.letters.of(entry, published.state(), now);
        letters.into_iter().map(|it| it.into_message()).collect()
    }

    fn remind(&self, published: &Published, now: Time) -> Vec<Message> {
        let letters = self.letters.at(published.state(), now);
        letters.into_iter().map(|it| it.into_message()).collect()
    }

    fn moved(&self, entry: &Recorded, published: &Published) -> Vec<String> {
        self.letters.moved(entry, published.state())
    }

    fn due(
        &self,
        recipient: &str,
        held: &[Held],
        published: &Published,
        now: Time,
    ) -> Vec<(i64, Time)> {
        self.letters.due(recipient, held, published.state(), now)
    }

    async fn send(&self, messages: &[Pending]) -> Result<(), Failure> {
        let own = self.of.lock().unwrap().get(&messages[0].recipient).cloned();
        let answer = own.unwrap_or_else(|| self.answer.lock().unwrap().clone());
        let is_taken = matches!(answer, Answer::Yes);
        self.handed
            .send_modify(|handed| handed.push((messages.to_vec(), is_taken)));
        match answer {
            Answer::Yes => Ok(()),
            Answer::No(failure) => Err(failure),
            Answer::Hang => std::future::pending().await,
        }
    }
}
