//! A wrong command line, as it is said.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, ValueEnum};

use crate::args::Cli;
use crate::context::Form;
use crate::exit::{Exit, Failure};
use crate::output::{self, plain};

/// Help and version are answers; the rest is a wrong command line.
pub(crate) fn shown(mut error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody reads it any more.
        let _ = error.print();
        return Exit::Done.into();
    }
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) {
        let value = ContextValue::String(plain(value));
        error.insert(ContextKind::InvalidValue, value);
    }
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let mut command = called(&words);
    output::choose(form(&words));
    if output::form() != Form::Table {
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let words = text.split("\n\n").next().unwrap_or(text).split_whitespace();
        let message = words.collect::<Vec<_>>().join(" ");
        let path = command.get_bin_name().unwrap_or("writ");
        return Failure::usage(format!("{message}; see: {path} --help"))
            .report()
            .into();
    }
    // What comes from the environment would stand there as if it were required.
    if error.get(ContextKind::Usage).is_some() {
        let usage = ContextValue::StyledStr(command.render_usage());
        error.insert(ContextKind::Usage, usage);
    }
    // Nobody reads it any more.
    let _ = error.print();
    Exit::Usage.into()
}

/// The command that is meant, as far as it is known.
fn called(words: &[OsString]) -> clap::Command {
    let mut command = Cli::command();
    command.build();
    for word in words {
        if let Some(inner) = command.find_subcommand(word) {
            command = inner.clone();
        }
    }
    command
}

/// The form that was asked for in a line that cannot be read whole.
fn form(words: &[OsString]) -> Form {
    let mut words = words.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        let value = match word {
            "-o" | "--output" => words.next(),
            _ => ["--output=", "-o=", "-o"]
                .iter()
                .find_map(|start| word.strip_prefix(start)),
        };
        if let Some(form) = value.and_then(|value| Form::from_str(value, false).ok()) {
            return form;
        }
    }
    Form::Table
}
