//! Looks whether a confinement is in force, from within.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit, getuid};

use crate::isolation::Confinement;

/// How deep a file is looked for in what is hidden.
const DEPTH: usize = 3;

/// Says what is not as it should be.
pub(crate) fn look(confinement: &Confinement) -> Result<(), String> {
    if let Some(user) = &confinement.user {
        let uid = getuid().as_raw();
        if uid != user.uid {
            return Err(format!("it runs as user {uid}"));
        }
    }
    let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    if !status.lines().any(|line| line == "NoNewPrivs:\t1") {
        return Err("it may get new privileges".to_owned());
    }
    if getrlimit(Resource::Core).maximum != Some(0) {
        return Err("it may dump its core".to_owned());
    }
    if let Some(wall) = &confinement.wall {
        for hidden in &wall.hidden {
            // Names can be listed through a wall, unless it belongs to another.
            if let Some(file) = a_file(hidden, DEPTH) {
                closed(&file)?;
            }
        }
    }
    Ok(())
}

fn closed(file: &Path) -> Result<(), String> {
    let opens = File::open(file).is_ok() || OpenOptions::new().append(true).open(file).is_ok();
    match opens {
        true => Err(format!("it can open {}", file.display())),
        false => Ok(()),
    }
}

fn a_file(directory: &Path, depth: usize) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?.flatten();
    let paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    let file = paths.iter().find(|path| path.is_file()).cloned();
    file.or_else(|| {
        let deeper = depth.checked_sub(1)?;
        paths.iter().find_map(|path| a_file(path, deeper))
    })
}
