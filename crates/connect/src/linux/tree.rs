//! Everything that a process has started, and what that has started.
//!
//! A process that is the **reaper** of its descendants keeps them: whoever of
//! them loses its parent, by `setsid` and a double fork too, becomes a child of
//! the reaper. So all of them are found by following parents. They are
//! **frozen** first: what is stopped starts nothing new, so that the search ends.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Makes this process the reaper of its descendants.
pub(super) fn keep() -> std::io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(
        rustix::process::getpid(),
    ))?)
}

/// Kills all descendants of this process that there are now. They are to be
/// reaped afterwards.
pub(super) fn kill() {
    let own = rustix::process::getpid().as_raw_pid();
    let mut frozen: BTreeMap<i32, Option<OwnedFd>> = BTreeMap::new();
    loop {
        let found = descendants(own);
        let mut is_new = false;
        for &pid in &found {
            if let Entry::Vacant(place) = frozen.entry(pid) {
                is_new = true;
                place.insert(freeze(pid, own, &found));
            }
        }
        if !is_new {
            break;
        }
    }
    for handle in frozen.values().flatten() {
        // It has ended if this fails.
        let _ = pidfd_send_signal(handle, Signal::KILL);
    }
}

/// Stops a descendant, and keeps a handle of it. Its number may have become
/// another's since it was found, so it is looked at again behind the handle.
fn freeze(pid: i32, own: i32, family: &BTreeSet<i32>) -> Option<OwnedFd> {
    let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let parent = parent(&stat)?;
    let is_ours = parent == own || family.contains(&parent);
    let stopped = is_ours && pidfd_send_signal(&handle, Signal::STOP).is_ok();
    stopped.then_some(handle)
}

fn descendants(own: i32) -> BTreeSet<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for (pid, parent) in parents() {
        children.entry(parent).or_default().push(pid);
    }
    let mut found = BTreeSet::new();
    let mut next = vec![own];
    while let Some(parent) = next.pop() {
        for &pid in children.get(&parent).into_iter().flatten() {
            if found.insert(pid) {
                next.push(pid);
            }
        }
    }
    found
}

/// All processes that can be seen and run, with their parents.
fn parents() -> impl Iterator<Item = (i32, i32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((pid, parent(&stat)?))
    })
}

/// The parent in a line such as `12 (a b) S 3 …`; none of what has ended. A name
/// may hold anything, a parenthesis too.
fn parent(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    let state = words.next()?;
    let parent = words.next()?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_hide_a_parent() {
        assert_eq!(parent("12 (sh) S 3 12 12"), Some(3));
        assert_eq!(parent("12 (a) S 9 (b) R 4 1"), Some(4));
        assert_eq!(parent("12 (sh) Z 3 12 12"), None);
        assert_eq!(parent(""), None);
    }
}
