//! The hidden helper between a node and a program.
//!
//! A node does not start a program itself but its own binary again, as
//! `writ child-exec -- PARENT PROGRAM ARGS…`. This **helper** gives up what the
//! program must not have and then becomes the program. So nothing needs to run
//! between the node's fork and its exec, where hardly anything is safe.
//!
//! What it gives up: new privileges (so `sudo` and other set-uid programs have
//! no effect below it), core dumps, more than 1,024 open files, files that
//! others may read; its session, so that the whole group can be stopped; and
//! its life when the node dies.
//!
//! Its **status** goes through its standard input, which the node gives it as
//! the writing end of a pipe: `ready`, then nothing if it became the program,
//! since that end closes by itself on exec, or why it did not. So a program
//! that ends with 127 is never taken for one that could not be started.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use crate::unix;

/// What the helper says just before it becomes the program.
pub(crate) const READY: &[u8] = b"ready\n";

/// Becomes the program; returns only on failure, which the node has then been
/// told.
///
/// `args` are the parent's process id, the program's absolute path and its
/// arguments; a leading `--` is ignored. Call it first thing in `main`, on the
/// main thread, before there is any other thread; then exit with 126.
pub fn exec(args: impl Iterator<Item = OsString>) -> io::Error {
    let mut status = match unix::take_status() {
        Ok(status) => status,
        Err(error) => return error,
    };
    let Err(error) = become_program(args, &mut status);
    // If the node is gone, there is nobody left to tell.
    let _ = status.write_all(error.to_string().as_bytes());
    error
}

fn become_program(
    args: impl Iterator<Item = OsString>,
    status: &mut impl Write,
) -> io::Result<std::convert::Infallible> {
    let mut args = args.skip_while(|arg| arg == "--");
    let parent = args
        .next()
        .and_then(|arg| arg.to_str()?.parse().ok())
        .ok_or_else(|| io::Error::other("expected the parent's process id"))?;
    let program = args
        .next()
        .filter(|program| Path::new(program).is_absolute())
        .ok_or_else(|| io::Error::other("expected the absolute path of a program"))?;
    unix::confine(parent)?;
    status.write_all(READY)?;
    let error = unix::replace(&program, args);
    let kind = error.kind();
    let said = format!("`{}`: {error}", program.display());
    Err(io::Error::new(kind, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(args: &[&str]) -> (String, Vec<u8>) {
        let mut status = Vec::new();
        let args = args.iter().map(OsString::from);
        let Err(error) = become_program(args, &mut status);
        (error.to_string(), status)
    }

    #[test]
    fn nothing_is_given_up_for_arguments_that_make_no_sense() {
        let (error, status) = refused(&[]);
        assert_eq!(error, "expected the parent's process id");
        assert!(status.is_empty());
        for args in [&["--", "1"][..], &["1", "true"], &["1", "-c"]] {
            let (error, status) = refused(args);
            assert_eq!(error, "expected the absolute path of a program");
            assert!(status.is_empty());
        }
        assert_eq!(
            refused(&["x", "/bin/true"]).0,
            "expected the parent's process id"
        );
    }
}
