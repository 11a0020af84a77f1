//! The hidden helper between a node and a program.
//!
//! A node does not start a program itself but its own binary again, as
//! `writ child-exec keep SCRATCH CONFINEMENT PIN PROGRAM ARGS…`. This is the program's
//! **keeper**: it makes a private directory, starts the binary once more, and
//! stays until nothing is left of what that started. The second, `writ child-exec
//! become PARENT CONFINEMENT PIN PROGRAM ARGS…`, is the **helper**: it gives up what the program
//! must not have and then becomes the program. So nothing needs to run between a
//! fork and an exec, where hardly anything is safe.
//!
//! What the helper gives up: new privileges (so `sudo` and other set-uid programs
//! have no effect below it), core dumps, files that others may read; its session;
//! its life when the keeper dies; and what the confinement says, see
//! [`isolation`](crate::isolation). In place of a program, `look` looks whether
//! all that is in force.
//!
//! Its **status** goes through its standard input, which the keeper gives it as
//! the writing end of a pipe: `ready`, then nothing if it became the program,
//! since that end closes by itself on exec, or why it did not. So a program
//! that ends with 127 is never taken for one that could not be started.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use writ_core::digest::Digest;

use crate::isolation::Confinement;
use crate::linux::{self, Pinned};

/// What the helper says just before it becomes the program.
pub(crate) const READY: &str = "ready\n";

/// What stands in a program's place to look around.
pub(crate) const LOOK: &str = "look";

/// Keeps a program, or becomes it; returns only at its end or on failure, which
/// whoever started this has then been told.
///
/// Call it first thing in `main`, on the main thread, before there is any other
/// thread; then exit with 126.
pub fn exec(mut args: impl Iterator<Item = OsString>) -> io::Error {
    let done = match args.next() {
        Some(word) if word == "keep" => keep(args),
        Some(word) if word == "become" => told(args),
        Some(_) | None => Err(expected("`keep` or `become`")),
    };
    match done {
        Ok(()) => io::Error::other("it has ended"),
        Err(error) => error,
    }
}

fn expected(what: &str) -> io::Error {
    io::Error::other(format!("expected {what}"))
}

fn keep(mut args: impl Iterator<Item = OsString>) -> io::Result<()> {
    let scratch = args.next().ok_or_else(|| expected("a directory"))?;
    let confinement = confinement(args.next())?;
    let pin = pin(args.next())?;
    let program = args.next().ok_or_else(|| expected("a program"))?;
    linux::keep(Path::new(&scratch), &confinement, pin, &program, args)
}

/// A pin as an argument: the digest, or `any`.
pub(crate) fn pin_arg(pin: Option<Digest>) -> String {
    pin.map_or_else(|| "any".to_owned(), |pin| pin.to_string())
}

fn pin(arg: Option<OsString>) -> io::Result<Option<Digest>> {
    let none = || expected("a pin");
    let arg = arg.and_then(|arg| arg.into_string().ok());
    match arg.ok_or_else(none)?.as_str() {
        "any" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| none()),
    }
}

fn confinement(arg: Option<OsString>) -> io::Result<Confinement> {
    let arg = arg.and_then(|arg| arg.into_string().ok());
    let arg = arg.ok_or_else(|| expected("a confinement"))?;
    serde_json::from_str(&arg).map_err(|error| expected(&format!("a confinement: {error}")))
}

/// Becomes the program, and says why not.
fn told(args: impl Iterator<Item = OsString>) -> io::Result<()> {
    let mut status = linux::take_status()?;
    let Err(error) = become_program(args, &mut status);
    // If the keeper is gone, there is nobody left to tell.
    let _ = status.write_all(error.to_string().as_bytes());
    Err(error)
}

fn become_program(
    mut args: impl Iterator<Item = OsString>,
    status: &mut impl Write,
) -> io::Result<Infallible> {
    let parent = args
        .next()
        .and_then(|arg| arg.to_str()?.parse().ok())
        .ok_or_else(|| expected("the parent's process id"))?;
    let confinement = confinement(args.next())?;
    let pin = pin(args.next())?;
    let is_known = |program: &OsString| program == LOOK || Path::new(program).is_absolute();
    let program = args
        .next()
        .filter(is_known)
        .ok_or_else(|| expected("the absolute path of a program"))?;
    linux::confine(parent, &confinement)?;
    if program == LOOK {
        linux::look(&confinement).map_err(io::Error::other)?;
        status.write_all(READY.as_bytes())?;
        std::process::exit(0);
    }
    let pinned = pin.map(|pin| Pinned::copy(&program, pin)).transpose()?;
    status.write_all(READY.as_bytes())?;
    let error = linux::replace(&program, pinned, args);
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
        assert_eq!(
            refused(&["1", "x"]).0.split(':').next(),
            Some("expected a confinement")
        );
        let none = r#"{"limits":{},"user":null,"wall":null}"#;
        for pin in [&[][..], &["none"], &["ab"]] {
            let args = [&["1", none], pin].concat();
            assert_eq!(refused(&args).0, "expected a pin");
        }
        for args in [
            &["1", none, "any"][..],
            &["1", none, "any", "true"],
            &["1", none, "any", "-c"],
        ] {
            let (error, status) = refused(args);
            assert_eq!(error, "expected the absolute path of a program");
            assert!(status.is_empty());
        }
        assert_eq!(
            refused(&["x", none, "any", "/bin/true"]).0,
            "expected the parent's process id"
        );
        let words = ["perhaps", "1", "/bin/true"];
        let error = exec(words.iter().map(OsString::from));
        assert_eq!(error.to_string(), "expected `keep` or `become`");
    }
}
