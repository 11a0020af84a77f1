//! Points: the numbered places of a run at which a test can end the process.
//!
//! They exist in builds with the feature `points` alone; elsewhere [`point`] is
//! nothing. There the environment says where to end: `WRIT_POINT=2:Appended` is
//! the second time that the process comes to [`Point::Appended`], and it kills
//! itself there as the system would, by SIGKILL. What it came to is noted, a line
//! each, in the file that `WRIT_POINTS` names.
//!
//! They are here because the store is below everything else that has one.

/// Where a process may be when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// The state directory is locked, and nothing else done.
    StateOpened,
    /// The database is open and of the right form.
    StoreOpened,
    /// The old rows are gone, and no new ones there.
    RowsForgotten,
    /// Some rows were made anew.
    RowsMade,
    /// Rows are complete and have their version.
    RowsComplete,
    /// The log was read to its end.
    Replayed,
    /// What an earlier process left open is about to be ended.
    OpenRunsFound,
    /// It has its outcome.
    OpenRunsEnded,
    /// A batch is decided; the store knows nothing of it.
    Decided,
    /// The head has moved, inside the transaction.
    HeadMoved,
    /// Entries are written, inside the transaction; rows are not.
    EntriesWritten,
    /// Everything is written, and not committed.
    Written,
    /// It is committed; nobody was told.
    Committed,
    /// The sequencer was told; nothing is published.
    Appended,
    /// The head in the state directory is about to be overwritten.
    BeforeHead,
    /// It was.
    AfterHead,
    /// State is published; nobody has a receipt.
    Published,
    /// Everybody has a receipt.
    Answered,
    /// The head is about to be synced.
    BeforeSync,
    /// It was.
    AfterSync,
    /// A run is known to the runner, and not permitted yet.
    BeforePermit,
    /// It has its permit, and the connector was not called.
    AfterPermit,
    /// The connector began, and has not ended.
    ConnectorBegan,
    /// The connector has ended; its outcome is not said.
    ConnectorEnded,
    /// The outcome is in the log, and the room for the run still taken.
    OutcomeSaid,
    /// A node that was told to stop is about to tidy up.
    BeforeTidy,
    /// It has.
    AfterTidy,
}

impl Point {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 27] = [
        Self::StateOpened,
        Self::StoreOpened,
        Self::RowsForgotten,
        Self::RowsMade,
        Self::RowsComplete,
        Self::Replayed,
        Self::OpenRunsFound,
        Self::OpenRunsEnded,
        Self::Decided,
        Self::HeadMoved,
        Self::EntriesWritten,
        Self::Written,
        Self::Committed,
        Self::Appended,
        Self::BeforeHead,
        Self::AfterHead,
        Self::Published,
        Self::Answered,
        Self::BeforeSync,
        Self::AfterSync,
        Self::BeforePermit,
        Self::AfterPermit,
        Self::ConnectorBegan,
        Self::ConnectorEnded,
        Self::OutcomeSaid,
        Self::BeforeTidy,
        Self::AfterTidy,
    ];
}

/// Nothing: the points are not in this build.
#[cfg(not(feature = "points"))]
#[inline(always)]
pub const fn point(_: Point) {}

/// Notes that the process is here, and ends it if this is where it is to end.
#[cfg(feature = "points")]
pub fn point(at: Point) {
    chosen::come_to(at);
}

#[cfg(feature = "points")]
mod chosen {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// How often the process came to the point where it is to end.
    static TIMES: AtomicU64 = AtomicU64::new(0);

    pub(super) fn come_to(at: Point) {
        if let Some(path) = std::env::var_os("WRIT_POINTS") {
            // A note that is lost shows as a point that was never reached.
            let file = OpenOptions::new().create(true).append(true).open(path);
            let _ = file.and_then(|mut file| file.write_all(format!("{at:?}\n").as_bytes()));
        }
        let Ok(chosen) = std::env::var("WRIT_POINT") else {
            return;
        };
        let Some((number, name)) = chosen.split_once(':') else {
            return;
        };
        if name == format!("{at:?}") {
            let times = TIMES.fetch_add(1, Ordering::SeqCst) + 1;
            if number.parse() == Ok(times) {
                let _ = kill_process(getpid(), Signal::KILL);
            }
        }
    }
}
