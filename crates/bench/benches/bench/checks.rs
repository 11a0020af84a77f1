//! No cheating: what must hold while it is measured, or no figure counts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use writ_core::digest::{Digest, OrganizationId};
use writ_engine::{Anchor, Ledger, verify_log};
use writ_store::Sqlite;

use crate::load::{self, Done, Plan, What};
use crate::null::Counts;
use crate::place;
use crate::process::{Role, started, work};

/// What was looked at, in words; a check that fails ends the bench.
pub(crate) type Checked = Vec<String>;

/// tmpfs and ramfs: what is written there is never synced.
const IN_MEMORY: [rustix::fs::FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// The files lie on a disk.
pub(crate) fn on_disk(directory: &Path) -> String {
    let found = rustix::fs::statfs(directory).unwrap();
    let kind = found.f_type;
    assert!(
        !IN_MEMORY.contains(&kind),
        "{} is in memory: set TMPDIR to a folder on a disk",
        directory.display()
    );
    format!("files are on a disk (type {kind:#x})")
}

/// Verifies the whole log; the digests that it holds.
async fn verified(directory: &Path) -> Result<BTreeSet<Digest>, String> {
    let anchor = Anchor::read(&directory.join("state")).map_err(|error| error.to_string())?;
    let store =
        Sqlite::open_read_only(&place::database(directory)).map_err(|error| error.to_string())?;
    let mut digests = BTreeSet::new();
    verify_log(&store, &anchor, Ledger::default(), |decided, _| {
        digests.insert(decided.digest);
    })
    .await
    .map_err(|error| error.to_string())?;
    Ok(digests)
}

/// What is acknowledged outlives a kill at any moment, under load.
pub(crate) async fn kept(directory: &Path, organization: OrganizationId, kills: u64) -> String {
    let mut acknowledged = 0;
    for number in 0..kills {
        let node = Role::start("node", directory);
        let plan = Plan {
            address: node.address,
            organization,
            what: What::Mixed,
            clients: 32,
            count: 8_000,
            rate: None,
        };
        let load = started("load", &plan);
        // Once it has begun, any moment is as good as another.
        let begun = load::size(node.address).await.unwrap() + 500;
        while load::size(node.address).await.unwrap() < begun {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(37 * number)).await;
        node.kill();
        let done: Done = load.end();
        assert!(!done.acknowledged.is_empty(), "nothing was said in time");
        assert_eq!(done.wrong, 0);
        // It starts, ends what was open, and stops.
        let _: Counts = Role::start("node", directory).end();
        let held = verified(directory).await.unwrap();
        let lost = done.acknowledged.iter().filter(|id| !held.contains(id));
        assert_eq!(lost.count(), 0, "acknowledged and lost");
        acknowledged += done.acknowledged.len();
    }
    format!("{kills} kills under load: {acknowledged} acknowledged, none lost, the log verifies")
}

/// The log holds all that was said, and shows one byte that is changed.
pub(crate) async fn whole(directory: &Path, entries: usize) -> String {
    let held = verified(directory).await.unwrap();
    assert!(held.len() >= entries, "{} of {entries}", held.len());
    let copy = directory.join("changed");
    let copied = Command::new("cp")
        .arg("-a")
        .args([directory.join("state"), place::database(directory)])
        .arg(fs::create_dir(&copy).map(|()| &copy).unwrap())
        .status();
    assert!(copied.unwrap().success());
    verified(&copy).await.unwrap();
    let connection = rusqlite::Connection::open(place::database(&copy)).unwrap();
    let middle = i64::try_from(held.len() / 2).unwrap();
    let sql = "select leaf from entries where position = ?";
    let mut leaf: Vec<u8> = connection
        .query_row(sql, [middle], |row| row.get(0))
        .unwrap();
    let at = leaf.len() / 2;
    leaf[at] ^= 1;
    let sql = "update entries set leaf = ? where position = ?";
    connection.execute(sql, (leaf, middle)).unwrap();
    drop(connection);
    let shown = verified(&copy).await.unwrap_err();
    fs::remove_dir_all(&copy).unwrap();
    format!(
        "{} entries verify; with one byte changed: {}",
        held.len(),
        shown.split(';').next().unwrap_or_default()
    )
}

/// Intent came before each call that was looked at, and every append was
/// followed by a sync.
pub(crate) fn intents(counts: Counts, entries: usize, written: f64) -> Checked {
    assert!(counts.sampled > 0, "no call was looked at");
    assert_eq!(counts.early, 0, "called before its intent was on disk");
    let least = entries as f64 * 500.0;
    assert!(written >= least, "{written} bytes written, {least} said");
    assert!(
        counts.entries >= entries as u64,
        "{counts:?}: {entries} entries were to come"
    );
    vec![
        format!(
            "{} of {} calls looked at: each had its intent in the database",
            counts.sampled, counts.calls
        ),
        format!(
            "{} entries in {} appends, {:.1} MB written to the disk",
            counts.entries,
            counts.appends,
            written / 1e6
        ),
    ]
}

/// Counts syncs from outside, in a short run of its own.
pub(crate) fn synced(directory: &Path, organization: OrganizationId) -> String {
    if Command::new("strace").arg("-V").output().is_err() {
        return "syncs were not counted: strace is missing".into();
    }
    let trace = directory.join("syncs");
    let path = trace.to_str().unwrap();
    let strace = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync"];
    let above = [&strace[..], &["-e", "signal=none", "-o", path]].concat();
    let node = Role::start_under(&above, "node", directory);
    let plan = Plan {
        address: node.address,
        organization,
        what: What::Runs,
        clients: 8,
        count: 200,
        rate: None,
    };
    let done: Done = work("load", &plan);
    assert_eq!((done.wrong, done.count), (0, plan.count));
    let counts: Counts = node.end();
    let text = fs::read_to_string(&trace).unwrap();
    let begun = text
        .lines()
        .filter(|line| line.contains("sync(") && !line.contains("resumed"));
    let syncs = begun.count() as u64;
    assert!(
        syncs >= counts.appends,
        "{syncs} syncs of {} appends",
        counts.appends
    );
    format!("{} appends, {syncs} syncs", counts.appends)
}
