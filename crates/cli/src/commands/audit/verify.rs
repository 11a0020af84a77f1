//! `writ audit verify`: the files of an export, made again from the log in it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use serde_json::json;
use writ_core::digest::OrganizationId;
use writ_core::log::leaf_hash;
use writ_core::value::plain;
use writ_engine::{Ledger, Trust};

use super::population::{Population, SUMMARY, Summary};
use super::{CHECKPOINT, LEAVES};
use crate::commands::source::signed;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{Progress, print, print_json};

pub(super) fn run(
    folder: &Path,
    organization: OrganizationId,
    context: &Context,
) -> Result<Exit, Failure> {
    if !folder.join(LEAVES).exists() {
        return Err(Failure::usage(format!(
            "{} holds no log: only what `writ audit export --prove` wrote can be checked",
            folder.display()
        )));
    }
    let read = |name: &str| {
        fs::read(folder.join(name))
            .map_err(|error| Failure::broken(format!("{}: {error}", folder.join(name).display())))
    };
    let said: Summary = serde_json::from_slice(&read(SUMMARY)?)
        .map_err(|error| Failure::broken(format!("{SUMMARY}: {error}")))?;
    let note = String::from_utf8(read(CHECKPOINT)?)
        .map_err(|_| Failure::broken(format!("{CHECKPOINT} is not a signed note")))?;

    let (mut ledger, mut progress) = (Ledger::default(), Progress::new());
    let open = |name| Same::with(folder, name);
    let mut population = Population::of(said.period, said.log.size, &said.formats, open)?;
    for leaf in leaves(&folder.join(LEAVES))? {
        let leaf = leaf?;
        let decided = ledger
            .replay(&leaf, Trust::Signatures)
            .map_err(Failure::broken)?;
        let founded = ledger.state().organization();
        if founded != Some(organization) {
            let found = founded.map_or_else(|| "none".to_owned(), |id| id.to_string());
            return Err(Failure::broken(format!(
                "its log is of the organization {found}, and the one in question is {organization}"
            )));
        }
        if !population.see(&decided, leaf_hash(&leaf)) {
            return Err(Failure::broken(format!(
                "{LEAVES} has more entries than the {} that {SUMMARY} names",
                said.log.size
            )));
        }
        progress.at(|_| format!("{} entries verified", decided.index.0 + 1));
    }
    drop(progress);
    let checkpoint = signed(&note, &ledger)?;
    let (written, summary, files) = population.end(&checkpoint, &organization.to_string())?;
    let mut covered = BTreeSet::from([LEAVES, CHECKPOINT]);
    for (name, same) in written {
        same.end()?;
        covered.insert(name);
    }
    for (name, bytes) in files {
        differs(name, &read(name)?, &bytes)?;
        covered.insert(name);
    }
    let others = others(folder, &covered)?;
    if context.is_json() {
        print_json(&json!({ "verified": true, "summary": summary, "not_covered": others }));
        return Ok(Exit::Done);
    }
    print(&format!(
        "The export verifies: all {} entries, {} requests and {} runs from {} until {}.",
        summary.entries,
        summary.requests,
        summary.executions,
        summary.period.from,
        summary.period.to
    ));
    print(&format!("  organization id  {organization}"));
    print(&format!(
        "  log              {} entries, root {}",
        summary.log.size, summary.log.root
    ));
    if !summary.is_over {
        print("  The period was not over: more may have been appended since that belongs to it.");
    }
    if !others.is_empty() {
        print(&format!(
            "  Not part of the export, so nothing is said of: {}",
            others.join(", ")
        ));
    }
    Ok(Exit::Done)
}

/// What else lies in the folder: it is beside the export, not of it.
fn others(folder: &Path, covered: &BTreeSet<&str>) -> Result<Vec<String>, Failure> {
    let bad = |error| Failure::broken(format!("{}: {error}", folder.display()));
    let mut others = Vec::new();
    for found in fs::read_dir(folder).map_err(bad)? {
        let name = found.map_err(bad)?.file_name();
        let name = name.to_string_lossy();
        if !covered.contains(&*name) {
            others.push(plain(&name));
        }
    }
    others.sort();
    Ok(others)
}

/// The leaves of a file, one a line; each line must be ended.
fn leaves(path: &Path) -> Result<impl Iterator<Item = Result<Vec<u8>, Failure>> + use<>, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::broken(format!("{LEAVES}: {error}"));
    let mut file = BufReader::new(File::open(path).map_err(|error| bad(&error))?);
    let next = move || {
        let mut line = Vec::new();
        match file.read_until(b'\n', &mut line) {
            Err(error) => Some(Err(bad(&error))),
            Ok(0) => None,
            Ok(_) if line.pop() != Some(b'\n') => Some(Err(bad(&"its last line is cut off"))),
            Ok(_) => Some(Ok(line)),
        }
    };
    Ok(std::iter::from_fn(next))
}

/// Compares what is written with a file.
struct Same {
    name: &'static str,
    file: BufReader<File>,
    line: u64,
}

impl Same {
    fn with(folder: &Path, name: &'static str) -> Result<Self, Failure> {
        let path = folder.join(name);
        let file = File::open(&path)
            .map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
        Ok(Self {
            name,
            file: BufReader::new(file),
            line: 1,
        })
    }

    fn end(mut self) -> Result<(), Failure> {
        match self.file.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) | Err(_) => Err(Failure::broken(format!(
                "{} is not what the log makes: line {} is one too many",
                self.name, self.line
            ))),
        }
    }
}

impl Write for Same {
    fn write(&mut self, made: &[u8]) -> io::Result<usize> {
        for byte in made {
            let mut found = [0];
            if self.file.read(&mut found)? == 0 || found != [*byte] {
                let problem = format!("is not what the log makes: line {} differs", self.line);
                return Err(io::Error::other(problem));
            }
            self.line += u64::from(*byte == b'\n');
        }
        Ok(made.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Names the first line that is another one.
fn differs(name: &str, found: &[u8], made: &[u8]) -> Result<(), Failure> {
    if found == made {
        return Ok(());
    }
    let (mut found, mut made) = (found.split(|b| *b == b'\n'), made.split(|b| *b == b'\n'));
    let mut line = 1;
    while let (Some(one), Some(other)) = (found.next(), made.next())
        && one == other
    {
        line += 1;
    }
    Err(Failure::broken(format!(
        "{name} is not what the log makes: line {line} differs"
    )))
}
