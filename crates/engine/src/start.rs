//! Start: the same ledger, fed from the log.
//!
//! Below the head that this node signed, its root vouches for every leaf, so
//! replay needs hashes and no signatures; above it every signature is checked.
//! A node that has kept its ledger goes on from there, if that leads to the same
//! root; where anything is odd it replays all.
//! Recovery of a lost append is the same ledger again: see [`crate::follow`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use writ_connect::Connectors;
use writ_core::Published;
use writ_core::digest::{Index, OrganizationId};
use writ_core::log::Checkpoint;
use writ_core::names::Name;
use writ_core::refusal::Refusal;
use writ_store::{Backend, Point, Rebuild, StoreError, point};

use crate::bucket::Rate;
use crate::clock::{Clock, Entropy};
use crate::compare::{NEWEST, compare, compare_on};
use crate::door::{Door, INBOX, TurnedAwayCount};
use crate::figures::Counting;
use crate::follow::{CHUNK, Followed, first_changed, follow};
use crate::keep::Keeping;
use crate::ledger::{Corrupt, Ledger, Trust};
use crate::live::Live;
use crate::local::{LocalError, LocalState};
use crate::project::{PROJECTOR, rows};
use crate::room::Room;
use crate::runner::Runner;
use crate::sequence::Sequencer;
use crate::{Engine, Inner};

/// How long the first outcomes may keep a node from starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a node is told about itself.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name in the log.
    pub node: Name,
    /// How many runs it has in flight at most.
    pub max_runs: u32,
    /// How many statements it takes of one person; usually [`PER_PERSON`](crate::PER_PERSON).
    pub per_person: Rate,
}

/// Why a node does not start.
#[derive(Debug)]
pub enum StartError {
    /// Something is wrong with the state directory.
    Local(LocalError),
    /// The store does not answer, or holds nonsense.
    Store(StoreError),
    /// A leaf is not what was appended.
    Corrupt(Corrupt),
    /// The log is shorter than this node saw it.
    Shorter {
        /// What the database holds.
        found: u64,
        /// What this node signed.
        signed: u64,
    },
    /// The log is shorter than what was verified of it before.
    Cut {
        /// How many entries it holds.
        found: u64,
        /// How many were verified.
        verified: u64,
    },
    /// The log differs from what this node signed.
    Different {
        /// The size at which the roots differ.
        size: u64,
    },
    /// The database belongs to another organization than the state directory.
    OtherOrganization {
        /// What the database holds.
        found: OrganizationId,
        /// What the state directory says.
        expected: OrganizationId,
    },
    /// No organization was founded here.
    NotFounded,
    /// Something is to be recovered, and nothing is lost.
    NothingLost,
    /// What an administrator signed is not a statement, or not theirs.
    NotSigned(String),
    /// What an administrator signed was refused.
    Refused(Refusal),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(error) => error.fmt(f),
            Self::Store(error @ StoreError::Corrupt(_)) => {
                write!(f, "{error}; restore the newest backup of the database")
            }
            Self::Store(error) => error.fmt(f),
            Self::Corrupt(corrupt) => write!(
                f,
                "the log was changed: {corrupt}; restore the newest backup of the database"
            ),
            Self::Shorter { found, signed } => write!(
                f,
                "the log holds {found} entries, and this node has signed {signed}: the database was \
                 rolled back. Restore a newer backup; if there is none, the entries since are lost \
                 and an administrator continues with: writ recover"
            ),
            Self::Cut { found, verified } => write!(
                f,
                "the log holds {found} entries, and {verified} were verified before: it was cut \
                 since"
            ),
            Self::Different { size } => write!(
                f,
                "the first {size} entries of the log are not the ones that this node signed: the \
                 database was changed. Restore the newest backup, or see which leaf differs with: \
                 writ log verify"
            ),
            Self::OtherOrganization { found, expected } => write!(
                f,
                "the database belongs to the organization {found}, and the state directory to \
                 {expected}; put the two together that belong together"
            ),
            Self::NothingLost => f.write_str(
                "the database holds all that this node has signed, so there is nothing to recover; \
                 start it: writ serve",
            ),
            Self::NotSigned(problem) => write!(f, "nothing was recorded: {problem}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotFounded => f.write_str(
                "there is no organization here yet; found one: writ init --organization DOMAIN --admin UPN",
            ),
        }
    }
}

impl std::error::Error for StartError {}

impl From<LocalError> for StartError {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Followed> for StartError {
    fn from(followed: Followed) -> Self {
        match followed {
            Followed::Store(error) => Self::Store(error),
            Followed::Corrupt(corrupt) => Self::Corrupt(corrupt),
        }
    }
}

impl Engine {
    /// Reads the log and starts working: sequencer, runner, timer. Runs of
    /// this node that have no outcome are ended as unknown before it returns,
    /// unless the store takes nothing now: then as soon as it does.
    pub async fn open(
        mut local: LocalState,
        store: Arc<dyn Backend>,
        connectors: Connectors,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: Options,
    ) -> Result<Self, StartError> {
        let (ledger, unread) = resume(&mut local, &*store).await?;
        let keeping = Keeping::begin(local.kept(), unread);
        point(Point::Replayed);
        let runner_key = Arc::clone(&local.runner_key);
        let vault = local.vault(Arc::clone(&entropy));
        let checkpoint = ledger
            .checkpoint()
            .and_then(|checkpoint| checkpoint.sign(&local.log_key).ok())
            .unwrap_or_default();

        let (inbox_in, inbox) = mpsc::channel(INBOX);
        let (to_start, starting) = mpsc::unbounded_channel();
        let published = Published::durable(ledger.state().clone(), ledger.size());
        let (published_in, published) = watch::channel(published);
        let (checkpoint_in, checkpoint) = watch::channel(Arc::from(checkpoint));
        let (tiles_in, tiles) = watch::channel(ledger.tiles().clone());
        let (stop, stop_out) = watch::channel(false);
        let compared = unread.saturating_sub(NEWEST);
        let comparing = compare_on(
            Arc::clone(&store),
            ledger.tiles().clone(),
            compared,
            stop.clone(),
        );
        tokio::spawn(comparing);
        let (stopped_in, stopped) = watch::channel(false);
        let turned_away = TurnedAwayCount::default();
        let figures = Counting::default();
        let room = Room::new(options.max_runs);
        let sequencer = Sequencer {
            ledger,
            keeping,
            local,
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            node: options.node.clone(),
            inbox,
            published: published_in,
            checkpoint: checkpoint_in,
            tiles: tiles_in,
            room: room.clone(),
            to_start,
            turned_away: turned_away.clone(),
            figures: figures.clone(),
            stop: stop_out,
            stopped: stopped_in,
        };
        tokio::spawn(sequencer.run());
        let engine = Self(Arc::new(Inner {
            node: options.node.clone(),
            clock,
            store,
            connectors,
            vault,
            published,
            checkpoint,
            tiles,
            door: Door::new(inbox_in, &options, turned_away),
            room,
            live: Live::default(),
            figures,
            stop,
            stopped,
        }));
        let runner = Runner::new(engine.clone(), runner_key, entropy);
        // A full disk must not keep readers out. Either way it goes on.
        let _ = timeout(PATIENCE, runner.end_open_runs()).await;
        point(Point::OpenRunsEnded);
        tokio::spawn(runner.run(starting));
        Ok(engine)
    }
}

/// The ledger of the log, and how many of its leaves were not read: those of the
/// ledger that was kept, if there is a good one.
async fn resume(local: &mut LocalState, store: &dyn Backend) -> Result<(Ledger, u64), StartError> {
    let head = read_head(local, store).await?;
    let is_projected = store.projector().await? == Some(PROJECTOR);
    if let Some(head) = head.filter(|_| is_projected)
        && let Some(kept) = local.kept().read()
    {
        let unread = kept.size();
        if let Some(ledger) = go_on(store, kept, &head).await {
            local.adopt(&ledger)?;
            return Ok((ledger, unread));
        }
        tracing::warn!("the kept ledger is not of this log; all of it is replayed");
    }
    Ok((replay(local, store).await?, 0))
}

/// A kept ledger with all that came after it; none if it does not lead to the
/// head, or the store to it.
async fn go_on(store: &dyn Backend, kept: Ledger, head: &Checkpoint) -> Option<Ledger> {
    let unread = kept.size();
    let is_head = |ledger: &Ledger| ledger.checkpoint().as_ref() == Some(head);
    let (mut leads_there, mut ledger) = (is_head(&kept), kept);
    let trust = |size| match size < head.size {
        true => Trust::Root,
        false => Trust::Signatures,
    };
    let followed = follow(store, &mut ledger, trust, |ledger, _, _| {
        leads_there |= is_head(ledger);
        Ok(())
    });
    followed.await.ok()?;
    let newest = unread.saturating_sub(NEWEST)..unread;
    let is_whole = leads_there && store.head().await.ok()? == ledger.head();
    let is_stored = is_whole && compare(store, ledger.tiles(), newest).await.is_ok();
    is_stored.then_some(ledger)
}

/// Reads the whole log, makes the rows anew where they are of another version,
/// and takes service keys into use that the log has named.
pub(crate) async fn replay(
    local: &mut LocalState,
    store: &dyn Backend,
) -> Result<Ledger, StartError> {
    let head = read_head(local, store).await?;
    let anew = store.projector().await? != Some(PROJECTOR);
    if anew {
        store.rebuild(Rebuild::Begin).await?;
        point(Point::RowsForgotten);
    }
    let mut ledger = Ledger::default();
    let signed = head.as_ref().map_or(0, |head| head.size);
    loop {
        let entries = store.entries(Index(ledger.size()), CHUNK).await?;
        if entries.is_empty() {
            break;
        }
        let mut made = Vec::new();
        for entry in &entries {
            let trust = if ledger.size() < signed {
                Trust::Root
            } else {
                Trust::Signatures
            };
            let decided = ledger
                .replay(&entry.leaf, trust)
                .map_err(StartError::Corrupt)?;
            if anew {
                made.extend(rows(decided.index, &decided.facts));
            }
            if signed == ledger.size() && head != ledger.checkpoint() {
                return Err(named(store, StartError::Different { size: signed }).await);
            }
        }
        if anew {
            store.rebuild(Rebuild::Rows(made)).await?;
            point(Point::RowsMade);
        }
    }
    if ledger.size() < signed {
        return Err(StartError::Shorter {
            found: ledger.size(),
            signed,
        });
    }
    if store.head().await? != ledger.head() {
        let other = StoreError::Corrupt("its head is not the head of its entries".into());
        return Err(named(store, StartError::Store(other)).await);
    }
    if anew {
        store
            .rebuild(Rebuild::End {
                projector: PROJECTOR,
            })
            .await?;
        point(Point::RowsComplete);
    }
    local.adopt(&ledger)?;
    Ok(ledger)
}

/// Makes every row anew from the log, while no node serves it.
pub async fn rebuild_rows(
    mut local: LocalState,
    store: &dyn Backend,
) -> Result<Ledger, StartError> {
    store.rebuild(Rebuild::Begin).await?;
    replay(&mut local, store).await
}

/// The leaf that was changed, if one shows it; else what is known.
async fn named(store: &dyn Backend, known: StartError) -> StartError {
    first_changed(store)
        .await
        .map_or(known, StartError::Corrupt)
}

/// The head that this node signed. Its origin names the organization, which
/// entry 0 holds: the database must begin with the entry that the id is of.
pub(crate) async fn read_head(
    local: &mut LocalState,
    store: &dyn Backend,
) -> Result<Option<Checkpoint>, StartError> {
    let expected = local.organization().ok_or(StartError::NotFounded)?;
    let first = store.entries(Index(0), 1).await?;
    let first = first.first().ok_or(StartError::NotFounded)?;
    let mut ledger = Ledger::default();
    ledger
        .replay(&first.leaf, Trust::Signatures)
        .map_err(StartError::Corrupt)?;
    let found = ledger
        .state()
        .organization()
        .ok_or(StartError::NotFounded)?;
    if found != expected {
        return Err(StartError::OtherOrganization { found, expected });
    }
    let origin = ledger.state().origin().ok_or(StartError::NotFounded)?;
    Ok(local.read_head(&origin)?)
}
