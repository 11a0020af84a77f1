//! What the shell needs of the world: somebody who does what cmdlets say, and
//! somewhere to show things.

use async_trait::async_trait;
use writ_core::secret::Secret;
use writ_core::time::Time;

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

/// A task, and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// `Workload\Command`, as it is spelled.
    pub task: String,
    /// What it is, if anybody said so.
    pub title: String,
    /// What it takes.
    pub parameters: Vec<Taken>,
    /// Whether it takes others too.
    pub is_open: bool,
}

/// A parameter of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub name: String,
    /// What it takes, in a word.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// What else there is to know.
    pub notes: Vec<String>,
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

    /// Whether a cmdlet would be done, found out by all that can be known without
    /// doing it.
    async fn try_call(
        &mut self,
        cmdlet: &Bound,
        console: &mut dyn Console,
    ) -> Result<(), ErrorRecord>;

    /// The same of a task; answers its name as it is spelled.
    async fn try_invoke(
        &mut self,
        invocation: &Invocation,
        console: &mut dyn Console,
    ) -> Result<String, ErrorRecord>;

    /// What time it is.
    fn now(&self) -> Time;

    /// What is known of a task; none if there is no such task.
    async fn described(&mut self, task: &str) -> Result<Option<Described>, ErrorRecord>;

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

    /// Clears what is shown.
    fn clear(&mut self);

    /// Whether a file can be written, found out without changing it.
    fn try_file(&mut self, path: &str, how: Writing) -> Result<(), String>;

    /// The first line of a file; none if there is no file, or nothing in it.
    fn first_line(&mut self, path: &str) -> Result<Option<String>, String>;

    /// Writes a file.
    fn write_file(&mut self, path: &str, text: &str, how: Writing) -> Result<(), String>;
}
