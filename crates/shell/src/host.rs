//! What the shell needs of the world: somebody who does what cmdlets say, and
//! somewhere to show things.

use async_trait::async_trait;
use writ_core::secret::Secret;

use crate::binder::{Bound, Common};
use crate::record::ErrorRecord;
use crate::values::Value;

/// A task that is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// `Workload\Command`.
    pub task: String,
    /// Values without a name.
    pub positional: Vec<Value>,
    /// Its parameters as they were typed; without a value, it is a switch.
    pub parameters: Vec<(String, Option<Value>)>,
    /// What every cmdlet takes.
    pub common: Common,
}

/// A task that can be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `Workload\Command`.
    pub task: String,
    /// What it is, if anybody said so.
    pub title: String,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// It stays, and nothing is written.
    New,
    /// It is replaced.
    Over,
    /// It goes on.
    After,
}

/// Does what cmdlets say.
#[async_trait]
pub trait Host: Send {
    /// Does what a cmdlet says. What it was asked with `-WhatIf`, or what a person
    /// said no to, does not come here.
    async fn call(
        &mut self,
        cmdlet: &Bound,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, ErrorRecord>;

    /// The tasks of the organization that can be named.
    async fn tasks(&mut self) -> Result<Vec<Listed>, ErrorRecord>;

    /// Runs a task and answers what it put out, all of it or an error.
    async fn invoke(
        &mut self,
        invocation: &Invocation,
        console: &mut dyn Console,
    ) -> Result<Vec<Value>, ErrorRecord>;
}

/// Where things are shown and asked.
pub trait Console: Send {
    /// Shows a line, or several, of the result.
    fn out(&mut self, text: &str);

    /// Shows a line, or several, beside the result.
    fn err(&mut self, text: &str);

    /// Whether there is somebody to ask.
    fn is_interactive(&self) -> bool;

    /// Asks; none if there is no answer.
    fn ask(&mut self, question: &str) -> Option<String>;

    /// Asks for something that is not shown; none if there is no answer.
    fn ask_secret(&mut self, question: &str) -> Option<Secret>;

    /// How many characters a line has.
    fn width(&self) -> usize;

    /// Writes a file.
    fn write_file(&mut self, path: &str, text: &str, how: Writing) -> Result<(), String>;
}
