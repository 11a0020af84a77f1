//! A founded organization whose nodes can be started, stopped and lost.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tempfile::TempDir;
use writ_connect::{Connectors, Uptime};
use writ_core::digest::{Digest, ExecutionId, Index, OrganizationId, RequestId};
use writ_core::entry::Entry;
use writ_core::envelope::{Envelope, PayloadType};
use writ_core::key::Hex;
use writ_core::names::Name;
use writ_core::object::{Object, Person};
use writ_core::refusal::TurnedAway;
use writ_core::state::State;
use writ_core::statement::{Enrol, Genesis, Invoke, Payload, Principal, Set, Unverified, sign};
use writ_core::testing::{
    RESTART, SAY, START, Say, approving, asking, auto, control, ending, genesis, group, invitation,
    key, manual, person, running, task, upn, workload,
};
use writ_core::time::{Seconds, Time};
use writ_core::view::{ExecutionView, Posted, Receipt, RunStatus};
use writ_engine::{
    Clock, Engine, Entropy, Ledger, LocalState, Options, Rate, StartError, Submission, Trust,
    found_organization,
};
use writ_store::{Backend, Memory, StoredEntry};

use crate::target::Target;

/// A clock that stands until it is moved; a clone is the same clock.
#[derive(Clone, Debug)]
pub(crate) struct Hands(Arc<AtomicI64>, Uptime);

impl Hands {
    pub(crate) fn set(&self, time: Time) {
        self.0.store(time.0, Ordering::SeqCst);
    }

    /// Has the host asleep: no timer sees it.
    pub(crate) fn suspend(&self, time: Seconds) {
        self.1.suspend(Duration::from_secs(time.0));
        self.forward(time);
    }

    pub(crate) fn forward(&self, time: Seconds) {
        self.set(self.now().plus(time));
    }

    pub(crate) fn back(&self, time: Seconds) {
        self.set(self.now().minus(time));
    }
}

impl Clock for Hands {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Uptime {
        self.1.clone()
    }
}

/// Bytes that are the same in every run, and never twice in one.
#[derive(Debug)]
pub(crate) struct Seeded {
    seed: String,
    drawn: AtomicU64,
}

impl Seeded {
    pub(crate) fn new(seed: &str) -> Self {
        let seed = seed.to_owned();
        let drawn = AtomicU64::new(0);
        Self { seed, drawn }
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let number = self.drawn.fetch_add(1, Ordering::SeqCst);
            let digest = Digest::of_parts(&[self.seed.as_bytes(), &number.to_be_bytes()]);
            chunk.copy_from_slice(&digest.as_bytes()[..chunk.len()]);
        }
    }
}

/// What outlives a node: its state directory, its store, its clock, its target.
pub(crate) struct Place {
    pub(crate) clock: Hands,
    pub(crate) target: Target,
    /// What is really there, whatever stands in front of it.
    pub(crate) kept: Arc<dyn Backend>,
    folder: TempDir,
    entropy: Arc<Seeded>,
    pub(crate) organization: OrganizationId,
}

impl Place {
    /// Founded by `admin`, and nothing more.
    pub(crate) async fn founded(seed: &'static str, kept: Arc<dyn Backend>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands(Arc::new(AtomicI64::new(START.0)), Uptime::default());
        let entropy = Arc::new(Seeded::new(seed));
        let mut local = LocalState::create(&folder.path().join("state"), &*entropy).unwrap();
        let genesis = Genesis {
            services: local.services().unwrap(),
            ..genesis()
        };
        let payload = fill(&entropy, clock.now(), None, "admin", genesis);
        let envelope = signed(&payload, "admin");
        let node = node("node1");
        let organization = found_organization(&mut local, &*kept, &clock, &node, envelope)
            .await
            .unwrap();
        Self {
            clock,
            target: Target::new(Arc::clone(&kept)),
            kept,
            folder,
            entropy,
            organization,
        }
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) async fn open(&self) -> Result<Engine, StartError> {
        self.open_on(Arc::clone(&self.kept)).await
    }

    pub(crate) async fn open_on(&self, store: Arc<dyn Backend>) -> Result<Engine, StartError> {
        self.open_as("node1", LocalState::open(&self.state())?, store, 64)
            .await
    }

    pub(crate) async fn open_as(
        &self,
        name: &str,
        local: LocalState,
        store: Arc<dyn Backend>,
        max_runs: u32,
    ) -> Result<Engine, StartError> {
        let options = Options {
            node: node(name),
            max_runs,
            // As much as anybody likes.
            per_person: Rate {
                burst: 1,
                every_ms: 0,
            },
        };
        let connectors = Connectors::new().with(&node("command"), self.target.clone());
        let clock = Arc::new(self.clock.clone());
        let entropy: Arc<dyn Entropy> = self.entropy.clone();
        Engine::open(local, store, connectors, clock, entropy, options).await
    }

    /// All entries that are there.
    pub(crate) async fn entries(&self) -> Vec<StoredEntry> {
        all_entries(&*self.kept).await
    }
}

/// A running node, and the people who talk to it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) place: Arc<Place>,
    pub(crate) engine: Engine,
}

impl World {
    /// [`World::ready_on`] a store in memory.
    pub(crate) async fn ready() -> Self {
        Self::ready_on(Arc::new(Memory::new())).await
    }

    /// Enabled, with alice, bob, carol, dave and erin; `approvers` (bob, carol)
    /// approve [`RESTART`], and [`SAY`] approves itself for `staff` (alice, bob).
    pub(crate) async fn ready_on(kept: Arc<dyn Backend>) -> Self {
        let world = Self::founded_on(kept).await;
        for name in ["alice", "bob", "carol", "dave", "erin"] {
            world.join(name).await;
        }
        world.set(group("approvers", &["bob", "carol"])).await;
        world.set(group("staff", &["alice", "bob"])).await;
        world.set(workload("Host")).await;
        world
            .set(task(RESTART, "/usr/bin/systemctl", &["unit"]))
            .await;
        world.set(task(SAY, "/bin/echo", &["word"])).await;
        world.set(control(true, Some("approvers"))).await;
        world.set(manual(RESTART, &[])).await;
        world.set(auto(SAY, "staff")).await;
        world
    }

    pub(crate) async fn founded_on(kept: Arc<dyn Backend>) -> Self {
        let place = Place::founded("fabrikam", kept).await;
        let engine = place.open().await.unwrap();
        Self {
            place: Arc::new(place),
            engine,
        }
    }

    /// The same people at the same place, talking to another node.
    pub(crate) fn at(&self, engine: Engine) -> Self {
        let place = Arc::clone(&self.place);
        Self { place, engine }
    }

    /// Stops the node and starts it again with room for so many runs, on a store
    /// that stands before the one that is kept.
    pub(crate) async fn restart_on_with(&self, store: Arc<dyn Backend>, max_runs: u32) -> Self {
        self.engine.stop(Duration::ZERO).await;
        let local = LocalState::open(&self.place.state()).unwrap();
        let engine = self.place.open_as("node1", local, store, max_runs).await;
        self.at(engine.unwrap())
    }

    pub(crate) async fn restart_on(&self, store: Arc<dyn Backend>) -> Self {
        self.restart_on_with(store, 64).await
    }

    pub(crate) async fn restart_with(&self, max_runs: u32) -> Self {
        let kept = Arc::clone(&self.place.kept);
        self.restart_on_with(kept, max_runs).await
    }

    pub(crate) async fn restart(&self) -> Self {
        self.restart_on(Arc::clone(&self.place.kept)).await
    }

    pub(crate) fn state(&self) -> State {
        self.engine.published().state().clone()
    }

    pub(crate) fn size(&self) -> u64 {
        self.engine.published().size()
    }

    pub(crate) fn payload<B>(&self, who: &str, body: B) -> Payload<B> {
        let place = &self.place;
        let organization = Some(place.organization);
        fill(&place.entropy, place.clock.now(), organization, who, body)
    }

    /// What somebody would say now, or the services as `node`, signed with the
    /// key of that name.
    pub(crate) fn envelope<B: Say>(&self, who: &str, body: B) -> Envelope {
        signed(&self.payload(who, body), who)
    }

    pub(crate) async fn submit(&self, envelope: Envelope) -> Result<Posted, TurnedAway> {
        self.submit_with(envelope, &[]).await
    }

    pub(crate) async fn submit_with(
        &self,
        envelope: Envelope,
        beside: &[&str],
    ) -> Result<Posted, TurnedAway> {
        let attachments = beside.iter().map(|text| text.as_bytes().to_vec()).collect();
        let submission = Submission {
            envelope,
            attachments,
        };
        self.engine.submit(submission).await
    }

    pub(crate) async fn say<B: Say>(&self, who: &str, body: B) -> Result<Posted, TurnedAway> {
        self.submit(self.envelope(who, body)).await
    }

    /// Somebody says something and it is accepted.
    pub(crate) async fn yes<B: Say>(&self, who: &str, body: B) -> Receipt {
        let posted = self.say(who, body).await.unwrap();
        assert!(posted.receipt.accepted, "{posted:?}");
        posted.receipt
    }

    /// Somebody says something, and it is recorded and refused: the code.
    pub(crate) async fn no<B: Say>(&self, who: &str, body: B) -> String {
        let posted = self.say(who, body).await.unwrap();
        assert!(!posted.receipt.accepted, "{posted:?}");
        posted.receipt.code.unwrap().to_string()
    }

    pub(crate) fn setting(&self, object: impl Into<Object>) -> Set {
        Set {
            object: Some(object.into()),
            remove: None,
            seen: self.size(),
        }
    }

    pub(crate) async fn set(&self, object: impl Into<Object>) -> Receipt {
        self.yes("admin", self.setting(object)).await
    }

    /// A person is invited, and enrols the key of their name.
    pub(crate) async fn join(&self, name: &str) {
        let code = format!("invitation of {name}");
        let until = self.place.clock.now().plus(Seconds::DAY);
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
        let posted = self.submit(signed(&payload, &code)).await.unwrap();
        assert!(posted.receipt.accepted, "{posted:?}");
    }

    pub(crate) async fn request(&self, who: &str, task: &str) -> RequestId {
        RequestId(self.yes(who, asking(task)).await.digest)
    }

    /// Alice's live grant for [`RESTART`], approved by bob.
    pub(crate) async fn grant(&self) -> RequestId {
        self.grant_to("alice").await
    }

    pub(crate) async fn grant_to(&self, who: &str) -> RequestId {
        let request = self.request(who, RESTART).await;
        self.yes("bob", approving(request)).await;
        request
    }

    pub(crate) async fn revoke(&self, request: RequestId) -> Receipt {
        self.yes("bob", ending(request)).await
    }

    /// Alice runs [`RESTART`] and may.
    pub(crate) async fn run(&self) -> ExecutionId {
        ExecutionId(self.yes("alice", restarting()).await.digest)
    }

    /// How a run ended, once it has.
    pub(crate) async fn outcome(&self, id: ExecutionId) -> ExecutionView {
        let mut published = self.engine.watch();
        let is_over = |state: &State| {
            let record = state.execution(id);
            record.is_none_or(|record| record.outcome.is_some())
        };
        published
            .wait_for(|published| is_over(published.state()))
            .await
            .unwrap();
        let row = self.place.kept.row("execution", id.0).await.unwrap();
        let view: ExecutionView = serde_json::from_str(&row.unwrap().view).unwrap();
        assert_ne!(view.status, RunStatus::Authorized);
        view
    }

    /// Checks what must hold of any log: it is the one this node published, all
    /// signatures fit, time never goes back, nothing is there twice, and every
    /// run that is over has one outcome. The ledger that it makes.
    pub(crate) async fn check_log(&self) -> Ledger {
        let ledger = replay(&*self.place.kept).await;
        assert_eq!(*ledger.state(), self.state());
        assert_eq!(ledger.size(), self.size());
        assert_eq!(ledger.head(), self.place.kept.head().await.unwrap());
        assert_eq!(self.open_runs(), 0);
        ledger
    }

    pub(crate) fn open_runs(&self) -> usize {
        self.state().open_executions(&node("node1")).count()
    }
}

/// Replays a log with all signatures, and checks what holds of any.
pub(crate) async fn replay(store: &dyn Backend) -> Ledger {
    let mut ledger = Ledger::default();
    let mut digests = BTreeSet::new();
    let mut last = Time(i64::MIN);
    for entry in all_entries(store).await {
        assert!(digests.insert(entry.digest), "twice: {}", entry.index);
        let decided = ledger.replay(&entry.leaf, Trust::Signatures).unwrap();
        assert_eq!((decided.index, &decided.leaf), (entry.index, &entry.leaf));
        assert!(
            last <= decided.entry.time,
            "time went back at {}",
            entry.index
        );
        last = decided.entry.time;
    }
    ledger
}

pub(crate) async fn all_entries(store: &dyn Backend) -> Vec<StoredEntry> {
    let mut entries = Vec::new();
    loop {
        let from = Index(entries.len() as u64);
        let more = store.entries(from, usize::MAX).await.unwrap();
        if more.is_empty() {
            return entries;
        }
        entries.extend(more);
    }
}

/// The statements of a log, each with its entry.
pub(crate) fn read(entries: &[StoredEntry]) -> Vec<(Entry, Unverified)> {
    let read = |stored: &StoredEntry| {
        let entry = Entry::parse(&stored.leaf).unwrap();
        let said = Unverified::read(Arc::clone(&entry.envelope)).unwrap();
        (entry, said)
    };
    entries.iter().map(read).collect()
}

pub(crate) fn node(name: &str) -> Name {
    Name::parse(name).unwrap()
}

/// A run of [`RESTART`].
pub(crate) fn restarting() -> Invoke {
    running(RESTART, &[("unit", "web")])
}

/// What somebody says, at this time.
pub(crate) fn fill<B>(
    entropy: &Seeded,
    at: Time,
    instance: Option<OrganizationId>,
    who: &str,
    body: B,
) -> Payload<B> {
    let mut nonce = vec![0; 16];
    entropy.fill(&mut nonce);
    let by = match who {
        "node" => Principal::Node,
        person => Principal::Person(upn(person)),
    };
    Payload {
        at,
        body,
        by,
        instance,
        nonce: Hex(nonce),
    }
}

/// Signs a payload with the key of this label.
pub(crate) fn signed<B: Say + Serialize>(payload: &Payload<B>, label: &str) -> Envelope {
    sign(PayloadType::Statement(B::KIND), payload, &key(label)).unwrap()
}
