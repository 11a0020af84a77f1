//! Secrets as people give them: asked for without echo, from a file, or on
//! standard input. Never as an argument, which others can read and a shell keeps.

use std::fs::File;
use std::io::Read;

use inquire::{Password, PasswordDisplayMode};
use writ_core::secret::{MAX_SECRET, Secret};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::output::is_interactive;

/// Reads a secret from a file; `-` is standard input.
pub(crate) fn from_file(path: &str) -> Result<Secret, String> {
    let bad = |problem: &dyn std::fmt::Display| format!("{path}: {problem}");
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET + 1));
    let most = MAX_SECRET as u64 + 1;
    let read = match path {
        "-" => std::io::stdin().take(most).read_to_end(&mut bytes),
        path => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    read.map_err(|error| bad(&error))?;
    if bytes.len() > MAX_SECRET {
        return Err(bad(&format!("a secret has at most {MAX_SECRET} bytes")));
    }
    without_break(&mut bytes);
    match bytes.is_empty() {
        true => Err(bad(&"there is nothing in it")),
        false => Ok(Secret::new(std::mem::take(&mut *bytes))),
    }
}

/// Takes away the line break at the end of a single line, which editors and
/// `echo` put there. What has several lines, such as a key, stays as it is.
fn without_break(bytes: &mut Vec<u8>) {
    let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
    if breaks == 1 && bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
}

/// Asks for a secret on the terminal, and shows nothing of it. `otherwise` says
/// how to give it where nobody can be asked.
pub(crate) fn ask(what: &str, otherwise: &str) -> Result<Secret, Failure> {
    if !is_interactive() {
        return Err(Failure::usage(format!(
            "{what} is needed, and there is no terminal to ask on; {otherwise}"
        )));
    }
    let typed = Password::new(&format!("{what}:"))
        .with_display_mode(PasswordDisplayMode::Hidden)
        .without_confirmation()
        .prompt()
        .map_err(|error| Failure::usage(format!("nothing was done: {error}")))?;
    match typed.is_empty() {
        true => Err(Failure::usage("nothing was done: nothing was typed")),
        false => Ok(Secret::new(typed.into_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_line_loses_its_break_and_a_key_does_not() {
        for (given, wanted) in [
            ("pin\n", "pin"),
            ("pin\r\n", "pin"),
            ("pin", "pin"),
            ("\n", ""),
            ("two\nlines\n", "two\nlines\n"),
            ("pin\n\n", "pin\n\n"),
        ] {
            let mut bytes = given.as_bytes().to_vec();
            without_break(&mut bytes);
            assert_eq!(bytes, wanted.as_bytes(), "{given:?}");
        }
    }
}
