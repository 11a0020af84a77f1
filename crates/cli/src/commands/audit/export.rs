//! `writ audit export`: the log is verified, and what happened in a period written.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use writ_core::digest::Digest;
use writ_core::log::Checkpoint;
use writ_core::state::Decided;
use writ_engine::Ledger;

use super::format::Format;
use super::population::{Period, Population};
use super::{CHECKPOINT, LEAVES};
use crate::commands::source::{Source, signed};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{print, print_json, remark};

pub(super) async fn run(
    period: Period,
    prove: bool,
    formats: &[Format],
    out: &Path,
    context: &Context,
) -> Result<Exit, Failure> {
    let source = Source::of(context)?;
    let note = source.checkpoint().await?;
    let size = Checkpoint::size_said(&note)
        .ok_or_else(|| Failure::broken("the checkpoint of the log is not one"))?;
    let folder = Folder::begin(out)?;
    let mut leaves = match prove {
        true => Some(folder.file(LEAVES)?),
        false => None,
    };
    let formats: Vec<_> = [Format::Office365, Format::Csv]
        .into_iter()
        .filter(|format| formats.contains(format))
        .collect();
    let mut population = Population::of(period, size, &formats, |name| folder.file(name))?;
    let mut written = Ok(());
    let seen = |decided: &Decided, leaf_hash: Digest| {
        if population.see(decided, leaf_hash)
            && let (Some(file), Ok(())) = (&mut leaves, &written)
        {
            written = file
                .write_all(&decided.leaf)
                .and_then(|()| file.write_all(b"\n"));
        }
    };
    let verified = source.verify(Ledger::default(), seen).await?;
    let flushed = written.and_then(|()| leaves.as_mut().map_or(Ok(()), Write::flush));
    flushed.map_err(|error| folder.failed(LEAVES, &error))?;

    let checkpoint = signed(&note, &verified.ledger)?;
    let organization = verified.organization.to_string();
    let (written, summary, mut files) = population.end(&checkpoint, &organization)?;
    for (name, mut file) in written {
        file.flush().map_err(|error| folder.failed(name, &error))?;
    }
    if prove {
        files.insert(CHECKPOINT, note.into_bytes());
    }
    for (name, bytes) in files {
        let mut file = folder.file(name)?;
        file.write_all(&bytes)
            .and_then(|()| file.flush())
            .map_err(|error| folder.failed(name, &error))?;
    }
    folder.finish()?;

    if !summary.is_over {
        remark("The period is not over: more may still be appended that belongs to it.");
    }
    if context.is_json() {
        print_json(&summary);
        return Ok(Exit::Done);
    }
    let (out, Period { from, to }) = (out.display(), period);
    print(&format!(
        "{out}: {} entries, {} requests, {} runs, from {from} until {to}.",
        summary.entries, summary.requests, summary.executions
    ));
    if prove {
        print(&format!(
            "Anybody can check it with: writ audit verify {out} --organization {organization}"
        ));
    }
    Ok(Exit::Done)
}

/// A folder that has its name only when it is whole.
struct Folder {
    out: PathBuf,
    part: PathBuf,
}

impl Folder {
    fn begin(out: &Path) -> Result<Self, Failure> {
        if out.symlink_metadata().is_ok() {
            return Err(Failure::usage(format!(
                "{} is there already; name a new folder with --out",
                out.display()
            )));
        }
        let mut name = out.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let unusable = |error: io::Error| Failure::usage(format!("{}: {error}", part.display()));
        match fs::remove_dir_all(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir(&part).map_err(unusable)?;
        let out = out.to_owned();
        Ok(Self { out, part })
    }

    fn file(&self, name: &str) -> Result<BufWriter<File>, Failure> {
        File::create_new(self.part.join(name))
            .map(BufWriter::new)
            .map_err(|error| self.failed(name, &error))
    }

    fn failed(&self, name: &str, error: &io::Error) -> Failure {
        Failure::broken(format!("{}: {error}", self.part.join(name).display()))
    }

    fn finish(&self) -> Result<(), Failure> {
        fs::rename(&self.part, &self.out)
            .map_err(|error| Failure::broken(format!("{}: {error}", self.out.display())))
    }
}
