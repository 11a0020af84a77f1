//! The wall around a program: what of the file system it can open (Landlock).
//!
//! A wall names what can be opened, all that is below it too. So everything but
//! what is hidden is what lies beside the way to it. What is made there later is
//! not seen by a program that runs already.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};

use crate::isolation::Wall;

/// What is asked of the kernel; older ones give what they have of it.
const ABI_FILES: ABI = ABI::V5;
const ABI_SCOPES: ABI = ABI::V6;

/// Devices that programs write to.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"];

/// Says why there can be no wall here.
pub(crate) fn check_wall() -> Result<(), String> {
    let made = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    made.map(drop).map_err(|error| error.to_string())
}

/// A wall that is not closed yet, around a private directory.
pub(super) fn open(wall: &Wall, private: &Path) -> Result<RulesetCreated, RulesetError> {
    let read = AccessFs::from_read(ABI_FILES);
    let all = AccessFs::from_all(ABI_FILES);
    let list: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadDir});
    let write = wall.write.iter().map(PathBuf::as_path).chain([private]);
    Ruleset::default()
        .handle_access(all)?
        .scope(Scope::from_all(ABI_SCOPES))?
        .create()?
        // Names are no secret, and nothing works that cannot list `/`.
        .add_rules(path_beneath_rules(["/"], list))?
        .add_rules(path_beneath_rules(beside(&wall.hidden), read))?
        .add_rules(path_beneath_rules(DEVICES, all))?
        .add_rules(path_beneath_rules(write, all))
}

/// Closes a wall around this process.
pub(super) fn close(wall: RulesetCreated) -> Result<(), String> {
    let closed = wall.restrict_self().map_err(|error| error.to_string())?;
    match closed.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err("the kernel closes no wall".to_owned()),
    }
}

/// The largest parts of the file system in which nothing is hidden.
fn beside(hidden: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut parts = BTreeSet::new();
    let mut next = vec![PathBuf::from("/")];
    while let Some(path) = next.pop() {
        if hidden.contains(&path) {
            continue;
        }
        if !hidden.iter().any(|hidden| hidden.starts_with(&path)) {
            parts.insert(path);
            continue;
        }
        let entries = fs::read_dir(&path).into_iter().flatten().flatten();
        // A link leads to what has its own place.
        let real = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()));
        next.extend(real.map(|entry| entry.path()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_what_is_hidden_lies_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        for name in ["a/secret", "a/open", "b"] {
            fs::create_dir_all(home.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(home.join("a/secret"), home.join("link")).unwrap();
        let parts = beside(&[home.join("a/secret")]);
        let below: Vec<_> = parts
            .iter()
            .filter(|part| part.starts_with(&home))
            .collect();
        assert_eq!(below, [&home.join("a/open"), &home.join("b")]);
        assert!(parts.contains(Path::new("/proc")));
        assert!(!parts.contains(Path::new("/")));
        assert_eq!(beside(&[]), BTreeSet::from([PathBuf::from("/")]));
    }
}
