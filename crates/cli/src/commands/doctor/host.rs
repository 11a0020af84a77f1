//! What is looked at on the node's own host.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use writ_core::state::State;
use writ_core::time::{Seconds, Time};

use super::{Finding, certificate};
use crate::commands::notify::{Row, State as SinkState, standings};
use crate::node::{Config, DataDirectory};
use crate::output::local;

/// Less free room than this is worth a look, or too little.
const LITTLE: u64 = 2 << 30;
const TOO_LITTLE: u64 = 128 << 20;

pub(super) async fn look(data: &DataDirectory) -> Vec<Finding> {
    let mut findings = vec![disk(data.path())];
    findings.extend(permissions(data));
    match data.config() {
        Ok(config) => {
            findings.extend(configured(data, &config).await);
            findings.extend(told(data, &config));
        }
        Err(error) => findings.push(Finding::fail(
            "writ.toml",
            error.to_string(),
            "correct it, then: writ check-config",
        )),
    }
    findings.push(Finding::ok(
        "to back up",
        format!(
            "{} and {} regularly; {} once and after `writ site rotate-key`, kept elsewhere",
            data.config_file().display(),
            data.database().display(),
            data.state().display()
        ),
    ));
    findings
}

/// The log's time never goes back, so a clock that did is waited for.
pub(super) fn clock(last: Time) -> Vec<Finding> {
    let now = writ_client::now();
    let behind = last.0.saturating_sub(now.0);
    vec![match behind > 1_000 {
        true => Finding::fail(
            "clock",
            format!(
                "this machine's clock is {} behind the last entry of the log ({})",
                Seconds(behind.unsigned_abs() / 1_000),
                local(last)
            ),
            "set the clock by a time server: timedatectl set-ntp true",
        ),
        false => Finding::ok("clock", "not behind the last entry of the log"),
    }]
}

/// Whether the programs of tasks are what they are pinned to.
pub(super) fn programs(data: &DataDirectory, state: &State) -> Vec<Finding> {
    // What is wrong with writ.toml was said already.
    let looked = data
        .config()
        .and_then(|config| data.replaced(&config, state));
    let Ok((replaced, pinned)) = looked else {
        return Vec::new();
    };
    if replaced.is_empty() && pinned > 0 {
        let message = format!("{pinned} tasks are pinned, and their programs are those");
        return vec![Finding::ok("programs", message)];
    }
    let replaced = replaced.into_iter().map(|(task, problem)| {
        let message = format!("{task} will not run: {problem}");
        let next = format!("what it would start: writ task test '{task}'");
        Finding::fail("programs", message, next)
    });
    replaced.collect()
}

fn disk(path: &Path) -> Finding {
    let free = match rustix::fs::statvfs(path) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => {
            let message = format!("{}: {error}", path.display());
            return Finding::fail("disk", message, "name the data directory: --data-dir DIR");
        }
    };
    let message = format!("{} MiB free at {}", free >> 20, path.display());
    let next = "make room: a node that cannot write its log answers nothing";
    match free {
        TOO_LITTLE.. if free < LITTLE => Finding::warn("disk", message, next),
        LITTLE.. => Finding::ok("disk", message),
        _ => Finding::fail("disk", message, next),
    }
}

/// Who else may read or change what the node keeps.
fn permissions(data: &DataDirectory) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut private = vec![data.state()];
    match files(&data.state()) {
        Ok(files) => private.extend(files),
        Err(error) => findings.push(Finding::fail(
            "files",
            format!("{}: {error}", data.state().display()),
            "as the user that the node runs as: writ doctor",
        )),
    }
    let shared = |path: &PathBuf, bits| mode(path).is_ok_and(|mode| mode & bits != 0);
    for path in private.iter().filter(|path| shared(path, 0o077)) {
        findings.push(Finding::fail(
            "files",
            format!(
                "others than its owner may use {}: keys are in it",
                path.display()
            ),
            format!("chmod go= '{}'", path.display()),
        ));
    }
    let mut others = vec![data.path().to_owned(), data.config_file()];
    others.push(data.path().join("verified"));
    // What SQLite keeps beside the database holds the same.
    others.extend(["", "-wal", "-shm"].map(|end| {
        let mut name = data.database().into_os_string();
        name.push(end);
        PathBuf::from(name)
    }));
    for path in others {
        if shared(&path, 0o022) {
            findings.push(Finding::fail(
                "files",
                format!("others than its owner may change {}", path.display()),
                format!("chmod go-w '{}'", path.display()),
            ));
        }
    }
    if shared(&data.database(), 0o044) && shared(&data.path().to_owned(), 0o011) {
        findings.push(Finding::warn(
            "files",
            format!(
                "others may read {}: requests and the output of runs are in it",
                data.database().display()
            ),
            format!("chmod go= '{}'", data.path().display()),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("files", "only their owner may use them"));
    }
    findings
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect()
}

fn mode(path: &Path) -> io::Result<u32> {
    let metadata = fs::metadata(path)?;
    #[cfg(unix)]
    return Ok(std::os::unix::fs::PermissionsExt::mode(
        &metadata.permissions(),
    ));
    #[cfg(not(unix))]
    Ok(if metadata.permissions().readonly() {
        0o400
    } else {
        0o600
    })
}

/// Whether mail and webhooks arrive.
fn told(data: &DataDirectory, config: &Config) -> Vec<Finding> {
    let rows = match data.outbox() {
        Ok(outbox) => standings(&outbox, config).map_err(|failure| failure.sentence().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return vec![Finding::fail("telling", error, "writ check-config")],
    };
    let finding = |row: Row| {
        let problem = row.problem.unwrap_or_default();
        match row.state {
            SinkState::Down => Finding::fail(
                "telling",
                format!("{} is down, and {} wait: {problem}", row.sink, row.waiting),
                "once it is mended: writ notify test --help",
            ),
            SinkState::GaveUp => Finding::warn(
                "telling",
                format!("{} gave up {}: {problem}", row.sink, row.given_up),
                format!("writ notify history '{}'", row.sink),
            ),
            SinkState::Trying => {
                let message = format!("{}: {} wait: {problem}", row.sink, row.waiting);
                Finding::ok("telling", message)
            }
            SinkState::NotBegun | SinkState::Fine => {
                Finding::ok("telling", format!("{} is {}", row.sink, row.state.name()))
            }
        }
    };
    rows.into_iter().map(finding).collect()
}

/// What writ.toml asks for.
async fn configured(data: &DataDirectory, config: &Config) -> Vec<Finding> {
    let mut findings = match data.check(config).await {
        Ok((in_force, doubts)) => {
            let in_force = in_force.lines().map(|line| Finding::ok("isolation", line));
            let doubts = doubts
                .into_iter()
                .map(|doubt| Finding::warn("isolation", doubt, "look at [command] in writ.toml"));
            in_force.chain(doubts).collect()
        }
        Err(error) => vec![Finding::fail(
            "writ.toml",
            error.to_string(),
            "correct it, then: writ check-config",
        )],
    };
    match (config.reach(), config.certificate()) {
        (Ok(_), Some(path)) => findings.push(certificate::of_file(&path)),
        (Ok(_), None) => {}
        (Err(error), _) => findings.push(Finding::fail(
            "certificate",
            error.to_string(),
            "correct it, then: writ check-config",
        )),
    }
    if let Some(key) = config
        .certificate_key()
        .filter(|path| mode(path).is_ok_and(|mode| mode & 0o077 != 0))
    {
        findings.push(Finding::fail(
            "files",
            format!("others than its owner may use the key {}", key.display()),
            format!("chmod go= '{}'", key.display()),
        ));
    }
    findings
}
