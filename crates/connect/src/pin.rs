//! A program that must be the one that was meant.
//!
//! A task's template may **pin** its program to the SHA-256 of its file. A run
//! then takes a **copy** of the file into memory, seals it so that nobody can
//! change it any more, and compares and starts that copy: what was compared is
//! what is run, whatever happens to the file meanwhile.
//!
//! A pin holds for that one file: not for the libraries that a program loads, nor
//! for the interpreter of a script.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use writ_core::digest::Digest;

/// How much is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// A program that is not the one that was meant.
#[derive(Debug)]
pub(crate) struct Replaced<'a> {
    pub(crate) program: &'a Path,
    pub(crate) pin: Digest,
    pub(crate) found: Digest,
}

impl fmt::Display for Replaced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            program,
            pin,
            found,
        } = self;
        write!(
            f,
            "`{}` is not the program that its task is pinned to: its SHA-256 is {found}, and not \
             {pin}; put the right one back, or if it was changed on purpose, set the task with \
             the new sha256: writ task set -f FILE",
            program.display()
        )
    }
}

/// The SHA-256 of a program's file.
pub fn digest_of(program: &Path) -> io::Result<Digest> {
    digest_of_open(&mut File::open(program)?)
}

/// The same of what is left to read.
pub(crate) fn digest_of_open(file: &mut impl Read) -> io::Result<Digest> {
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => context.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    Ok(Digest::from_bytes(bytes))
}

/// Compares a file with its pin; the error is a sentence.
pub(crate) fn check(program: &Path, pin: Digest) -> Result<(), String> {
    let found = digest_of(program).map_err(|error| format!("`{}`: {error}", program.display()))?;
    let replaced = Replaced {
        program,
        pin,
        found,
    };
    match found == pin {
        true => Ok(()),
        false => Err(replaced.to_string()),
    }
}
