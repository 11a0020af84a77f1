//! The simulated world: one log, one target, one clock, and one life of a node
//! after another.
//!
//! Each **life** has a runtime of its own. A crash drops it, with every task in
//! it; what goes on is the store, the state directory, the clock, the target
//! and the people, who ask again what they have no answer to.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use writ_connect::Connectors;
use writ_core::digest::OrganizationId;
use writ_engine::{Anchor, Engine, Ledger, LocalState, Options, Rate, StartError, verify_log};
use writ_store::{Backend, Listed, Listing, Memory};

use super::checker::Checker;
use super::faults::{Fate, Loss, SimClock};
use super::invariants::{Broken, broken, check};
use super::journal::{Journal, size_of};
use super::people;
use super::store::Fateful;
use super::story::Step;
use super::target::FatefulTarget;
use super::template;
use crate::forge;
use crate::world::{Seeded, all_entries, node};

/// How many runs a node has in flight at most.
const MAX_RUNS: u32 = 4;
/// How long everything may take to come to an end where nothing goes wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// One thread for everything, and time that waits for nobody.
pub(super) fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Why a life ended.
#[derive(Debug, PartialEq, Eq)]
enum Over {
    Crashed(Loss),
    Stopped,
    /// The story is told.
    Told,
}

/// A node that lives, and those who talk to it.
pub(super) struct Life {
    pub(super) engine: Engine,
    pub(super) clients: JoinSet<()>,
}

/// The world.
pub(super) struct Simulation {
    folder: TempDir,
    pub(super) kept: Memory,
    pub(super) fate: Fate,
    pub(super) journal: Journal,
    pub(super) clock: SimClock,
    pub(super) entropy: Arc<Seeded>,
    pub(super) organization: OrganizationId,
    pub(super) checker: Checker,
    target: FatefulTarget,
    story: Box<dyn Iterator<Item = Step>>,
}

impl Simulation {
    /// An organization that is ready, and what will happen to it.
    pub(super) fn new(
        seed: &str,
        story: impl Iterator<Item = Step> + 'static,
        fate: Fate,
        remembers: bool,
    ) -> Self {
        let (folder, kept) = template::copy();
        let state = folder.path().join("state");
        let journal = Journal::new(kept.clone(), fate.clock(), state.join("head"));
        let target = FatefulTarget {
            journal: journal.clone(),
            fate: fate.clone(),
            remembers,
        };
        Self {
            folder,
            kept,
            clock: fate.clock(),
            fate,
            entropy: Arc::new(Seeded::new(seed)),
            organization: template::organization(),
            checker: Checker::new(),
            journal,
            target,
            story: Box::new(story),
        }
    }

    /// Tells the story to its end, and checks after every step what must hold.
    pub(super) fn run(mut self) -> Result<Self, Broken> {
        loop {
            let over = runtime().block_on(self.live())?;
            match over {
                Over::Crashed(Loss::Power) => self.journal.lose_head(),
                Over::Crashed(Loss::Process) | Over::Stopped => {}
                Over::Told => return Ok(self),
            }
        }
    }

    /// One life, from start to end; the clock and the calls go on.
    async fn live(&mut self) -> Result<Over, Broken> {
        self.clock.go_on();
        self.fate.revive();
        let fate = self.fate.clone();
        let over = tokio::select! {
            biased;
            loss = fate.crashed() => Ok(Over::Crashed(loss)),
            over = self.life() => over,
        };
        self.clock.stop();
        over
    }

    async fn life(&mut self) -> Result<Over, Broken> {
        let engine = self.start().await?;
        self.journal.begin_life(engine.watch());
        let clients = JoinSet::new();
        let mut life = Life { engine, clients };
        for number in self.journal.unanswered() {
            people::ask(self, &mut life, number, 1);
        }
        self.check(&life).await?;
        while let Some(step) = self.story.next() {
            let goes_on = self.take(&mut life, step).await?;
            self.check(&life).await?;
            if !goes_on {
                return Ok(Over::Stopped);
            }
        }
        self.fate.be_calm();
        self.settle(&mut life).await?;
        // Whatever is due by now is said by now.
        sleep(Duration::from_secs(2)).await;
        self.check(&life).await?;
        self.look_back(&life).await?;
        Ok(Over::Told)
    }

    /// One step of the story; whether the life goes on.
    async fn take(&mut self, life: &mut Life, step: Step) -> Result<bool, Broken> {
        match step {
            Step::Say(who, what, copies) => people::say(self, life, who, what, copies),
            Step::Again(which) => people::again(self, life, which),
            Step::Settle => self.settle(life).await?,
            Step::Wait(seconds) => sleep(Duration::from_secs(seconds)).await,
            Step::Jump(seconds) => self.clock.jump(seconds),
            Step::Crash(loss) => self.fate.end(loss).await,
            Step::Restart(lost) => {
                life.engine.stop(Duration::from_secs(5)).await;
                self.roll_back(lost).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Starts a node, as often as it takes while the store does not answer.
    async fn start(&mut self) -> Result<Engine, Broken> {
        loop {
            let faults = self.fate.faults();
            match self.open(self.fateful()).await {
                Ok(engine) => {
                    // INVARIANT I6: what an earlier life left open has ended.
                    let name = node("node1");
                    let published = engine.published();
                    let open = published.state().open_executions(&name).count();
                    if open > 0 && self.fate.faults() == faults {
                        return broken("I6 nothing is open of an earlier life", open);
                    }
                    return Ok(engine);
                }
                Err(StartError::Store(_)) if self.fate.faults() > faults => {
                    sleep(Duration::from_secs(1)).await;
                }
                Err(error) => return broken("I12 a sound log is not refused", error),
            }
        }
    }

    fn fateful(&self) -> Arc<dyn Backend> {
        Arc::new(Fateful {
            kept: self.kept.clone(),
            fate: self.fate.clone(),
        })
    }

    async fn open(&self, store: Arc<dyn Backend>) -> Result<Engine, StartError> {
        let options = Options {
            node: node("node1"),
            max_runs: MAX_RUNS,
            // As much as anybody likes.
            per_person: Rate {
                burst: 1,
                every_ms: 0,
            },
        };
        let local = LocalState::open(&self.state())?;
        let connectors = Connectors::new().with(&node("command"), self.target.clone());
        let clock = Arc::new(self.clock.clone());
        Engine::open(
            local,
            store,
            connectors,
            clock,
            self.entropy.clone(),
            options,
        )
        .await
    }

    /// INVARIANT I12: a store that lost the end of the log is not served.
    async fn roll_back(&self, lost: u64) -> Result<(), Broken> {
        let signed = size_of(&fs::read_to_string(self.state().join("head")).unwrap());
        if lost == 0 {
            return Ok(());
        }
        let left = usize::try_from(signed.saturating_sub(lost).max(1)).unwrap();
        let entries = all_entries(&self.kept).await;
        let shorter = forge::hashed(entries[..left].to_vec()).await;
        match self.open(Arc::new(shorter)).await {
            Err(StartError::Shorter { .. }) => Ok(()),
            Err(error) => broken("I12 a log that was rolled back is called so", error),
            Ok(_) => broken("I12 a log that was rolled back is refused", left),
        }
    }

    /// Waits until everybody has an answer and no run is open.
    async fn settle(&self, life: &mut Life) -> Result<(), Broken> {
        let faults = self.fate.faults();
        let mut published = life.engine.watch();
        let name = node("node1");
        let settled = async {
            while let Some(done) = life.clients.join_next().await {
                done.unwrap();
            }
            let over = published.wait_for(|p| p.state().open_executions(&name).next().is_none());
            over.await.is_ok()
        };
        match timeout(PATIENCE, settled).await {
            Ok(true) => Ok(()),
            Ok(false) => broken("the node goes on", "it ended by itself"),
            Err(_) if self.fate.faults() > faults => Ok(()),
            Err(_) => {
                let open = self.journal.unanswered();
                let said = format!("no answer to {open:?}, or a run that never ends");
                broken("everybody gets an answer, and every run ends", said)
            }
        }
    }

    async fn check(&mut self, life: &Life) -> Result<(), Broken> {
        self.journal.look_at_head();
        self.checker.look(&self.kept).await?;
        check(&self.checker, &self.journal.seen(), &life.engine)
    }

    /// At the end: everything once more, by the verifier and by other rows.
    async fn look_back(&self, life: &Life) -> Result<(), Broken> {
        let waiting = self.journal.unanswered();
        if !waiting.is_empty() {
            return broken("everybody gets an answer", format!("{waiting:?}"));
        }
        let anchor = Anchor::read(&self.state()).unwrap();
        match verify_log(&self.kept, &anchor, Ledger::default(), |_, _| ()).await {
            Ok(report) if report.ledger.head() == self.kept.head().await.unwrap() => {}
            Ok(report) => return broken("I14 the log verifies", format!("{report:?}")),
            Err(error) => return broken("I14 the log verifies", error),
        }
        life.engine.stop(Duration::ZERO).await;
        let head = self.kept.head().await.unwrap();
        let anew = forge::store(all_entries(&self.kept).await, head).await;
        let node = self.open(Arc::new(anew.clone())).await.unwrap();
        node.stop(Duration::ZERO).await;
        for noun in ["request", "execution"] {
            let (now, anew) = (rows(&self.kept, noun).await, rows(&anew, noun).await);
            // INVARIANT I11: listings say what the log says.
            if now != anew {
                return broken(
                    "I11 listings say what the log says",
                    format!("{now:?} {anew:?}"),
                );
            }
        }
        Ok(())
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }
}

/// All rows of a noun.
async fn rows(store: &Memory, noun: &'static str) -> Vec<Listed> {
    let query = Listing {
        noun,
        visible: None,
        with: Vec::new(),
        before: None,
        limit: usize::MAX,
    };
    store.list(&query).await.unwrap()
}
