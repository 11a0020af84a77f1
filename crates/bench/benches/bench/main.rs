//! Measures the goals of `docs/performance.md`; see `scripts/bench --help`.
//!
//! One program in several **roles**: `quick` and `full` measure; `node` is a
//! real node with a connector that does nothing; `load` speaks for many people;
//! `l0` and `l1` are baselines; `runs`, `page`, `notify` and `data` are one thing alone,
//! for a profiler. Each role is a process of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "it measures time, and fails by panicking"
)]

mod baseline;
mod checks;
mod extraction;
mod load;
mod node;
mod null;
mod pages;
mod place;
mod portal;
mod process;
mod rounds;
mod rules;
mod runs;
mod telling;
mod wire;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;
use serde::de::DeserializeOwned;
use writ_bench::{Bound, Figure};
use writ_core::digest::OrganizationId;

use crate::rounds::{Rounds, figure};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// For every change.
    Quick,
    /// Before a release.
    Full,
}

impl Tier {
    pub(crate) fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// Everything that was measured, as it is kept.
#[derive(Serialize)]
struct Report<'a> {
    setting: &'a str,
    checks: &'a [String],
    figures: Vec<serde_json::Value>,
}

fn main() {
    // Cargo says that this is a bench.
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|w| w != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match words[..] {
        ["quick", report] => runtime.block_on(measure(Tier::Quick, Path::new(report))),
        ["full", report] => runtime.block_on(measure(Tier::Full, Path::new(report))),
        ["runs", count] => runtime.block_on(runs::run(count.parse().unwrap())),
        ["page"] => runtime.block_on(alone(portal::alone)),
        ["data"] => {
            runtime.block_on(alone(async |at, of| {
                extraction::read(Tier::Quick, at, of).await
            }));
        }
        ["notify"] => {
            runtime.block_on(alone(async |at, of| {
                telling::told(Tier::Quick, at, of).await
            }));
        }
        ["node", directory] => runtime.block_on(node::serve(Path::new(directory))),
        ["l0", _] => runtime.block_on(baseline::l0()),
        ["l1"] => say(&runtime.block_on(baseline::l1(told()))),
        ["load"] => say(&runtime.block_on(load::run(told()))),
        _ => {
            eprintln!("writ-bench: run scripts/bench quick, or scripts/bench full");
            std::process::exit(2);
        }
    }
    // A read of standard input cannot be taken back.
    runtime.shutdown_background();
}

/// One thing and nothing else, in an organization of its own.
async fn alone(measure: impl AsyncFnOnce(&Path, OrganizationId) -> Vec<Figure>) {
    let folder = tempfile::Builder::new().prefix("writ-bench").tempdir();
    let folder = folder.unwrap();
    let directory = folder.path();
    checks::on_disk(directory);
    let organization = place::found(directory).await;
    for figure in measure(directory, organization).await {
        println!("{figure}");
    }
}

fn told<T: DeserializeOwned>() -> T {
    let mut plan = Vec::new();
    std::io::stdin().read_to_end(&mut plan).unwrap();
    serde_json::from_slice(&plan).unwrap()
}

fn say<T: Serialize>(done: &T) {
    println!("{}", serde_json::to_string(done).unwrap());
}

async fn measure(tier: Tier, report: &Path) {
    let folder = tempfile::Builder::new().prefix("writ-bench").tempdir();
    let folder = folder.unwrap();
    let directory = folder.path().join("data");
    fs::create_dir(&directory).unwrap();
    let setting = setting(tier);
    println!("{setting}");
    let mut checks = vec![checks::on_disk(&directory)];
    let organization = place::found(&directory).await;
    checks.push(checks::synced(&directory, organization));

    let mut rounds = Rounds::begin(tier, &directory, organization);
    rounds.rates(64);
    if tier == Tier::Full {
        rounds.rates(256);
    }
    rounds.latency();
    rounds.effects();
    rounds.memory();
    assert_eq!(rounds.wrong, 0, "replies that were not what they must be");
    let entries = rounds.entries;
    let (counts, written, mut figures) = rounds.end();
    checks.extend(checks::intents(counts, entries, written));
    checks.push(checks::whole(&directory, entries).await);
    figures.push(pages::questions(&directory, organization).await);
    checks.push(checks::kept(&directory, organization, tier.pick(1, 10)).await);
    figures.extend(telling::told(tier, &directory, organization).await);
    figures.extend(extraction::read(tier, &directory, organization).await);
    figures.extend([rules::policies(tier), rules::grants(tier)]);
    figures.extend(pages::growth(tier, &directory).await);
    // Last, since it fills the listings.
    figures.extend(portal::pages(tier, &directory, organization).await);
    figures.push(binary(folder.path()));
    let number = |figure: &Figure| figure.goal[1..].parse::<u32>().unwrap();
    figures.sort_by_key(number);

    for check in &checks {
        println!("check: {check}");
    }
    for figure in &figures {
        println!("{figure}");
    }
    let figures = figures.iter().map(|figure| {
        let mut value = serde_json::to_value(figure).unwrap();
        value["verdict"] = figure.verdict().to_string().into();
        value["median"] = writ_bench::median(&figure.values).into();
        value
    });
    let whole = Report {
        setting: &setting,
        checks: &checks,
        figures: figures.collect(),
    };
    fs::write(report, serde_json::to_vec_pretty(&whole).unwrap()).unwrap();
    println!("kept in {}", report.display());
}

/// What everything was measured on.
fn setting(tier: Tier) -> String {
    let said = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).output();
        let output = output.ok().filter(|output| output.status.success());
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.unwrap_or_else(|| "unknown".into())
    };
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split(' ').take(2).collect();
    format!(
        "setting: {tier:?}, commit {}, SQLite with WAL and synchronous=FULL, profile release with \
         assertions, no TLS, people's own keys, generator on the same {} cores, load {}",
        said("git", &["describe", "--always", "--dirty"]),
        std::thread::available_parallelism().map_or(0, usize::from),
        load.join(" ")
    )
}

/// P12: the size of the binary beside this one, without its symbols.
fn binary(folder: &Path) -> Figure {
    let mut figure = figure(
        "P12",
        "the binary, stripped, MiB",
        Bound::AtMost(30.0),
        Bound::AtMost(15.0),
    );
    figure.made_of = "profile release; what is shipped is smaller".into();
    let built: Option<PathBuf> = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.parent()?.parent()?.join("writ")));
    let stripped = folder.join("writ");
    let strip = built.map(|path| {
        let mut command = Command::new("strip");
        command.arg("-o").arg(&stripped).arg(path).output()
    });
    if let Some(Ok(_)) = strip
        && let Ok(file) = fs::metadata(&stripped)
    {
        figure.values.push(file.len() as f64 / f64::from(1 << 20));
    }
    figure
}
